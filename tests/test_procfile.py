"""The Procfile, started as a host would: what is changed through one process is seen on another."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
import socketio  # type: ignore[import-untyped]  # it brings no types

PROJECT = Path(__file__).resolve().parent.parent
PASSWORD = "a-password-for-the-demo"
UP_SECONDS = 45.0
DOWN_SECONDS = 15.0
EVENT_SECONDS = 10.0


async def test_two_web_processes_and_a_worker_are_one_room(tmp_path: Path) -> None:
    port = two_free_ports()
    first, second = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    settings = {"DATA_DIR": str(tmp_path / "data"), "DEMO": "true", "DEMO_PASSWORD": PASSWORD}

    with honcho(["release"], settings, tmp_path / "release.log") as release:
        assert await asyncio.to_thread(release.wait, UP_SECONDS) == 0

    started = ["-p", str(port), "-c", "web=2", "web", "worker"]
    with honcho(started, settings, tmp_path / "honcho.log") as processes:
        async with aiohttp.ClientSession() as session:
            for address in (first, second):
                await ready(session, address)
            ana = await sign_in(session, first, "ana@demo.example")
            ben = await sign_in(session, second, "ben@demo.example")
            await a_change_by_ana_reaches_ben(session, ana, ben, first, second)

        family = psutil.Process(processes.pid).children(recursive=True)
        # A shell and Python, or Python alone, for each of the three.
        assert len([one for one in family if "server" in one.cmdline()]) >= 3
        processes.send_signal(signal.SIGTERM)
        await asyncio.to_thread(processes.wait, DOWN_SECONDS)
        await within(DOWN_SECONDS, lambda: not any(lives(one) for one in family))
        # The private servers leave soon after the last process that needed them.
        postmaster = tmp_path / "data" / "postgres" / "cluster" / "postmaster.pid"
        await within(DOWN_SECONDS, lambda: not postmaster.exists())


async def a_change_by_ana_reaches_ben(
    session: aiohttp.ClientSession, ana: str, ben: str, first: str, second: str
) -> None:
    seen: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    screen = socketio.AsyncClient(reconnection=False)

    async def on_event(events: list[dict[str, Any]]) -> None:
        for event in events:
            seen.put_nowait(event)

    live = asyncio.Event()

    async def on_hello(_: dict[str, Any]) -> None:
        live.set()

    screen.on("event", on_event)
    screen.on("hello", on_hello)
    await screen.connect(second, auth={"token": ben, "proto": 1}, transports=["websocket"])
    try:
        async with asyncio.timeout(EVENT_SECONDS):
            await live.wait()
            escrow = (await get(session, first, "/v1/escrows?scope=team&limit=1", ana))[0]
            note = f"changed through {first}"
            await patch(session, first, f"/v1/escrows/{escrow['id']}", ana, {"notes": note})
            while (event := await seen.get())["id"] != escrow["id"]:
                pass
    finally:
        await screen.disconnect()
    assert event["k"] == "escrow.updated"
    assert event["d"]["notes"] == note
    assert event["ch"]["notes"] == [escrow["notes"], note]


async def ready(session: aiohttp.ClientSession, address: str) -> None:
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        try:
            async with session.get(f"{address}/readyz") as answer:
                if answer.ok:
                    return
        except aiohttp.ClientConnectionError:
            pass
        await asyncio.sleep(0.1)
    pytest.fail(f"{address} was not ready in time")


async def sign_in(session: aiohttp.ClientSession, address: str, email: str) -> str:
    body = {"email": email, "password": PASSWORD}
    async with session.post(f"{address}/v1/auth/login", json=body) as answer:
        said = await answer.json()
    assert said["success"], said
    return str(said["data"]["access_token"])


async def get(session: aiohttp.ClientSession, address: str, path: str, token: str) -> Any:
    async with session.get(address + path, headers=bearer(token)) as answer:
        said = await answer.json()
    assert said["success"], said
    return said["data"]


async def patch(
    session: aiohttp.ClientSession, address: str, path: str, token: str, body: dict[str, str]
) -> None:
    async with session.patch(address + path, headers=bearer(token), json=body) as answer:
        said = await answer.json()
    assert said["success"], said


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def within(seconds: float, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


def lives(process: psutil.Process) -> bool:
    """An orphan that ended stays a zombie for as long as init takes."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def honcho(
    arguments: Sequence[str], settings: dict[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Its output is shown when the test fails; whatever still runs in the end is killed."""
    blank = log.with_suffix(".env")
    blank.touch()  # else honcho would read the .env of a developer
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL", "ENV", "PORT"}
    }
    environment |= settings
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "honcho", "-e", blank, "start", *arguments],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    family: list[psutil.Process] = []
    try:
        yield process
    except BaseException as error:
        error.add_note(log.read_text())
        raise
    finally:
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        process.wait()
        for left in family:
            if left.is_running():
                left.kill()


def two_free_ports() -> int:
    """The first of two neighbors, both free: honcho counts upwards from the port it is given."""
    for port in random.sample(range(30000, 32000), 100):
        try:
            with (
                socket.create_server(("127.0.0.1", port)),
                socket.create_server(("127.0.0.1", port + 1)),
            ):
                return port
        except OSError:
            continue
    pytest.fail("no two free ports side by side")
