"""How others come into a team: invitations, from the making to the taking up."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from db.database import Database
from db.events import read_after
from db.transaction import Answer, Transaction, Writer
from domains.kit.actor import Role
from domains.kit.errors import Conflict, Forbidden, NotFound, Unauthenticated
from domains.teams import invitations, members
from tests.api.desk import PASSWORD, Desk, a_new_address, desk_of
from tests.factories import USUAL, Team, new_member

ROLES = list(USUAL)


@pytest.fixture(scope="module")
def desk(db: Database) -> Desk:
    return desk_of(db)


async def told(desk: Desk, team_id: UUID) -> list[dict[str, Any]]:
    """The team's events as screens get them."""
    return [json.loads(event.wire) for event in await read_after(desk.db, team_id, 0)]


async def test_an_invitation_is_taken_up_with_a_new_account(desk: Desk, team: Team) -> None:
    email = a_new_address()
    made = await desk.ask("teams:invite", {"email": email.upper(), "role": "agent"}, by=team.lead)
    assert (made["email"], made["role"]) == (email, "agent")
    assert made["invited_by"] == {"id": str(team.lead.user_id), "name": "Lea Lead"}
    body = {"token": made["token"], "full_name": "Nora New", "password": PASSWORD}
    data = await desk.ask("auth:accept", body)
    assert data["team"] == {"id": str(team.id), "name": "Harbor Homes", "role": "agent"}
    assert data["user"]["email"] == email
    assert (await desk.actor(data["access_token"])).name == "Nora New"
    (event,) = await told(desk, team.id)
    assert (event["k"], event["d"]["full_name"]) == ("member.joined", "Nora New")
    assert email not in json.dumps(event)
    await desk.ask("auth:login", {"email": email, "password": PASSWORD})


async def test_who_has_an_account_proves_its_password(desk: Desk, team: Team) -> None:
    olga = await desk.owner()
    made = await desk.ask("teams:invite", {"email": olga.email, "role": "agent"}, by=team.owner)
    body = {"token": made["token"], "full_name": "Thief", "password": "not the password"}
    with pytest.raises(Unauthenticated):
        await desk.ask("auth:accept", body)
    assert await told(desk, team.id) == []
    data = await desk.ask("auth:accept", {**body, "password": PASSWORD})
    assert data["user"] == olga.data["user"]  # the name in the body is for new accounts
    assert (await desk.actor(olga.access)).team_id == UUID(olga.team_id)  # the first still works


async def test_a_disabled_account_takes_up_no_invitation(desk: Desk, team: Team) -> None:
    olga = await desk.owner()
    made = await desk.ask("teams:invite", {"email": olga.email, "role": "agent"}, by=team.owner)
    async with desk.db.transaction() as rows:
        await rows.execute("UPDATE users SET disabled_at = now() WHERE id = $1", UUID(olga.id))
    body = {"token": made["token"], "full_name": "Olga", "password": PASSWORD}
    with pytest.raises(Forbidden):
        await desk.ask("auth:accept", body)
    assert await told(desk, team.id) == []


async def test_an_invitation_works_once_however_often_it_is_sent(desk: Desk, team: Team) -> None:
    made = await desk.ask(
        "teams:invite", {"email": a_new_address(), "role": "agent"}, by=team.owner
    )
    body = {"token": made["token"], "full_name": "Nora New", "password": PASSWORD}
    done = await asyncio.gather(
        *(desk.ask("auth:accept", body) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(outcome, dict) for outcome in done) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in done) == 3
    with pytest.raises(Conflict):
        await desk.ask("auth:accept", body)
    assert len(await told(desk, team.id)) == 1
    assert await desk.ask("teams:invitations", by=team.owner) == []


async def test_an_invitation_is_over_after_a_week(desk: Desk, team: Team) -> None:
    email = a_new_address()
    made = await desk.ask("teams:invite", {"email": email, "role": "agent"}, by=team.owner)
    lasts = "SELECT expires_at - created_at FROM invitations WHERE id = $1"
    assert await desk.db.fetchval(lasts, UUID(made["id"])) == timedelta(days=7)
    async with desk.db.transaction() as rows:
        await rows.execute(
            "UPDATE invitations SET expires_at = now() WHERE id = $1", UUID(made["id"])
        )
    body = {"token": made["token"], "full_name": "Late", "password": PASSWORD}
    with pytest.raises(NotFound):
        await desk.ask("auth:accept", body)
    assert await desk.ask("teams:invitations", by=team.owner) == []
    await desk.ask("teams:invite", {"email": email, "role": "agent"}, by=team.owner)


async def test_an_invitation_can_be_revoked_while_it_is_open(desk: Desk, team: Team) -> None:
    made = await desk.ask(
        "teams:invite", {"email": a_new_address(), "role": "agent"}, by=team.owner
    )
    revoked = await desk.ask("teams:uninvite", by=team.lead, id_=made["id"])
    assert revoked["id"] == made["id"]
    body = {"token": made["token"], "full_name": "Late", "password": PASSWORD}
    with pytest.raises(NotFound):
        await desk.ask("auth:accept", body)
    with pytest.raises(NotFound):
        await desk.ask("teams:uninvite", by=team.lead, id_=made["id"])


