"""The official clients, untouched: with their defaults (polling, upgrade) and on one transport."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types

from channels.sockets.members import Close
from tests.clients.npm import installed
from tests.factories import Team
from tests.realtime.nodes import Node, token_of, until, write

LAST = 400
TRANSPORTS = ["default", "websocket", "polling"]


class PythonClient:
    """python-socketio's AsyncClient, keeping the client rules."""

    def __init__(self, team: Team, session: aiohttp.ClientSession) -> None:
        self.team = team
        self.position: dict[str, Any] | None = None
        self.seen: list[int] = []
        self.modes: list[str] = []
        self.connections = 0
        self.doubled = 0
        self.client = socketio.AsyncClient(
            reconnection_delay=0.1,
            reconnection_delay_max=0.2,
            http_session=session,  # its own it may forget to close when a connection is lost
        )
        self.client.on("connect", self._connected)
        self.client.on("hello", self._hello)
        self.client.on("event", self._event)

    def auth(self) -> dict[str, Any]:
        auth: dict[str, Any] = {"token": token_of(self.team.agent), "proto": 1}
        if self.position:
            auth["subs"] = [{"team": str(self.team.id), **self.position}]
        return auth

    def _connected(self) -> None:
        self.connections += 1

    def _hello(self, hello: dict[str, Any]) -> None:
        [standing] = hello["teams"]
        self.modes.append(standing["mode"])
        if standing["mode"] in ("snapshot", "resync"):
            self.position = {"s": standing["head"], "h": standing["h"]}

    def _event(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            assert self.position
            if event["s"] <= self.position["s"]:
                self.doubled += 1
                continue
            assert event["s"] == self.position["s"] + 1
            self.position = {"s": event["s"], "h": event["h"]}
            self.seen.append(event["s"])


@asynccontextmanager
async def a_writer(node: Node, team: Team) -> AsyncIterator[None]:
    """Somebody who writes event after event, up to LAST, while the client connects and upgrades."""

    async def work() -> None:
        for number in range(LAST):
            await write(node.db, team.lead, f"number {number}")
            await asyncio.sleep(0.002)

    task = asyncio.create_task(work())
    try:
        yield
        await task
    finally:
        task.cancel()


async def cut_every_socket(node: Node) -> None:
    for socket in list(node.gateway._server.eio.sockets.values()):
        node.gateway._server.cut(socket, Close.DRAIN)


@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_the_python_client_follows_through_an_upgrade_and_a_lost_connection(
    node: Node, team: Team, session: aiohttp.ClientSession, transports: str
) -> None:
    client = PythonClient(team, session)
    chosen = None if transports == "default" else [transports]
    async with a_writer(node, team):
        await client.client.connect(node.url, auth=client.auth, transports=chosen)
        await until(lambda: len(client.seen) > 100, 20)
        await cut_every_socket(node)
        await until(lambda: client.connections == 2)
    await until(lambda: client.position is not None and client.position["s"] == LAST, 20)
    envelope = await client.client.call("notes:echo", {"text": "für Ana 🏡"}, timeout=5)
    assert envelope["data"]["payload"] == {"text": "für Ana 🏡"}
    assert client.seen == list(range(LAST - len(client.seen) + 1, LAST + 1))
    assert client.doubled == 0
    assert client.modes[0] == "snapshot"
    assert client.modes[1] in ("replay", "live")
    expected = "polling" if transports == "polling" else "websocket"
    assert client.client.transport() == expected
    async with asyncio.timeout(5):
        await client.client.disconnect()


@pytest.fixture(scope="session")
def javascript() -> Path:
    return installed()


async def a_javascript_client(
    folder: Path, node: Node, team: Team, transports: str, token: str | None = None
) -> asyncio.subprocess.Process:
    token = token or token_of(team.agent)
    arguments = [node.url, token, str(team.id), transports, str(LAST)]
    return await asyncio.create_subprocess_exec(
        "node", "follow.mjs", *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE
    )


async def line_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    async with asyncio.timeout(30):
        return (await process.stdout.readline()).decode().strip()


@pytest.mark.parametrize("transports", TRANSPORTS)
async def test_the_javascript_client_follows_through_an_upgrade_and_a_lost_connection(
    node: Node, team: Team, javascript: Path, transports: str
) -> None:
    async with a_writer(node, team):
        process = await a_javascript_client(javascript, node, team, transports)
        assert await line_of(process) == "ready"
        await asyncio.sleep(0.2)
        await cut_every_socket(node)
    said = json.loads(await line_of(process))
    assert said["seen"] == list(range(LAST - len(said["seen"]) + 1, LAST + 1))
    assert len(said["seen"]) > 50
    assert (said["doubled"], said["skipped"]) == (0, 0)
    assert said["modes"][0] == "snapshot"
    assert said["modes"][1] in ("replay", "live")
    assert said["connections"][0] == ("websocket" if transports == "websocket" else "polling")
    assert said["transport"] == ("polling" if transports == "polling" else "websocket")
    assert said["ack"]["data"]["payload"] == {"text": "für Ana 🏡"}
    async with asyncio.timeout(10):
        assert await process.wait() == 0
    await until(lambda: node.counters.sockets == 0)


async def test_the_javascript_client_hears_why_it_is_refused(
    node: Node, team: Team, javascript: Path
) -> None:
    process = await a_javascript_client(javascript, node, team, "default", "expired")
    assert json.loads(await line_of(process)) == {
        "refused": "Sign in again",
        "data": {"code": "TOKEN_EXPIRED", "message": "Sign in again"},
    }
    async with asyncio.timeout(10):
        await process.wait()
