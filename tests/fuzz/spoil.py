"""Lawful bytes, and seeded ways to spoil them."""

import random
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    payload: bytes,
    *,
    opcode: int = TEXT,
    final: bool = True,
    reserved: int = 0,
    key: bytes | None = b"\x0b\xad\xf0\x0d",
    claimed: int | None = None,
) -> bytes:
    """A client's WebSocket frame; `claimed` is the length its header says."""
    size = len(payload) if claimed is None else claimed
    masked = 0 if key is None else 0x80
    first = (0x80 if final else 0) | reserved << 4 | opcode
    if size < 126:
        head = struct.pack("!BB", first, masked | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    if key is None:
        return head + payload
    keys = key * (len(payload) // 4 + 1)
    return head + key + bytes(a ^ b for a, b in zip(payload, keys, strict=False))


def frames_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """What the server sent: opcode and payload of each whole frame."""
    while len(data) >= 2:
        size, at = data[1] & 127, 2
        if size > 125:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
        if len(data) < at + size:
            return
        yield data[0] & 15, data[at : at + size]
        data = data[at + size :]


@dataclass(frozen=True, slots=True)
class Spoiler:
    """`share` of what passes through is spoilt in one of many ways."""

    chance: random.Random
    share: float

    def spoilt(self, data: bytes) -> bytes:
        if self.chance.random() >= self.share:
            return data
        return self.chance.choice(BYTE_FAULTS)(self.chance, data)

    def packet(self, text: str) -> str:
        if self.chance.random() >= self.share:
            return text
        return self.chance.choice(PACKET_FAULTS)(self.chance, text)

    def frame(self, text: str) -> bytes:
        """A packet as one frame or several, lawful or not."""
        payload = self.packet(text).encode("utf-8", "surrogatepass")
        if self.chance.random() < self.share:
            return self.chance.choice(FRAME_FAULTS)(self.chance, payload)
        if self.chance.random() < 0.2:
            return b"".join(in_pieces(self.chance, payload))
        return frame(payload)

    def order(self, packets: Sequence[str]) -> list[str]:
        """Now and then doubled, left out, or in another order."""
        packets = list(packets)
        if self.chance.random() < self.share:
            self.chance.shuffle(packets)
        if packets and self.chance.random() < self.share:
            packets += self.chance.choices(packets, k=self.chance.randint(1, 3))
        if packets and self.chance.random() < self.share:
            packets.pop(self.chance.randrange(len(packets)))
        return packets

    def cut(self, data: bytes) -> list[bytes]:
        """In several writes, wherever."""
        if self.chance.random() < 0.7 or len(data) < 2:
            return [data]
        places = sorted(self.chance.choices(range(1, len(data)), k=self.chance.randint(1, 4)))
        return [data[a:b] for a, b in pairwise([0, *places, len(data)])]


def in_pieces(chance: random.Random, payload: bytes) -> list[bytes]:
    """One message in several frames, with a ping in the middle: lawful."""
    places = sorted(chance.choices(range(len(payload) + 1), k=chance.randint(1, 3)))
    parts = [payload[a:b] for a, b in pairwise([0, *places, len(payload)])]
    pieces = [frame(parts[0], final=len(parts) == 1)]
    for part in parts[1:-1]:
        pieces += [frame(part, opcode=0, final=False), frame(b"?", opcode=PING)]
    return [*pieces, frame(parts[-1], opcode=0)]


# How bytes are spoilt, whatever they are


def _flip(chance: random.Random, data: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if spoilt:
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _insert(chance: random.Random, data: bytes) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.randbytes(chance.choice([1, 2, 8, 500])) + data[at:]


def _remove(chance: random.Random, data: bytes) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + data[at + chance.choice([1, 2, 8, 100]) :]


def _truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randint(0, len(data))]


def _double(_: random.Random, data: bytes) -> bytes:
    return data + data


def _replace(chance: random.Random, data: bytes) -> bytes:
    return chance.randbytes(min(len(data), 2_000))


BYTE_FAULTS: list[Callable[[random.Random, bytes], bytes]] = [
    *(_flip, _flip, _insert, _remove, _truncate, _double, _replace)
]


# How frames are


def _wrong_opcode(chance: random.Random, payload: bytes) -> bytes:
    return frame(payload, opcode=chance.randrange(16))


def _reserved(chance: random.Random, payload: bytes) -> bytes:
    return frame(payload, reserved=chance.randint(1, 7))


def _unmasked(_: random.Random, payload: bytes) -> bytes:
    return frame(payload, key=None)


def _lying(chance: random.Random, payload: bytes) -> bytes:
    return frame(
        payload, claimed=chance.choice([0, 1, 125, 126, 65_535, 65_536, 65_537, 2**63 - 1])
    )


def _unfinished(_: random.Random, payload: bytes) -> bytes:
    return frame(payload, final=False)


def _alone(_: random.Random, payload: bytes) -> bytes:
    return frame(payload, opcode=0)


def _large(chance: random.Random, payload: bytes) -> bytes:
    return frame(payload * (chance.choice([65_000, 70_000]) // max(1, len(payload))))


def _no_text(chance: random.Random, payload: bytes) -> bytes:
    return frame(chance.choice([b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"4\xf5"]) + payload)


def _control(chance: random.Random, payload: bytes) -> bytes:
    opcode = chance.choice([CLOSE, PING, PONG])
    return frame(payload, opcode=opcode, final=chance.random() < 0.8)


def _closing(chance: random.Random, _: bytes) -> bytes:
    code = chance.choice([0, 999, 1000, 1004, 1005, 1006, 1015, 2999, 4010, 65_535])
    return frame(struct.pack("!H", code) + chance.choice([b"", b"why", b"\xff"]), opcode=CLOSE)


def _empty(chance: random.Random, _: bytes) -> bytes:
    return frame(b"", opcode=chance.choice([0, TEXT, BINARY, CLOSE, PING]))


FRAME_FAULTS: list[Callable[[random.Random, bytes], bytes]] = [
    *(_wrong_opcode, _reserved, _unmasked, _lying, _unfinished, _alone, _large, _no_text),
    *(_control, _closing, _empty),
]


# How packets are

ODD_JSON = [
    *("", "null", "{}", "[]", "[", "{", '"', "NaN", "1e999", "-0", '"\\ud800"', '{"a":1,"a":2}'),
    *("[" * 2_000, '{"a":' * 500, "9" * 5_000, '"' + "é" * 500 + '"', "true", "[null]", '[""]'),
]
ODD_TEXT = [
    "\x00",
    "\x1e",
    "²",
    "\ud800",
    "🏡",
    "\u202e",
    "-",
    ",",
    "/",
    "{",
    "}",
    "[",
    "]",
    '"',
    "b",
]


def _other_json(chance: random.Random, text: str) -> str:
    at = min((i for i in (text.find("["), text.find("{")) if i >= 0), default=len(text))
    return text[:at] + chance.choice(ODD_JSON)


def _other_type(chance: random.Random, text: str) -> str:
    return chance.choice("0123456789b") + chance.choice("0123456789/-") + text[2:]


def _numbered(chance: random.Random, text: str) -> str:
    number = chance.choice(["0", "1", "9" * 15, "9" * 16, "9" * 400, "-1", "1.5", "²"])
    return text[:2] + number + text[2:]


def _placed(chance: random.Random, text: str) -> str:
    return (
        text[:2] + chance.choice(["/,", "/admin,", "/" + "x" * 1_000 + ",", "/a/b?c,"]) + text[2:]
    )


def _odd_letter(chance: random.Random, text: str) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(ODD_TEXT) + text[at + chance.randint(0, 2) :]


def _cut_off(chance: random.Random, text: str) -> str:
    return text[: chance.randint(0, len(text))]


def _glued(_: random.Random, text: str) -> str:
    return text + text


PACKET_FAULTS: list[Callable[[random.Random, str], str]] = [
    *(_other_json, _other_json, _other_type, _numbered, _placed, _odd_letter, _odd_letter),
    *(_cut_off, _glued),
]
