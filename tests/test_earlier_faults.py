"""Faults that were found in the earlier system, each by its number there: none of them is ours."""

import json
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from domains.auth.tokens import Tokens
from domains.clients.resource import CLIENTS
from domains.kit.actor import Actor, Role
from domains.kit.resource import Resource
from domains.kit.scope import Scope
from domains.leads.resource import LEADS
from tests.api.client import SECRET, Api, Client
from tests.factories import Team, fields, new_member, new_record, new_team
from tests.screens import Refused, Screen, Wire
from tests.walk import RESOURCES, child_example, first_move, head

ROLES = list(Role)


async def somebody(api: Api, team: Team, role: Role) -> Actor:
    return await new_member(api.db, team.id, role)


@pytest.mark.parametrize("role", ROLES)
async def test_1_a_token_and_its_socket_are_of_a_team_whose_room_they_join(
    api: Api, team: Team, role: Role
) -> None:
    """The earlier tokens named no team, so no socket ever was in a team's room."""
    actor = await somebody(api, team, role)
    client = await api.sign_in(actor)
    assert Tokens([SECRET]).read(client.token).team_id == team.id
    async with aiohttp.ClientSession() as session:
        async with Screen(session, api.url.rstrip("/"), client.token, team.id) as screen:
            (standing,) = screen.hello["teams"]
            assert (standing["team"], standing["mode"]) == (str(team.id), "snapshot")
            made = await new_record(api.db, LEADS, team.agent)
            await screen.sees("lead.created", id=made["id"])
        listed = await client.get("/leads", scope="team")
        assert [record["id"] for record in listed.data] == [made["id"]]


@pytest.mark.parametrize("role", ROLES)
async def test_2_no_list_of_leads_is_without_its_team_whatever_is_asked(
    api: Api, team: Team, role: Role
) -> None:
    """The earlier list of leads, asked in the right way, was that of every tenant."""
    rival = await new_team(api.db, "Rival Realty")
    await new_member(api.db, rival.id, Role.BROKER, "Rae Rival")
    theirs = [await new_record(api.db, LEADS, rival.agent, is_private=p) for p in (True, False)]
    ours = await new_record(api.db, LEADS, team.agent)
    client = await api.sign_in(await somebody(api, team, role))
    for params in every_way(team, rival):
        answer = await client.get("/leads", **params)
        if answer.status != 200:
            assert (answer.status, params["scope"]) == (403, Scope.BROKERAGE)
            continue
        assert {record["id"] for record in answer.data} <= {ours["id"]}, params
        assert answer.body["stats"]["total"] == len(answer.data), params
        await nothing_else(client, params, theirs)


def every_way(team: Team, rival: Team) -> list[dict[str, Any]]:
    owners = (None, team.agent.user_id, rival.agent.user_id, rival.owner.user_id)
    return [
        {"scope": scope.value, "limit": 100, **({"user_id": owner} if owner else {})}
        for scope in Scope
        for owner in owners
    ]


async def nothing_else(client: Client, params: dict[str, Any], theirs: list[Any]) -> None:
    said = {name: value for name, value in params.items() if name != "limit"}
    stats = await client.get("/leads/stats", **said)
    _, pieces = await client.download("/leads/export", **said)
    told = json.dumps(stats.body, default=str).encode() + b"".join(pieces)
    assert all(record["id"].encode() not in told for record in theirs)


