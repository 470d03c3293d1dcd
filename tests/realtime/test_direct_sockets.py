"""A WebSocket that is ours from the upgrade on, as RFC 6455 and engine.io ask, on any loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
import uvloop
from aiohttp import web

from channels.base import limits
from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.sockets import direct, frames, live_server, wire
from channels.sockets.connection import Connection
from channels.sockets.direct import DirectConnection
from channels.sockets.frames import Opcode
from channels.sockets.live_server import Allows, LiveServer
from channels.sockets.members import Close
from channels.sockets.wire import Inbound
from server import socket_transport
from server.runner import Runner
from server.settings import SocketTransport
from server.socket_driver import DRIVERS, mount
from server.socket_transport import PATH
from tests.raw_socket import ACCEPTED, LAWFUL, RawSocket, masked, text

LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class Doorman:
    """Lets everybody in, after `pause` seconds, and says back what it hears."""

    def __init__(self) -> None:
        self.pause = 0.0
        self.connections: dict[str, Connection] = {}
        self.heard: list[str] = []

    async def enter(self, sid: str, connection: Connection, _: Any) -> None:
        self.connections[sid] = connection
        await asyncio.sleep(self.pause)
        connection.push(wire.connected(sid))
        connection.push(wire.said("hello", {}))

    def receive(self, sid: str, inbound: Inbound) -> bool:
        self.heard.append(inbound.data)
        if inbound.ack is not None:
            self.connections[sid].push(wire.acknowledged(inbound.ack, inbound.data.encode()))
        return True

    def left(self, sid: str) -> None:
        self.connections.pop(sid, None)


class House:
    """A server with a doorman and no rooms."""

    def __init__(self, live: LiveServer, doorman: Doorman, counters: Counters, port: int) -> None:
        self.live = live
        self.doorman = doorman
        self.counters = counters
        self.port = port
        self.url = f"http://127.0.0.1:{port}{PATH}?EIO=4&transport=polling"

    @property
    def connection(self) -> Any:
        [connection] = self.live.eio.sockets.values()
        return connection

    async def enter(self) -> RawSocket:
        """A client that has its hello."""
        raw = await RawSocket.open(self.port, early=text("40"))
        assert (await raw.hears()).startswith("0{")
        assert (await raw.hears()).startswith("40{")
        assert (await raw.hears()).startswith('42["hello"')
        return raw

    async def empties(self) -> None:
        async with asyncio.timeout(5):
            while self.live.eio.sockets or self.counters.sockets:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)


@asynccontextmanager
async def open_house(
    transport: SocketTransport = SocketTransport.DIRECT,
    cors_allowed_origins: Allows | None = None,
) -> AsyncIterator[House]:
    counters, doorman = Counters(), Doorman()
    supervisor = Supervisor(counters)
    live = LiveServer(
        doorman,
        driver=DRIVERS[transport],
        cors_allowed_origins=cors_allowed_origins,
        counters=counters,
        supervisor=supervisor,
    )
    app = web.Application()
    mount(app, live.handle_request, transport)
    runner = Runner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield House(live, doorman, counters, runner.addresses[0][1])
        await live.close(2)
        assert live.eio.sockets == live.environ == live.manager.rooms == doorman.connections == {}
        assert counters.sockets == 0
    finally:
        await supervisor.close()
        await runner.cleanup()


def on_any_loop(test: Callable[[House], Awaitable[None]]) -> Any:
    """Run the test with an open house, on asyncio's loop and on uvloop."""

    async def visit() -> None:
        async with open_house() as house:
            await test(house)

    @pytest.mark.parametrize("loop", LOOPS)
    def run(loop: str) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(visit())

    run.__name__ = test.__name__
    return run


@on_any_loop
async def test_what_comes_with_the_upgrade_is_heard(house: House) -> None:
    raw = await house.enter()
    assert isinstance(house.connection, DirectConnection)
    raw.say('421["x"]')
    assert await raw.hears() == '431[["x"]]'
    await raw.close()
    await house.empties()


@on_any_loop
async def test_a_connection_costs_no_task(house: House) -> None:
    before = len(asyncio.all_tasks())
    raws = [await house.enter() for _ in range(20)]
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) == before
    assert vars(house.live.eio.sockets[next(iter(house.live.eio.sockets))]) == {}
    for raw in raws:
        await raw.close()


