"""What a client hears when something of ours is broken or away, and what it never hears."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import CapturingLogger

from db.errors import Unavailable
from db.private_postgres import start_postgres
from domains.kit.actor import Actor
from domains.kit.endpoint import Call, Endpoint, Method, Reply, Run
from server import health, middleware, refusals
from server.commands import commands
from server.health import Health
from server.http import add_routes
from server.keys import STOPPING
from server.metrics import Metrics
from tests.api.whole_server import WholeServer, whole_server
from tests.factories import Team, new_team

SECRET = "the password of the database is swordfish"


@asynccontextmanager
async def serving(*endpoints: Endpoint) -> AsyncIterator[tuple[aiohttp.ClientSession, Metrics]]:
    """Only the edge, around these endpoints."""

    async def nobody(_: str) -> Actor:
        raise AssertionError("nobody signs in here")

    metrics = Metrics()
    app = web.Application(middlewares=[middleware.edge(metrics)])
    app[STOPPING] = asyncio.Event()
    middleware.guard_answers(app, ())
    add_routes(app, endpoints, nobody)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = "http://127.0.0.1:{1}".format(*runner.addresses[0])
        async with aiohttp.ClientSession(url) as session:
            yield session, metrics
    finally:
        await runner.cleanup()


def an_endpoint(run: Run, name: str = "things:get", path: str = "/things") -> Endpoint:
    return Endpoint(name, Method.GET, path, run, None, "Try", roles=None)


def raising(error: Exception) -> Run:
    async def run(_: Call) -> Reply:
        raise error

    return run


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    log = CapturingLogger()
    monkeypatch.setattr(refusals, "log", log)
    return log


async def test_a_fault_of_ours_is_told_to_the_log_and_not_to_the_client(
    logged: CapturingLogger,
) -> None:
    broken = an_endpoint(raising(RuntimeError(SECRET)))
    asked = {"X-Request-Id": "r-1"}
    async with (
        serving(broken) as (session, _),
        session.get("/v1/things", headers=asked) as response,
    ):
        text = await response.text()
    assert response.status == 500
    assert json.loads(text)["error"]["code"] == "INTERNAL"
    assert "swordfish" not in text
    assert "Traceback" not in text
    [call] = logged.calls
    assert call.kwargs["request_id"] == response.headers["X-Request-Id"] == "r-1"
    assert SECRET in str(call.kwargs["exc_info"])


async def test_a_fault_in_a_socket_command_is_told_alike(
    logged: CapturingLogger, team: Team
) -> None:
    metrics = Metrics()
    command = commands([an_endpoint(raising(RuntimeError(SECRET)))], metrics)["things:get"]
    ack = await command(team.agent, {})
    assert json.loads(ack)["error"]["code"] == "INTERNAL"
    assert b"swordfish" not in ack
    assert len(logged.calls) == 1
    assert b'transport="socket",endpoint="things:get",status="500"' in _sorted(metrics)


def _sorted(metrics: Metrics) -> bytes:
    text = metrics.exposition().decode()
    return text.replace(
        'endpoint="things:get",status="500",transport="socket"',
        'transport="socket",endpoint="things:get",status="500"',
    ).encode()


async def test_postgres_away_is_503_with_a_time_to_come_back() -> None:
    away = an_endpoint(raising(Unavailable("connection refused", retry_after=3)))
    async with serving(away) as (session, _), session.get("/v1/things") as response:
        said = await response.json()
    assert response.status == 503
    assert response.headers["Retry-After"] == "3"
    assert said["error"]["code"] == "UNAVAILABLE"


@pytest.mark.parametrize("order", [list, lambda these: list(reversed(these))])
async def test_the_order_endpoints_are_listed_in_does_not_matter(
    order: Callable[[Any], list[Endpoint]],
) -> None:
    def telling(name: str) -> Run:
        async def run(_: Call) -> Reply:
            return Reply(json.dumps(name).encode())

        return run

    paths = ["/things", "/things/{id}", "/things/export", "/things/{id}/notes", "/things/a/notes"]
    endpoints = order([an_endpoint(telling(path), path, path) for path in paths])
    async with serving(*endpoints) as (session, _):
        for asked, expected in {
            "/v1/things": "/things",
            "/v1/things/7": "/things/{id}",
            "/v1/things/export": "/things/export",
            "/v1/things/7/notes": "/things/{id}/notes",
            "/v1/things/a/notes": "/things/a/notes",
        }.items():
            async with session.get(asked) as response:
                assert (await response.json())["data"] == expected


def streaming(*parts: bytes | Exception) -> Run:
    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            if isinstance(part, Exception):
                raise part
            yield part

    async def run(_: Call) -> Reply:
        return Reply(stream=stream(), headers={"Content-Type": "text/csv"})

    return run


async def test_a_download_that_breaks_off_does_not_look_whole() -> None:
    broken = an_endpoint(streaming(b"id\n", b"1\n", Unavailable("gone")))
    async with serving(broken) as (session, _), session.get("/v1/things") as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_download_that_cannot_begin_is_a_plain_503() -> None:
    away = an_endpoint(streaming(Unavailable("gone")))
    async with serving(away) as (session, _), session.get("/v1/things") as response:
        assert response.status == 503
        assert (await response.json())["error"]["code"] == "UNAVAILABLE"


async def test_a_slow_request_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_: Call) -> Reply:
        await asyncio.sleep(0.05)
        return Reply()

    log = CapturingLogger()
    monkeypatch.setattr(middleware, "log", log)
    monkeypatch.setattr(middleware, "SLOW_SECONDS", 0.02)
    async with serving(an_endpoint(run)) as (session, _), session.get("/v1/things"):
        pass
    [call] = [call for call in log.calls if call.method_name == "warning"]
    assert call.args == ("slow request",)
    assert call.kwargs["path"] == "/v1/things"
    assert call.kwargs["ms"] >= 50


async def test_requests_are_counted_by_endpoint_and_status() -> None:
    async def run(_: Call) -> Reply:
        return Reply()

    async with serving(an_endpoint(run)) as (session, metrics):
        for path in ("/v1/things", "/v1/things", "/v1/nothing"):
            async with session.get(path):
                pass
    text = metrics.exposition().decode()
    counted = {
        line.split("} ")[1]: line
        for line in text.splitlines()
        if line.startswith("homeroom_requests_total")
    }
    assert 'endpoint="things:get"' in counted["2.0"]
    assert 'status="404"' in counted["1.0"]


async def test_healthz_fails_when_a_task_that_must_live_is_dead(server: WholeServer) -> None:
    live = await server.ask("GET", "/healthz")
    assert (live.status, live.data) == (200, {"status": "live"})
    state = Health(
        None,  # type: ignore[arg-type]  # living does not depend on Postgres
        redis_up=lambda: True,
        rooms=None,  # type: ignore[arg-type]  # nor on the rooms
        dead=lambda: ["head poll"],
        clock_offset=lambda: 0.0,
    )
    response = await state.live(None)  # type: ignore[arg-type]  # nor on who asks
    assert response.status == 503
    assert b"head poll" in (response.body or b"")  # type: ignore[operator]  # these are bytes


async def test_metrics_show_the_requests_and_the_live_rooms(server: WholeServer) -> None:
    assert (await server.ask("GET", "/v1/escrows")).status == 401
    said = await server.ask("GET", "/metrics")
    assert said.headers["Content-Type"].startswith("text/plain")
    text = said.raw.decode()
    for name in (
        "requests_total",
        "request_seconds_bucket",
        "live_sockets",
        "bus_up",
        "jobs_lag_seconds",
        "jobs_running",
    ):
        assert f"homeroom_{name}" in text
    assert health.PATIENCE_SECONDS < 5


async def test_postgres_may_go_and_come_back(tmp_path: Path, redis_url: str) -> None:
    postgres = start_postgres(tmp_path / "postgres")
    try:
        async with whole_server(postgres.url, redis_url) as alone:
            team = await new_team(alone.db)
            assert (await alone.ask("GET", "/v1/escrows", by=team.agent)).status == 200
            postgres.kill()
            for path in ("/v1/escrows", "/v1/escrows/export", "/readyz"):
                said = await alone.ask("GET", path, by=team.agent)
                assert said.status == 503, path
                assert said.error["code"] == "UNAVAILABLE"
                assert int(said.headers["Retry-After"]) >= 1
            body = {"property_address": "1 Elm", "purchase_price": 1, "closing_date": "2027-01-01"}
            assert (await alone.ask("POST", "/v1/escrows", by=team.agent, body=body)).status == 503
            assert (await alone.ask("GET", "/healthz")).status == 200
            postgres = start_postgres(tmp_path / "postgres", postgres.port)
            async with asyncio.timeout(5):
                while (await alone.ask("GET", "/readyz")).status != 200:  # noqa: ASYNC110 - afar
                    await asyncio.sleep(0.1)
            said = await alone.ask("GET", "/v1/escrows", by=team.agent)
            assert (said.status, said.json["pagination"]["total"]) == (200, 0)
    finally:
        postgres.stop()


async def test_redis_away_is_degraded_but_in_service(database_url: str) -> None:
    nowhere = "redis://127.0.0.1:9"
    async with whole_server(database_url, nowhere) as alone:
        team = await new_team(alone.db)
        ready = await alone.ask("GET", "/readyz")
        assert (ready.status, ready.data["status"], ready.data["redis"]) == (
            200,
            "degraded",
            "away",
        )
        body = {"property_address": "1 Elm", "purchase_price": 1, "closing_date": "2027-01-01"}
        assert (await alone.ask("POST", "/v1/escrows", by=team.agent, body=body)).status == 201
