"""Who is in a team, as what, and how others come in."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from db.database import Database
from db.errors import KeyReused
from db.events import first_bad, read_after
from db.transaction import Operation
from domains.kit.actor import Actor, Role
from domains.kit.errors import (
    Conflict,
    Forbidden,
    NotFound,
    VersionConflict,
)
from domains.teams import members
from tests.api.desk import PASSWORD, Account, Desk, a_new_address, desk_of
from tests.factories import USUAL, Team, new_member, new_team

ROLES = list(USUAL)


@pytest.fixture(scope="module")
def desk(db: Database) -> Desk:
    return desk_of(db)


async def told(desk: Desk, team_id: UUID) -> list[dict[str, Any]]:
    """The team's events as screens get them."""
    return [json.loads(event.wire) for event in await read_after(desk.db, team_id, 0)]


async def role_of(desk: Desk, who: Actor) -> str | None:
    sql = "SELECT role FROM members WHERE team_id = $1 AND user_id = $2 AND removed_at IS NULL"
    role: str | None = await desk.db.fetchval(sql, who.team_id, who.user_id)
    return role


# Reading


async def test_everybody_reads_their_team(desk: Desk, team: Team) -> None:
    for role in ROLES:
        seen = await desk.ask("teams:current", by=team.member(role))
        assert seen["id"] == str(team.id)
        assert (seen["name"], seen["role"], seen["members"]) == ("Harbor Homes", role, 4)


async def test_the_list_of_members_shows_this_team_alone_and_no_addresses(
    desk: Desk, team: Team
) -> None:
    await new_team(desk.db, "Rival Realty")
    seen = await desk.ask("teams:members", by=team.viewer)
    assert [member["full_name"] for member in seen] == [
        "Ana Agent",
        "Lea Lead",
        "Olga Owner",
        "Vic Viewer",
    ]
    assert {member["user_id"] for member in seen} == {
        str(team.member(role).user_id) for role in ROLES
    }
    assert "@" not in json.dumps(seen)


async def test_the_list_says_at_which_event_it_was_read(desk: Desk, team: Team) -> None:
    assert (await members.list_members(desk.db, team.viewer))[1].head.seq == 0
    await desk.ask("teams:role", {"role": "lead"}, by=team.owner, id_=str(team.agent.user_id))
    assert (await members.list_members(desk.db, team.viewer))[1].head.seq == 1


async def test_an_address_is_for_colleagues_not_for_viewers(desk: Desk, team: Team) -> None:
    ana, vic = str(team.agent.user_id), str(team.viewer.user_id)
    for reader in (team.owner, team.lead, team.agent):
        assert "@" in (await desk.ask("teams:member", by=reader, id_=ana))["email"]
    assert (await desk.ask("teams:member", by=team.viewer, id_=ana))["email"] is None
    assert "@" in (await desk.ask("teams:member", by=team.viewer, id_=vic))["email"]


# Roles

# (who asks, whom they change, the new role): everything else is refused.
ALLOWED = {
    *(("owner", whom, to) for whom in ("lead", "agent", "viewer") for to in ROLES),
    *(("lead", whom, to) for whom in ("agent", "viewer") for to in ROLES if to != Role.OWNER),
    *(("lead", "lead", to) for to in ROLES if to != Role.OWNER),
}


@pytest.mark.parametrize("to", ROLES)
@pytest.mark.parametrize("whom", ["lead", "agent", "viewer"])
@pytest.mark.parametrize("by", ROLES)
async def test_owners_and_leads_change_roles_up_to_their_own(
    desk: Desk, team: Team, by: Role, whom: str, to: Role
) -> None:
    member = team.member(Role(whom))
    change = desk.ask("teams:role", {"role": to}, by=team.member(by), id_=str(member.user_id))
    if (by, whom, to) in ALLOWED:
        assert (await change)["role"] == to
        assert await role_of(desk, member) == to
    else:
        with pytest.raises(Forbidden):
            await change
        assert await role_of(desk, member) == whom
        assert await told(desk, team.id) == []


