"""A team's room: its records here, kept equal to the server's, and the ways to change them."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, MutableMapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from uuid import uuid4

from homeroom_client.line import COMMAND_SECONDS, Line
from homeroom_client.outbox import Outbox, Write
from homeroom_client.presence import Presence
from homeroom_client.refused import Refused, offline
from homeroom_client.sequence import Event
from homeroom_client.sequence import Sequence as Order
from homeroom_client.session import Session
from homeroom_client.store import Row, Store
from homeroom_client.views import View, Views

PROTOCOL: Final = 1
PAGE: Final = 100
FIRST_RETRY: Final = 0.4
LAST_RETRY: Final = 8.0
RATE_RETRY: Final = 20.0
BEHIND_SECONDS: Final = 1.0
RATE: Final = 4013
REPLACED: Final = 4009
STAY_AWAY: Final = frozenset({"FORBIDDEN", "PROTO_TOO_OLD", "VALIDATION_ERROR"})

Conflict = Callable[[Write, Refused], None]


class Kind(NamedTuple):
    """Of record: as events and as paths name it."""

    name: str
    plural: str


KINDS: Final = (Kind("escrow", "escrows"), Kind("listing", "listings"))


class Homeroom:
    """`async with` it: inside, every list has been read, and what happens is taken in.

    `kept` keeps unsent writes, by operation id: a dict, or what outlives the process (a shelve).
    `on_refused` hears of every write that was not taken, with VERSION_CONFLICT where a colleague
    changed the same field; what was shown of it is rolled back already.
    """

    def __init__(
        self,
        session: Session,
        *,
        kinds: Sequence[Kind] = KINDS,
        kept: MutableMapping[str, str] | None = None,
        on_refused: Conflict | None = None,
        inst: str | None = None,
        client: str = "python/1",
    ) -> None:
        self.session = session
        self.state = "connecting"  # catching, live, offline, closed
        self.modes: list[str] = []  # how the server judged where we stand
        self.connections = 0
        self._kinds = {kind.plural: kind for kind in kinds}
        self._store = Store()
        self._order = Order(self._apply, lambda: self._errand(self.resume()))
        self._outbox = Outbox(
            self.call,
            {} if kept is None else kept,
            connected=lambda: self.connected,
            done=self._done,
            refused=on_refused or (lambda _write, _refused: None),
        )
        self._views = Views(self.call)
        self.presence = Presence(self.call, lambda: self._errand(self.presence.read()))
        self._auth = {"proto": PROTOCOL, "inst": inst or uuid4().hex, "client": client}
        self._line: Line | None = None
        self._hello: dict[str, Any] = {}
        self._running: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[Any]] = set()
        self._listeners: set[asyncio.Queue[Event | None]] = set()
        self._moved = asyncio.Event()
        self._hurry = asyncio.Event()
        self._drained_at: float | None = None
        self._target = 0
        self._resuming = False
        self._over: Refused | None = None
        self._ready = False

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name="homeroom")
        self._running.add_done_callback(self._ran)
        try:
            await self.until(lambda: self._ready)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        tasks = [task for task in (self._running, self._reading, *self._errands) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outbox.close()
        self._order.calm()
        if self._line:
            await self._line.close()
        self._end(Refused("CLOSED", "The room was left."))

    # What is here

    @property
    def connected(self) -> bool:
        return self._line is not None and bool(self._hello) and not self._line.ended.is_set()

    @property
    def seq(self) -> int:
        """The last event applied."""
        return self._order.seq

    @property
    def unsent(self) -> int:
        return self._outbox.size

    def get(self, plural: str, record: str) -> Row | None:
        """One record with what is still on its way drawn over it."""
        row = self._store.of(self._kinds[plural].name).get(record)
        return _drawn(row, self._outbox.pending(record))

    def all(self, plural: str) -> list[Row]:
        """All records of a kind, new ones that are still to be sent with them."""
        entity = self._kinds[plural].name
        rows = [self.get(plural, record) for record in list(self._store.of(entity))]
        new = [one for one in self._outbox.newcomers() if one.entity == entity]
        rows += [_drawn(None, self._outbox.pending(one.id)) for one in new]
        return [row for row in rows if row is not None]

    def confirmed(self, plural: str) -> dict[str, Row]:
        """The records as the server has them, by id."""
        return self._store.of(self._kinds[plural].name)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is so; raise what ended the room if it never will be."""
        while not true():
            if self._over:
                raise self._over
            await self._moved.wait()

    async def events(self) -> AsyncIterator[Event]:
        """Each event of the team from here on, once and in order; raise what ends the room.

        What is not taken waits in memory.
        """
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while event := await queue.get():
                yield event
            if self._over and self._over.code != "CLOSED":
                raise self._over
        finally:
            self._listeners.discard(queue)

    # What is done

    async def create(self, plural: str, body: dict[str, Any]) -> Row:
        return await self.send(plural, "create", body=body)

    async def update(self, plural: str, record: str, body: dict[str, Any]) -> Row:
        """Based on the version here: others' changes of other fields stay, of the same conflict."""
        return await self.send(plural, "update", record, body=body)

    async def remove(self, plural: str, record: str) -> Row:
        return await self.send(plural, "delete", record)

    async def send(
        self, plural: str, verb: str, record: str | None = None, body: dict[str, Any] | None = None
    ) -> Row:
        """Shown at once, sent now or as soon as there is a line; the record as the server has it.

        Refused, and rolled back, where the server does not take it.
        """
        entity = self._kinds[plural].name
        known = self._store.of(entity).get(record or "")
        version = known["version"] if known else None
        row: Row = await self._outbox.add(
            entity, plural, verb, record=record, body=body, version=version
        )
        return row

    async def call(
        self, name: str, payload: Any = None, within: float = COMMAND_SECONDS
    ) -> dict[str, Any]:
        """Any command of docs/protocol.md and its envelope; not kept while there is no line."""
        if self._line is None or not self.connected:
            raise offline()
        try:
            envelope: dict[str, Any] = await self._line.call(name, payload or {}, within)
        except Refused as refused:
            if refused.code == "TOKEN_EXPIRED":
                self.session.distrust()
                self._line.drop()
            raise
        return envelope

    async def view(self, plural: str, params: Mapping[str, Any] | None = None) -> View:
        """A list that stays right by itself, with the first rows in it."""
        view = View(f"{plural}:list", params or {})
        self._views.add(view)
        await self._views.ask(view)
        return view

    async def close_view(self, view: View) -> None:
        await self._views.close(view)

    async def read(self, plural: str, record: str) -> Row:
        """Read one record as it is now."""
        answer = await self.session.ask("GET", f"/v1/{plural}/{record}", min_seq=self.seq)
        row: Row = answer["data"]
        self._store.pour(self._kinds[plural].name, [row])
        self._announce()
        return row

    async def resume(self) -> None:
        """Ask for everything after the last event we hold, on the same socket."""
        if self._resuming or not self.connected or not self._order.placed:
            return
        self._resuming = True
        position = {"team": self.session.team["id"], "s": self._order.seq, "h": self._order.hash}
        try:
            self._place((await self.call("resume", position))["data"])
        except Refused:
            if self._line:
                self._line.drop()  # coming back asks the same, and more
        finally:
            self._resuming = False
        self._order.watch()

    def wake(self) -> None:
        """Do not wait for the next try to connect."""
        self._hurry.set()

    def drop(self) -> None:
        """As if the network had failed; what follows is what follows then."""
        if self._line:
            self._line.drop()

    # Coming and going

    def _ran(self, running: asyncio.Task[None]) -> None:
        if not running.cancelled() and (error := running.exception()):
            self._end(Refused("INTERNAL", f"The client failed: {error!r}"))

    async def _run(self) -> None:
        attempts = 0
        while not self._over:
            self._hurry.clear()
            wait: float | None = None
            try:
                wait = await self._live_once()
                attempts = 0
            except Refused as refused:
                wait = self._turned_away(refused)
            self._settle()
            if wait is None:
                grown = min(LAST_RETRY, FIRST_RETRY * 2**attempts)
                wait = grown * random.uniform(0.5, 1.5)
                attempts += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._hurry.wait()

    async def _live_once(self) -> float | None:
        """One connection from its beginning to its end; when to come back, if anybody said."""
        auth = self._auth | {"token": await self._token()}
        if self._order.placed:
            team = self.session.team["id"]
            auth["subs"] = [{"team": team, "s": self._order.seq, "h": self._order.hash}]
        self._drained_at = None
        self._hello = {}
        heard: list[tuple[str, Any]] = []  # before the line is ours to use
        line = await Line.open(
            self.session.http, self.session.url, auth, lambda *said: heard.append(said)
        )
        self._line = line
        line.hear(self._hear)
        self.connections += 1
        for name, body in heard:
            self._hear(name, body)
        try:
            await line.ended.wait()
        finally:
            self._views.lose()
            await line.close()
        return await self._after(line)

    async def _token(self) -> str:
        try:
            return await self.session.token()
        except Refused as refused:
            if refused.is_final:
                self._end(refused)
            raise

    async def _after(self, line: Line) -> float | None:
        if line.code == REPLACED:
            # Coming back at once would push out another of this person's, and that one this again.
            self._end(Refused("REPLACED", "This person is connected in too many places."))
        elif line.dismissed:
            self.session.distrust()  # with a session that is over, there is no next token
        if self._drained_at is not None:
            return max(0.0, self._drained_at - time.monotonic())
        return RATE_RETRY if line.code == RATE else None

    def _turned_away(self, refused: Refused) -> float | None:
        if self._over:
            return 0.0
        if refused.code in STAY_AWAY:
            self._end(refused)
        elif refused.code in ("TOKEN_EXPIRED", "AUTH_REQUIRED"):
            if self.session.refresh_token is None or not self._distrust():
                self._end(refused)
            return 0.0
        return refused.retry_ms / 1000 or None

    def _distrust(self) -> bool:
        """Whether a new token may help: the one refused was not fresh."""
        fresh = self.session.is_fresh
        self.session.distrust()
        return not fresh

    # What the server says

    def _hear(self, name: str, body: Any) -> None:
        match name:
            case "event":
                team = self.session.team["id"]
                self._order.take(event for event in body if event["t"] == team)
            case "hello":
                self._greet(body)
            case "hb":
                self._compare(body)
            case "view":
                self._views.hear(body)
            case "presence":
                self.presence.hear(body)
            case "presence.digest":
                self.presence.check(body)
            case "auth.expiring":
                self._errand(self._refresh())
            case "drain":
                self._drained_at = time.monotonic() + body["retry_ms"] / 1000
        self._settle()

    def _greet(self, hello: dict[str, Any]) -> None:
        self._hello = hello
        self.presence.own = hello.get("presence", {}).get("conn")
        for place in hello["teams"]:
            if place["team"] == self.session.team["id"]:
                self._place(place)
        self._outbox.flush()
        self._errand(self._views.again())
        self._errand(self.presence.again())

    def _place(self, place: Mapping[str, Any]) -> None:
        mode = place["mode"]
        self.modes.append(mode)
        if mode == "denied":
            self._end(Refused("FORBIDDEN", "This token is for another team."))
            return
        if mode in ("snapshot", "resync") or not self._order.placed:
            self._order.start(place["head"], place["h"])
            if mode == "resync":
                self._store.clear()
            self._reload()
        self._target = place.get("to", 0) if mode == "replay" else 0

    def _compare(self, beat: Mapping[str, Any]) -> None:
        told = beat["teams"].get(self.session.team["id"])
        if told and tuple(told) != (self._order.seq, self._order.hash) and told[0] >= self.seq:
            self._errand(self._catch_up(told[0]))

    async def _catch_up(self, head: int) -> None:
        await asyncio.sleep(BEHIND_SECONDS)
        if self.seq <= head:
            await self.resume()

    async def _refresh(self) -> None:
        """The socket outlives its token: the new one goes in over the open line."""
        self.session.distrust()
        await self.call("auth:refresh", {"token": await self.session.token()})

    def _apply(self, events: list[Event]) -> None:
        for event in events:
            missing = self._store.apply(event)
            plural = next((p for p, k in self._kinds.items() if k.name == event.get("e")), None)
            if missing and plural:
                self._errand(self.read(plural, event["id"]))
            if event["k"] == "role.changed" and event["id"] == self.session.user["id"]:
                self.session.distrust()
                self._reload()  # other records may be seen now
            for queue in self._listeners:
                queue.put_nowait(event)

    def _done(self, write: Write, answer: dict[str, Any]) -> None:
        data, meta = answer.get("data") or {}, answer.get("meta") or {}
        if write.verb == "delete":
            gone = {"k": ".deleted", "e": write.entity, "id": write.id}
            self._store.apply(gone | {"ver": data.get("version", (write.version or 0) + 1)})
        elif "id" in data:
            self._store.pour(write.entity, [data], meta.get("seq") or float("inf"))
        self._announce()

    # Lists

    def _reload(self) -> None:
        if self._reading:
            self._reading.cancel()
        self._reading = asyncio.create_task(self._read_all())

    async def _read_all(self) -> None:
        epoch = self._store.renew()
        for kind in self._kinds.values():
            for archived in ("false", "true"):
                await self._read_list(kind, archived)
        self._store.sweep(epoch)
        self._ready = True
        self._reading = None
        self._settle()

    async def _read_list(self, kind: Kind, archived: str) -> None:
        # By creation a record added meanwhile lands on the last page: none is skipped.
        query: dict[str, Any] = {"limit": PAGE, "sort": "created_at", "order": "asc"}
        query["archived"] = archived
        wait = FIRST_RETRY
        while True:
            try:
                page = await self.session.ask(
                    "GET", f"/v1/{kind.plural}", params=query, min_seq=self.seq
                )
            except Refused as refused:
                if not refused.passes:
                    self._end(refused)
                    raise
                await asyncio.sleep(refused.retry_ms / 1000 or wait * random.uniform(0.5, 1.5))
                wait = min(LAST_RETRY, 2 * wait)
                continue
            self._store.pour(kind.name, page["data"], page["meta"]["as_of_seq"])
            if not (cursor := page["pagination"]["next_cursor"]):
                return
            query["cursor"] = cursor

    # Inside

    def _settle(self) -> None:
        if not self._over:
            if not self.connected:
                self.state = "offline" if self._order.placed else "connecting"
            else:
                behind = self._reading or self.seq < self._target or self._order.gap
                self.state = "catching" if behind else "live"
        self._announce()

    def _end(self, why: Refused) -> None:
        if self._over is None:
            self._over = why
            self.state = "closed"
            for queue in self._listeners:
                queue.put_nowait(None)
            self._hurry.set()
            self._announce()

    def _errand(self, work: Coroutine[Any, Any, Any]) -> None:
        """What goes wrong for want of a line is done again by the next one."""

        async def run() -> None:
            with suppress(Refused):
                await work
            self._announce()

        task = asyncio.create_task(run())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _announce(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


def _drawn(row: Row | None, pending: list[Write]) -> Row | None:
    """A record with the writes that are still on their way drawn over it."""
    if not pending:
        return row
    shown = dict(row) if row else None
    for write in pending:
        if write.verb == "delete":
            return None
        if write.verb == "create":
            shown = {**(write.body or {}), "id": write.id, "version": 0, **(shown or {})}
        elif shown is not None:
            shown |= write.body or {}
    return None if shown is None else shown | {"pending": len(pending)}
