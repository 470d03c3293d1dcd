"""A screen: one raw Socket.IO client over WebSocket, lean enough that a thousand weigh little."""

import asyncio
import json
import zlib
from collections.abc import Callable
from typing import Any, Final, cast

from typing_extensions import override

from bench.frames import Split, masked
from bench.jobs import Failed

UPGRADE: Final = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    "Host: 127.0.0.1:{port}\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "{extensions}\r\n"
)
OFFER: Final = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
HEAD_END: Final = b"\r\n\r\n"
SHOWN: Final = 300  # bytes of an unexpected answer that are told
TAIL: Final = b"\x00\x00\xff\xff"  # RFC 7692: what every compressed message ends with, left out
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Screen(asyncio.Protocol):
    """Enters a room and calls `saw` for each packet that begins with `event`.

    It has entered with the packet that begins with `hello`, or, given `until`, with the event that
    holds that.
    """

    def __init__(
        self,
        port: int,
        auth: dict[str, Any],
        *,
        hello: bytes,
        event: bytes = b"",
        saw: Callable[[bytes], None] = lambda _: None,
        until: bytes = b"",
        compress: bool = False,
    ) -> None:
        self.greeting = b""
        self.entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.count = 0
        self.compressed = False
        self._request = UPGRADE.format(port=port, extensions=OFFER if compress else "").encode()
        self._auth = b"40" + json.dumps(auth).encode()
        self._hello = hello
        self._event = event or b"nothing"
        self._saw = saw
        self._until = until
        self._upgraded = False
        self._head = b""
        self._frames = Split()
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if compress else None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    @override
    def data_received(self, data: bytes) -> None:
        if not self._upgraded:
            data = self._read_head(data)
        if self._upgraded:
            for first, message in self._frames.feed(data):
                self._take(first, message)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the server closed a screen's connection")

    def close(self) -> None:
        self._transport.abort()

    def _read_head(self, data: bytes) -> bytes:
        """What came after the head, once that is whole."""
        self._head += data
        head, found, rest = self._head.partition(HEAD_END)
        if not found:
            return b""
        if not head.startswith(b"HTTP/1.1 101"):
            self._fail(f"no WebSocket: {head[:SHOWN]!r}")
        self._upgraded = True
        self.compressed = b"permessage-deflate" in head.lower()
        return rest

    def _take(self, first: int, message: bytes) -> None:
        if first & 0x40 and self._inflate:
            message = self._inflate.decompress(message + TAIL)
        if message.startswith(self._event):
            self.count += 1
            self._saw(message)
            if self._until and self._until in message and not self.entered.done():
                self.entered.set_result(None)
        elif first & 15 == TEXT:
            self._answer(message)
        elif first & 15 == PING:
            self._send(PONG, message)
        elif first & 15 == CLOSE:
            self._fail(f"the server closed a screen: {message!r}")

    def _answer(self, message: bytes) -> None:
        if message == b"2":
            self._send(TEXT, b"3")
        elif message.startswith(b"0"):
            self._send(TEXT, self._auth)
        elif message.startswith(b"44"):
            self._fail(f"refused: {message[:SHOWN]!r}")
        if message.startswith(self._hello) and not self.greeting:
            self.greeting = message
            if not self._until:
                self.entered.set_result(None)

    def _send(self, opcode: int, message: bytes) -> None:
        self._transport.write(masked(opcode, message))

    def _fail(self, why: str) -> None:
        if not self.entered.done():
            self.entered.set_exception(Failed(why))
