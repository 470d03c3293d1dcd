"""Many screens that weigh little: what is the same for all of them is read once.

Each follows the client rules of docs/protocol.md by itself: it resumes by (seq, hash), repairs its
gaps, comes back after every end of its connection, and keeps what it saw for the oracle.
"""

import asyncio
import base64
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import uuid4

import orjson
from typing_extensions import override

from bench.frames import Split, masked

UPGRADE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: {key}\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
)
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
HOLD_SECONDS = 0.3
RETRY = (0.1, 0.6)
DEAD_SECONDS = 38.0  # two and a half heartbeats without a word
REMEMBERED = 4_000
LOST = 1006

Records = dict[tuple[str, str], dict[str, Any]]
Home = Callable[[], int]  # the port to connect to
Fetch = Callable[[int], Awaitable[Records]]  # as of this event or later


class Line(NamedTuple):
    """One event as the oracle compares it."""

    seq: int
    h: str
    kind: str
    id: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Read:
    """One event of a frame, read once for all who got it."""

    line: Line
    entity: str | None
    at: float
    data: dict[str, Any] | None


class Decoder:
    """The same bytes to five hundred screens are parsed once."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[Read]] = {}

    def events(self, message: bytes) -> list[Read]:
        found = self._known.get(message)
        if found is None:
            found = [_read(event) for event in orjson.loads(message[2:])[1]]
            if len(self._known) >= REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[message] = found
        return found


def _read(event: dict[str, Any]) -> Read:
    line = Line(event["s"], event["h"], event["k"], event.get("id"), event.get("ver"))
    at = datetime.fromisoformat(event["at"]).timestamp() if "at" in event else 0.0
    return Read(line, event.get("e"), at, event.get("d"))


class Client:
    """One screen. `lines` are the events since `base`; `records` what they and the lists gave."""

    def __init__(
        self,
        home: Home,
        token: Callable[[], str],
        team: str,
        fetch: Fetch,
        decoder: Decoder,
        chance: random.Random,
    ) -> None:
        self.home = home
        self.token = token
        self.team = team
        self.lines: list[Line] = []
        self.records: Records = {}
        self.position: tuple[int, str] | None = None
        self.modes: Counter[str] = Counter()
        self.closes: Counter[int] = Counter()
        self.refusals: Counter[str] = Counter()
        self.said: list[tuple[float, str, Any]] = []  # other events, with when they came
        self.lags: list[tuple[float, float]] = []  # when an event came live, and how old it was
        self.doubled = 0
        self.gaps = 0
        self.stale = False
        self.compressed = False
        self.inst = uuid4().hex  # as a browser's tab has it
        self.shown_as = ""  # in presence
        self.heard_at = 0.0
        self.live = asyncio.Event()
        self.wanted = False
        self.measured = False
        self._fetch = fetch
        self._decoder = decoder
        self._chance = chance
        self._gone: set[tuple[str, str]] = set()
        self._ahead: dict[int, Read] = {}
        self._line: _Wire | None = None
        self._runner: asyncio.Task[None] | None = None
        self._resume: asyncio.TimerHandle | None = None
        self._errands: set[asyncio.Task[Any]] = set()
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._live_after = 0

    def start(self) -> None:
        self.wanted = True
        self._runner = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self.wanted = False
        self.cut()
        if self._runner:
            self._runner.cancel()
            with suppress(asyncio.CancelledError):
                await self._runner

    def cut(self) -> None:
        """Lose the network: no close frame, nothing."""
        if self._line:
            self._line.abort()

    def pause_reading(self) -> None:
        if self._line:
            self._line.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._line:
            self._line.transport.resume_reading()

    async def call(self, name: str, payload: Any, within: float = 10.0) -> Any:
        if self._line is None:
            raise ConnectionError("not connected")
        self._number += 1
        number, line = self._number, self._line
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks[number] = answer
        try:
            line.say(f"42{number}".encode() + orjson.dumps([name, payload]))
            async with asyncio.timeout(within):
                return await answer
        finally:
            self._acks.pop(number, None)

    # The connection

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self.wanted:
            wait = self._chance.uniform(*RETRY)
            port = self.home()
            try:
                _, line = await loop.create_connection(
                    lambda: _Wire(self, port),  # noqa: B023 - it is called at once
                    "127.0.0.1",
                    port,
                )
                self._line = line
                wait = max(wait, await self._watch(line))
            except OSError:
                self.closes[0] += 1
            finally:
                self._lost()
            await asyncio.sleep(wait)

    async def _watch(self, line: "_Wire") -> float:
        """Wait for the end; how long the server asks to stay away."""
        self.heard_at = time.monotonic()
        while not line.over.done():
            await asyncio.wait([line.over], timeout=2)
            if time.monotonic() - self.heard_at > DEAD_SECONDS:
                line.abort()
        self.closes[line.over.result()] += 1
        return line.retry_ms / 1000

    def _lost(self) -> None:
        self.live.clear()
        self._line = None
        self._ahead.clear()
        for answer in self._acks.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the connection ended"))
                answer.exception()
        self._acks.clear()
        if self._resume:
            self._resume.cancel()
            self._resume = None

    # What the server says

    def greeting(self) -> bytes:
        auth: dict[str, Any] = {"token": self.token(), "proto": 1, "client": "faults"}
        auth["inst"] = self.inst
        if self.position:
            s, h = self.position
            auth["subs"] = [{"team": self.team, "s": s, "h": h}]
        return b"40" + orjson.dumps(auth)

    def take(self, message: bytes) -> None:
        self.heard_at = time.monotonic()
        if message.startswith(b'42["event"'):
            for read in self._decoder.events(message):
                self._hear(read)
        elif message.startswith(b"42"):
            name, body = orjson.loads(message[2:])
            if name == "hello":
                self.shown_as = body.get("presence", {}).get("conn", "")
                self._stand(body["teams"][0])
            elif name == "hb":
                self._beat(body)
            else:
                self.said.append((time.time(), name, body))
        elif message.startswith(b"43"):
            number, _, body = message[2:].partition(b"[")
            answer = self._acks.get(int(number))
            if answer and not answer.done():
                answer.set_result(orjson.loads(b"[" + body)[0])

    def _stand(self, standing: dict[str, Any]) -> None:
        mode = standing["mode"]
        self.modes[mode] += 1
        if mode == "denied":
            return
        self._live_after = standing["head"]
        if mode in ("snapshot", "resync") or self.position is None:
            self.position = (standing["head"], standing["h"])
            self.lines.clear()
            self.records.clear()
            self._gone.clear()
            if standing["head"]:
                self._errand(self._load(standing["head"]))
        self.live.set()

    async def _load(self, head: int) -> None:
        for key, record in (await self._fetch(head)).items():
            self._keep(key, record)

    def _keep(self, key: tuple[str, str], record: dict[str, Any]) -> None:
        known = self.records.get(key)
        if key not in self._gone and (known is None or known["version"] < record["version"]):
            self.records[key] = record

    def _beat(self, beat: dict[str, Any]) -> None:
        self.stale = bool(beat.get("stale"))
        place = beat["teams"].get(self.team)
        if place and self.position and tuple(place) != self.position:
            self._resume_soon()

    def _hear(self, read: Read) -> None:
        assert self.position
        expected = self.position[0] + 1
        seq = read.line.seq
        if seq < expected:
            self.doubled += 1
            return
        if seq > expected:
            self.gaps += 1
            self._ahead[seq] = read
            self._resume_soon()
            return
        self._apply(read)
        while self._ahead and (following := self._ahead.pop(self.position[0] + 1, None)):
            self._apply(following)

    def _apply(self, read: Read) -> None:
        line = read.line
        self.position = (line.seq, line.h)
        self.lines.append(line)
        if self.measured and line.seq > self._live_after:
            now = time.time()
            self.lags.append((now, now - read.at))
        if (
            read.entity in (None, "member") or line.id is None
        ):  # members are no list of the oracle's
            return
        key = (read.entity, line.id)
        if line.kind.endswith((".deleted", ".withdrawn")):
            self.records.pop(key, None)
            self._gone.add(key)
        elif read.data is not None:
            self._gone.discard(key)
            self._keep(key, read.data)

    def _resume_soon(self) -> None:
        if self._resume is None:
            loop = asyncio.get_running_loop()
            self._resume = loop.call_later(HOLD_SECONDS, lambda: self._errand(self._ask()))

    async def _ask(self) -> None:
        self._resume = None
        if self.position is None:
            return
        s, h = self.position
        try:
            answer = await self.call("resume", {"team": self.team, "s": s, "h": h})
        except (ConnectionError, TimeoutError):
            return
        if answer["success"]:
            self._stand(answer["data"])

    def _errand(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def settled(self) -> None:
        while self._errands:
            await asyncio.wait(self._errands)


class _Wire(asyncio.Protocol):
    """WebSocket frames of one connection."""

    def __init__(self, client: Client, port: int) -> None:
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.retry_ms = 0
        self.transport: asyncio.Transport
        self._client = client
        self._port = port
        self._upgraded = False
        self._head = b""
        self._frames = Split()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(UPGRADE.format(port=self._port, key=key).encode())

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end(LOST)

    @override
    def data_received(self, data: bytes) -> None:
        if not self._upgraded:
            data = self._read_head(data)
        if self._upgraded:
            for first, message in self._frames.feed(data):
                self._take(first & 15, message)

    def _read_head(self, data: bytes) -> bytes:
        """What came after the head, once that is whole."""
        self._head += data
        head, found, rest = self._head.partition(b"\r\n\r\n")
        if not found:
            return b""
        if not head.startswith(b"HTTP/1.1 101"):
            self._end(int(head[9:12]))
            self.transport.abort()
            return b""
        self._upgraded = True
        self._client.compressed = b"permessage-deflate" in head.lower()
        return rest

    def _take(self, opcode: int, message: bytes) -> None:
        if opcode == CLOSE:
            self._end(int.from_bytes(message[:2], "big") or LOST)
            self.transport.close()
        elif opcode == PING:
            self._send(PONG, message)
        elif message == b"2":
            self._send(TEXT, b"3")
        elif message.startswith(b"0"):
            self.say(self._client.greeting())
        elif message.startswith(b"44"):
            refusal = orjson.loads(message[2:])
            told = refusal.get("data") or {}
            self._client.refusals[str(told.get("code"))] += 1
            self.retry_ms = int(told.get("retry_ms") or 0)
            self.abort()
        elif message.startswith(b"4"):
            if message.startswith(b'42["drain"'):
                self.retry_ms = int(orjson.loads(message[2:])[1].get("retry_ms") or 0)
            self._client.take(message)

    def say(self, message: bytes) -> None:
        self._send(TEXT, message)

    def abort(self) -> None:
        self.transport.abort()

    def _end(self, code: int) -> None:
        if not self.over.done():
            self.over.set_result(code)

    def _send(self, opcode: int, message: bytes) -> None:
        self.transport.write(masked(opcode, message))