@pytest.mark.parametrize("by", [Role.LEAD, Role.AGENT, Role.VIEWER])
async def test_only_an_owner_changes_or_removes_an_owner(desk: Desk, team: Team, by: Role) -> None:
    second = await new_member(desk.db, team.id, Role.OWNER)
    for verb, body in (("teams:role", {"role": "agent"}), ("teams:remove", None)):
        with pytest.raises(Forbidden):
            await desk.ask(verb, body, by=team.member(by), id_=str(second.user_id))
    assert await role_of(desk, second) == Role.OWNER


async def test_a_change_of_role_is_told_with_what_it_was(desk: Desk, team: Team) -> None:
    ana = str(team.agent.user_id)
    changed = await desk.ask("teams:role", {"role": "lead"}, by=team.owner, id_=ana)
    assert changed["version"] == 2
    (event,) = await told(desk, team.id)
    assert (event["k"], event["e"], event["id"]) == ("role.changed", "member", ana)
    assert event["ch"] == {"role": ["agent", "lead"]}
    assert event["d"] == changed
    assert event["ver"] == 2
    assert event["a"]["name"] == "Olga Owner"


async def test_giving_a_role_somebody_has_changes_nothing(desk: Desk, team: Team) -> None:
    ana = str(team.agent.user_id)
    same = await desk.ask("teams:role", {"role": "agent"}, by=team.owner, id_=ana)
    assert (same["role"], same["version"]) == ("agent", 1)
    assert await told(desk, team.id) == []


async def test_a_change_based_on_an_older_version_is_refused(desk: Desk, team: Team) -> None:
    ana = str(team.agent.user_id)
    await desk.ask("teams:role", {"role": "lead"}, by=team.owner, id_=ana, version=1)
    with pytest.raises(VersionConflict) as error:
        await desk.ask("teams:role", {"role": "viewer"}, by=team.owner, id_=ana, version=1)
    assert error.value.details == [{"field": "role", "current": "lead", "yours": "viewer"}]
    await desk.ask("teams:role", {"role": "viewer"}, by=team.owner, id_=ana, version=2)


async def test_a_change_sent_again_with_its_key_is_made_once(desk: Desk, team: Team) -> None:
    ana, op = str(team.agent.user_id), Operation(uuid4().hex, b"role lead")
    first = await desk.ask("teams:role", {"role": "lead"}, by=team.owner, id_=ana, op=op)
    again = await desk.ask("teams:role", {"role": "lead"}, by=team.owner, id_=ana, op=op)
    assert again == first
    assert len(await told(desk, team.id)) == 1
    other = Operation(op.key, b"role viewer")
    with pytest.raises(KeyReused):
        await desk.ask("teams:role", {"role": "viewer"}, by=team.owner, id_=ana, op=other)


async def test_what_the_asker_may_is_read_with_the_change_not_before(
    desk: Desk, team: Team
) -> None:
    # The actor still says lead; the database says otherwise by now.
    await desk.ask("teams:role", {"role": "agent"}, by=team.owner, id_=str(team.lead.user_id))
    ana = str(team.agent.user_id)
    for verb, body, id_ in (
        ("teams:role", {"role": "viewer"}, ana),
        ("teams:remove", None, ana),
        ("teams:invite", {"email": a_new_address(), "role": "viewer"}, None),
    ):
        with pytest.raises(Forbidden):
            await desk.ask(verb, body, by=team.lead, id_=id_)


async def test_the_last_owner_is_neither_demoted_nor_removed(desk: Desk, team: Team) -> None:
    olga = str(team.owner.user_id)
    for verb, body in (("teams:role", {"role": "lead"}), ("teams:remove", None)):
        with pytest.raises(Conflict):
            await desk.ask(verb, body, by=team.owner, id_=olga)
    await desk.ask("teams:role", {"role": "owner"}, by=team.owner, id_=str(team.lead.user_id))
    await desk.ask("teams:remove", by=team.owner, id_=olga)
    assert await role_of(desk, team.owner) is None


