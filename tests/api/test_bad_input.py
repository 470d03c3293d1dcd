"""Every kind of bad input, walked over every endpoint: refused by name, and nothing done."""

import asyncio
import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from db.database import Database
from domains.kit.actor import Actor, Role
from domains.kit.endpoint import Endpoint, Method
from server.calls import endpoint_parts
from server.catalogue import described
from server.commands import commands
from server.metrics import Metrics
from tests.api.whole_server import Said, WholeServer
from tests.factories import LEAST, Team, new_member, new_record, new_team
from tests.walk import RESOURCES

ENDPOINTS = {endpoint.name: endpoint for endpoint in described()}
WITH_BODY = [name for name, endpoint in ENDPOINTS.items() if endpoint.body]
WITH_PARAMS = [name for name, endpoint in ENDPOINTS.items() if endpoint.params]
ON_SOCKET = [name for name in WITH_BODY if ENDPOINTS[name].socket]

NOBODY = uuid4()

NOT_JSON = {
    "nothing": b"",
    "words": b"not json",
    "an end missing": b'{"notes":',
    "something after": b"{} {}",
    "single quotes": b"{'notes':1}",
    "bytes that are no text": b'{"notes":"\xff"}',
    "a surrogate in UTF-8": b'{"notes":"\xed\xa0\x80"}',
    "a raw control character": b'{"notes":"\x00"}',
    "a list": b"[]",
    "a text": b'"notes"',
    "a number": b"7",
    "null": b"null",
    "a comment": b"{/* hi */}",
    "deep lists": b'{"notes":' + b"[" * 60 + b"]" * 60 + b"}",
    "very deep lists": b"[" * 100_000,
    "deep objects": b'{"notes":' * 500 + b"1" + b"}" * 500,
}
IMPOSSIBLE = {
    "NUL": b'"a\\u0000b"',
    "half a surrogate pair": b'"\\ud83d"',
    "the other half": b'"\\udc00"',
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "a number past all numbers": b"1e999",
    "a number of 5000 digits": b"9" * 5000,
}
ODD: list[Any] = [
    *(None, True, False, "", " ", "x" * 20_000, "\u202e", "💥", "=1+1", "DROP TABLE escrows"),
    *(0, -1, 0.1234567, 1e300, 10**30, -(10**15), "1", "NaN"),
    *("2027-02-30", "0000-00-00", "99999-01-01", "2027-01-01T00:00:00Z"),
    *([], [[]], ["x"] * 500, {}, {"a": {"b": 1}}),
]
ODD_TEXTS = [
    *("", " ", "-1", "0", "1e999", "NaN", "true", "null", "\0", "x" * 3000, "💥", "%", "'--"),
    *("2027-02-30", "0000-00-00", "0001-01-01T00:00:00", "9" * 40, "created_at; DROP TABLE users"),
]


class World:
    """A team with a record of each kind, and a look at whether anything of it changed."""

    def __init__(
        self,
        server: WholeServer,
        db: Database,
        team: Team,
        above: list[Actor],
        ids: dict[str, str],
    ) -> None:
        self.server = server
        self.team = team
        self._people = [team.owner, *above]
        self._db = db
        self._ids = ids

    def by(self, endpoint: Endpoint) -> Actor | None:
        if endpoint.roles is None:
            return None
        return next(actor for actor in self._people if actor.role in endpoint.roles)

    def user(self, command: str) -> Actor:
        by = self.by(ENDPOINTS[command])
        assert by
        return by

    def path(self, endpoint: Endpoint) -> str:
        parts = dict.fromkeys(endpoint_parts(endpoint), str(uuid4()))
        return "/v1" + endpoint.path.format(**{**parts, "id": self.id(endpoint)})

    def id(self, endpoint: Endpoint) -> str:
        return self._ids.get(endpoint.path.split("/")[1], str(NOBODY))

    async def ask(self, endpoint: Endpoint, **kwargs: Any) -> Said:
        path, by = self.path(endpoint), self.by(endpoint)
        return await self.server.ask(endpoint.method, path, by=by, **kwargs)

    async def state(self) -> Any:
        tables = "".join(
            f"(SELECT string_agg(r::text, '' ORDER BY id) FROM {each.table} AS r"
            " WHERE team_id = $1), "
            for each in RESOURCES
        )
        return await self._db.fetchval(
            f"""
            SELECT md5(concat(
                {tables}
                (SELECT string_agg(r::text, '' ORDER BY user_id)
                    FROM members AS r WHERE team_id = $1),
                (SELECT count(*) FROM invitations WHERE team_id = $1),
                (SELECT count(*) FROM idempotency_keys WHERE team_id = $1),
                (SELECT seq FROM team_heads WHERE team_id = $1)
            ))
            """,
            self.team.id,
        )


