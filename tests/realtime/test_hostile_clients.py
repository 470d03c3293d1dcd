"""Bytes no official client sends: the connection ends or the packet is ignored; nothing raises."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import limits
from channels.sockets import live_server, wire
from channels.sockets.wire import Malformed
from tests.factories import Team
from tests.realtime.conftest import Opener
from tests.realtime.nodes import Node, token_of, until

WS = "/socket.io/?EIO=4&transport=websocket"
POLL = "/socket.io/?EIO=4&transport=polling"
DEEP = "[" * 30_000


@pytest.fixture(autouse=True)
async def nothing_is_raised(
    team: Team, a_screen: Opener, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[None]:
    """No traceback, no error in the log, and a colleague's screen works through it all."""
    caplog.set_level(logging.ERROR)
    async with a_screen(team.lead) as colleague:
        yield
        assert (await colleague.call("notes:write", {"text": "still here"}))["success"]
        await colleague.sees("note.created", text="still here")
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == []


MALFORMED_PACKETS = [
    "", "x", "0", "6", "7", "9", "4", "2", "2probe2", "4x", "49", "45", "46", '451-["x"]',
    '451-["x",{"_placeholder":true,"num":0}]', "4²", '4²["x"]', "4" + DEEP, "3" + DEEP, "1" + DEEP,
    "b", "bAAAA", "b!!!", '42/other,["x"]', "41/other,", "40[", "40{", "40" + DEEP,
]  # fmt: skip


@pytest.mark.parametrize("packet", MALFORMED_PACKETS, ids=lambda packet: repr(packet[:20]))
@pytest.mark.parametrize("when", ["before sign-in", "after sign-in"])
async def test_a_malformed_packet_ends_its_connection(
    node: Node, team: Team, session: aiohttp.ClientSession, packet: str, when: str
) -> None:
    async with session.ws_connect(node.url + WS) as ws:
        await ws.receive_str()
        if when == "after sign-in":
            await ws.send_str("40" + orjson.dumps({"token": token_of(team.agent)}).decode())
            assert (await ws.receive_str()).startswith("40")
            assert (await ws.receive_str()).startswith('42["hello"')
        await ws.send_str(packet)
        message = await ws.receive(timeout=5)
        if message.type is aiohttp.WSMsgType.TEXT:
            assert message.data == "2"  # packet "2" alone is an old client's ping
            message = await ws.receive(timeout=5)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    await until(lambda: node.counters.sockets == 1)


@pytest.mark.parametrize("packet", ["5", "3", "3probe", '43["late ack"]', "43999[]", "43"])
async def test_a_packet_out_of_place_changes_nothing(a_screen: Opener, packet: str) -> None:
    async with a_screen() as screen:
        await screen.say(packet)
        assert (await screen.call("notes:echo"))["success"]


async def test_a_second_connect_ends_the_connection(a_screen: Opener) -> None:
    async with a_screen() as screen:
        await screen.say("40" + orjson.dumps({"token": screen.token}).decode())
        assert await screen.closed() == 4014


async def test_another_namespace_is_refused(a_screen: Opener) -> None:
    async with a_screen() as screen:
        await screen.say("40/admin,{}")
        assert (await screen.call("notes:echo"))["success"]