async def test_15_no_word_of_a_private_lead_goes_to_the_team_s_room(
    api: Api, team: Team, lead: Client, agent: Client, viewer: Client
) -> None:
    async with aiohttp.ClientSession() as session:
        wire = Wire(session, api.url.rstrip("/"), viewer.token, team.id)
        await wire.connect()
        opened = await wire.call("view:open", {"view": "all", "list": "leads:list", "params": {}})
        assert opened["success"]
        wire.views["all"] = lambda _: None
        private = await agent.make(LEADS, last_name="Geheim", is_private=True)
        path = f"/leads/{private['id']}"
        await agent.patch(path, {"budget": 900000, "notes": "A word between us"})
        await agent.post(f"{path}/activities", {"activity_type": "call", "notes": "Left word"})
        await agent.patch(f"{path}/status", {"status": "qualified"})
        await lead.patch(path, {"owner_id": str(team.lead.user_id)})
        made = (await lead.post(f"{path}/convert", {})).data
        await lead.delete(path)
        await lead.patch(f"{path}/restore")
        shown = await agent.make(CLIENTS, last_name="Open")
        last = await head(api.db, team)
        await wire.reaches(last)
        await wire.disconnect()
        # ... nor to who comes back and asks for what was missed.
        wire.position = (0, "")
        await wire.connect()
        await wire.reaches(last)
        await wire.disconnect()
    said = "".join(wire.texts)
    assert shown["id"] in said
    for secret in (private["id"], made["client"]["id"], "Geheim", "between us", "Left word"):
        assert secret not in said


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
async def test_03_no_key_of_a_body_reaches_a_column_that_is_not_for_it(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    record = await lead.make(resource)
    path, before = f"/{resource.plural}/{record['id']}", await head(api.db, team)
    keys = ("team_id", "audience", "version = 1 --", "grants", "created_by", "deleted_at")
    for key in (*keys, "x = 1; DROP TABLE events; --"):
        for answer in (
            await lead.patch(path, {key: record["id"]}),
            await lead.post(f"/{resource.plural}", fields(resource, **{key: record["id"]})),
        ):
            assert answer.refused == (400, "VALIDATION_ERROR"), key
    assert await head(api.db, team) == before
    assert (await lead.get(path)).data == record


async def test_04_nobody_says_in_a_body_what_they_are(agent: Client) -> None:
    for extra in ({"role": "system_admin"}, {"rights": ["delete"]}, {"can_delete": True}):
        body = {
            "email": f"{uuid4().hex}@homes.example",
            "password": "correct horse battery",
            "full_name": "Ro Role",
            "team_name": "Roles",
            **extra,
        }
        assert (await agent.post("/auth/register", body)).refused == (400, "VALIDATION_ERROR")
        me = (await agent.get("/auth/me")).data
        assert (me["team"]["role"], "delete" in me["rights"]) == ("agent", False)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
async def test_05_another_team_s_record_is_not_there_for_any_of_its_parts(
    api: Api, lead: Client, resource: Resource
) -> None:
    rival = await new_team(api.db, "Rival Realty")
    theirs = await (await api.sign_in(rival.owner)).make(resource)
    path, before = f"/{resource.plural}/{theirs['id']}", await head(api.db, rival)
    parts = ["/archive", "/restore", "/status", "/grants"]
    for part in (*parts, *(f"/{child.plural}" for child in resource.children)):
        method = {"/grants": "PUT"}.get(part, "PATCH" if part in parts else "POST")
        body = None
        if part == "/grants":
            body = {"grantee": "broker"}
        elif part == "/status":
            body = first_move(resource)
        elif method == "POST":
            (child,) = [each for each in resource.children if part == f"/{each.plural}"]
            body = dict(child_example(resource, child).least)
        answer = await lead.ask(method, path + part, body)
        assert answer.refused == (404, "NOT_FOUND"), part
    batch = {"op": "delete", "ids": [theirs["id"]]}
    (outcome,) = (await lead.post(f"/{resource.plural}/batch", batch)).data
    assert outcome["error"]["code"] == "NOT_FOUND"
    assert await head(api.db, rival) == before


async def test_08_nobody_is_told_who_is_here_without_signing_in(api: Api, team: Team) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("teams/current/members", "users", "activity", "escrows"):
            async with session.get(f"{api.url}v1/{path}") as response:
                assert response.status == 401, path
                assert (await response.json())["error"]["code"] == "AUTH_REQUIRED"
        stranger = Screen(session, api.url.rstrip("/"), "no token", team.id)
        with pytest.raises(Refused):
            await stranger.connect()


async def test_14_no_page_of_another_origin_is_answered_with_credentials_and_no_error_tells_insides(
    api: Api, agent: Client
) -> None:
    asker = {"Authorization": f"Bearer {agent.token}"}
    async with aiohttp.ClientSession() as session:
        for origin in ({}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
            async with session.get(f"{api.url}v1/auth/me", headers=asker | origin) as response:
                assert "Access-Control-Allow-Origin" not in response.headers
                assert "Access-Control-Allow-Credentials" not in response.headers
    for answer in (
        await agent.get("/escrows", cursor="x" * 50),
        await agent.get("/escrows/'; SELECT 1"),
        await agent.post("/escrows", b"{"),
    ):
        said = str(answer.body)
        assert answer.status in (400, 404)
        for inside in ("Traceback", "asyncpg", "SELECT e", "/domains/"):
            assert inside not in said
