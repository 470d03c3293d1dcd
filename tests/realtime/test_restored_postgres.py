"""A real Postgres goes back to a copy of itself and on to another past; two nodes, no divergence.

At length, and with a standby that takes over, as rows 14 and 15 of `./run faults`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import MemoryBus, MemoryHub
from db.database import Database
from db.errors import Unavailable
from db.events import first_bad, read_after
from db.migrate import migrate
from db.private_postgres import start_postgres
from db.private_server import PrivateServer
from domains.kit.actor import Actor
from tests.factories import new_team
from tests.faults.standby import copied, put_back
from tests.realtime.nodes import Node, serving, token_of, write
from tests.screens import Screen


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[PrivateServer]:
    server = await asyncio.to_thread(start_postgres, tmp_path / "postgres")
    try:
        await migrate(server.url)
        yield server
    finally:
        server.kill()


@pytest.fixture
async def nodes(postgres: PrivateServer) -> AsyncIterator[list[Node]]:
    hub = MemoryHub()
    async with AsyncExitStack() as stack:
        made: list[Node] = []
        for _ in range(2):
            db = await Database.connect(postgres.url, min_size=1, max_size=4)
            stack.push_async_callback(db.close)
            counters = Counters()
            node = serving(db, MemoryBus(hub), counters, Supervisor(counters))
            made.append(await stack.enter_async_context(node))
        yield made


async def insist(nodes: list[Node], actor: Actor, text: str, times: int) -> int:
    """Write on one node and on the other, though Postgres may be away; the last number."""
    last = 0
    async with asyncio.timeout(20):
        for n in range(times):
            last = await _insist(nodes[n % 2].db, actor, f"{text} {n}")
    return last


async def _insist(db: Database, actor: Actor, text: str) -> int:
    while True:
        try:
            return await write(db, actor, text)
        except Unavailable:
            await asyncio.sleep(0.1)


async def reach(screens: list[Screen], seq: int) -> None:
    await asyncio.gather(*(screen.reaches(seq) for screen in screens))


async def come(screens: list[Screen], mode: str) -> None:
    for screen in screens:
        await screen.connect()
        assert screen.hello["teams"][0]["mode"] == mode


async def test_who_saw_what_is_gone_starts_over_and_nobody_else(
    postgres: PrivateServer, nodes: list[Node], tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    db = nodes[0].db
    team = await new_team(db)
    screens = [Screen(session, nodes[n % 2].url, token_of(team.agent), team.id) for n in range(6)]
    early, late = screens[:2], screens[2:]
    await come(screens, "snapshot")
    await reach(screens, await insist(nodes, team.agent, "kept", 5))
    for screen in early:
        await screen.disconnect()
    postgres.process = (await copied(postgres, tmp_path / "copy")).process
    await reach(late, await insist(nodes, team.agent, "lost", 5))

    postgres.process = (await put_back(postgres, tmp_path / "copy")).process
    await insist(nodes, team.agent, "instead", 4)
    assert {await screen.closed(within=10) for screen in late} == {4012}
    await come(late, "resync")
    await come(early, "replay")

    await reach(screens, await write(db, team.agent, "after"))
    log = [(event.seq, event.h) for event in await read_after(db, team.id, 0)]
    for screen in screens:
        held = [(seen.seq, seen.h) for seen in screen.log]
        assert held == log[len(log) - len(held) :]
        await screen.disconnect()
    assert [len(screen.log) for screen in early] == [len(log)] * 2
    assert await first_bad(db, team.id) is None
    assert [node.counters.rewinds for node in nodes] == [1, 1]
