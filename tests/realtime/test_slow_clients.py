"""A client that does not read is let go before it costs memory, and catches up when it is back."""

import asyncio
import socket
import time
from typing import Any

import aiohttp
import orjson
import pytest
from engineio import packet as engine  # type: ignore[import-untyped]  # it has no types

from channels.gateway import commands
from channels.sockets import outbox
from channels.sockets.outbox import BATCH_PACKETS, Outbox
from tests.factories import Team
from tests.realtime.conftest import Opener
from tests.realtime.nodes import Node, token_of, until, write
from tests.realtime.simulated import simulate
from tests.screens import Screen


def stop_reading(screen: Screen) -> Any:
    """Its transport, from which nothing is taken any more."""
    assert screen._reader
    assert screen._ws
    screen._reader.cancel()
    connection = screen._ws._response.connection
    assert connection
    transport: Any = connection.transport
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    transport.pause_reading()
    return transport


async def test_a_client_that_does_not_read_is_closed_and_the_others_do_not_notice(
    node: Node, team: Team, a_screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_AGE", 1.0)
    slow = a_screen(team.agent)
    await slow.connect()
    position = slow.position
    transport = stop_reading(slow)

    async with a_screen(team.lead) as quick:
        last = 0
        worst = 0.0
        while not node.counters.closes["slow"]:
            began = time.monotonic()
            last = await write(node.db, team.lead, "x" * 15_000, count=20)
            await quick.reaches(last)
            worst = max(worst, time.monotonic() - began)
            assert last < 2_000, "the slow client is still there"
        assert worst < 2
        await until(lambda: node.counters.sockets == 1)

        transport.abort()
        slow.position = position
        await slow.connect()
        assert slow.hello["teams"][0]["mode"] in ("replay", "snapshot")
        final = await write(node.db, team.lead, "after")
        await slow.reaches(final)


async def test_a_poller_that_stays_away_is_closed(
    node: Node, team: Team, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_PACKETS", 20)
    poll = f"{node.url}/socket.io/?EIO=4&transport=polling"
    sid = orjson.loads((await (await session.get(poll)).text())[1:])["sid"]
    auth = "40" + orjson.dumps({"token": token_of(team.agent)}).decode()
    assert (await session.post(f"{poll}&sid={sid}", data=auth)).status == 200
    for _ in range(30):
        await write(node.db, team.lead, "unread")
        await asyncio.sleep(0)
    await until(lambda: node.counters.closes["slow"] == 1)
    await until(lambda: node.counters.sockets == 0)


async def test_who_talks_without_listening_is_closed(
    node: Node, a_screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commands wait while it takes no answers, and it is let go once that is too long."""
    monkeypatch.setattr(outbox, "MAX_AGE", 0.5)
    screen = a_screen()
    await screen.connect()
    transport = stop_reading(screen)
    for ack in range(40):
        await screen.say(f'42{ack}["notes:large",{{"bytes":400000}}]')
    member = node.gateway._members[screen.hello["conn"]]
    await until(lambda: member.road.owed_bytes > commands.UNREAD_BYTES)
    await asyncio.sleep(0.6)
    assert screen._ws
    await screen._ws.send_str('42["notes:echo"]')
    await until(lambda: node.counters.closes["slow"] == 1)
    await until(lambda: node.counters.sockets == 0)
    transport.abort()


def a_packet(size: int = 10) -> object:
    packet: object = engine.Packet(engine.MESSAGE, data="x" * size)
    return packet


async def test_a_batch_is_small_enough_for_every_client() -> None:
    box = Outbox()
    for _ in range(40):
        box.put_nowait(a_packet())
    batches = []
    while not box.empty():
        batch = [await box.get()]
        try:
            while True:
                batch.append(box.get_nowait())
        except asyncio.QueueEmpty:
            batches.append(len(batch))
    assert batches == [BATCH_PACKETS, BATCH_PACKETS, 8]


async def test_what_is_in_hand_is_still_owed() -> None:
    box = Outbox()
    box.put_nowait(a_packet(100))
    await box.get()
    assert box.owed_bytes == 100
    waiting = asyncio.create_task(box.get())
    await asyncio.sleep(0)
    assert (box.owed_bytes, box.owed_since) == (0, None)
    box.end(4010, "drain")
    assert await waiting is None


async def test_too_many_bytes_are_overdue() -> None:
    box = Outbox()
    while box.owed_bytes <= outbox.MAX_BYTES:
        assert not box.overdue
        box.put_nowait(a_packet(60_000))
    assert box.overdue


def test_standstill_is_overdue_and_progress_is_not() -> None:
    async def stand_still() -> None:
        box = Outbox()
        box.put_nowait(a_packet())
        box.put_nowait(a_packet(outbox.BATCH_BYTES))
        box.put_nowait(a_packet())
        for _ in range(2):
            await asyncio.sleep(outbox.MAX_AGE - 1)
            assert not box.overdue
            await box.get()
        await asyncio.sleep(outbox.MAX_AGE + 1)
        assert box.overdue

    simulate(stand_still())


async def test_a_given_up_box_weighs_only_what_is_in_hand() -> None:
    box = Outbox()
    for _ in range(3):
        box.put_nowait(a_packet(100))
    await box.get()
    box.give_up()
    assert (box.qsize(), box.owed_bytes) == (0, 100)
