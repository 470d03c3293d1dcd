"""Permissions beside a role: who may give and take them, and what holds from then on."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from db.database import Database
from db.events import first_bad
from domains.kit.actor import RIGHTS, Actor, Right, Role
from domains.teams.members import PERMISSIONS, WRITING
from tests.api.client import Api, Client
from tests.eyes import eyes_of
from tests.factories import Team, new_member
from tests.realtime.live_views import LiveView
from tests.test_every_guarded_field import each_guarded, secrets, shown, without
from tests.walk import RESOURCES, a_change, head, other_change, told

OF = dict(zip(PERMISSIONS, ("delete", "edit_team_data", "financials", "manage_team"), strict=True))


def of(who: Actor) -> str:
    return f"/teams/current/members/{who.user_id}/permissions"


@pytest.mark.parametrize("name", PERMISSIONS)
@pytest.mark.parametrize("role", [Role.LEAD, Role.COORDINATOR, Role.AGENT, Role.VIEWER])
async def test_a_permission_is_given_taken_and_left_to_the_role_again(
    api: Api, team: Team, owner: Client, role: Role, name: str
) -> None:
    member = await new_member(api.db, team.id, role)
    by_member = await api.sign_in(member)
    for value in (False, True, None):
        before = await head(api.db, team)
        answer = await owner.put(of(member), {name: value})
        if role is Role.VIEWER and value and name in WRITING:
            assert answer.refused == (400, "VALIDATION_ERROR")
            assert await head(api.db, team) == before
            continue
        expected = set(RIGHTS[role]) - {OF[name]}
        expected |= (
            {OF[name]} if (value if value is not None else OF[name] in RIGHTS[role]) else set()
        )
        assert (answer.data[name], set(answer.data["rights"])) == (value, expected)
        me = (await by_member.get("/auth/me")).data
        assert me["rights"] == sorted(expected)
        (event,) = await told(api.db, team, before)
        assert (event["k"], event["id"]) == ("member.permissions_changed", str(member.user_id))
        assert event["ch"].keys() == {name}
        again = await owner.put(of(member), {name: value})
        assert again.meta["seq"] is None


async def test_nobody_gives_what_they_have_not_and_nobody_takes_from_an_owner(
    api: Api, team: Team, owner: Client, lead: Client, agent: Client, viewer: Client
) -> None:
    second = await new_member(api.db, team.id, Role.OWNER, "Otto Owner")
    other = await new_member(api.db, team.id, Role.AGENT, "Ben Agent")
    before = await head(api.db, team)
    for by in (agent, viewer):
        assert (await by.put(of(other), {"can_delete": True})).refused == (403, "FORBIDDEN")
    for name in PERMISSIONS:
        assert (await owner.put(of(second), {name: False})).refused == (409, "CONFLICT")
        assert (await lead.put(of(second), {name: False})).refused == (403, "FORBIDDEN")
    assert await head(api.db, team) == before

    await owner.put(of(team.lead), {"can_delete": False, "can_view_financials": False})
    for name in ("can_delete", "can_view_financials"):
        assert (await lead.put(of(team.lead), {name: True})).refused == (403, "FORBIDDEN")
    assert (await lead.put(of(other), {"can_delete": True})).refused == (403, "FORBIDDEN")
    assert (await lead.put(of(other), {"can_view_financials": False})).status == 200
    assert (await lead.put(of(other), {"can_view_financials": None})).refused == (403, "FORBIDDEN")
    member = f"/teams/current/members/{other.user_id}"
    assert (await lead.patch(member, {"role": "lead"})).refused == (403, "FORBIDDEN")
    invited = {"email": f"{uuid4().hex}@homes.example", "role": "lead"}
    assert (await lead.post("/teams/current/invitations", invited)).refused == (403, "FORBIDDEN")


async def test_who_is_let_manage_the_team_does_up_to_their_own_role(
    api: Api, team: Team, owner: Client, agent: Client
) -> None:
    email = f"{uuid4().hex}@homes.example"
    invitations = "/teams/current/invitations"
    for body in ({"email": email, "role": "agent"}, {"email": email, "role": "viewer"}):
        assert (await agent.post(invitations, body)).refused == (403, "FORBIDDEN")
    assert (await agent.get(invitations)).refused == (403, "FORBIDDEN")
    await owner.put(of(team.agent), {"can_manage_team": True})
    agent = await api.sign_in(team.agent)
    made = await agent.post(invitations, {"email": email, "role": "agent"})
    assert made.status == 201
    refused = await agent.post(invitations, {"email": email, "role": "lead"})
    assert refused.refused == (403, "FORBIDDEN")
    lead = f"/teams/current/members/{team.lead.user_id}"
    assert (await agent.delete(lead)).refused == (403, "FORBIDDEN")
    viewer = f"/teams/current/members/{team.viewer.user_id}"
    assert (await agent.patch(viewer, {"role": "agent"})).status == 200
    # ... and what was given out by it is void with it.
    assert [each["id"] for each in (await owner.get(invitations)).data] == [made.data["id"]]
    await owner.put(of(team.agent), {"can_manage_team": False})
    assert (await owner.get(invitations)).data == []


async def test_a_change_of_permissions_is_merged_repeated_and_found_by_the_teams_id(
    api: Api, team: Team, owner: Client
) -> None:
    path = f"/teams/{team.id}/members/{team.agent.user_id}/permissions"
    key = uuid4().hex
    first = await owner.put(path, {"can_delete": True}, key=key)
    assert (await owner.put(path, {"can_delete": True}, key=key)).data == first.data
    stale = await owner.put(of(team.agent), {"can_delete": False}, version=1)
    assert stale.refused == (409, "VERSION_CONFLICT")
    elsewhere = f"/teams/{uuid4()}/members/{team.agent.user_id}/permissions"
    assert (await owner.put(elsewhere, {"can_delete": True})).refused == (404, "NOT_FOUND")
    nobody = f"/teams/current/members/{uuid4()}/permissions"
    assert (await owner.put(nobody, {"can_delete": True})).refused == (404, "NOT_FOUND")
    assert await first_bad(api.db, team.id) is None


# What follows, for every kind of record


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
async def test_deleting_and_changing_what_others_own_takes_the_permission(
    team: Team, owner: Client, lead: Client, agent: Client, resource: Any
) -> None:
    record = await lead.make(resource)
    path = f"/{resource.plural}/{record['id']}"
    assert (await agent.patch(path, a_change(resource))).status == 200
    assert (await agent.delete(path)).refused == (403, "FORBIDDEN")
    permissions = {"can_edit_team_data": False, "can_delete": True}
    assert (await owner.put(of(team.agent), permissions)).status == 200
    assert (await agent.patch(path, other_change(resource))).refused == (403, "FORBIDDEN")
    assert (await agent.patch(f"{path}/archive")).refused == (403, "FORBIDDEN")
    assert (await agent.delete(path)).status == 200
    await owner.put(of(team.lead), {"can_delete": False})
    assert (await lead.patch(f"{path}/restore")).refused == (403, "FORBIDDEN")


@each_guarded
async def test_what_is_told_after_a_permission_is_taken_is_told_without_it(
    api: Api, team: Team, resource: Any
) -> None:
    hidden = [name for name, right in resource.guarded.items() if right == Right.FINANCIALS]
    if not hidden:
        pytest.skip("it guards nothing that a permission shows")
    async with eyes_of(api, team) as eyes:
        agent, other = eyes.agent, eyes.other
        record = await agent.client.make(resource, **secrets(resource))
        path = f"/{resource.plural}/{record['id']}"
        view = LiveView(other.screen, "all", f"{resource.plural}:list")
        assert (await view.open())["success"]
        assert shown(view.rows, hidden)
        last = 0
        for sees in (False, True, False):
            before = await head(api.db, team)
            given = {"can_view_financials": sees}
            answer = await eyes.owner.client.put(of(other.actor), given)
            for body in (dict.fromkeys(secrets(resource)), secrets(resource)):
                changed = await agent.client.patch(path, body)
                last = changed.meta["seq"]
            await other.screen.reaches(last)
            heard = [event for event in other.heard if event["s"] > before]
            log = (await eyes.log())[before:]
            names = () if sees else hidden
            assert [event["s"] for event in heard] == [event["s"] for event in log]
            assert heard == without(log, names)
            await view.follows(last)
            assert shown(view.rows, hidden) == sees
            command = await other.screen.call(f"{resource.plural}:get", {"id": record["id"]})
            assert shown(command["data"], hidden) == sees
            assert answer.data["can_view_financials"] is sees
        await other.comes_back(last)  # what it was told live, it is not told again
        assert not shown(other.heard, hidden)


async def test_an_operators_own_update_moves_the_users_epoch(
    team: Team, db: Database, agent: Client
) -> None:
    assert "financials" in (await agent.get("/auth/me")).data["rights"]
    async with db.transaction() as rows:
        moved = await rows.fetchval(
            """
            WITH before AS (SELECT epoch FROM users WHERE id = $2)
            UPDATE members SET can_view_financials = false
            FROM before
            WHERE team_id = $1 AND user_id = $2
            RETURNING before.epoch
            """,
            team.id,
            team.agent.user_id,
        )
    sql = "SELECT epoch FROM users WHERE id = $1"
    assert await db.fetchval(sql, UUID(str(team.agent.user_id))) == moved + 1
