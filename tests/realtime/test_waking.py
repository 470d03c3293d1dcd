"""Who slept past their token's end wakes: one refusal, one refresh, one connect, and no loop."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types

from domains.auth.tokens import LIFETIME
from server.keys import COUNTERS
from tests.clients.npm import installed
from tests.factories import Team
from tests.realtime.doors import Doors, Pass, doors, pass_time
from tests.realtime.nodes import until, write
from tests.realtime.test_official_clients import line_of

MISSED = 20
ASLEEP = LIFETIME.total_seconds() + 31  # by now the server has closed the connection


@pytest.fixture
async def door(database_url: str, redis_url: str) -> AsyncIterator[Doors]:
    async with doors(database_url, redis_url) as opened:
        yield opened


class Waking:
    """python-socketio's client: `auth` refreshes after the server refused the token."""

    def __init__(self, door: Doors, held: Pass, session: aiohttp.ClientSession) -> None:
        self.door = door
        self.token, self.refresh_token = held.access, held.refresh
        self.team = str(held.actor.team_id)
        self.position: dict[str, Any] | None = None
        self.seen: list[int] = []
        self.refused: list[str] = []
        self.modes: list[str] = []
        self.refreshes = 0
        self.stale = False
        self.client = socketio.AsyncClient(
            reconnection_delay=0.4, reconnection_delay_max=0.5, http_session=session
        )
        self.client.on("hello", self._hello)
        self.client.on("event", self._event)
        self.client.on("connect_error", self._refused)

    async def auth(self) -> dict[str, Any]:
        if self.stale:
            self.refreshes += 1
            self.stale = False
            body = {"refresh_token": self.refresh_token}
            said = await self.door.ask("POST", "/auth/refresh", body=body)
            self.token, self.refresh_token = said.data["access_token"], said.data["refresh_token"]
        auth: dict[str, Any] = {"token": self.token, "proto": 1}
        if self.position:
            auth["subs"] = [{"team": self.team, **self.position}]
        return auth

    def _hello(self, hello: dict[str, Any]) -> None:
        [standing] = hello["teams"]
        self.modes.append(standing["mode"])
        if standing["mode"] == "snapshot":
            self.position = {"s": standing["head"], "h": standing["h"]}

    def _event(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            self.position = {"s": event["s"], "h": event["h"]}
            self.seen.append(event["s"])

    def _refused(self, error: Any) -> None:
        if isinstance(error, dict) and "data" in error:
            self.refused.append(error["data"]["code"])
            self.stale = error["data"]["code"] == "TOKEN_EXPIRED"


async def test_the_python_client_wakes_with_one_refresh_and_one_connect(
    door: Doors, team: Team, session: aiohttp.ClientSession
) -> None:
    waking = Waking(door, await door.sign_in(team.agent), session)
    node = door.nodes[0]
    await waking.client.connect(node.url, auth=waking.auth, transports=["websocket"])
    await until(lambda: waking.position is not None)
    await pass_time(node, ASLEEP)
    last = await write(node.db, team.lead, "missed", count=MISSED)
    await until(lambda: len(waking.seen) == MISSED, 15)
    await asyncio.sleep(1.5)
    assert waking.seen == list(range(last - MISSED + 1, last + 1))
    assert (waking.refused, waking.refreshes) == (["TOKEN_EXPIRED"], 1)
    assert waking.modes == ["snapshot", "replay"]
    assert node.app[COUNTERS].refusals == {"TOKEN_EXPIRED": 1}
    async with asyncio.timeout(5):
        await waking.client.disconnect()


async def test_the_javascript_client_wakes_with_one_refresh_and_one_connect(
    door: Doors, team: Team
) -> None:
    held, node = await door.sign_in(team.agent), door.nodes[0]
    arguments = [node.url, held.access, held.refresh, str(team.id), str(MISSED)]
    process = await asyncio.create_subprocess_exec(
        "node", "wake.mjs", *arguments, cwd=installed(), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert await line_of(process) == "ready"
        os.kill(process.pid, signal.SIGSTOP)
        await write(node.db, team.lead, "missed", count=MISSED // 2)
        await pass_time(node, ASLEEP)
        await write(node.db, team.lead, "missed", count=MISSED // 2)
        os.kill(process.pid, signal.SIGCONT)
        told = json.loads(await line_of(process))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert told["seen"] == list(range(1, MISSED + 1))
    assert (told["refused"], told["refreshes"]) == (["TOKEN_EXPIRED"], 1)
    assert (told["modes"], told["doubled"]) == (["snapshot", "replay"], 0)
    assert node.app[COUNTERS].refusals == Counter(TOKEN_EXPIRED=1)
    assert node.app[COUNTERS].closes["expired"] == 1
