"""A WebSocket client that says exactly the bytes it is told to."""

import asyncio
from typing import Self

from channels.sockets import frames
from channels.sockets.frames import Opcode

KEY = b"\x12\x34\x56\x78"
UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket{sid} HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
)
LAWFUL = UPGRADE.format(sid="", more="")
ACCEPTED = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # the example of RFC 6455


def masked(opcode: int, data: bytes, *, final: bool = True, key: bytes = KEY) -> bytes:
    """A client's frame."""
    head = bytearray(frames.frame(opcode, data)[: -len(data) or None])
    head[0] = opcode | (0x80 if final else 0)
    head[1] |= 0x80
    return bytes(head) + key + bytes(each ^ key[at % 4] for at, each in enumerate(data))


def text(data: str) -> bytes:
    return masked(Opcode.TEXT, data.encode())


class RawSocket:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int, *, sid: str = "", early: bytes = b"", headers: str = "") -> Self:
        """Upgrade, for the polling session `sid` perhaps; `early` is sent in the same segment."""
        self = cls(*await asyncio.open_connection("127.0.0.1", port))
        request = UPGRADE.format(sid=sid and f"&sid={sid}", more=headers)
        self.send(request.encode() + early)
        async with asyncio.timeout(5):
            head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert ACCEPTED in head
        return self

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def say(self, data: str) -> None:
        self.send(text(data))

    async def receive(self) -> tuple[int, bytes]:
        """The next frame; (-1, b"") at the end of the connection."""
        try:
            async with asyncio.timeout(5):
                first, size = await self._reader.readexactly(2)
                if size >= 126:
                    head = await self._reader.readexactly(2 if size == 126 else 8)
                    size = int.from_bytes(head, "big")
                assert first & 0xF0 == 0x80
                return first & 15, await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return -1, b""

    async def hears(self) -> str:
        opcode, data = await self.receive()
        assert opcode == Opcode.TEXT, (opcode, data)
        return data.decode()

    async def closed(self) -> int:
        """The code of the close frame that comes next."""
        opcode, data = await self.receive()
        assert opcode == Opcode.CLOSE, (opcode, data)
        return int.from_bytes(data[:2], "big")

    async def close(self) -> None:
        self._writer.transport.abort()
        await asyncio.sleep(0)
