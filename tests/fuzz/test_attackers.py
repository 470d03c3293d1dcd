"""Clients that want too much: each is closed with its code and counter, and costs little memory.

Row 25 of the fault table: bad frames, ten megabytes, a million subscriptions, an old protocol.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import orjson
import pytest

from server.keys import COUNTERS
from server.settings import Settings
from tests.api.whole_server import WholeServer, whole_server
from tests.conftest import Servers
from tests.fuzz.spoil import BINARY, CLOSE, PING, frame, frames_in
from tests.realtime.nodes import until
from tests.realtime.processes import a_server

ATTACKERS = int(os.environ.get("FUZZ_ATTACKERS", "8"))  # fewer than one person may have
MEGABYTE = 1024 * 1024
POLL = "/socket.io/?EIO=4&transport=polling"
HEAD = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture
async def server(database_url: str, servers: Servers) -> AsyncIterator[WholeServer]:
    async with whole_server(database_url, servers.redis) as server:
        yield server


class Attacker:
    """A WebSocket by hand. It reads only when told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def come(cls, url: str, token: str | None = None) -> "Attacker":
        place = urlsplit(url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=1024)
        attacker = cls(reader, writer)
        writer.write(HEAD)
        await reader.readuntil(b"\r\n\r\n")
        if token is not None:
            attacker.say("40" + orjson.dumps({"token": token, "proto": 1}).decode())
            await asyncio.sleep(0.05)
        return attacker

    def say(self, text: str) -> None:
        self.send(frame(text.encode()))

    def send(self, data: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(data)

    async def flushed(self) -> bool:
        """Wait until the server has taken what was sent; False when it takes nothing any more."""
        try:
            async with asyncio.timeout(1):
                await self.writer.drain()
        except (OSError, TimeoutError):
            return False
        return not self.writer.is_closing()

    async def code(self) -> int | None:
        """Read to the end; the code of the close frame."""
        heard = bytearray()
        with suppress(OSError):
            async with asyncio.timeout(10):
                while part := await self.reader.read(65_536):
                    heard += part
                    for opcode, payload in frames_in(bytes(heard)):
                        if opcode == CLOSE:
                            return int.from_bytes(payload[:2], "big")
        return None

    def leave(self) -> None:
        self.writer.transport.abort()


# What ends a connection, by the bytes that do it

ENDINGS: dict[str, tuple[bytes, set[int], str]] = {
    "reserved bits": (frame(b"40{}", reserved=4), {1002}, "malformed"),
    "reserved opcode": (frame(b"40{}", opcode=5), {1002}, "malformed"),
    "binary": (frame(b"\x00\x01", opcode=BINARY), {1003, 4014}, "malformed"),
    "no UTF-8": (frame(b"4\xff"), {1007}, "malformed"),
    "continuation of nothing": (frame(b"x", opcode=0), {1002}, "malformed"),
    "text in a text": (frame(b"4", final=False) + frame(b"2"), {1002}, "malformed"),
    "long ping": (frame(b"x" * 126, opcode=PING), {1002}, "malformed"),
    "ping in pieces": (frame(b"x", opcode=PING, final=False), {1002}, "malformed"),
    "over 64 KB": (frame(b"42" + b"x" * 65_536), {1009, 4014}, "malformed"),
    "claims 10 MB": (frame(b"42", claimed=10 * MEGABYTE), {1009, 4014}, "malformed"),
    "claims 8 EB": (frame(b"42", claimed=2**63 - 1), {1009, 4014}, "malformed"),
    "endless pieces": (
        frame(b"42" + b"x" * 30_000, final=False) + frame(b"x" * 30_000, opcode=0, final=False) * 2,
        {1009, 4014},
        "malformed",
    ),
    "no Socket.IO": (frame(b"9"), {4014}, "malformed"),
    "binary packet": (frame(b'451-["x"]'), {4014}, "malformed"),
    "deep": (frame(b"40" + b"[" * 60_000), {4014}, "malformed"),
    "command of a stranger": (frame(b'42["escrows:list"]'), {4014}, "malformed"),
}


@pytest.mark.parametrize("name", ENDINGS)
async def test_what_is_no_websocket_or_no_packet_ends_with_its_code(
    server: WholeServer, name: str
) -> None:
    sent, codes, counter = ENDINGS[name]
    attacker = await Attacker.come(server.url)
    attacker.send(sent)
    assert await attacker.code() in codes
    attacker.leave()
    counters = server.app[COUNTERS]
    await until(lambda: counters.sockets == 0)
    assert dict(counters.closes) == {counter: 1}


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        ({"token": "x", "proto": 0}, "PROTO_TOO_OLD"),
        ({"token": "x", "subs": [{}] * 20_000}, "VALIDATION_ERROR"),
        ({"token": "x" * 60_000}, "AUTH_REQUIRED"),
        ({"token": ["x"]}, "AUTH_REQUIRED"),
        ({}, "AUTH_REQUIRED"),
    ],
)
async def test_a_greeting_that_asks_too_much_is_refused(
    server: WholeServer, auth: object, code: str
) -> None:
    attacker = await Attacker.come(server.url)
    attacker.say("40" + orjson.dumps(auth).decode())
    heard = b""
    async with asyncio.timeout(5):
        while b'"code"' not in heard:
            heard += await attacker.reader.read(1_000)
    assert f'"code":"{code}"'.encode() in heard
    attacker.leave()


