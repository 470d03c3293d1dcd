"""WebSocket frames as a client sees them: the server's taken apart, its own made at least cost."""

from collections.abc import Iterator


class Split:
    """Whole frames out of what the network brings; `rest` is the beginning of the next."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The first byte of each frame (its flags and opcode) and its message."""
        if self.rest:
            data = self.rest + data
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
            first, at, begun = data[at], body + size, body
            yield first, data[begun:at]
        self.rest = data[at:]


def masked(opcode: int, message: bytes) -> bytes:
    """As a client must, with a key of zeros: the cheapest that is lawful."""
    size = len(message)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + message
