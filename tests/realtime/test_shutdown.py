"""A node that goes: quickly, leaving nothing, and its screens find another one by themselves."""

import asyncio
import gc
import time
from functools import partial

import aiohttp
import orjson
import pytest

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import MemoryBus, MemoryHub
from db.database import Database
from tests.factories import Team
from tests.realtime.nodes import serving, token_of, until, write
from tests.screens import Refused, Screen


async def test_a_node_with_open_sockets_stops_within_three_seconds(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    counters = Counters()
    supervisor = Supervisor(counters)
    screens = []
    async with serving(db, MemoryBus(MemoryHub()), counters, supervisor) as node:
        for _ in range(10):
            screen = Screen(session, node.url, token_of(team.agent), team.id)
            await screen.connect()
            screens.append(screen)
        silent = Screen(session, node.url, token_of(team.agent), team.id)
        await silent.connect()
        assert silent._reader
        silent._reader.cancel()  # it will never answer our close frame
        poll = f"{node.url}/socket.io/?EIO=4&transport=polling"
        sid = orjson.loads((await (await session.get(poll)).text())[1:])["sid"]
        polling = asyncio.create_task(session.get(f"{poll}&sid={sid}"))
        await asyncio.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert {screen.close_code for screen in screens} == {4010}
    assert (await polling).status == 200
    assert (counters.sockets, counters.rooms, counters.tasks) == (0, 0, 0)
    assert silent._ws
    await silent._ws.close()


async def test_a_node_that_goes_lets_nobody_in(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    counters = Counters()
    hub = MemoryHub()
    async with serving(db, MemoryBus(hub), counters, Supervisor(counters)) as node:
        await node.gateway.close()
        late = Screen(session, node.url, token_of(team.agent), team.id)
        with pytest.raises(Refused) as refused:
            await late.connect()
        assert refused.value.data["code"] == "UNAVAILABLE"
        assert refused.value.data["retry_ms"] > 0
        await node.gateway.close()  # a second time changes nothing


async def test_a_screen_of_a_node_that_went_goes_on_at_another(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    hub = MemoryHub()
    ones, others = Counters(), Counters()
    async with serving(db, MemoryBus(hub), others, Supervisor(others)) as stays:
        async with serving(db, MemoryBus(hub), ones, Supervisor(ones)) as goes:
            screen = Screen(session, goes.url, token_of(team.agent), team.id)
            await screen.connect()
            await write(db, team.lead, "before")
            await screen.sees("note.created", text="before")
        await screen.closed()
        await write(db, team.lead, "meanwhile")
        await screen.connect(stays.url)
        await screen.sees("note.created", text="meanwhile")
        await screen.disconnect()
    gc.collect()


async def test_a_node_that_drains_sends_each_screen_away_at_a_moment_of_its_own(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    """The rest goes on meanwhile, and at another node each goes on where it was."""
    hub = MemoryHub()
    ones, others = Counters(), Counters()
    async with serving(db, MemoryBus(hub), others, Supervisor(others)) as stays:
        async with serving(db, MemoryBus(hub), ones, Supervisor(ones), drain_seconds=1.0) as goes:
            screens = [
                Screen(session, goes.url, token_of(actor), team.id)
                for actor in (team.agent, team.lead) * 4
            ]
            for screen in screens:
                await screen.connect()
            draining = asyncio.create_task(goes.gateway.close())
            moves = [asyncio.create_task(_move(screen, stays.url)) for screen in screens]
            for n in range(12):
                last = await write(db, team.lead, f"while they move, {n}")
                await asyncio.sleep(0.1)
            moments = [await move for move in moves]
            await draining
        assert max(moments) - min(moments) > 0.5
        for screen in screens:
            await screen.reaches(last)
            assert [seen.seq for seen in screen.log] == list(range(1, last + 1))
            assert (screen.doubled, screen.skipped) == (0, 0)
            await screen.disconnect()
        assert ones.closes == {"drain": len(screens)}


async def _move(screen: Screen, url: str) -> float:
    """Go when told to, not before and not later; when that was."""
    await until(partial(bool, screen.said))
    [(name, body)] = screen.said
    assert name == "drain"
    assert 0 <= body["retry_ms"] <= 1_500
    assert await screen.closed() == 4010
    at = time.monotonic()
    await screen.connect(url)
    return at


async def test_a_drain_ends_as_soon_as_everybody_has_gone(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    counters = Counters()
    bus = MemoryBus(MemoryHub())
    async with serving(db, bus, counters, Supervisor(counters), drain_seconds=30.0) as node:
        screens = [Screen(session, node.url, token_of(team.agent), team.id) for _ in range(3)]
        for screen in screens:
            await screen.connect()
        draining = asyncio.create_task(node.gateway.close())
        for screen in screens:
            await until(partial(bool, screen.said))
            await screen.disconnect()
        async with asyncio.timeout(3):
            await draining
