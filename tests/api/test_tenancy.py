"""Another team's record does not exist: not by REST, not by socket, in no list and no log."""

import json
from typing import Any
from uuid import uuid4

import pytest

from db.transaction import Operation
from domains.kit.actor import Actor, Role
from domains.kit.endpoint import Call, Endpoint, Method
from domains.kit.errors import NotFound
from domains.kit.resource import Resource
from domains.kit.scope import ACROSS_TEAMS
from server.commands import commands
from server.keys import ENDPOINTS, METRICS, SERVICES
from tests.api.client import Api, Client
from tests.factories import Team, fields, new_brokerage, new_member, new_record, new_team
from tests.walk import (
    RESOURCES,
    a_body,
    a_change,
    endpoints_of,
    everything,
    first_move,
    head,
    parts_of,
    with_rows,
)

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)


# Who looks, and whose records they are: of another brokerage, or of a sister team in one's own.
STRANGERS = [
    (Role.OWNER, "rival"),
    (Role.BROKER, "rival"),
    (Role.SYSTEM_ADMIN, "rival"),
    (Role.OWNER, "sister"),
    (Role.BROKER, "sister"),
]
each_stranger = pytest.mark.parametrize(("role", "whose"), STRANGERS)


@pytest.fixture
async def rival(api: Api) -> Team:
    return await new_team(api.db, "Rival Realty")


async def strangers(api: Api, team: Team, rival: Team, role: Role, whose: str) -> Actor:
    """Somebody of `team`, and `rival` in a brokerage with brokers, which is theirs or is not."""
    if whose == "sister":
        await new_brokerage(api.db, team, rival)
    await new_member(api.db, rival.id, Role.BROKER, "Rae Rival")
    return await new_member(api.db, team.id, role)


OF_MEMBERS = {"leads:claim"}  # what one has to be a member for, whatever the record


def refusal(endpoint: Endpoint, role: Role) -> tuple[int, str]:
    outside = endpoint.name in OF_MEMBERS and role in ACROSS_TEAMS
    return (403, "FORBIDDEN") if outside else (404, "NOT_FOUND")


@each_resource
@each_stranger
async def test_another_team_s_record_is_not_found_on_every_path(
    api: Api, team: Team, rival: Team, resource: Resource, role: Role, whose: str
) -> None:
    owner = await api.sign_in(await strangers(api, team, rival, role, whose))
    record = await new_record(api.db, resource, rival.agent)
    theirs = await with_rows(await api.sign_in(rival.agent), resource, record)
    nobody, before = str(uuid4()), await head(api.db, rival)
    walked = 0
    for endpoint in endpoints_of(api.app[SERVICES], resource):
        if "{id}" not in endpoint.path:
            continue
        walked += 1
        body = a_body(endpoint, resource)
        parts = parts_of(endpoint, resource, theirs)
        there = endpoint.path.format(**parts)
        answer = await owner.ask(endpoint.method, there, body)
        assert answer.refused == refusal(endpoint, role), endpoint.name
        elsewhere = endpoint.path.format(**{**parts, "id": nobody})
        nowhere = await owner.ask(endpoint.method, elsewhere, body)
        same = json.dumps(answer.error).replace(theirs["id"], nobody)
        assert json.loads(same) == nowhere.error  # nothing tells that it exists
    assert walked >= 8
    assert await head(api.db, rival) == before
    assert await everything(await api.sign_in(rival.viewer), resource) == {theirs["id"]: theirs}


@each_resource
@each_stranger
async def test_another_team_s_record_is_not_found_by_any_socket_command(
    api: Api, team: Team, rival: Team, resource: Resource, role: Role, whose: str
) -> None:
    stranger = await strangers(api, team, rival, role, whose)
    record = await new_record(api.db, resource, rival.agent)
    theirs = await with_rows(await api.sign_in(rival.agent), resource, record)
    before, walked = await head(api.db, rival), 0
    offered = api.app[ENDPOINTS]
    by_name = commands(offered, api.app[METRICS])
    for endpoint in endpoints_of(api.app[SERVICES], resource):
        if "{id}" not in endpoint.path or not endpoint.socket:
            continue
        walked += 1
        payload: dict[str, Any] = dict(parts_of(endpoint, resource, theirs))
        if endpoint.method is not Method.GET:
            payload |= {"op": uuid4().hex}
        if endpoint.body is not None:
            payload["body"] = a_body(endpoint, resource)
        ack = json.loads(await by_name[endpoint.name](stranger, payload))
        assert not ack["success"]
        assert ack["error"]["code"] == refusal(endpoint, role)[1], endpoint.name
    assert walked >= 7
    assert await head(api.db, rival) == before


