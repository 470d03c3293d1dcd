"""What every answer has in common, whichever verb gave it."""

import json
from uuid import uuid4

import pytest

from db.database import Database
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Actor
from server.commands import commands
from server.metrics import Metrics
from tests.api.whole_server import WholeServer, whole_server
from tests.factories import Team, fields, new_record

ORIGIN = "https://app.example.com"


async def an_escrow(db: Database, actor: Actor) -> str:
    return str((await new_record(db, ESCROWS, actor))["id"])


async def test_a_callers_request_id_comes_back(server: WholeServer) -> None:
    said = await server.ask("GET", "/healthz", headers={"X-Request-Id": "trace-7.of:9"})
    assert said.headers["X-Request-Id"] == "trace-7.of:9"


@pytest.mark.parametrize("odd", ["", "two words", "ü", "x" * 101, 'quo"te'])
async def test_an_odd_request_id_is_replaced(server: WholeServer, odd: str) -> None:
    said = await server.ask("GET", "/healthz", headers={"X-Request-Id": odd})
    assert said.headers["X-Request-Id"] not in ("", odd)


@pytest.mark.parametrize(
    "path", ["/healthz", "/v1/escrows", "/v1/escrows/export", "/nowhere", "/docs", "/openapi.json"]
)
async def test_every_answer_is_guarded(server: WholeServer, team: Team, path: str) -> None:
    said = await server.ask("GET", path, by=team.agent)
    assert said.headers["X-Content-Type-Options"] == "nosniff"
    assert said.headers["X-Frame-Options"] == "DENY"
    assert said.headers["Referrer-Policy"] == "no-referrer"
    assert said.headers["X-Request-Id"]
    assert "aiohttp" not in said.headers["Server"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_an_unknown_path_is_404_in_the_envelope(server: WholeServer, method: str) -> None:
    said = await server.ask(method, "/v1/castles")
    assert said.status == 404
    assert said.json["success"] is False
    assert said.error["code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/v1/escrows", "/v1/escrows/ESC-2026-0001", "/v1/auth/login"])
async def test_an_unknown_method_is_405_and_names_the_allowed(
    server: WholeServer, team: Team, path: str
) -> None:
    said = await server.ask("PROPFIND", path, by=team.agent)
    assert said.status == 405
    assert said.error["code"] == "METHOD_NOT_ALLOWED"
    assert "OPTIONS" in said.headers["Allow"].split(", ")


async def test_options_names_the_methods_of_a_path(server: WholeServer) -> None:
    said = await server.ask("OPTIONS", "/v1/escrows")
    assert (said.status, said.raw) == (204, b"")
    assert said.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert "Access-Control-Allow-Origin" not in said.headers


async def test_head_says_what_get_says_without_saying_it(
    server: WholeServer, db: Database, team: Team
) -> None:
    path = f"/v1/escrows/{await an_escrow(db, team.agent)}"
    got = await server.ask("GET", path, by=team.agent)
    asked = await server.ask("HEAD", path, by=team.agent)
    assert (asked.status, asked.raw) == (200, b"")
    assert asked.headers["Content-Length"] == got.headers["Content-Length"]
    assert asked.headers["ETag"] == got.headers["ETag"]
    export = await server.ask("HEAD", "/v1/escrows/export", by=team.agent)
    assert (export.status, export.raw) == (200, b"")


async def test_pages_of_other_origins_are_let_in_only_by_setting(
    server: WholeServer, database_url: str, redis_url: str
) -> None:
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    closed = await server.ask("OPTIONS", "/v1/escrows", headers=preflight)
    assert "Access-Control-Allow-Origin" not in closed.headers
    async with whole_server(database_url, redis_url, cors_origins=(ORIGIN,)) as open_one:
        asked = await open_one.ask("OPTIONS", "/v1/escrows", headers=preflight)
        assert asked.status == 204
        assert asked.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "POST" in asked.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in asked.headers["Access-Control-Allow-Headers"]
        refused = await open_one.ask("GET", "/v1/escrows", headers={"Origin": ORIGIN})
        assert refused.status == 401
        assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
        foreign = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        other = await open_one.ask("OPTIONS", "/v1/escrows", headers=foreign)
        assert "Access-Control-Allow-Origin" not in other.headers


async def test_a_record_that_is_known_is_not_sent_again(
    server: WholeServer, db: Database, team: Team
) -> None:
    path = f"/v1/escrows/{await an_escrow(db, team.agent)}"
    first = await server.ask("GET", path, by=team.agent)
    tag = first.headers["ETag"]
    again = await server.ask("GET", path, by=team.agent, headers={"If-None-Match": tag})
    assert (again.status, again.raw, again.headers["ETag"]) == (304, b"", tag)
    older = await server.ask("GET", path, by=team.agent, headers={"If-None-Match": '"0", W/"7"'})
    assert older.status == 200


@pytest.mark.parametrize("spelled", ["1", '"1"', 'W/"1"'])
async def test_if_match_is_read_in_every_spelling(
    server: WholeServer, db: Database, team: Team, spelled: str
) -> None:
    path = f"/v1/escrows/{await an_escrow(db, team.agent)}"
    for price in (600000, 610000):
        said = await server.ask(
            "PATCH",
            path,
            by=team.agent,
            body={"purchase_price": price},
            headers={"If-Match": spelled},
        )
    assert said.status == 409
    assert said.error["code"] == "VERSION_CONFLICT"
    assert said.fields == {"purchase_price"}