async def test_binary_frames_end_the_connection(node: Node, session: aiohttp.ClientSession) -> None:
    async with session.ws_connect(node.url + WS) as ws:
        await ws.receive_str()
        await ws.send_bytes(b"\x00\x01")
        assert (await ws.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_a_frame_over_the_limit_ends_the_connection(
    node: Node, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(node.url + WS) as ws:
        await ws.receive_str()
        await ws.send_str('42["notes:echo","' + "x" * limits.MAX_FRAME + '"]')
        message = await ws.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1009)


async def test_a_large_command_within_the_limit_is_taken(a_screen: Opener) -> None:
    async with a_screen() as screen:
        text = "x" * (limits.MAX_FRAME - 1_000)
        assert (await screen.call("notes:echo", {"text": text}))["data"]["payload"]["text"] == text


MALFORMED_BODIES = [
    b"", b"\xff\xfe", b"x", b"4", b"40{", b'451-["x"]', b"bAAAA", b"d=", b"d=40", b"0{}", b"6",
    b"2", b"\x1e", b"40\x1e", b"\x1e".join([b"3"] * 17), b"3" + b"[" * 30_000, b"4" + b"x" * 65_536,
]  # fmt: skip


@pytest.mark.parametrize("body", MALFORMED_BODIES, ids=lambda body: repr(body[:20]))
async def test_a_malformed_polling_request_ends_its_session_with_400(
    node: Node, session: aiohttp.ClientSession, body: bytes
) -> None:
    opened = await session.get(node.url + POLL)
    sid = orjson.loads((await opened.text())[1:])["sid"]
    posted = await session.post(f"{node.url}{POLL}&sid={sid}", data=body)
    if body != b"40{":  # well-formed for engine.io: it is read a moment later
        assert posted.status == 400
    await until(lambda: node.counters.sockets == 1)
    assert (await session.get(f"{node.url}{POLL}&sid={sid}")).status == 400


ODD_QUERIES = [
    "", "EIO=3&transport=polling", "EIO=4", "EIO=4&transport=carrier-pigeon", "%FF=%FE",
    "EIO=4&transport=websocket", "EIO=4&transport=polling&sid=nobody", "EIO=4&EIO=3&sid&sid",
    "EIO=4&transport=polling&j=x", "EIO=4&transport=polling&j=0", "EIO=4&transport=polling&sid=",
]  # fmt: skip


@pytest.mark.parametrize("query", ODD_QUERIES)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_odd_requests_get_an_answer(
    node: Node, session: aiohttp.ClientSession, query: str, method: str
) -> None:
    async with asyncio.timeout(5):
        answer = await session.request(method, f"{node.url}/socket.io/?{query}")
    assert answer.status in (200, 400)


async def test_a_request_that_meets_the_end_of_its_session_is_refused(
    node: Node, session: aiohttp.ClientSession
) -> None:
    opened = await session.get(node.url + POLL)
    sid = orjson.loads((await opened.text())[1:])["sid"]
    node.gateway._server.eio.sockets[sid].closed = True  # and not yet taken off the list
    assert (await session.post(f"{node.url}{POLL}&sid={sid}", data="3")).status == 400
    node.counters.sockets -= 1  # it was never closed, so nobody counted


async def test_a_bad_body_that_meets_the_end_of_its_session_is_no_fault(
    node: Node, session: aiohttp.ClientSession
) -> None:
    opened = await session.get(node.url + POLL)
    sid = orjson.loads((await opened.text())[1:])["sid"]
    connection = node.gateway._server.eio.sockets[sid]

    async def body() -> AsyncIterator[bytes]:
        yield b"4x"
        await asyncio.sleep(0.1)
        await node.gateway._server.eio.disconnect(sid)
        yield b"no packet"

    answer = await session.post(f"{node.url}{POLL}&sid={sid}", data=body())
    assert answer.status in (200, 400)
    assert connection.closed


async def test_a_half_made_websocket_handshake_is_refused(
    node: Node, session: aiohttp.ClientSession
) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket"}  # and no Sec-WebSocket-Key
    answer = await session.get(node.url + WS, headers=headers)
    assert answer.status == 400
    await until(lambda: node.counters.sockets == 1)


@pytest.mark.parametrize("last_words", [None, "2probe", "x", "2probe then x"])
async def test_a_broken_upgrade_leaves_the_polling_client_served(
    node: Node, team: Team, session: aiohttp.ClientSession, last_words: str | None
) -> None:
    opened = await session.get(node.url + POLL)
    sid = orjson.loads((await opened.text())[1:])["sid"]
    poll = f"{node.url}{POLL}&sid={sid}"
    async with session.ws_connect(f"{node.url}{WS}&sid={sid}") as ws:
        for word in (last_words or "").split(" then "):
            if word:
                await ws.send_str(word)
        await asyncio.sleep(0.05)
    auth = "40" + orjson.dumps({"token": token_of(team.agent)}).decode()
    assert (await session.post(poll, data=auth)).status == 200
    received = ""
    async with asyncio.timeout(5):
        while "hello" not in received:
            received += await (await session.get(poll)).text()


async def test_who_goes_while_being_let_in_leaves_nothing_behind(
    node: Node, team: Team, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()
    join = node.rooms.join

    async def slow_join(*args: Any) -> None:
        inside.set()
        _ = await go_on.wait()
        await join(*args)

    monkeypatch.setattr(node.rooms, "join", slow_join)
    steps: list[str] = []
    feature = node.gateway._features[0]
    monkeypatch.setattr(feature, "entered", lambda _: steps.append("entered"))
    monkeypatch.setattr(feature, "left", lambda _: steps.append("left"))
    async with session.ws_connect(node.url + WS) as ws:
        await ws.receive_str()
        await ws.send_str("40" + orjson.dumps({"token": token_of(team.agent)}).decode())
        _ = await inside.wait()
    await until(lambda: node.counters.sockets == 1)
    monkeypatch.setattr(node.rooms, "join", join)
    go_on.set()
    await asyncio.sleep(0.1)
    assert steps == ["left"]
    assert len(node.gateway._members) == 1  # the colleague's


async def test_whoever_never_signs_in_is_sent_away(
    node: Node, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_server, "LOGIN_SECONDS", 0.1)
    async with session.ws_connect(node.url + WS) as ws:
        await ws.receive_str()
        message = await ws.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4001)


async def test_whoever_is_refused_and_stays_is_sent_away(
    node: Node, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_server, "LOGIN_SECONDS", 0.1)
    async with session.ws_connect(node.url + WS) as ws:
        await ws.receive_str()
        await ws.send_str('40{"token":"nobody"}')
        assert (await ws.receive_str()).startswith("44")
        assert (await ws.receive(timeout=5)).data == 4001


async def test_another_site_may_not_open_a_socket(
    node: Node, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(node.url + WS, headers={"Origin": "https://evil.example"})
    assert refused.value.status == 400
    async with session.ws_connect(node.url + WS, headers={"Origin": node.url}) as ws:
        await ws.receive_str()


@given(st.text(max_size=200) | st.from_regex(r"[0-9b][0-9]?[/a-z,0-9-]*[\[{].{0,50}"))
def test_every_text_is_read_or_malformed(text: str) -> None:
    try:
        inbound = wire.read(text)
        wire.json_of(inbound.data)
    except Malformed:
        pass
    assert wire.lawful(text) in (True, False)


@given(st.none() | st.booleans() | st.integers() | st.binary() | st.lists(st.text()))
def test_what_is_no_text_is_malformed(data: object) -> None:
    with pytest.raises(Malformed):
        wire.read(data)