@pytest.fixture(scope="module")
async def world(server: WholeServer, db: Database) -> World:
    team = await new_team(db)
    made = {each.plural: await new_record(db, each, team.agent) for each in RESOURCES}
    ids = {plural: record["id"] for plural, record in made.items()}
    ids["teams"] = str(team.viewer.user_id)
    above = [await new_member(db, team.id, role) for role in (Role.BROKER, Role.SYSTEM_ADMIN)]
    return World(server, db, team, above, ids)


def fields_of(endpoint: Endpoint) -> list[str]:
    assert endpoint.body
    return list(endpoint.body.model_json_schema()["properties"])


def assert_refused(said: Said, *, status: int = 400, field: str | None = None) -> None:
    assert said.status == status, said.raw[:500]
    assert said.json["success"] is False
    assert said.error["message"]
    assert b"Traceback" not in said.raw
    if status == 400:
        assert said.error["code"] == "VALIDATION_ERROR"
        assert said.fields
    if field is not None:
        assert field in said.fields, said.error


@pytest.mark.parametrize("name", WITH_BODY)
async def test_what_is_no_json_object_is_refused(world: World, name: str) -> None:
    before = await world.state()
    for what, raw in NOT_JSON.items():
        said = await world.ask(ENDPOINTS[name], raw=raw)
        assert_refused(said, field="notes" if what == "a surrogate" else "body")
    assert await world.state() == before


@pytest.mark.parametrize("name", WITH_BODY)
async def test_a_value_that_nothing_can_hold_is_refused_by_name(world: World, name: str) -> None:
    before = await world.state()
    for field in fields_of(ENDPOINTS[name]):
        for raw in IMPOSSIBLE.values():
            said = await world.ask(ENDPOINTS[name], raw=b'{"%s":%s}' % (field.encode(), raw))
            assert_refused(said, field=field)
            inside = b'{"%s":[{"deeper":%s}]}' % (field.encode(), raw)
            assert_refused(await world.ask(ENDPOINTS[name], raw=inside), field=f"{field}.0.deeper")
    assert await world.state() == before


@pytest.mark.parametrize("name", WITH_BODY)
async def test_an_unknown_field_is_refused_by_name(world: World, name: str) -> None:
    before = await world.state()
    for key, shown in {"colour": "colour", "a\0b": "a\\0b", "__proto__": "__proto__"}.items():
        said = await world.ask(ENDPOINTS[name], body={key: 1})
        assert_refused(said, field=shown)
    ours = {"id", "team_id", "created_at", "last_modified_by"} - set(fields_of(ENDPOINTS[name]))
    for field in ours:
        assert_refused(await world.ask(ENDPOINTS[name], body={field: str(uuid4())}), field=field)
    assert await world.state() == before


@pytest.mark.parametrize("name", WITH_BODY)
async def test_a_body_over_a_megabyte_is_413_however_it_is_sent(world: World, name: str) -> None:
    async def in_chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65_536
            await asyncio.sleep(0)

    before = await world.state()
    large = b'{"notes":"' + b"x" * 1_100_000 + b'"}'
    assert_refused(await world.ask(ENDPOINTS[name], raw=BytesIO(large)), status=413)
    assert_refused(await world.ask(ENDPOINTS[name], raw=in_chunks()), status=413)
    assert await world.state() == before


@pytest.mark.parametrize("name", WITH_BODY)
async def test_a_body_that_does_not_say_it_is_json_is_415(world: World, name: str) -> None:
    before = await world.state()
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/octet-stream",
    ):
        said = await world.ask(ENDPOINTS[name], raw=b"{}", headers={"Content-Type": kind})
        assert_refused(said, status=415)
    assert await world.state() == before


@pytest.mark.parametrize("name", WITH_BODY)
async def test_no_value_of_any_field_breaks_us(world: World, name: str) -> None:
    """Some of these are allowed somewhere; what is not must be a refusal and never a fault."""
    endpoint = ENDPOINTS[name]
    least = LEAST.get(endpoint.tag, {}) if name.endswith(":create") else {}
    for field in fields_of(endpoint):
        for value in ODD:
            said = await world.ask(endpoint, body={**least, field: value})
            assert said.status < 500, (field, value, said.raw[:500])
            if said.status == 400:
                assert_refused(said)


@pytest.mark.parametrize("name", WITH_BODY)
async def test_a_value_of_the_wrong_type_is_refused_by_name(world: World, name: str) -> None:
    before = await world.state()
    for field in fields_of(ENDPOINTS[name]):
        for value in (["x", 1], [{"a": 1}]):
            said = await world.ask(ENDPOINTS[name], body={field: value})
            assert_refused(said)
            named = {shown.split(".")[0] for shown in said.fields}
            assert field in named, (field, value, said.error)
    assert await world.state() == before


@pytest.mark.parametrize("name", WITH_PARAMS)
async def test_an_unknown_or_repeated_parameter_is_refused_by_name(world: World, name: str) -> None:
    endpoint, path = ENDPOINTS[name], world.path(ENDPOINTS[name])
    for query, field in {
        "?colour=red": "colour",
        "?limit=5&colour=red": "colour",
        "?limit=5&limit=6": "limit",
    }.items():
        said = await world.server.ask("GET", path + query, by=world.by(endpoint))
        assert_refused(said, field=field)