async def test_two_owners_who_demote_each_other_at_once_leave_one(desk: Desk, team: Team) -> None:
    second = await new_member(desk.db, team.id, Role.OWNER)
    done = await asyncio.gather(
        desk.ask("teams:role", {"role": "agent"}, by=team.owner, id_=str(second.user_id)),
        desk.ask("teams:role", {"role": "agent"}, by=second, id_=str(team.owner.user_id)),
        return_exceptions=True,
    )
    roles = {await role_of(desk, team.owner), await role_of(desk, second)}
    assert roles == {"owner", "agent"}
    assert sum(isinstance(outcome, Forbidden) for outcome in done) == 1


async def test_two_owners_who_leave_at_once_leave_one_behind(desk: Desk, team: Team) -> None:
    second = await new_member(desk.db, team.id, Role.OWNER)
    done = await asyncio.gather(
        *(desk.ask("teams:remove", by=who, id_=str(who.user_id)) for who in (team.owner, second)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Conflict) for outcome in done) == 1
    assert len(await told(desk, team.id)) == 1


# Leaving


async def test_a_lead_removes_a_member_and_everybody_is_told(desk: Desk, team: Team) -> None:
    ana = str(team.agent.user_id)
    gone = await desk.ask("teams:remove", by=team.lead, id_=ana)
    assert gone["removed_at"] is not None
    (event,) = await told(desk, team.id)
    assert (event["k"], event["e"], event["id"], event["d"]) == (
        "member.removed",
        "member",
        ana,
        gone,
    )
    assert ana not in json.dumps(await desk.ask("teams:members", by=team.owner))
    for verb, body in (("teams:role", {"role": "agent"}), ("teams:remove", None)):
        with pytest.raises(NotFound):
            await desk.ask(verb, body, by=team.lead, id_=ana)


@pytest.mark.parametrize("role", [Role.LEAD, Role.AGENT, Role.VIEWER])
async def test_a_member_may_leave(desk: Desk, team: Team, role: Role) -> None:
    who = team.member(role)
    await desk.ask("teams:remove", by=who, id_=str(who.user_id))
    assert await role_of(desk, who) is None


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
async def test_an_agent_or_viewer_removes_nobody_else(desk: Desk, team: Team, role: Role) -> None:
    for other in set(ROLES) - {role}:
        whom = str(team.member(other).user_id)
        with pytest.raises(Forbidden):
            await desk.ask("teams:remove", by=team.member(role), id_=whom)
    assert await told(desk, team.id) == []


async def test_who_was_removed_is_out_and_an_old_session_stays_out_after_coming_back(
    desk: Desk,
) -> None:
    olga = await desk.owner()
    mia = await desk.member(olga)
    await desk.ask("teams:remove", by=olga, id_=mia.id)
    login = {"email": mia.email, "password": PASSWORD}
    for attempt in (
        desk.actor(mia.access),
        desk.ask("auth:refresh", {"refresh_token": mia.refresh}),
        desk.ask("auth:login", login),
    ):
        with pytest.raises(Forbidden):
            await attempt
    invited = await desk.ask("teams:invite", {"email": mia.email, "role": "viewer"}, by=olga)
    body = {"token": invited["token"], "full_name": "Ignored", "password": PASSWORD}
    back = Account(mia.email, await desk.ask("auth:accept", body))
    assert back.id == mia.id
    actor = await desk.actor(back.access)
    assert (actor.role, actor.name) == (Role.VIEWER, "Mia Member")
    with pytest.raises(Forbidden):
        await desk.actor(mia.access)
    with pytest.raises(Forbidden):
        await desk.ask("auth:refresh", {"refresh_token": mia.refresh})
    events = await told(desk, UUID(olga.team_id))
    assert [event["k"] for event in events] == [
        "member.joined",
        "member.joined",
        "member.removed",
        "member.joined",
    ]
    assert [event["ver"] for event in events if event["id"] == mia.id] == [1, 2, 3]


