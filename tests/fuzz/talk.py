"""Conversations as official clients hold them, over raw sockets, spoilt on the way."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.fuzz.spoil import CLOSE, TEXT, Spoiler, frame, frames_in

PATH = "/socket.io/?EIO=4&transport="
QUIET = 0.02  # seconds without a word, after which it is our turn again
LONG = 2.0


@dataclass
class Line:
    """One TCP connection; what is sent on it goes through the spoiler."""

    spoiler: Spoiler
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: bytearray = field(default_factory=bytearray)

    @classmethod
    async def open(cls, url: str, spoiler: Spoiler, lines: "list[Line]") -> "Line":
        place = urlsplit(url)
        line = cls(spoiler, *await asyncio.open_connection(place.hostname, place.port))
        lines.append(line)
        return line

    async def send(self, data: bytes) -> None:
        if self.writer.is_closing() or self.reader.at_eof():
            return
        for part in self.spoiler.cut(self.spoiler.spoilt(data)):
            self.writer.write(part)
            with suppress(OSError):
                await self.writer.drain()
            await asyncio.sleep(0)

    async def hear(self, seconds: float = QUIET, until: bytes | None = None) -> bytes:
        """What comes now, until it is quiet, closed, or said."""
        heard = bytearray()
        with suppress(TimeoutError, OSError):
            while until is None or until not in heard:
                async with asyncio.timeout(seconds):
                    part = await self.reader.read(65_536)
                if not part:
                    break
                heard += part
        self.heard += heard
        return bytes(heard)

    def end(self) -> None:
        with suppress(OSError, RuntimeError):
            match self.spoiler.chance.randrange(3):
                case 0:
                    self.writer.transport.abort()
                case 1:
                    self.writer.write_eof()
        self.writer.close()


@dataclass(frozen=True, slots=True)
class Tongue:
    """What a client could say: its token, and the commands of the server."""

    token: str
    team: str
    commands: Sequence[str]

    def connect(self) -> str:
        return "40" + _json({"token": self.token, "proto": 1, "subs": [{"team": self.team}]})

    def talk(self, chance: random.Random) -> list[str]:
        """Packets of one who is signed in."""
        return [self._word(chance) for _ in range(chance.randint(1, 8))]

    def _word(self, chance: random.Random) -> str:
        match chance.randrange(8):
            case 0:
                return "3"
            case 1:
                position = {"team": self.team, "s": chance.choice([0, 1, 5, 2**40]), "h": "0" * 32}
                return f"42{chance.randrange(100)}" + _json(["resume", position])
            case 2:
                return chance.choice(
                    ["41", "1", "2", "5", "6", "43[]", f"43{chance.randrange(9)}[1]"]
                )
            case 3:
                return self.connect()
        payload: dict[str, Any] = {
            name: _value(chance, 3) for name in chance.sample(WORDS, k=chance.randint(0, 4))
        }
        if chance.random() < 0.5:
            payload["op"] = f"op-{chance.randrange(10**9)}"
        return f"42{chance.randrange(100)}" + _json([chance.choice(self.commands), payload])


WORDS = [
    *(
        "id",
        "params",
        "body",
        "version",
        "op",
        "status",
        "team",
        "s",
        "h",
        "ids",
        "items",
        "user_id",
    ),
    *("list_price", "closing_date", "role", "email", "view", "list", "state", "record", "token"),
]


VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**31,
        2**53,
        2**63 - 1,
        -(2**63),
        10**18,
        0.5,
        -0.0,
        1e308,
        1e-308,
    ),
    *(
        "",
        "x" * 300,
        "\x00",
        "🏡",
        "2026-02-30",
        "2026-12-01",
        "active",
        "NaN",
        "450000.00",
        "owner",
    ),
    *("'; DROP TABLE teams; --", "../../etc", "%00", "${x}", "{}", "escrow:1", "listing:x"),
]


def _value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(10)
    if kind == 0:
        return f"{chance.getrandbits(128):032x}"
    if kind == 1 and depth:
        return [_value(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    if kind == 2 and depth:
        return {chance.choice(WORDS): _value(chance, depth - 1) for _ in range(2)}
    return chance.choice(VALUES)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _head(method: str, path: str, *lines: str, body: bytes = b"") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: fuzz", *lines]
    if method == "POST":
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


UPGRADE = (
    *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


async def websocket(url: str, spoiler: Spoiler, tongue: Tongue, lines: list[Line]) -> None:
    """Straight to a WebSocket."""
    line = await Line.open(url, spoiler, lines)
    await line.send(_head("GET", f"{PATH}websocket", *UPGRADE))
    await line.hear(LONG, until=b'"}')
    await _speak(line, spoiler, tongue)


async def _speak(line: Line, spoiler: Spoiler, tongue: Tongue) -> None:
    if spoiler.chance.random() < 0.9:
        await line.send(spoiler.frame(tongue.connect()))
        await line.hear()
    for packet in spoiler.order(tongue.talk(spoiler.chance)):
        await line.send(spoiler.frame(packet))
        if spoiler.chance.random() < 0.3:
            await line.hear(0.001)
    await line.hear()


async def polling(url: str, spoiler: Spoiler, tongue: Tongue, lines: list[Line]) -> None:
    """Requests only, on one connection."""
    line = await Line.open(url, spoiler, lines)
    sid = await _open(line)
    bodies = [tongue.connect(), *tongue.talk(spoiler.chance)]
    for packets in spoiler.order(bodies):
        body = "\x1e".join([spoiler.packet(packets)] * spoiler.chance.choice([1, 1, 1, 2, 17]))
        sent = body.encode("utf-8", "surrogatepass")
        await line.send(_head("POST", f"{PATH}polling&sid={sid}", body=sent))
        await line.hear(0.2, until=b"ok")
        if spoiler.chance.random() < 0.5:
            await line.send(_head("GET", f"{PATH}polling&sid={sid}"))
            await line.hear()


async def upgrade(url: str, spoiler: Spoiler, tongue: Tongue, lines: list[Line]) -> None:
    """Polling first, then a WebSocket, as browsers do."""
    first = await Line.open(url, spoiler, lines)
    sid = await _open(first)
    if spoiler.chance.random() < 0.7:
        body = spoiler.packet(tongue.connect()).encode("utf-8", "surrogatepass")
        await first.send(_head("POST", f"{PATH}polling&sid={sid}", body=body))
        await first.hear(0.2, until=b"ok")
    if spoiler.chance.random() < 0.5:
        await first.send(_head("GET", f"{PATH}polling&sid={sid}"))
    line = await Line.open(url, spoiler, lines)
    await line.send(_head("GET", f"{PATH}websocket&sid={sid}", *UPGRADE))
    await line.hear(0.2, until=b"\r\n\r\n")
    for word in spoiler.order(["2probe", "5"]):
        await line.send(spoiler.frame(word))
        await line.hear(0.005)
    await _speak(line, spoiler, tongue)


async def _open(line: Line) -> str:
    await line.send(_head("GET", f"{PATH}polling"))
    opened = await line.hear(0.3, until=b"}")
    before, _, rest = opened.partition(b'"sid":"')
    return rest.partition(b'"')[0].decode() if before else "nobody"


def close_code(line: Line) -> int | None:
    """The code of the server's close frame, where there is one to be read."""
    _, _, frames = bytes(line.heard).partition(b"\r\n\r\n")
    if not line.heard.startswith(b"HTTP/1.1 101"):
        return None
    for opcode, payload in frames_in(frames):
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big") if payload else 1005
    return None


def texts(line: Line) -> list[str]:
    """The packets the server sent as frames."""
    _, _, frames = bytes(line.heard).partition(b"\r\n\r\n")
    if not line.heard.startswith(b"HTTP/1.1 101"):
        return []
    return [payload.decode() for opcode, payload in frames_in(frames) if opcode == TEXT]


KINDS = (websocket, websocket, polling, upgrade)
PROBE = frame(b"2probe")
