"""`python -m server` as a process: what it prints, what it refuses, and how it leaves."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import aiohttp
import asyncpg
import pytest
import socketio  # type: ignore[import-untyped]  # it brings no types

from db.database import Database
from db.jobs import enqueue
from domains.auth.sessions import open_session
from domains.escrows.resource import ESCROWS
from domains.kit.fields import Input
from server.settings import Settings
from tests.conftest import Servers
from tests.factories import new_record, new_team

PROJECT = Path(__file__).resolve().parents[2]
ACCOUNT = {"password": "correct horse battery", "full_name": "Olga Owner", "team_name": "Harbor"}


@pytest.fixture
def env(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """This test run's servers, and no other setting of whoever runs the tests."""
    ours = {name.upper() for name in Settings.model_fields}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    chosen = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path)}
    return {**kept, **chosen, "PORT": "0", "LOG_LEVEL": "error"}


async def start(*arguments: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *arguments),
        cwd=PROJECT,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def done(*arguments: str, env: dict[str, str]) -> tuple[int | None, str, str]:
    process = await start(*arguments, env=env)
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def running(
    env: dict[str, str], *arguments: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A server that has said where it is; whatever a test does, it does not outlive it."""
    process = await start("run", *arguments, env=env)
    assert process.stdout
    said = b""
    try:
        async with asyncio.timeout(30):
            while b"Ctrl-C" not in said:
                line = await process.stdout.readline()
                assert line, (said, await process.communicate())
                said += line
        yield process, said.decode()
    finally:
        if process.returncode is None:
            process.kill()
        _ = await process.communicate()


async def left_cleanly(process: asyncio.subprocess.Process, number: int, *, within: float) -> str:
    """Send the signal; what it wrote to its error output until it was gone."""
    asked = monotonic()
    process.send_signal(number)
    _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert monotonic() - asked < within
    return err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_leaves_within_three_seconds_with_live_sockets(
    env: dict[str, str], number: int
) -> None:
    async with running(env) as (process, said):
        [url] = re.findall(r"http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
        async with aiohttp.ClientSession(url) as session:
            account = {**ACCOUNT, "email": f"olga{number}@homes.example"}
            async with session.post("/v1/auth/register", json=account) as response:
                token = (await response.json())["data"]["access_token"]
        screens = [socketio.AsyncClient(reconnection=False) for _ in range(3)]
        for screen, transport in zip(screens, ["websocket", "websocket", "polling"], strict=True):
            await screen.connect(url, auth={"token": token, "proto": 1}, transports=[transport])
        err = await left_cleanly(process, number, within=3)
        for screen in screens:
            await screen.disconnect()
    assert err == ""


async def a_screen(url: str, email: str, transport: str = "websocket") -> socketio.AsyncClient:
    """An official client of a new account, signed in."""
    async with aiohttp.ClientSession(url) as session:
        account = {**ACCOUNT, "email": email}
        async with session.post("/v1/auth/register", json=account) as response:
            token = (await response.json())["data"]["access_token"]
    screen = socketio.AsyncClient(reconnection=False)
    await screen.connect(url, auth={"token": token, "proto": 1}, transports=[transport])
    return screen


def address(said: str) -> str:
    [url] = re.findall(r"http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
    return str(url)


PRODUCTION = {"ENV": "production", "JWT_SECRET": "3f8a9c1de2b4075c6d7e8f90a1b2c3d4"}


async def test_in_production_it_sends_its_sockets_away_and_finishes_what_it_has_begun(
    db: Database, env: dict[str, str]
) -> None:
    async with running({**env, **PRODUCTION, "DRAIN_SECONDS": "0.5"}) as (process, said):
        url = address(said)
        screens = [await a_screen(url, f"olga-drain-{n}@homes.example") for n in range(4)]
        told: list[int] = []
        for screen in screens:
            screen.on("drain", lambda body: told.append(body["retry_ms"]))
        async with aiohttp.ClientSession(url) as session:
            account = {**ACCOUNT, "email": "olga-in-flight@homes.example"}
            async with db.transaction() as rows:
                await rows.execute("LOCK TABLE users IN SHARE MODE")
                answering = asyncio.create_task(session.post("/v1/auth/register", json=account))
                await asyncio.sleep(0.5)
                process.send_signal(signal.SIGTERM)
                await asyncio.sleep(1.0)  # the sockets are away by now
                assert not answering.done()
                with pytest.raises(aiohttp.ClientConnectorError):
                    await session.get("/healthz")
            async with asyncio.timeout(10):
                answer = await answering
                assert answer.status == 201
                assert answer.headers["Connection"] == "close"
                answer.close()
                _, err = await process.communicate()
        assert err == b""
        assert process.returncode == 0
        assert len(told) == 4
        for screen in screens:
            await screen.disconnect()


async def test_a_second_signal_ends_it_at_once(env: dict[str, str]) -> None:
    async with running({**env, "DRAIN_SECONDS": "60"}) as (process, said):
        screens = [await a_screen(address(said), f"olga-twice-{n}@homes.example") for n in range(2)]
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(3):
            await process.communicate()
        for screen in screens:
            await screen.disconnect()


async def test_it_says_where_it_is_in_one_short_block(env: dict[str, str]) -> None:
    async with running({**env, "DEMO": "true", "DEMO_PASSWORD": "open sesame"}) as (_, said):
        assert len(said.splitlines()) <= 12
        for part in (
            "lead@demo.example",
            "ana@demo.example",
            "broker@demo.example",
            "open sesame",
            "/docs",
            "your Postgres",
        ):
            assert part in said
        [url] = re.findall(r"http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
        async with aiohttp.ClientSession(url) as session:
            credentials = {"email": "ana@demo.example", "password": "open sesame"}
            async with session.post("/v1/auth/login", json=credentials) as response:
                assert response.status == 200
            async with session.get("/readyz") as response:
                assert (await response.json())["data"]["status"] == "ready"


async def test_a_port_in_use_is_one_clear_line(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = await done("run", env={**env, "PORT": port})
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert port in err
    assert "PORT" in err


@pytest.mark.parametrize("command", ["run", "migrate", "work"])
async def test_a_database_that_is_not_there_is_one_clear_line(
    env: dict[str, str], command: str
) -> None:
    nowhere = "postgresql://nobody:hidden@127.0.0.1:9/nothing"
    code, _, err = await done(command, env={**env, "DATABASE_URL": nowhere})
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "hidden" not in err


async def test_a_worker_leaves_at_once(env: dict[str, str]) -> None:
    process = await start("work", env={**env, "LOG_LEVEL": "info"})
    assert process.stderr
    async with asyncio.timeout(20):
        assert b"worker started" in await process.stderr.readline()
    await left_cleanly(process, signal.SIGTERM, within=3)


async def test_jobs_are_shown_and_a_failed_one_is_tried_again(
    env: dict[str, str], db: Database
) -> None:
    async with db.transaction() as rows:
        waits = await enqueue(rows, "some:job", {"id": 7}, at=datetime.now(UTC) + timedelta(days=1))
        failed = await enqueue(rows, "some:other", {})
        await rows.execute("UPDATE pgqueuer SET status = 'failed' WHERE id = $1", failed)
    code, out, _ = await done("jobs", env=env)
    assert code == 0
    lines = {int(line.split()[0]): line for line in out.splitlines()}
    assert lines[waits or 0].split()[1:3] == ["waits", "some:job"]
    assert '{"id": 7}' in lines[waits or 0]
    assert lines[failed or 0].split()[1:3] == ["failed", "some:other"]
    code, out, _ = await done("jobs", "failed", env=env)
    assert (code, [int(line.split()[0]) for line in out.splitlines()]) == (0, [failed])
    assert (await done("jobs", "retry", str(failed), env=env))[0] == 0
    code, _, err = await done("jobs", "retry", str(failed), env=env)
    assert (code, err) == (1, f"No failed job has the id {failed}\n")
    async with db.transaction() as rows:
        await rows.execute("DELETE FROM pgqueuer WHERE id = ANY ($1)", [waits, failed])


async def test_a_worker_does_the_work_of_the_clock(env: dict[str, str], db: Database) -> None:
    process = await start("work", env={**env, "LOG_LEVEL": "info"})
    assert process.stderr
    try:
        async with asyncio.timeout(20):
            while not await db.fetchval("SELECT count(*) FROM job_schedules"):  # noqa: ASYNC110 - afar
                await asyncio.sleep(0.05)
            async with db.transaction() as rows:
                await rows.execute("UPDATE job_schedules SET next_at = now() - interval '1 hour'")
            while b"job=homeroom:purge" not in (line := await process.stderr.readline()):
                pass
            while b"job succeeded" not in line or b"homeroom:purge" not in line:
                line = await process.stderr.readline()
    finally:
        await left_cleanly(process, signal.SIGTERM, within=3)
    code, out, _ = await done("jobs", "schedule", env=env)
    assert code == 0
    assert "homeroom:purge" in out


async def test_a_migrated_database_is_up_to_date(env: dict[str, str]) -> None:
    assert await done("migrate", env=env) == (0, "up to date\n", "")


async def test_production_does_not_serve_from_a_database_that_was_not_migrated(
    servers: Servers, env: dict[str, str]
) -> None:
    production = {"ENV": "production", "JWT_SECRET": "3f8a9c1de2b4075c6d7e8f90a1b2c3d4"}
    empty = f"homeroom_empty_{os.getpid()}"
    admin = await asyncpg.connect(servers.postgres)
    try:
        await admin.execute(f"CREATE DATABASE {empty}")
        url = f"{servers.postgres.rpartition('/')[0]}/{empty}"
        code, out, err = await done("run", env={**env, **production, "DATABASE_URL": url})
        await admin.execute(f"DROP DATABASE {empty} WITH (FORCE)")
    finally:
        await admin.close()
    assert (code, out) == (1, "")
    assert "python -m server migrate" in err
    assert len(err.splitlines()) == 1


async def test_the_audit_names_the_first_altered_event(db: Database, env: dict[str, str]) -> None:
    team = await new_team(db)
    for _ in range(3):
        await new_record(db, ESCROWS, team.agent)
    code, out, _ = await done("audit", "verify", "--team", str(team.id), env=env)
    assert (code, "the chain holds" in out) == (0, True)
    async with db.transaction() as rows:
        await rows.execute(
            "UPDATE events SET kind = 'escrow.deleted' WHERE team_id = $1 AND seq = 2", team.id
        )
    code, out, _ = await done("audit", "verify", "--team", str(team.id), env=env)
    assert (code, "event 2 was altered" in out) == (1, True)


def test_no_body_lets_through_what_it_does_not_know() -> None:
    assert Input.model_config["extra"] == "forbid"


async def test_an_operator_cuts_somebody_off_and_lets_them_in_again(
    env: dict[str, str], db: Database
) -> None:
    team = await new_team(db)
    user_id = team.agent.user_id
    email = await db.fetchval("SELECT email FROM users WHERE id = $1", user_id)
    async with db.transaction() as rows:
        await open_session(rows, user_id, team.id, remote="")
    code, out, _ = await done("user", "disable", email.upper(), env=env)
    assert (code, "disabled" in out) == (0, True)
    sql = "SELECT disabled_at IS NOT NULL FROM users WHERE id = $1"
    assert await db.fetchval(sql, user_id)
    opened = "SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL"
    assert await db.fetchval(opened, user_id) == 0
    assert (await done("user", "enable", email, env=env))[0] == 0
    assert not await db.fetchval(sql, user_id)
    code, _, err = await done("user", "sign-out", "nobody@homes.example", env=env)
    assert (code, err) == (1, "There is no account with the address nobody@homes.example\n")