async def test_the_events_of_members_make_the_list_of_members(desk: Desk) -> None:
    olga = await desk.owner()
    mia, tom = await desk.member(olga, name="Mia"), await desk.member(olga, name="Tom")
    await desk.ask("teams:role", {"role": "lead"}, by=olga, id_=mia.id)
    await desk.ask("teams:remove", by=tom, id_=tom.id)
    await desk.ask("teams:role", {"role": "viewer"}, by=mia, id_=mia.id)
    screen: dict[str, Any] = {}
    for event in await told(desk, UUID(olga.team_id)):
        screen[event["id"]] = event["d"]
        if event["k"] == "member.removed":
            del screen[event["id"]]
    fresh = await desk.ask("teams:members", by=olga)
    assert screen == {member["id"]: member for member in fresh}
    assert await first_bad(desk.db, UUID(olga.team_id)) is None


# Other teams, and bad input


async def test_another_team_s_people_and_invitations_do_not_exist(desk: Desk, team: Team) -> None:
    rival = await new_team(desk.db, "Rival Realty")
    theirs = await desk.ask(
        "teams:invite", {"email": a_new_address(), "role": "agent"}, by=rival.owner
    )
    ana = str(rival.agent.user_id)
    for verb, body, id_ in (
        ("teams:member", None, ana),
        ("teams:role", {"role": "viewer"}, ana),
        ("teams:remove", None, ana),
        ("teams:uninvite", None, theirs["id"]),
    ):
        with pytest.raises(NotFound) as there:
            await desk.ask(verb, body, by=team.owner, id_=id_)
        with pytest.raises(NotFound) as nowhere:
            await desk.ask(verb, body, by=team.owner, id_=str(uuid4()))
        assert there.value.message == nowhere.value.message
    assert await desk.ask("teams:invitations", by=team.owner) == []
    assert await told(desk, team.id) == []
    assert await told(desk, rival.id) == []
    assert await role_of(desk, rival.agent) == Role.AGENT


@pytest.mark.parametrize("id_", ["", "7", "' OR 1=1 --", "\x00", "é" * 400, "null"])
@pytest.mark.parametrize("verb", ["teams:member", "teams:remove", "teams:uninvite", "teams:role"])
async def test_an_id_that_cannot_exist_is_nobody_s(
    desk: Desk, team: Team, verb: str, id_: str
) -> None:
    body = {"role": "agent"} if verb == "teams:role" else None
    with pytest.raises(NotFound):
        await desk.ask(verb, body, by=team.owner, id_=id_)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("teams:role", {}),
        ("teams:role", {"role": "boss"}),
        ("teams:role", {"role": None}),
        ("teams:role", {"role": ["owner"]}),
        ("teams:role", {"role": "agent", "team_id": str(uuid4())}),
        ("teams:invite", {"email": "new@homes.example"}),
        ("teams:invite", {"email": "new@homes.example", "role": "boss"}),
        ("teams:invite", {"email": "new@homes", "role": "agent"}),
        ("teams:invite", {"email": "new@homes.example", "role": "agent", "token": "mine"}),
        ("auth:accept", {"token": "hri_" + "x" * 43}),
        ("auth:accept", {"token": "short", "full_name": "N", "password": PASSWORD}),
        ("auth:accept", {"token": "hri_" + "x" * 43, "full_name": "N", "password": "short"}),
    ],
)
async def test_a_body_of_the_wrong_shape_changes_nothing(
    desk: Desk, team: Team, verb: str, body: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        await desk.ask(verb, body, by=team.owner, id_=str(team.agent.user_id))
    assert await told(desk, team.id) == []
    assert await desk.ask("teams:invitations", by=team.owner) == []
