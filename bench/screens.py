"""A screen: one raw Socket.IO client over WebSocket, lean enough that a thousand weigh little."""

import asyncio
import json
import zlib
from collections.abc import Callable
from typing import Any, Final, cast

from typing_extensions import override

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
        self._rest = b""
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if compress else None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    @override
    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        self._rest = self._read(data if self._upgraded else self._read_head(data))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the server closed a screen's connection")

    def close(self) -> None:
        self._transport.abort()

    def _read_head(self, data: bytes) -> bytes:
        end = data.find(HEAD_END)
        if end < 0:
            return data
        if not data.startswith(b"HTTP/1.1 101"):
            self._fail(f"no WebSocket: {data[:SHOWN]!r}")
        self._upgraded = True
        self.compressed = b"permessage-deflate" in data[:end].lower()
        return data[end + len(HEAD_END) :]

    def _read(self, data: bytes) -> bytes:
        """Take every whole frame; what remains is the beginning of the next."""
        if not self._upgraded:
            return data
        at, end = 0, len(data)
        while end - at >= 2:
            size, body = data[at + 1] & 127, at + 2
            if size >= 126:
                body += 2 if size == 126 else 8
                if body > end:
                    break
                size = int.from_bytes(data[at + 2 : body], "big")
            if body + size > end:
                break
            self._take(data[at], data[body : body + size])
            at = body + size
        return data[at:]

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
        """Masked, as a client must, with a key of zeros: the cheapest that is lawful."""
        size = len(message)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(bytes([0x80 | opcode]) + length + b"\0\0\0\0" + message)

    def _fail(self, why: str) -> None:
        if not self.entered.done():
            self.entered.set_exception(Failed(why))