async def test_an_invitation_revoked_while_it_is_taken_up_is_void(desk: Desk, team: Team) -> None:
    made = await desk.ask(
        "teams:invite", {"email": a_new_address(), "role": "agent"}, by=team.owner
    )
    found = await invitations.find_invitation(desk.db, made["token"])
    await desk.ask("teams:uninvite", by=team.owner, id_=made["id"])

    async def work(tx: Transaction) -> Answer:
        await invitations.take_up(tx, found.id)
        return Answer("null")

    with pytest.raises(Conflict):
        await desk.db.write(Writer(team.id, team.owner.user_id), work)


async def test_a_token_is_shown_once_and_a_new_invitation_replaces_the_old(
    desk: Desk, team: Team
) -> None:
    email = a_new_address()
    first = await desk.ask("teams:invite", {"email": email, "role": "lead"}, by=team.owner)
    second = await desk.ask("teams:invite", {"email": email, "role": "viewer"}, by=team.owner)
    (listed,) = await desk.ask("teams:invitations", by=team.lead)
    assert listed == {name: value for name, value in second.items() if name != "token"}
    body = {"token": first["token"], "full_name": "Nora", "password": PASSWORD}
    with pytest.raises(NotFound):
        await desk.ask("auth:accept", body)
    data = await desk.ask("auth:accept", {**body, "token": second["token"]})
    assert data["team"]["role"] == "viewer"


async def test_one_address_invited_twice_at_once_has_one_open_invitation(
    desk: Desk, team: Team
) -> None:
    body = {"email": a_new_address(), "role": "agent"}
    await asyncio.gather(
        *(desk.ask("teams:invite", body, by=team.owner) for _ in range(6)), return_exceptions=True
    )
    assert len(await desk.ask("teams:invitations", by=team.owner)) == 1


@pytest.mark.parametrize("by", ROLES)
@pytest.mark.parametrize("to", ROLES)
async def test_nobody_invites_to_more_than_they_are(
    desk: Desk, team: Team, by: Role, to: Role
) -> None:
    invite = desk.ask("teams:invite", {"email": a_new_address(), "role": to}, by=team.member(by))
    if by == Role.OWNER or (by == Role.LEAD and to != Role.OWNER):
        assert (await invite)["role"] == to
    else:
        with pytest.raises(Forbidden):
            await invite


@pytest.mark.parametrize("by", [Role.AGENT, Role.VIEWER])
async def test_only_leads_see_and_revoke_invitations(desk: Desk, team: Team, by: Role) -> None:
    made = await desk.ask(
        "teams:invite", {"email": a_new_address(), "role": "agent"}, by=team.owner
    )
    with pytest.raises(Forbidden):
        await desk.ask("teams:invitations", by=team.member(by))
    with pytest.raises(Forbidden):
        await desk.ask("teams:uninvite", by=team.member(by), id_=made["id"])


async def test_a_member_s_address_is_not_invited_again(desk: Desk) -> None:
    olga = await desk.owner()
    mia = await desk.member(olga)
    with pytest.raises(Conflict):
        await desk.ask("teams:invite", {"email": mia.email, "role": "lead"}, by=olga)


async def test_what_a_member_may_no_longer_grant_is_withdrawn(desk: Desk, team: Team) -> None:
    second = await new_member(desk.db, team.id, Role.OWNER)

    async def invites(role: str) -> str:
        email = a_new_address()
        made = await desk.ask("teams:invite", {"email": email, "role": role}, by=second)
        return str(made["id"])

    async def open_now() -> set[str]:
        listed = await desk.ask("teams:invitations", by=team.owner)
        return {invitation["id"] for invitation in listed}

    async def becomes(role: str) -> None:
        await desk.ask("teams:role", {"role": role}, by=team.owner, id_=str(second.user_id))

    as_owner, as_lead = await invites("owner"), await invites("lead")
    as_agent = await invites("agent")
    assert await open_now() == {as_owner, as_lead, as_agent}
    await becomes("lead")
    assert await open_now() == {as_lead, as_agent}
    await becomes("agent")
    assert await open_now() == set()
    await becomes("lead")
    await invites("agent")
    await desk.ask("teams:remove", by=team.owner, id_=str(second.user_id))
    assert await open_now() == set()


async def test_a_team_has_a_bounded_number_of_members_and_invitations(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    olga = await desk.owner()
    made = [
        await desk.ask("teams:invite", {"email": a_new_address(), "role": "agent"}, by=olga)
        for _ in range(2)
    ]
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    with pytest.raises(Conflict):
        await desk.ask("teams:invite", {"email": a_new_address(), "role": "agent"}, by=olga)
    monkeypatch.setattr(members, "LARGEST", 2)
    bodies = [{"token": each["token"], "full_name": "New", "password": PASSWORD} for each in made]
    done = await asyncio.gather(
        *(desk.ask("auth:accept", body) for body in bodies), return_exceptions=True
    )
    assert sum(isinstance(outcome, Conflict) for outcome in done) == 1
    assert len(await desk.ask("teams:members", by=olga)) == 2


async def test_a_token_nobody_was_given_opens_nothing(desk: Desk) -> None:
    body = {"token": "hri_" + "x" * 43, "full_name": "Nobody", "password": PASSWORD}
    with pytest.raises(NotFound):
        await desk.ask("auth:accept", body)
