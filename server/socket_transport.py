"""Takes a WebSocket's TCP connection over from aiohttp, so that it costs no task and no request.

One that a connection begins with never becomes a request of aiohttp's, which is a third of what it
costs to let a herd in (`Opening`); one that comes later is taken out of its request (`take`).

All that leans on aiohttp's insides is here, pinned by tests/realtime/test_stack_contract.py; with
SOCKET_TRANSPORT=stock none of it is used.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Final, Self, cast

from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser
from multidict import CIMultiDictProxy
from typing_extensions import override

from channels.sockets.direct import DirectConnection

PATH: Final = "/socket.io/"
GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
KEY_BYTES: Final = 16
VERSION: Final = "13"
FIRST_LINE: Final = f"GET {PATH}?".encode()
LONGEST: Final = 16 * 1024  # bytes that are looked at here; aiohttp has limits of its own
SILENT_SECONDS: Final = 2.0  # without a byte, and the connection is aiohttp's
Answers = Callable[[Any], Coroutine[Any, Any, Any]]  # a request to the Socket.IO path
SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Server: Homeroom\r\n"
    b"Sec-WebSocket-Accept: "
)


class Taken(web.StreamResponse):
    """The answer to a request whose connection is no longer aiohttp's: it writes nothing."""

    @property
    @override
    def keep_alive(self) -> bool:
        return False

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        return None


TAKEN: Final = Taken()  # it knows nothing of a request, so one does for all


class Upgrade:
    """A WebSocket's lawful handshake, with as much of a request as engine.io asks for."""

    __slots__ = ("headers", "key", "query_string", "rest", "transport")

    method = "GET"
    path = PATH
    remote = None

    def __init__(
        self,
        transport: asyncio.Transport,
        headers: CIMultiDictProxy[str],
        query_string: str,
        key: bytes,
        rest: bytes,
    ) -> None:
        self.transport = transport
        self.headers = headers
        self.query_string = query_string
        self.key = key
        self.rest = rest  # what was read beyond it

    @classmethod
    def read(cls, transport: asyncio.Transport, data: bytes) -> Self | None:
        """None for what is anything else, not whole, or of a session that polls already."""
        if not data.startswith(FIRST_LINE) or len(data) > LONGEST:
            return None
        loop = asyncio.get_running_loop()
        parser = HttpRequestParser(BaseProtocol(loop), loop, LONGEST)
        try:
            messages, upgraded, rest = parser.feed_data(data)
        except HttpProcessingError:
            return None
        if not upgraded or len(messages) != 1:
            return None
        message, _ = messages[0]
        asked, key = message.url, _key(message.headers)
        if asked.raw_path != PATH or "sid=" in asked.query_string or key is None:
            return None
        return cls(transport, message.headers, asked.query_string, key, rest)

    @classmethod
    def of(cls, request: web.Request) -> Self | None:
        """Taken out of a request of aiohttp's; None, and nothing is taken, where it is no such."""
        key = _key(request.headers)
        if key is None or request.transport is None:
            return None
        transport, rest = take(request)
        return cls(transport, request.headers, request.query_string, key, rest)


class Opening(asyncio.Protocol):
    """A TCP connection until its first bytes say whose it is.

    A WebSocket is taken at once, with the same answer as a request's; what is anything else, or is
    refused, is left to aiohttp as if it had come there.
    """

    __slots__ = ("_entrance", "_transport")

    def __init__(self, entrance: "Entrance") -> None:
        self._entrance = entrance
        self._transport: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._entrance.wait_for(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._entrance.silent.discard(self)
        upgrade = Upgrade.read(self._transport, data)
        if upgrade is None or _at_once(self._entrance.answers(upgrade)) is not TAKEN:
            self.leave(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._entrance.silent.discard(self)

    def leave(self, data: bytes = b"") -> None:
        """To aiohttp."""
        protocol = self._entrance.request()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        if data:
            protocol.data_received(data)


class Entrance:
    """Where connections open. `answers` a handshake; `request` makes aiohttp's protocol.

    Whoever says nothing for long is aiohttp's, which waits for it. One timer is enough for all.
    """

    def __init__(self, answers: Answers, request: Callable[[], asyncio.Protocol]) -> None:
        self.answers = answers
        self.request = request
        self.silent: set[Opening] = set()
        self._looking = False

    def open(self) -> Opening:
        return Opening(self)

    def wait_for(self, opening: Opening) -> None:
        self.silent.add(opening)
        if not self._looking:
            self._looking = True
            self._look_after(self.silent.copy())

    def _look_after(self, silent: Collection[Opening]) -> None:
        asyncio.get_running_loop().call_later(SILENT_SECONDS, self._look_at, silent)

    def _look_at(self, silent: Collection[Opening]) -> None:
        """Those who were silent at the last look and still are have been so for long."""
        for opening in self.silent.intersection(silent):
            self.silent.discard(opening)
            opening.leave()
        self._looking = bool(self.silent)
        if self._looking:
            self._look_after(self.silent.copy())


def _at_once(answer: Coroutine[Any, Any, Any]) -> Any:
    """The answer to a handshake, for which engine.io waits for nothing."""
    try:
        answer.send(None)
    except StopIteration as done:
        return done.value
    answer.close()
    raise RuntimeError("The answer to a WebSocket's handshake waits for something")


class Takeover:
    """One upgrade request, as engine.io asks its driver for a WebSocket."""

    def __init__(self, handler: Any, _: Any) -> None:
        self._connection: DirectConnection = handler.__self__  # engine.io passes a method of it

    async def __call__(self, environ: Mapping[str, Any]) -> web.StreamResponse:
        request: web.Request | Upgrade = environ["aiohttp.request"]
        connection = self._connection
        upgrade = request if isinstance(request, Upgrade) else Upgrade.of(request)
        if upgrade is None:
            if not connection.connected:
                connection.finish()  # it was opened for this request
            return web.Response(status=400, text="Not a WebSocket handshake")
        transport = upgrade.transport
        answer = SWITCHING + _accepted(upgrade.key) + b"\r\n\r\n"
        if connection.connected:
            connection.probe(transport, answer)
        else:
            connection.begin(transport, answer)
        if not transport.is_reading():
            transport.resume_reading()  # aiohttp stops it where much came with the request
        if upgrade.rest:
            cast("asyncio.Protocol", transport.get_protocol()).data_received(upgrade.rest)
        return TAKEN


def take(request: web.Request) -> tuple[Any, bytes]:
    """The request's transport, which aiohttp forgets, and what it has read beyond the request.

    In one step, so that no byte goes to the wrong protocol. The task that runs the handler goes on
    to its end and finds its connection closed.
    """
    protocol: Any = request.protocol
    transport, protocol.transport = protocol.transport, None
    rest, protocol._message_tail = protocol._message_tail, b""  # noqa: SLF001 - what came early
    protocol.connection_lost(None)
    return transport, rest


def _key(headers: CIMultiDictProxy[str]) -> bytes | None:
    """The key of a lawful handshake."""
    if (
        headers.get("Upgrade", "").lower() != "websocket"
        or "upgrade" not in ",".join(headers.getall("Connection", ())).lower()
        or headers.get("Sec-WebSocket-Version") != VERSION
    ):
        return None
    try:
        key = headers.get("Sec-WebSocket-Key", "").encode("ascii")
        return key if len(base64.b64decode(key, validate=True)) == KEY_BYTES else None
    except ValueError:
        return None


def _accepted(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