@on_any_loop
async def test_what_is_written_leaves_at_once(house: House) -> None:
    raw = await house.enter()
    ours = house.connection._transport.get_extra_info("socket")
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await raw.close()


@on_any_loop
async def test_a_handshake_that_comes_in_pieces_or_late_is_taken_as_well(house: House) -> None:
    whole = LAWFUL.encode()
    unknown = b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    for pieces in ([whole[:7], whole[7:90], whole[90:]], [unknown, whole + text("40")]):
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            assert ACCEPTED in await reader.readuntil(ACCEPTED)
            _ = await reader.readuntil(b'0{"sid":')
        writer.transport.abort()
        await house.empties()


@on_any_loop
async def test_a_connection_that_says_nothing_for_long_may_say_anything_then(house: House) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket_transport, "SILENT_SECONDS", 0.02)
        before = len(asyncio.all_tasks())
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        async with asyncio.timeout(5):
            while len(asyncio.all_tasks()) == before:  # noqa: ASYNC110 - aiohttp's tells nobody
                await asyncio.sleep(0.01)
            writer.write(LAWFUL.encode())
            _ = await reader.readuntil(ACCEPTED)
        writer.transport.abort()
        await house.empties()
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.close()  # without a word
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) == before


@pytest.mark.parametrize(
    "asked",
    [
        LAWFUL.replace("EIO=4", "EIO=3"),
        LAWFUL.replace("transport=websocket", "transport=pigeon"),
        LAWFUL.replace("Upgrade: websocket", "Upgrade: h2c"),
        LAWFUL.replace("Version: 13", "Version: 8"),
        LAWFUL.replace("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
        LAWFUL.replace("GET", "POST"),
        LAWFUL.replace("/socket.io/", "/socket.io/../socket.io/"),
        LAWFUL.replace("&transport", "&sid=nobody&transport"),
        LAWFUL.replace("HTTP/1.1", "HTTP/9"),
        LAWFUL.replace("Host:", "Host :"),
        LAWFUL.replace("\r\n\r\n", "\r\nOrigin: https://elsewhere.example\r\n\r\n"),
        LAWFUL.replace("\r\n\r\n", f"\r\nX-Long: {'x' * 20_000}\r\n\r\n"),
    ],
)
async def test_what_is_refused_is_refused_as_any_request_is(asked: str) -> None:
    answers = []
    async with open_house(cors_allowed_origins=lambda origin, _: origin is None) as house:
        # In two pieces it is aiohttp's; whole it is looked at before.
        for pieces in ([asked], [asked[:3], asked[3:]]):
            reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
            for piece in pieces:
                writer.write(piece.encode())
                await asyncio.sleep(0.02)
            async with asyncio.timeout(5):
                answers.append((await reader.readuntil(b"\r\n"), dict(house.counters.closes)))
            writer.transport.abort()
            house.counters.closes.clear()
            await house.empties()
    assert answers[0] == answers[1]
    assert answers[0][0].startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


@on_any_loop
async def test_what_is_said_before_the_answer_is_heard_after_it_in_order(house: House) -> None:
    house.doorman.pause = 0.1
    said = [f'42{number}["number",{number}]' for number in range(200)]
    raw = await RawSocket.open(house.port, early=text("40") + b"".join(map(text, said[:100])))
    for each in said[100:]:
        raw.say(each)
        await asyncio.sleep(0)
    heard = [await raw.hears() for _ in range(203)]
    assert heard[1].startswith("40{")
    assert heard[3:] == [f'43{number}[["number",{number}]]' for number in range(200)]
    await raw.close()


@on_any_loop
async def test_hello_and_what_comes_with_it_leave_in_one_write(house: House) -> None:
    writes: list[bytes] = []
    raw = await RawSocket.open(house.port)
    await raw.hears()
    transport = house.connection._transport

    class Noting:
        def write(self, data: bytes) -> None:
            writes.append(data)
            transport.write(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(transport, name)

    house.connection._transport = Noting()
    raw.say("40")
    assert (await raw.hears()).startswith("40{")
    assert await raw.hears() == '42["hello",{}]'
    assert len(writes) == 1
    await raw.close()


@on_any_loop
async def test_pieces_pings_and_pongs_are_taken_as_the_standard_has_them(house: House) -> None:
    raw = await house.enter()
    raw.send(masked(Opcode.TEXT, b'427["x"', final=False))
    raw.send(masked(Opcode.PING, b"still there?"))
    raw.send(masked(Opcode.PONG, b"unasked"))
    raw.send(masked(Opcode.CONTINUATION, b"]"))
    assert await raw.receive() == (Opcode.PONG, b"still there?")
    assert await raw.hears() == '437[["x"]]'
    for byte in text('428["y"]'):
        raw.send(bytes([byte]))
        await asyncio.sleep(0.001)
    assert await raw.hears() == '438[["y"]]'
    await raw.close()


@on_any_loop
async def test_a_close_is_answered_and_ends_the_session(house: House) -> None:
    raw = await house.enter()
    raw.send(masked(Opcode.CLOSE, b"\x03\xe8bye"))
    assert await raw.closed() == 1000
    assert await raw.receive() == (-1, b"")
    await raw.close()
    await house.empties()


BROKEN = {
    1002: frames.text("not masked"),
    1003: masked(Opcode.BINARY, b"x"),
    1007: text("4")[:-1] + b"\xff\xff",
    1009: masked(Opcode.TEXT, b"x" * (limits.MAX_FRAME + 1))[:14],
    4014: text("nothing of engine.io's"),
}


@on_any_loop
async def test_what_no_client_sends_is_closed_with_a_code_and_counted(house: House) -> None:
    for number, (code, data) in enumerate(BROKEN.items(), start=1):
        raw = await house.enter()
        raw.send(data)
        opcode, said = await raw.receive()
        if (opcode, code) != (Opcode.CLOSE, 1007):
            assert (opcode, int.from_bytes(said[:2], "big")) == (Opcode.CLOSE, code)
        assert house.counters.closes["malformed"] == number
        raw.send(text("42[]"))  # too late, and nobody is told a second time
        assert house.counters.closes["malformed"] == number
        await raw.close()
        await house.empties()


@on_any_loop
async def test_compression_is_not_agreed_to(house: House) -> None:
    raw = await RawSocket.open(
        house.port, headers="Sec-WebSocket-Extensions: permessage-deflate\r\n"
    )
    raw.send(b"\xc1\x81" + b"\0\0\0\0" + b"x")
    assert (await raw.hears()).startswith("0{")
    assert await raw.closed() == 1002
    await raw.close()


@on_any_loop
async def test_what_is_cut_is_told_why_after_what_it_was_owed(house: House) -> None:
    raw = await house.enter()
    house.connection.push(wire.said("last", {}))
    house.connection.cut(Close.DRAIN)
    house.live.cut_all(Close.DRAIN)
    assert await raw.hears() == '42["last",{}]'
    assert await raw.receive() == (Opcode.CLOSE, b"\x0f\xaadrain")
    assert house.counters.closes == {"drain": 1}
    await raw.close()
    await house.empties()


@on_any_loop
async def test_a_reset_while_writing_harms_nobody(house: House) -> None:
    other = await house.enter()
    for _ in range(5):
        raw = await house.enter()
        connections = list(house.live.eio.sockets.values())
        await raw.close()
        for _ in range(50):
            for connection in connections:
                connection.push(wire.said("event", {"x": "x" * 1000}))
            await asyncio.sleep(0)
    for _ in range(250):
        assert (await other.hears()).startswith('42["event"')
    await other.close()


@on_any_loop
async def test_who_does_not_answer_pings_is_dropped(house: House) -> None:
    raw = await house.enter()
    house.connection.ping()
    assert await raw.hears() == "2"
    raw.say("3")
    raw.say('421["x"]')
    await raw.hears()
    assert not house.connection.unanswered
    house.connection.silent()
    assert (await raw.receive())[0] == -1
    assert house.counters.closes == {"silent": 1}
    await raw.close()
    await house.empties()


@on_any_loop
async def test_python_socketio_itself_can_speak_to_it(house: House) -> None:
    raw = await house.enter()
    [sid] = house.doorman.connections
    await house.live.enter_room(sid, "some")
    await house.live.emit("first", {"a": 1}, room="some")
    house.connection.push(wire.said("second", {}))
    await house.live.emit("third", room=sid)
    assert [await raw.hears() for _ in range(3)] == [
        '42["first",{"a":1}]', '42["second",{}]', '42["third"]',
    ]  # fmt: skip
    await house.live.save_session(sid, {"kept": True})
    assert await house.live.get_session(sid) == {"kept": True}
    await raw.close()


class Poller:
    """A client that polls, by hand."""

    def __init__(self, house: House, session: aiohttp.ClientSession, sid: str) -> None:
        self.sid = sid
        self._url = f"{house.url}&sid={sid}"
        self._session = session

    @classmethod
    async def open(cls, house: House, session: aiohttp.ClientSession) -> "Poller":
        async with session.get(house.url) as answer:
            return cls(house, session, orjson.loads((await answer.text())[1:])["sid"])

    async def poll(self) -> list[str]:
        async with self._session.get(self._url) as answer:
            assert answer.status == 200
            return (await answer.text()).split("\x1e")

    async def post(self, said: str) -> None:
        async with self._session.post(self._url, data=said) as answer:
            assert answer.status == 200


@on_any_loop
async def test_who_moves_from_polling_to_a_websocket_misses_and_doubles_nothing(
    house: House,
) -> None:
    async with aiohttp.ClientSession() as session:
        poller = await Poller.open(house, session)
        await poller.post("40")
        assert (await poller.poll())[0].startswith("40{")
        connection = house.connection

        def push(*numbers: int) -> None:
            for number in numbers:
                connection.push(wire.said("number", {"n": number}))

        push(1)
        raw = await RawSocket.open(house.port, sid=poller.sid)
        push(2)
        assert '42["number",{"n":1}]' in await poller.poll()  # it only tries, and goes on polling
        push(3)
        raw.say("2probe")
        assert await raw.hears() == "3probe"
        push(4)
        assert await poller.poll() == ["6"]  # it shall stop polling
        raw.send(text("5") + text('421["x"]'))
        push(5)
        heard = [await raw.hears() for _ in range(5)]
        push(6)
        heard.append(await raw.hears())
        said = [each for each in heard if each != "6"]
        assert '431[["x"]]' in said
        said.remove('431[["x"]]')
        assert said == [f'42["number",{{"n":{number}}}]' for number in range(3, 7)]
        assert connection.queue is None
        async with session.get(f"{house.url}&sid={poller.sid}") as answer:
            assert answer.status == 400
        await raw.close()
        await house.empties()


@on_any_loop
async def test_a_poll_that_waits_ends_when_its_client_moves_without_it(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        poller = await Poller.open(house, session)
        waiting = asyncio.create_task(poller.poll())
        await asyncio.sleep(0.05)
        raw = await RawSocket.open(house.port, sid=poller.sid, early=text("2probe") + text("5"))
        assert await raw.hears() == "3probe"
        assert await waiting in ([""], ["6"])
        raw.say("40")
        heard = ""
        while not heard.startswith("40{"):
            heard = await raw.hears()
        await raw.close()


@on_any_loop
async def test_a_trial_is_given_up_for_a_new_one_and_with_its_session(house: House) -> None:
    async with aiohttp.ClientSession() as session:
        poller = await Poller.open(house, session)
        first = await RawSocket.open(house.port, sid=poller.sid)
        second = await RawSocket.open(house.port, sid=poller.sid)
        assert (await first.receive())[0] == -1
        assert not house.connection.upgrading
        await poller.post("1")
        assert (await second.receive())[0] == -1
        await first.close()
        await second.close()
        house.live._closed[house.connection] -= live_server.LINGER_SECONDS + 1
        house.live.sweep()
        await house.empties()


async def test_a_client_that_takes_nothing_is_overdue_and_one_that_takes_something_is_not() -> None:
    stall = direct.Stall(1_000)
    stall._since -= 11
    stall.added += 500
    assert not stall.over(1_499)
    assert not stall.over(1_499)
    stall._since -= 11
    assert stall.over(1_499)
    assert direct.Stall(0).over(2 * 1024 * 1024)