@pytest.mark.parametrize("name", [name for name, e in ENDPOINTS.items() if not e.params])
async def test_where_there_are_no_parameters_any_is_refused(world: World, name: str) -> None:
    endpoint = ENDPOINTS[name]
    said = await world.server.ask(
        endpoint.method, world.path(endpoint) + "?colour=red", by=world.by(endpoint)
    )
    assert_refused(said, field="colour")


@pytest.mark.parametrize("name", WITH_PARAMS)
async def test_no_value_of_any_parameter_breaks_us(world: World, name: str) -> None:
    endpoint = ENDPOINTS[name]
    assert endpoint.params
    for parameter in endpoint.params.model_json_schema()["properties"]:
        for value in ODD_TEXTS:
            query = f"?{parameter}={quote(value)}"
            path = world.path(endpoint) + query
            said = await world.server.ask("GET", path, by=world.by(endpoint))
            assert said.status < 500, (query, said.raw[:500])
            if said.status == 400:
                assert_refused(said)


@pytest.mark.parametrize("path", ["/v1/escrows", "/v1/listings"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=-1", "page"),
        ("page=0", "page"),
        ("page=one", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("sort=owner", "sort"),
        ("order=sideways", "order"),
        ("status=sold-out", "status"),
        ("cursor=nonsense", "cursor"),
        ("search=a%00b", "search"),
        ("archived=maybe", "archived"),
        ("created_since=yesterday", "created_since"),
    ],
)
async def test_a_bad_parameter_is_refused_by_name(
    world: World, path: str, query: str, field: str
) -> None:
    said = await world.server.ask("GET", f"{path}?{query}", by=world.team.agent)
    assert_refused(said, field=field)


@pytest.mark.parametrize(
    "name", [n for n, e in ENDPOINTS.items() if "{id}" in e.path and not e.body]
)
@pytest.mark.parametrize("odd", ["0", "%00", "%ED%A0%80", "..%2f..", "💥", "x" * 500, "ESC-1"])
async def test_an_id_that_cannot_be_is_not_found(world: World, name: str, odd: str) -> None:
    endpoint = ENDPOINTS[name]
    path = "/v1" + endpoint.path.format(**dict.fromkeys(endpoint_parts(endpoint), odd))
    said = await world.server.ask(endpoint.method, path, by=world.by(endpoint))
    assert_refused(said, status=404)


@pytest.mark.parametrize("name", ON_SOCKET)
async def test_a_socket_takes_no_worse_than_rest(world: World, name: str) -> None:
    endpoint = ENDPOINTS[name]
    command = commands(world.server.endpoints, Metrics())[name]
    place = dict.fromkeys(endpoint_parts(endpoint), str(uuid4()))
    if place:
        place["id"] = world.id(endpoint)
    field = fields_of(endpoint)[0]
    deep: list[Any] = []
    for _ in range(60):
        deep = [deep]
    before = await world.state()
    for payload, named in [
        ([], "payload"),
        ("words", "payload"),
        (7, "payload"),
        ({**place, "body": {}}, "op"),
        ({**place, "op": "two words", "body": {}}, "op"),
        ({**place, "op": 7, "body": {}}, "op"),
        ({**place, "op": "a", "body": []}, "body"),
        ({**place, "op": "a", "body": {}, "colour": 1}, "colour"),
        ({**place, "op": "a", "body": {"colour": 1}}, "colour"),
        ({**place, "op": "a", "body": {field: float("nan")}}, field),
        ({**place, "op": "a", "body": {field: "a\0b"}}, field),
        ({**place, "op": "a", "body": {field: "\ud83d"}}, field),
        ({**place, "op": "a", "body": {field: b"bytes"}}, "body"),
        ({**place, "op": "a", "body": {field: deep}}, "body"),
        ({**place, "op": "a", "body": {}, "version": "3"}, "version"),
        ({**place, "op": "a", "body": {}, "version": True}, "version"),
    ]:
        ack = json.loads(await command(world.user(name), payload))
        assert ack["error"]["code"] == "VALIDATION_ERROR", payload
        assert named in {detail["field"] for detail in ack["error"]["details"]}, (payload, ack)
    assert await world.state() == before


@pytest.mark.parametrize("name", [n for n, e in ENDPOINTS.items() if e.socket and "{id}" in e.path])
async def test_a_socket_names_the_record_with_a_text(world: World, name: str) -> None:
    command = commands(world.server.endpoints, Metrics())[name]
    for odd in (None, 7, "", ["x"], "a\0b", "\ud83d"):
        ack = json.loads(await command(world.user(name), {"id": odd}))
        assert ack["error"]["details"][0]["field"] == "id", odd


def test_the_walk_is_not_hollow() -> None:
    assert {"escrows:create", "listings:update", "auth:login", "teams:role"} <= set(WITH_BODY)
    assert all(ENDPOINTS[name].method is not Method.GET for name in WITH_BODY)
