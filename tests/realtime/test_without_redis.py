"""Redis is speed, not truth: without it every change is on every screen within two seconds."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.redis_bus import RedisBus
from db.database import Database
from db.private_server import PrivateServer
from db.private_valkey import start_valkey
from tests.factories import Team
from tests.realtime.nodes import Node, serving, token_of, until
from tests.screens import Screen

BOUND = 2.0
WRITES = 12


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateServer]:
    server = start_valkey(tmp_path / "valkey")
    yield server
    if server.running:
        server.kill()


@pytest.fixture
async def nodes(redis: PrivateServer, database_url: str) -> AsyncIterator[list[Node]]:
    """Two nodes with pools and buses of their own."""
    async with AsyncExitStack() as stack:
        nodes = []
        for _ in range(2):
            db = await Database.connect(database_url)
            stack.push_async_callback(db.close)
            counters = Counters()
            supervisor = Supervisor(counters)
            bus = RedisBus(redis.url, counters=counters, supervisor=supervisor)
            node = await stack.enter_async_context(serving(db, bus, counters, supervisor))
            nodes.append(node)
        await until(lambda: all(node.bus.up for node in nodes))
        yield nodes


@pytest.fixture
async def pair(
    nodes: list[Node], team: Team, session: aiohttp.ClientSession
) -> AsyncIterator[tuple[Screen, Screen]]:
    """Somebody who writes on one node, and somebody who watches on the other."""
    here, there = nodes
    writer = Screen(session, here.url, token_of(team.lead), team.id)
    watcher = Screen(session, there.url, token_of(team.agent), team.id)
    async with writer, watcher:
        yield writer, watcher


async def crossing(writer: Screen, watcher: Screen, text: str) -> float:
    """Seconds from the answer of a write on one node to the screen on the other."""
    envelope = await writer.call("notes:write", {"text": text})
    assert envelope["success"]
    began = time.monotonic()
    await watcher.sees("note.created", text=text)
    return time.monotonic() - began


async def test_with_redis_down_a_change_crosses_nodes_within_two_seconds(
    redis: PrivateServer, nodes: list[Node], pair: tuple[Screen, Screen]
) -> None:
    await crossing(*pair, "with Redis")
    redis.kill()
    took = []
    for number in range(WRITES):
        await asyncio.sleep(random.uniform(0, 0.3))
        took.append(await crossing(*pair, f"without Redis {number}"))
    assert max(took) < BOUND, took
    assert all(node.rooms.lag().seconds < 1 for node in nodes)
    for screen in pair:
        assert (screen.doubled, screen.skipped) == (0, 0)


async def test_the_change_that_meets_the_death_of_redis_is_no_exception(
    redis: PrivateServer, pair: tuple[Screen, Screen], tmp_path: Path
) -> None:
    for number in range(3):
        await crossing(*pair, f"before {number}")
        redis.kill()
        assert await crossing(*pair, f"at its death {number}") < BOUND + 0.5
        redis.process = start_valkey(tmp_path / "valkey", redis.port).process


async def test_a_lost_last_message_is_found_within_two_seconds(
    nodes: list[Node], pair: tuple[Screen, Screen]
) -> None:
    await crossing(*pair, "heard")
    nodes[0].db.announce = lambda _: None  # as a writer that dies between COMMIT and publish
    took = await crossing(*pair, "never published")
    assert took < BOUND + 0.5
    assert nodes[1].counters.repaired >= 1


async def test_with_redis_back_a_change_is_fast_again(
    redis: PrivateServer, nodes: list[Node], pair: tuple[Screen, Screen], tmp_path: Path
) -> None:
    redis.kill()
    await crossing(*pair, "without")
    redis.process = start_valkey(tmp_path / "valkey", redis.port).process
    await until(lambda: all(node.bus.up for node in nodes))
    took = [await crossing(*pair, f"again {number}") for number in range(10)]
    assert sorted(took)[5] < 0.1, took