@each_resource
async def test_a_verb_called_directly_keeps_teams_apart_too(
    api: Api, team: Team, rival: Team, resource: Resource
) -> None:
    record = await new_record(api.db, resource, rival.agent)
    theirs = await with_rows(await api.sign_in(rival.agent), resource, record)
    for endpoint in endpoints_of(api.app[SERVICES], resource):
        if "{id}" not in endpoint.path:
            continue
        body = None
        if endpoint.body is not None:
            body = endpoint.body.model_validate_json(json.dumps(a_body(endpoint, resource)))
        params = endpoint.params() if endpoint.params else None
        for name in (theirs["id"], f"{resource.name}-{theirs['id']}"):
            parts = {**parts_of(endpoint, resource, theirs), "id": name}
            call = Call(team.owner, parts, params, body, op=Operation(uuid4().hex, b""))
            with pytest.raises(NotFound):
                await endpoint.run(call)


@each_resource
async def test_a_display_id_is_read_within_one_s_own_team(
    api: Api, rival: Team, owner: Client, resource: Resource
) -> None:
    theirs = await new_record(api.db, resource, rival.agent)
    one = f"/{resource.plural}/{theirs['display_id']}"
    assert (await owner.get(one)).refused == (404, "NOT_FOUND")
    mine = await owner.make(resource)
    assert mine["display_id"] == theirs["display_id"]
    assert (await owner.get(one)).data == mine


@each_resource
async def test_no_list_statistic_or_log_shows_another_team_s_record(
    api: Api, team: Team, rival: Team, owner: Client, resource: Resource
) -> None:
    secret = {resource.search[0]: "1 Secret St"}
    theirs = await new_record(api.db, resource, rival.agent, **secret)
    mine = await owner.make(resource)
    for params in (
        {},
        {"scope": "all"},
        {"scope": "user", "userId": str(rival.agent.user_id)},
        {"user_id": str(rival.agent.user_id)},
        {"search": "Secret"},
        {"search": theirs["display_id"]},
        {"archived": "true"},
    ):
        answer = await owner.get(f"/{resource.plural}", **params)
        assert theirs["id"] not in json.dumps(answer.body, default=str)
        assert {record["id"] for record in answer.data} <= {mine["id"]}
        assert answer.body["stats"]["total"] == len(answer.data)
        assert answer.body["pagination"]["total"] == len(answer.data)
        stats = await owner.get(f"/{resource.plural}/stats", **params)
        assert stats.data["total"] == len(answer.data)
        _, pieces = await owner.download(f"/{resource.plural}/export", **params)
        assert theirs["id"].encode() not in b"".join(pieces)
    activity = await owner.get("/activity")
    assert {entry["t"] for entry in activity.data} == {str(team.id)}
    assert (await owner.get("/activity", entity_id=theirs["id"])).data == []
    assert (await owner.get("/activity", actor=rival.agent.user_id)).data == []
    assert activity.meta["as_of_seq"] == 1  # and no count of theirs shows in ours


@each_resource
async def test_no_record_is_given_to_somebody_of_another_team(
    rival: Team, owner: Client, resource: Resource
) -> None:
    theirs = str(rival.agent.user_id)
    made = await owner.post(f"/{resource.plural}", fields(resource, owner_id=theirs))
    nobody = await owner.post(f"/{resource.plural}", fields(resource, owner_id=str(uuid4())))
    assert (made.refused, made.fields) == ((400, "VALIDATION_ERROR"), ["owner_id"])
    assert made.error == nobody.error
    mine = await owner.make(resource)
    given = await owner.patch(f"/{resource.plural}/{mine['id']}", {"owner_id": theirs})
    assert (given.refused, given.fields) == ((400, "VALIDATION_ERROR"), ["owner_id"])


@each_resource
@pytest.mark.parametrize("name", ["team_id", "id", "display_id", "created_by", "version"])
async def test_nobody_says_what_only_the_server_knows(
    rival: Team, owner: Client, resource: Resource, name: str
) -> None:
    value: Any = 7 if name == "version" else str(rival.id)
    made = await owner.post(f"/{resource.plural}", fields(resource, **{name: value}))
    assert (made.refused, made.fields) == ((400, "VALIDATION_ERROR"), [name])


