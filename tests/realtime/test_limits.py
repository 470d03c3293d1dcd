"""What one client may ask of a node, and what it gets for asking more."""

import asyncio
import re
from pathlib import Path

import aiohttp
import orjson
import pytest

from channels.base import limits
from channels.base.pace import Pace
from channels.sockets.members import Close
from tests.factories import Team
from tests.realtime.conftest import Opener
from tests.realtime.nodes import Node, token_of, until
from tests.screens import Screen

PROTOCOL = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def test_a_pace_lets_a_burst_through_and_then_so_many_a_second() -> None:
    pace = Pace(10, 5, 100)
    assert [pace.take(7.0) for _ in range(5)] == [0] * 5
    wait = pace.take(7.0)
    assert wait == pytest.approx(0.2)  # what was refused counts too
    assert pace.take(7.0 + wait) == 0
    assert pace.take(60.0) == 0
    assert not pace.spent


def test_whoever_hammers_on_is_spent_and_whoever_waits_is_not() -> None:
    pace = Pace(10, 5, 10)
    for _ in range(15):
        pace.take(0.0)
        assert not pace.spent
    pace.take(0.0)
    assert pace.spent
    pace.take(1.0)
    assert not pace.spent


async def test_commands_beyond_the_burst_are_dropped_with_a_word(
    node: Node, a_screen: Opener
) -> None:
    async with a_screen() as screen:
        many = limits.COMMAND_BURST + 10
        envelopes = await asyncio.gather(*(screen.call("notes:echo") for _ in range(many)))
        refused = [envelope["error"] for envelope in envelopes if not envelope["success"]]
        assert 5 <= len(refused) <= 10
        assert {error["code"] for error in refused} == {"RATE_LIMITED"}
        assert node.counters.commands_limited == len(refused)
        assert node.counters.commands == many - len(refused)
        await asyncio.sleep(refused[-1]["retry_ms"] / 1000)
        assert (await screen.call("notes:echo"))["success"]


async def test_a_client_that_goes_on_is_closed(node: Node, team: Team, a_screen: Opener) -> None:
    async with a_screen(team.lead) as colleague, a_screen() as screen:
        for _ in range(limits.COMMAND_BURST + 2 * limits.COMMANDS_REFUSED):
            await screen.say('42["notes:echo"]')
        assert await screen.closed() == 4013
        assert node.counters.closes["rate"] == 1
        assert (await colleague.call("notes:echo"))["success"]


async def test_whoever_signs_in_again_and_again_on_one_connection_is_closed(
    node: Node, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(f"{node.url}/socket.io/?EIO=4&transport=websocket") as ws:
        await ws.receive_str()
        for _ in range(limits.CONNECTS):
            await ws.send_str('40{"token":"nobody"}')
            assert (await ws.receive_str()).startswith("44")
        await ws.send_str('40{"token":"nobody"}')
        assert (await ws.receive(timeout=5)).data == 4013


async def test_of_too_many_sockets_of_one_person_the_oldest_goes_and_stays_away(
    node: Node, team: Team, a_screen: Opener
) -> None:
    screens = [a_screen() for _ in range(limits.SOCKETS_PER_USER + 2)]
    async with a_screen(team.lead) as colleague:
        for screen in screens:
            await screen.connect()
        assert [await screen.closed() for screen in screens[:2]] == [4009, 4009]
        assert screens[0].dismissed  # or an official client would come back and push out the next
        assert node.counters.closes["replaced"] == 2
        assert all(screen.connected for screen in screens[2:])
        await screens[2].disconnect()
        await until(lambda: node.counters.sockets == limits.SOCKETS_PER_USER)
        await screens[0].connect()  # there is room again
        assert (await screens[3].call("notes:echo"))["success"]
        assert colleague.connected


async def test_too_many_subscriptions_are_refused(
    node: Node, team: Team, session: aiohttp.ClientSession
) -> None:
    subs = [{"team": str(team.id)}] * (limits.SUBSCRIPTIONS + 1)
    auth = orjson.dumps({"token": token_of(team.agent), "subs": subs}).decode()
    async with session.ws_connect(f"{node.url}/socket.io/?EIO=4&transport=websocket") as ws:
        await ws.receive_str()
        await ws.send_str(f"40{auth}")
        refusal = orjson.loads((await ws.receive_str())[2:])
        assert refusal["data"]["code"] == "VALIDATION_ERROR"


async def test_a_sign_in_that_takes_long_is_not_taken_for_a_stranger(
    node: Node, team: Team, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.sockets.live_server.LOGIN_SECONDS", 0.1)
    screen = Screen(
        session,
        node.url,
        f"slow slow slow slow slow slow slow slow {token_of(team.agent)}",
        team.id,
    )
    await screen.connect()
    await screen.disconnect()


async def test_a_polling_client_that_never_signs_in_is_sent_away(
    node: Node, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.sockets.live_server.LOGIN_SECONDS", 0.1)
    poll = f"{node.url}/socket.io/?EIO=4&transport=polling"
    sid = orjson.loads((await (await session.get(poll)).text())[1:])["sid"]
    async with asyncio.timeout(5):
        assert (await session.get(f"{poll}&sid={sid}")).status in (200, 400)
    await until(lambda: node.counters.sockets == 0)
    assert node.counters.closes["unauthenticated"] == 1
    assert (await session.get(f"{poll}&sid={sid}")).status == 400


async def test_hello_tells_the_limits(a_screen: Opener) -> None:
    async with a_screen() as screen:
        assert screen.hello["lim"] == limits.told()


def test_the_document_names_every_limit_and_every_close() -> None:
    text = PROTOCOL.read_text()
    for key, value in limits.told().items():
        assert re.search(rf"^\| `{key}` \| {value:,} \|", text, re.MULTILINE), key
    for close in Close:
        assert re.search(rf"^\| {close.code} \| {close.reason}\b", text, re.MULTILINE), close


async def test_large_commands_do_not_pile_up_while_they_wait(a_screen: Opener) -> None:
    async with a_screen() as screen:
        first = asyncio.create_task(screen.call("notes:wait", {"seconds": 0.3}))
        await asyncio.sleep(0.05)
        large = {"text": "x" * 60_000}
        calls = [screen.call("notes:echo", large) for _ in range(10)]
        outcomes = [envelope["success"] for envelope in await asyncio.gather(*calls)]
        assert outcomes == [True] * 3 + [False] * 7
        assert (await first)["success"]
        assert (await screen.call("notes:echo", large))["success"]
