"""Postgres killed under open sockets: they stay, are told so, and go on when it is back."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import MemoryBus, MemoryHub
from channels.room import rooms
from db.database import Database
from db.migrate import migrate
from db.private_postgres import start_postgres
from db.private_server import PrivateServer
from tests.factories import Team, new_team
from tests.realtime.nodes import Node, serving, token_of, until
from tests.screens import Refused, Screen


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[PrivateServer]:
    server = start_postgres(tmp_path / "postgres")
    yield server
    if server.running:
        server.kill()


@pytest.fixture
async def own_node(postgres: PrivateServer) -> AsyncIterator[Node]:
    await migrate(postgres.url)
    db = await Database.connect(postgres.url)
    counters = Counters()
    async with serving(db, MemoryBus(MemoryHub()), counters, Supervisor(counters)) as node:
        yield node
    await db.close()


@pytest.fixture
async def own_team(own_node: Node) -> Team:
    return await new_team(own_node.db)


async def test_sockets_outlive_postgres_and_go_on_within_seconds(
    postgres: PrivateServer,
    own_node: Node,
    own_team: Team,
    session: aiohttp.ClientSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rooms, "STALE_SECONDS", 0.5)
    stays = Screen(session, own_node.url, token_of(own_team.agent), own_team.id)
    comes = Screen(session, own_node.url, token_of(own_team.lead), own_team.id)
    async with stays, comes:
        assert (await stays.call("notes:write", {"text": "before"}))["success"]
        await comes.sees("note.created", text="before")
        await comes.disconnect()
        comes.position = None

        postgres.kill()
        envelope = await stays.call("notes:write", {"text": "lost"}, within=10)
        assert envelope["error"]["code"] == "UNAVAILABLE"
        await until(lambda: own_node.counters.head_poll_failures > 0)
        own_node.rooms.beat()
        await until(lambda: bool(stays.beats))
        assert stays.beats[-1]["stale"] is True

        comes.position = (0, "")  # in the ring: for this no Postgres is needed
        await comes.connect()
        assert comes.hello["teams"][0]["mode"] == "replay"
        stranger = Screen(session, own_node.url, "away", own_team.id)
        with pytest.raises(Refused) as refused:
            await stranger.connect()
        assert refused.value.data["code"] == "UNAVAILABLE"

        postgres.process = start_postgres(tmp_path / "postgres", postgres.port).process
        back = time.monotonic()
        for _ in range(50):
            if (await stays.call("notes:write", {"text": "after"}))["success"]:
                break
            await asyncio.sleep(0.1)
        assert time.monotonic() - back < 5
        await stays.sees("note.created", text="after")
        await comes.sees("note.created", text="after")
        assert (stays.modes, stays.doubled, stays.skipped) == ({"snapshot": 1}, 0, 0)
        assert own_node.counters.rewinds == 0
