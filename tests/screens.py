"""A screen: one socket that keeps the rules of docs/protocol.md and remembers what it saw."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import aiohttp
import orjson
from typing_extensions import override

WAIT = 5.0
HOLD = 0.3  # seconds an event may be ahead of its turn before the screen asks for what is between

Records = dict[str, dict[str, dict[str, Any]]]  # by entity and id
Fetch = Callable[[int], Awaitable[Records]]  # as of this event or later


class Refused(Exception):
    """The server did not let the screen in; `data` is what it said to the program."""

    def __init__(self, message: str, data: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class Closed(Exception):
    """The connection ended."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the log as it reached a screen."""

    seq: int
    h: str
    kind: str
    id: str | None
    version: int | None
    lag: float | None = field(compare=False)  # seconds since its commit; None when replayed
    event: Mapping[str, Any] = field(compare=False, repr=False)


class Screen:
    """`fetch` gives all records when the server says that events alone will not do."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        token: str,
        team_id: UUID,
        *,
        fetch: Fetch | None = None,
    ) -> None:
        self.url = url
        self.token = token
        self.team = str(team_id)
        self.log: list[Seen] = []
        self.records: Records = {}
        self.position: tuple[int, str] | None = None
        self.head: tuple[int, str] | None = None  # by hello or the last heartbeat
        self.hello: dict[str, Any] = {}
        self.modes: Counter[str] = Counter()
        self.views: dict[str, Callable[[Any], None]] = {}  # who takes what is said of a view
        self.beats: list[dict[str, Any]] = []
        self.doubled = 0  # events this connection was sent again
        self.skipped = 0  # times this connection was sent an event ahead of its turn
        self.said: list[tuple[str, Any]] = []  # what came beside events and heartbeats
        self.close_code: int | None = None
        self.dismissed = False  # told by Socket.IO to stay away
        self.session = session
        self._fetch = fetch
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)
        self._ahead: dict[int, dict[str, Any]] = {}
        self._resuming: asyncio.TimerHandle | None = None
        self._errands: set[asyncio.Task[Any]] = set()
        self._looked_at = 0
        self._live_after = 0
        self._changed = asyncio.Event()

    # Coming and going

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.disconnect()

    @property
    def connected(self) -> bool:
        return self._reader is not None and not self._reader.done()

    async def connect(self, url: str | None = None) -> dict[str, Any]:
        """Sign in, resume from where this screen is, and go on reading; the hello it got."""
        self.url = url or self.url
        self._ahead.clear()
        ws = await self.session.ws_connect(
            f"{self.url}/socket.io/?EIO=4&transport=websocket", max_msg_size=0
        )
        self._ws = ws
        try:
            async with asyncio.timeout(WAIT):
                self.hello = await self._sign_in(ws)
        except BaseException:
            await ws.close()
            raise
        self.close_code = None
        self.dismissed = False
        await self._stand(self.hello["teams"][0])
        self._reader = asyncio.create_task(self._read())
        return self.hello

    async def _sign_in(self, ws: aiohttp.ClientWebSocketResponse) -> Any:
        await self._text()
        await ws.send_str(f"40{_json(self._auth())}")
        reply = await self._text()
        if not reply.startswith("40"):
            refusal = orjson.loads(reply[2:])
            raise Refused(refusal["message"], refusal.get("data", {}))
        name, hello = orjson.loads((await self._text())[2:])
        assert name == "hello"
        return hello

    async def drop(self) -> None:
        """Lose the network: no close frame, nothing."""
        if self._ws and (connection := self._ws._response.connection) and connection.transport:
            connection.transport.abort()
        await self.disconnect()

    async def disconnect(self) -> None:
        """Leave as a closed browser tab does."""
        if self._resuming:
            self._resuming.cancel()
            self._resuming = None
        tasks = [*self._errands, *([self._reader] if self._reader else [])]
        for task in tasks:
            task.cancel()
        _ = await asyncio.gather(*tasks, return_exceptions=True)
        if self._ws and not self._ws.closed:
            await self._ws.close()

    async def closed(self, within: float = WAIT) -> int | None:
        """Wait until the server ends the connection; its close code."""
        assert self._reader
        async with asyncio.timeout(within):
            _ = await asyncio.wait([self._reader])
        return self.close_code

    # What a test says

    async def sees(self, kind: str, *, within: float = WAIT, **fields: Any) -> Seen:
        """Wait for an event not looked at yet, of this kind, with these fields."""
        async with asyncio.timeout(within):
            while True:
                while self._looked_at < len(self.log):
                    seen = self.log[self._looked_at]
                    self._looked_at += 1
                    if seen.kind == kind and _has(seen.event, fields):
                        return seen
                await self._change()

    async def sees_nothing(self, within: float = 0.3) -> None:
        await asyncio.sleep(within)
        unseen = self.log[self._looked_at :]
        assert not unseen, f"saw {[seen.kind for seen in unseen]}"

    async def reaches(self, seq: int, within: float = WAIT) -> None:
        """Wait until everything up to `seq` was applied."""
        async with asyncio.timeout(within):
            while self.position is None or self.position[0] < seq:
                await self._change()

    async def call(self, command: str, payload: Any = None, *, within: float = WAIT) -> Any:
        """Run a command; its envelope."""
        args = [command] if payload is None else [command, payload]
        number = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks[number] = answer
        try:
            await self.say(f"42{number}{_json(args)}")
            async with asyncio.timeout(within):
                return await answer
        finally:
            self._acks.pop(number, None)

    async def say(self, text: str) -> None:
        """Send a raw engine.io packet, or raise Closed while there is no session."""
        if not self.connected or self._ws is None:
            raise Closed(self.close_code)
        await self._ws.send_str(text)

    # The client rules

    def _auth(self) -> dict[str, Any]:
        auth: dict[str, Any] = {"token": self.token, "proto": 1, "client": "tests"}
        if self.position:
            seq, h = self.position
            auth["subs"] = [{"team": self.team, "s": seq, "h": h}]
        return auth

    async def _stand(self, standing: Mapping[str, Any]) -> None:
        """Take in where the server says this screen stands."""
        self.modes[standing["mode"]] += 1
        if standing["mode"] == "denied":
            return
        self.head = (standing["head"], standing["h"])
        self._live_after = standing["head"]
        if standing["mode"] in ("snapshot", "resync"):
            self.log.clear()
            self._looked_at = 0
            self._ahead.clear()
            self.records = await self._fetch(standing["head"]) if self._fetch else {}
            self.position = self.head

    async def _read(self) -> None:
        try:
            while True:
                await self._take(await self._text())
        except Closed as closed:
            self.close_code = closed.code
        finally:
            for answer in self._acks.values():
                if not answer.done():
                    answer.set_exception(Closed(self.close_code))
            self._announce()

    async def _text(self) -> str:
        """The next packet that is not a ping."""
        assert self._ws
        while True:
            message = await self._ws.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise Closed(self._ws.close_code)
            text: str = message.data
            if text != "2":
                return text
            await self._ws.send_str("3")

    async def _take(self, text: str) -> None:
        if text.startswith("42"):
            name, body = orjson.loads(text[2:])
            if name == "event":
                for event in body:
                    self._hear(event)
            elif name == "hb":
                self.beats.append(body)
                self.head = tuple(body["teams"][self.team])
            elif name == "view":
                self.views[body["view"]](body)
            else:
                self.said.append((name, body))
        elif text.startswith("43"):
            number, _, body = text[2:].partition("[")
            answer = self._acks.get(int(number))
            if answer and not answer.done():
                answer.set_result(orjson.loads("[" + body)[0])
        elif text == "41":
            self.dismissed = True  # the close of the connection follows
        self._announce()

    def _hear(self, event: dict[str, Any]) -> None:
        assert event["t"] == self.team
        assert self.position
        expected = self.position[0] + 1
        if event["s"] < expected:
            self.doubled += 1
            return
        self._ahead[event["s"]] = event
        if event["s"] > expected:
            self.skipped += 1
            self._resume_soon()
        while next_event := self._ahead.pop(self.position[0] + 1, None):
            self._apply(next_event)

    def _apply(self, event: dict[str, Any]) -> None:
        seq, h, kind = event["s"], event["h"], event["k"]
        self.position = (seq, h)
        lag = None
        if seq > self._live_after and "at" in event:
            lag = time.time() - datetime.fromisoformat(event["at"]).timestamp()
        self.log.append(Seen(seq, h, kind, event.get("id"), event.get("ver"), lag, event))
        if kind == "-":
            return
        records = self.records.setdefault(event["e"], {})
        if kind.endswith((".deleted", ".withdrawn")):
            records.pop(event["id"], None)
        elif "d" in event:
            known = records.get(event["id"])
            if known is None or known["version"] < event["ver"]:
                records[event["id"]] = event["d"]

    def _resume_soon(self) -> None:
        if self._resuming is None:
            self._resuming = asyncio.get_running_loop().call_later(HOLD, self._resume)

    def _resume(self) -> None:
        self._resuming = None
        if self._ahead:
            errand = asyncio.create_task(self.resume())
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)

    async def resume(self) -> dict[str, Any]:
        """Ask on this socket for what is missing; where the server says this screen stands."""
        assert self.position
        seq, h = self.position
        envelope = await self.call("resume", {"team": self.team, "s": seq, "h": h})
        standing: dict[str, Any] = envelope["data"]
        await self._stand(standing)
        return standing

    async def _change(self) -> None:
        _ = await self._changed.wait()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _has(event: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    data = event.get("d") or {}
    return all(
        str(event.get(name, data.get(name))) == str(wanted) for name, wanted in fields.items()
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


class Wire(Screen):
    """A screen that keeps every text it is sent."""

    texts: tuple[str, ...] = ()

    @override
    async def _take(self, text: str) -> None:
        self.texts += (text,)
        await super()._take(text)
