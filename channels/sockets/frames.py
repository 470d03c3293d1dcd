"""WebSocket frames (RFC 6455): made once for many, and read from clients with suspicion."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

MAX_CONTROL = 125  # bytes in a close, ping or pong
KEY = 4  # bytes that a client masks its frames with
FINAL, RESERVED, MASKED = 0x80, 0x70, 0x80


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class Broken(Exception):
    """What arrived is no WebSocket, or not ours; `code` tells the client so."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


# Server to client: never masked, never in pieces, never compressed


def frame(opcode: int, data: bytes) -> bytes:
    size = len(data)
    if size <= MAX_CONTROL:
        head = bytes((FINAL | opcode, size))
    elif size < 1 << 16:
        head = bytes((FINAL | opcode, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((FINAL | opcode, 127)) + size.to_bytes(8, "big")
    return head + data


def text(data: str) -> bytes:
    return frame(Opcode.TEXT, data.encode())


def closing(code: int, reason: str) -> bytes:
    return frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason.encode()[: MAX_CONTROL - 2])


# Client to server


class Reader:
    """Takes bytes as they come, cut anywhere, and gives whole messages, none above `limit` bytes.

    Text comes as str, a ping or pong as its bytes, a close as its code. A message too long is
    refused by its header, before anything of it is kept.
    """

    __slots__ = ("_limit", "_needed", "_rest", "_text")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = bytearray()  # the beginning of a frame
        self._needed = 0  # bytes of it, before another look is worth its while
        self._text: bytearray | None = None  # of a message in several frames

    @property
    def idle(self) -> bool:
        """Whether nothing is half read, so that a new reader would do as well."""
        return not self._rest and self._text is None

    def feed(self, data: bytes) -> Iterator[tuple[int, Any]]:
        """The messages that are whole now, to be taken to the end; Broken after the lawful ones."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data = bytes(self._rest)
            self._rest.clear()
        at = 0
        while (size := self._size(data, at)) is not None:
            body = at + _head(data[at + 1] & 127)
            if body + size > len(data):
                self._needed = body + size - at
                break
            payload = _unmasked(data[body - KEY : body], data[body : body + size])
            yield from self._message(data[at], payload)
            at = body + size
        self._rest += data[at:]

    def _size(self, data: bytes, at: int) -> int | None:
        """How long the payload of the frame at `at` is; None while its header is not whole."""
        self._needed = 2
        if len(data) - at < self._needed:
            return None
        first, second = data[at], data[at + 1]
        self._check(first, second)
        size = second & 127
        self._needed = _head(size)
        if len(data) - at < self._needed:
            return None
        if size > MAX_CONTROL:
            size = int.from_bytes(data[at + 2 : at + self._needed - KEY], "big")
        if first & 15 < Opcode.CLOSE and size + len(self._text or b"") > self._limit:
            raise Broken(1009, "too large")
        return size

    def _check(self, first: int, second: int) -> None:
        opcode = first & 15
        if first & RESERVED:
            raise Broken(1002, "reserved bits")  # no extension was agreed on
        if not second & MASKED:
            raise Broken(1002, "not masked")
        if opcode >= Opcode.CLOSE:
            if opcode > Opcode.PONG or not first & FINAL or second & 127 > MAX_CONTROL:
                raise Broken(1002, "bad control frame")
        elif opcode == Opcode.BINARY:
            raise Broken(1003, "text only")
        elif opcode > Opcode.BINARY or (opcode == Opcode.TEXT) != (self._text is None):
            raise Broken(1002, "bad order of frames")

    def _message(self, first: int, payload: bytes) -> Iterator[tuple[int, Any]]:
        opcode = first & 15
        if opcode == Opcode.CLOSE:
            yield opcode, _close_code(payload)
        elif opcode > Opcode.CLOSE:
            yield opcode, payload
        elif not first & FINAL:
            self._text = (self._text or bytearray()) + payload
        else:
            whole = bytes(self._text) + payload if self._text else payload
            self._text = None
            yield Opcode.TEXT, _decoded(whole)


def _head(size: int) -> int:
    """The bytes of a header whose second byte says `size`."""
    if size <= MAX_CONTROL:
        return 2 + KEY
    return (4 if size == MAX_CONTROL + 1 else 10) + KEY


def _unmasked(key: bytes, data: bytes) -> bytes:
    """XOR with the key, over and over; as one long number it is quick."""
    if key == b"\0\0\0\0":
        return data
    size = len(data)
    keys = (key * (size // KEY + 1))[:size]
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(keys, "little")
    return mixed.to_bytes(size, "little")


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Broken(1007, "not UTF-8") from None


def _close_code(payload: bytes) -> int:
    if not payload:
        return 1000
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (3000 <= code < 5000 or 1000 <= code < 1015):
        raise Broken(1002, "bad close code")
    if code in (1004, 1005, 1006):
        raise Broken(1002, "bad close code")
    _decoded(payload[2:])
    return code