@pytest.mark.parametrize("odd", ["one", '"1', "-1", "1.0", '"1", "2"', "9" * 30])
async def test_an_odd_if_match_is_refused_by_name(
    server: WholeServer, db: Database, team: Team, odd: str
) -> None:
    path = f"/v1/escrows/{await an_escrow(db, team.agent)}"
    said = await server.ask(
        "PATCH", path, by=team.agent, body={"notes": "hi"}, headers={"If-Match": odd}
    )
    assert (said.status, said.fields) == (400, {"If-Match"})


async def test_two_different_versions_in_one_request_are_refused(
    server: WholeServer, db: Database, team: Team
) -> None:
    path = f"/v1/escrows/{await an_escrow(db, team.agent)}"
    said = await server.ask(
        "PATCH", path, by=team.agent, body={"notes": "hi", "version": 1}, headers={"If-Match": "2"}
    )
    assert (said.status, said.fields) == (400, {"version"})


@pytest.mark.parametrize("odd", ["", " ", "two words", "x" * 201, "naïve"])
async def test_an_odd_idempotency_key_is_refused_by_name(
    server: WholeServer, team: Team, odd: str
) -> None:
    said = await server.ask(
        "POST",
        "/v1/escrows",
        by=team.agent,
        body=fields(ESCROWS),
        headers={"Idempotency-Key": odd},
    )
    assert (said.status, said.fields) == (400, {"Idempotency-Key"})


async def test_a_write_sent_again_with_its_key_is_answered_alike_and_done_once(
    server: WholeServer, team: Team
) -> None:
    key = {"Idempotency-Key": f"make-{uuid4()}"}
    body = fields(ESCROWS)
    first = await server.ask("POST", "/v1/escrows", by=team.agent, body=body, headers=key)
    spaced = json.dumps(dict(reversed(body.items())), indent=2).encode()
    again = await server.ask("POST", "/v1/escrows", by=team.agent, raw=spaced, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert again.data == first.data
    assert again.json["meta"] == {**first.json["meta"], "replayed": True}
    other = await server.ask(
        "POST", "/v1/escrows", by=team.agent, body={**body, "notes": "new"}, headers=key
    )
    assert other.status == 422
    assert other.error["code"] == "IDEMPOTENCY_KEY_REUSED"
    found = await server.ask("GET", "/v1/escrows", by=team.agent)
    assert found.json["pagination"]["total"] == 1


async def test_a_write_whose_ack_was_lost_may_be_sent_again_by_rest(
    server: WholeServer, team: Team
) -> None:
    key, body = f"make-{uuid4()}", fields(ESCROWS)
    create = commands(server.endpoints, Metrics())["escrows:create"]
    by_socket = json.loads(await create(team.agent, {"op": key, "body": body}))
    by_rest = await server.ask(
        "POST", "/v1/escrows", by=team.agent, body=body, headers={"Idempotency-Key": key}
    )
    assert by_rest.data == by_socket["data"]
    assert by_rest.json["meta"]["replayed"] is True


async def test_a_socket_command_is_answered_as_rest_answers(
    server: WholeServer, db: Database, team: Team
) -> None:
    record = await an_escrow(db, team.agent)
    known = commands(server.endpoints, Metrics())
    listed = await server.ask("GET", "/v1/escrows?limit=5", by=team.viewer)
    assert await known["escrows:list"](team.viewer, {"params": {"limit": 5}}) == listed.raw
    read = await server.ask("GET", f"/v1/escrows/{record}", by=team.viewer)
    assert await known["escrows:get"](team.viewer, {"id": record}) == read.raw
    refused = await server.ask("GET", f"/v1/escrows/{uuid4()}", by=team.viewer)
    missing = json.loads(await known["escrows:get"](team.viewer, {"id": str(uuid4())}))
    assert missing["error"]["code"] == refused.error["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic bGVhZDpsZWFk", "Bearer x", "Bearer a.b.c", "é"]
)
async def test_who_is_not_signed_in_is_told_how(server: WholeServer, header: str) -> None:
    said = await server.ask("GET", "/v1/escrows", headers={"Authorization": header})
    assert said.status == 401
    assert said.error["code"] == "AUTH_REQUIRED"
    assert said.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_viewer_is_forbidden_before_the_body_is_read(
    server: WholeServer, team: Team
) -> None:
    said = await server.ask("POST", "/v1/escrows", by=team.viewer, raw=b"not json")
    assert (said.status, said.error["code"]) == (403, "FORBIDDEN")


async def test_fixed_paths_are_never_taken_for_an_id(server: WholeServer, team: Team) -> None:
    for name in ("stats", "export"):
        said = await server.ask("GET", f"/v1/listings/{name}", by=team.agent)
        assert said.status == 200
    said = await server.ask(
        "POST", "/v1/listings/batch", by=team.agent, body={"op": "archive", "ids": ["nobody"]}
    )
    assert said.data[0]["error"]["code"] == "NOT_FOUND"


async def test_an_export_is_a_download(server: WholeServer, db: Database, team: Team) -> None:
    await an_escrow(db, team.agent)
    said = await server.ask("GET", "/v1/escrows/export", by=team.agent)
    assert said.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in said.headers["Content-Disposition"]
    assert len(said.raw.splitlines()) == 2