@each_resource
async def test_a_batch_finds_nothing_of_another_team(
    api: Api, rival: Team, owner: Client, resource: Resource
) -> None:
    theirs = await new_record(api.db, resource, rival.agent)
    before = await head(api.db, rival)
    ids = [theirs["id"], theirs["display_id"], f"{resource.name}-{theirs['id']}"]
    for op, changes in (
        ("update", a_change(resource)),
        ("status", first_move(resource)),
        ("archive", None),
        ("restore", None),
        ("delete", None),
    ):
        body = {"op": op, "ids": ids} | ({"changes": changes} if changes else {})
        answer = await owner.post(f"/{resource.plural}/batch", body)
        assert [item["error"]["code"] for item in answer.data] == ["NOT_FOUND"] * 3
    assert await head(api.db, rival) == before


@each_resource
async def test_a_member_of_two_teams_sees_in_each_only_what_is_there(
    api: Api, team: Team, rival: Team, resource: Resource
) -> None:
    async with api.db.transaction() as rows:
        await rows.execute(
            "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, 'agent')",
            rival.id,
            team.agent.user_id,
        )
    here = await api.sign_in(team.agent)
    there = await api.sign_in(Actor(team.agent.user_id, rival.id, team.agent.role, team.agent.name))
    mine, theirs = await here.make(resource), await there.make(resource)
    assert (await here.get(f"/{resource.plural}")).data == [mine]
    assert (await there.get(f"/{resource.plural}")).data == [theirs]
    assert (await here.get(f"/{resource.plural}/{theirs['id']}")).status == 404


@each_resource
@pytest.mark.parametrize(
    "name", ["7", "null", "' OR 1=1 --", "ESC-2026-1", "..%2F", "é" * 300, "%00", "-", "LST-0-0001"]
)
async def test_an_id_that_cannot_exist_is_not_found(
    agent: Client, resource: Resource, name: str
) -> None:
    for method, path in (("GET", ""), ("GET", "/history"), ("DELETE", ""), ("PATCH", "/archive")):
        where = f"/{resource.plural}/{name}{path}"
        answer = await agent.ask(method, where)
        assert answer.refused == (404, "NOT_FOUND"), answer.body


@each_stranger
async def test_another_team_s_people_and_company_are_out_of_reach(
    api: Api, team: Team, rival: Team, role: Role, whose: str
) -> None:
    stranger = await api.sign_in(await strangers(api, team, rival, role, whose))
    theirs = await api.sign_in(rival.owner)
    invited = await theirs.post(
        "/teams/current/invitations", {"email": "a@homes.example", "role": "agent"}
    )
    rae = (await theirs.get("/brokerages/current/brokers")).data[0]["id"]
    before, ana = await head(api.db, rival), rival.agent.user_id
    paths = [
        ("GET", f"/users/{ana}", None),
        ("GET", f"/users/{ana}/history", None),
        ("GET", f"/teams/current/members/{ana}", None),
        ("PATCH", f"/teams/current/members/{ana}", {"role": "viewer"}),
        ("DELETE", f"/teams/current/members/{ana}", None),
        ("DELETE", f"/teams/current/invitations/{invited.data['id']}", None),
    ]
    if whose == "rival":
        paths += [
            ("DELETE", f"/brokerages/current/brokers/{rae}", None),
            ("DELETE", f"/brokerages/current/teams/{rival.id}", None),
            ("DELETE", f"/brokerages/current/moves/{rival.id}", None),
        ]
    for method, path, body in paths:
        answer = await stranger.ask(method, path, body)
        expected = {404} if role is not Role.OWNER else {403, 404}
        assert answer.status in expected, (method, path, answer.body)
    for path in ("/users", "/teams/current/members", "/activity", "/teams/current/invitations"):
        assert str(ana) not in json.dumps((await stranger.get(path)).body, default=str), path
    for scope in ("all", "brokerage"):
        answer = await stranger.get("/users", scope=scope, limit=100)
        seen = str(ana) in json.dumps(answer.body, default=str)
        assert seen == (whose == "sister" and role is Role.BROKER), scope
    assert await head(api.db, rival) == before
