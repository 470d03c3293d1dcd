"""A clock that jumps to the next timer, and a log in memory: minutes of a room in an instant."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from typing_extensions import override

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import MemoryBus, MemoryHub, Route, straight
from channels.room import membership
from channels.room.audience import Sees, everyone_alone
from channels.room.rooms import Rooms
from channels.room.standing import Mode, Standing
from channels.sockets.members import Close, Member
from channels.sockets.wire import Packet, Parcel
from db.errors import Unavailable
from db.events import Event, Head
from domains.auth.authenticator import Bearer
from domains.kit.actor import Actor, Role
from tests.realtime.nodes import bearer

T = TypeVar("T")
GENESIS = "0" * 32


class JumpingLoop(asyncio.SelectorEventLoop):
    """Never sleeps: where it would wait for a timer, its clock is moved there."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0
        selector = self._selector  # type: ignore[attr-defined]  # asyncio has no public clock
        select = selector.select

        def jump(timeout: float | None) -> Any:
            if timeout:
                self._ahead += timeout
            return select(0)

        selector.select = jump

    @override
    def time(self) -> float:
        return super().time() + self._ahead


class StillLoop(JumpingLoop):
    """Its time passes in jumps alone: what is computed takes none, however busy the machine is."""

    @override
    def time(self) -> float:
        return self._ahead


def simulate(coroutine: Coroutine[Any, Any, T], loop: type[JumpingLoop] = JumpingLoop) -> T:
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(coroutine)


class MemoryLog:
    """A team's log whose commits a test makes itself. `away` is Postgres being away."""

    def __init__(self, team_id: UUID, salt: str = "") -> None:
        self.team_id = team_id
        self.events: list[Event] = []
        self.away = False
        self.delay = 0.005
        self.frozen: int | None = None  # reads see no more than this many events
        self.reads: list[tuple[int, int]] = []
        self.history = "00000001"
        self._salt = salt

    @property
    def head(self) -> Head:
        return self.position(len(self.events))

    def position(self, seq: int) -> Head:
        return Head(seq, self.events[seq - 1].h) if seq else Head(0, GENESIS)

    def commit(
        self,
        *,
        audience: str = "all",
        kind: str = "note.created",
        entity_id: UUID | None = None,
        **fields: str,
    ) -> Event:
        head = self.head
        seq = head.seq + 1
        h = hashlib.sha256(f"{head.h}{seq}{self._salt}".encode()).hexdigest()[:32]
        frame = {"t": str(self.team_id), "s": seq, "h": h, "k": kind, "d": fields}
        wire = json.dumps(frame).encode()
        event = Event(
            *(self.team_id, seq, h, kind, entity_id or uuid4(), audience, wire), previous=head.h
        )
        self.events.append(event)
        return event

    def restore(self, seq: int, salt: str) -> None:
        """Forget what came after `seq`, as a database restored from a backup does."""
        del self.events[seq:]
        self._salt = salt

    async def read_after(self, _: UUID, after: int, limit: int) -> list[Event]:
        await self._answer()
        self.reads.append((after, limit))
        return self.events[: self.frozen][after : after + limit]

    async def about_members(self, _: UUID, after: int, last: int) -> list[Event]:
        await self._answer()
        return [event for event in self.events[after:last] if event.kind in membership.KINDS]

    async def heads(self, team_ids: Collection[UUID]) -> dict[UUID, Head]:
        await self._answer()
        seen = len(self.events[: self.frozen])
        return {self.team_id: self.position(seen)} if self.team_id in team_ids else {}

    async def timeline(self) -> str | None:
        await self._answer()
        return self.history

    async def _answer(self) -> None:
        await asyncio.sleep(self.delay)
        if self.away:
            raise Unavailable("Postgres is not answering")


def an_actor(team_id: UUID) -> Bearer:
    return bearer(Actor(uuid4(), team_id, Role.AGENT, "Ana Agent"))


class Stage:
    """One node's rooms over a memory log and a memory bus; its polls run once `start`ed."""

    def __init__(
        self, log: MemoryLog, route: Route = straight, sees: Sees = everyone_alone
    ) -> None:
        self.log = log
        self.counters = Counters()
        self.supervisor = Supervisor(self.counters)
        self.bus = MemoryBus(MemoryHub(route))
        self.rooms = Rooms(
            log, self.bus, counters=self.counters, supervisor=self.supervisor, sees=sees
        )
        self.bus.start()

    def start(self) -> Self:
        self.rooms.start()
        return self

    async def join(self, since: Head | None, ear: "Ear | None" = None) -> "Ear":
        ear = ear or Ear(an_actor(self.log.team_id))
        await self.rooms.join(self.log.team_id, ear.member, since, ear.standings.append)
        return ear

    def commit(self, count: int = 1) -> None:
        for _ in range(count):
            self.bus.publish(self.log.commit())


class Ear:
    """A member, and its road in one: it takes its packets at once and notes the events in them."""

    def __init__(self, who: Bearer) -> None:
        self.closed: list[Close] = []
        self.end: Callable[[Close], None] = self.closed.append
        self.member = Member(uuid4().hex, who, self)
        self.standings: list[Standing] = []
        self.packets: list[Packet] = []
        self.owed_bytes = 0
        self.overdue = False

    def push(self, packet: Packet) -> None:
        self.packets.append(packet)

    def give(self, parcel: Parcel) -> None:
        self.packets += parcel.packets

    def cut(self, reason: Close) -> None:
        self.end(reason)

    @property
    def mode(self) -> Mode:
        return self.standings[-1].mode

    @property
    def events(self) -> list[Any]:
        texts = [packet.data for packet in self.packets]
        frames = [json.loads(text[1:])[1] for text in texts if text.startswith('2["event"')]
        return [event for frame in frames for event in frame]

    @property
    def seqs(self) -> list[int]:
        return [event["s"] for event in self.events]