async def test_a_million_subscriptions_do_not_fit_into_a_frame(server: WholeServer) -> None:
    attacker = await Attacker.come(server.url)
    subs = b'{"token":"x","subs":[' + b"{}," * 1_000_000 + b"{}]}"
    attacker.send(frame(b"40" + subs))
    assert await attacker.code() in {1009, 4014}
    attacker.leave()


async def test_an_old_engine_is_refused(server: WholeServer) -> None:
    for version in ("2", "3", "5", "", "x"):
        async with server.session.get(
            f"{server.url}/socket.io/?EIO={version}&transport=polling"
        ) as answer:
            assert answer.status == 400


# What costs memory, by what an attacker does

PINGS = frame(b"x" * 125, opcode=PING) * 1_000
LARGE = frame(b"42" + b"x" * 60_000)
UNKNOWN = frame(b'427["' + b"x" * 60_000 + b'",{}]')
EMPTY_PIECES = frame(b"", opcode=0, final=False) * 2_000


async def half_a_frame(attacker: Attacker) -> None:
    attacker.send(LARGE[:-1])


async def endless_pieces(attacker: Attacker) -> None:
    attacker.send(frame(b"42" + b"x" * 60_000, final=False) + EMPTY_PIECES)


async def pings_and_never_reads(attacker: Attacker) -> None:
    for _ in range(150):  # 20 MB, and as much to answer
        attacker.send(PINGS)
        if not await attacker.flushed():
            return


async def commands_and_never_reads(attacker: Attacker) -> None:
    for number in range(200):
        attacker.say(f'42{number}["escrows:list",{{"params":{{"limit":100}}}}]')
        if not await attacker.flushed():
            return


async def sends_before_the_answer(attacker: Attacker) -> None:
    """CONNECT takes a moment; what comes meanwhile has to wait somewhere."""
    attacker.say('40{"token":"nobody"}')
    for _ in range(200):
        attacker.send(LARGE)
        if not await attacker.flushed():
            return


async def names_many_things(attacker: Attacker) -> None:
    for _ in range(100):
        attacker.send(UNKNOWN)
        if not await attacker.flushed():
            return


async def ten_megabytes(attacker: Attacker) -> None:
    attacker.send(frame(b"42", claimed=10 * MEGABYTE))
    for _ in range(10):
        attacker.send(b"x" * MEGABYTE)
        if not await attacker.flushed():
            return


ATTACKS: list[Callable[[Attacker], Awaitable[None]]] = [
    half_a_frame,
    endless_pieces,
    pings_and_never_reads,
    commands_and_never_reads,
    sends_before_the_answer,
    names_many_things,
    ten_megabytes,
]


@pytest.fixture
async def process(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """A server of its own, so that what it holds can be told from what its attackers hold."""
    ours = {name.upper(): "" for name in Settings.model_fields}
    log = tmp_path / "server.log"
    chosen = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path)}
    async with a_server(
        "server", log, "run", **{**ours, **chosen, "LOG_LEVEL": "error", "PORT": "0"}
    ) as url:
        yield url
    assert log.read_text() == ""


async def held(session: aiohttp.ClientSession) -> float:
    """The megabytes the server holds, by its own word."""
    async with session.get("/metrics") as response:
        text = await response.text()
    [found] = re.findall(r"^process_resident_memory_bytes (\S+)$", text, re.MULTILINE)
    return float(found) / MEGABYTE


async def test_no_attacker_costs_more_than_a_megabyte(process: str) -> None:
    account = {"email": "mallory@homes.example", "password": "correct horse battery"}
    account |= {"full_name": "Mallory", "team_name": "Harbor"}
    grown: dict[str, float] = {}
    async with aiohttp.ClientSession(process) as session:
        async with session.post("/v1/auth/register", json=account) as response:
            token = (await response.json())["data"]["access_token"]
        for attack in ATTACKS:
            await _attack(process, token, attack, 3)  # what is needed once is not the attacker's
            before = await held(session)
            coming = asyncio.create_task(_attack(process, token, attack, ATTACKERS))
            most = before
            while not coming.done():
                most = max(most, await held(session))
                await asyncio.sleep(0.05)
            await coming
            grown[attack.__name__] = (most - before) / ATTACKERS
        async with session.get("/readyz") as response:
            assert response.status == 200
    print({name: round(each, 2) for name, each in grown.items()})  # noqa: T201 - the figure
    assert max(grown.values()) <= 1.0, grown


async def _attack(
    url: str, token: str, attack: Callable[[Attacker], Awaitable[None]], count: int
) -> None:
    stranger = attack is sends_before_the_answer
    coming = [Attacker.come(url, None if stranger else token) for _ in range(count)]
    attackers = await asyncio.gather(*coming)
    try:
        await asyncio.gather(*(attack(attacker) for attacker in attackers))
        await asyncio.sleep(0.3)
    finally:
        for attacker in attackers:
            attacker.leave()
