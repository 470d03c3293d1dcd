"""A clock that jumps to the next timer, and a log in memory: minutes of a room in an instant."""

import asyncio
import hashlib
import json
from collections.abc import Collection, Coroutine
from typing import Any, TypeVar
from uuid import UUID, uuid4

from typing_extensions import override

from channels.members import Close, Member
from channels.outbox import Outbox
from db.errors import Unavailable
from db.events import Event, Head
from domains.kit.actor import Actor, Role

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


def simulate(coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(coroutine)


class MemoryLog:
    """A team's log whose commits a test makes itself. `away` is Postgres being away."""

    def __init__(self, team_id: UUID, salt: str = "") -> None:
        self.team_id = team_id
        self.events: list[Event] = []
        self.away = False
        self.delay = 0.005
        self.reads: list[tuple[int, int]] = []
        self._salt = salt

    @property
    def head(self) -> Head:
        if not self.events:
            return Head(0, GENESIS)
        return Head(self.events[-1].seq, self.events[-1].h)

    def position(self, seq: int) -> Head:
        return Head(seq, self.events[seq - 1].h) if seq else Head(0, GENESIS)

    def commit(
        self, *, audience: str = "all", kind: str = "note.created", entity_id: UUID | None = None
    ) -> Event:
        head = self.head
        seq = head.seq + 1
        h = hashlib.sha256(f"{head.h}{seq}{self._salt}".encode()).hexdigest()[:32]
        wire = json.dumps({"t": str(self.team_id), "s": seq, "h": h, "k": kind}).encode()
        event = Event(self.team_id, seq, h, kind, entity_id or uuid4(), audience, wire)
        self.events.append(event)
        return event

    def restore(self, seq: int, salt: str) -> None:
        """Forget what came after `seq`, as a database restored from a backup does."""
        del self.events[seq:]
        self._salt = salt

    async def read_after(self, _: UUID, after: int, limit: int) -> list[Event]:
        await self._answer()
        self.reads.append((after, limit))
        return self.events[after : after + limit]

    async def heads(self, team_ids: Collection[UUID]) -> dict[UUID, Head]:
        await self._answer()
        return {self.team_id: self.head} if self.team_id in team_ids else {}

    async def _answer(self) -> None:
        await asyncio.sleep(self.delay)
        if self.away:
            raise Unavailable("Postgres is not answering")


def an_actor(team_id: UUID) -> Actor:
    return Actor(uuid4(), team_id, Role.AGENT, "Ana Agent")


class Ear:
    """A member that takes its packets at once and notes the events in them."""

    def __init__(self, who: Actor) -> None:
        self.outbox = Outbox()
        self.closed: list[Close] = []
        self.member = Member(uuid4().hex, who, self.outbox, self.closed.append)
        self.packets: list[Any] = []
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            self.packets.append(await self.outbox.get())

    @property
    def events(self) -> list[Any]:
        texts = [packet.data for packet in self.packets]
        frames = [json.loads(text[1:])[1] for text in texts if text.startswith('2["event"')]
        return [event for frame in frames for event in frame]

    @property
    def seqs(self) -> list[int]:
        return [event["s"] for event in self.events]
