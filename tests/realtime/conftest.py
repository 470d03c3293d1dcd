"""Nodes and screens for the live rooms' tests."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import aiohttp
import pytest

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import MemoryBus, MemoryHub
from db.database import Database
from domains.kit.actor import Actor
from tests.factories import Team
from tests.realtime.nodes import Node, serving, token_of
from tests.screens import Screen

Opener = Callable[..., Screen]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


@pytest.fixture
async def node(db: Database) -> AsyncIterator[Node]:
    counters = Counters()
    async with serving(db, MemoryBus(MemoryHub()), counters, Supervisor(counters)) as node:
        yield node


@pytest.fixture
async def a_screen(session: aiohttp.ClientSession, node: Node, team: Team) -> AsyncIterator[Opener]:
    """Makes screens on `node`, of an agent of `team`, not yet connected; they leave in the end."""
    async with AsyncExitStack() as stack:

        def open_screen(actor: Actor = team.agent, *, token: str | None = None) -> Screen:
            screen = Screen(session, node.url, token or token_of(actor), actor.team_id)
            stack.push_async_callback(screen.disconnect)
            return screen

        yield open_screen
