"""The live rooms of one node: opened for their first member or reader, let go when empty."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import Bus
from channels.room.audience import Guards, Sees, Unguarded, everyone_alone
from channels.room.followed import Followed
from channels.room.log import Log
from channels.room.room import Room
from channels.room.standing import Mode, Standing
from channels.room.waves import Waves
from channels.sockets import wire
from channels.sockets.members import Member
from db.errors import Unavailable
from db.events import Event, Head

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0  # how long a lost message can stay unnoticed
DEAF_POLL_SECONDS = 0.25  # the same without Redis
BEAT_SECONDS = 15.0
STALE_SECONDS = 10.0  # Postgres has not answered for so long: members are told
LINGER_SECONDS = 30.0  # an empty room waits for a reload, a reconnect or another read
RELIABLE_SECONDS = 2 * POLL_SECONDS  # after a head poll; then its heads are not relied upon

NO_HEAD = Head(0, "")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the rooms are behind: for /readyz."""

    events: int
    seconds: float


class Rooms:
    """`sees` is the policy of who may see what an event says, `guards` of which of its fields.

    `on_screen` is told, for each event and room, how many seconds after its commit it was written
    to the last of its members here. `clock` is Postgres's, as commits are.
    """

    def __init__(
        self,
        log: Log,
        bus: Bus,
        *,
        counters: Counters,
        supervisor: Supervisor,
        sees: Sees = everyone_alone,
        guards: Guards = Unguarded(),  # noqa: B008 - it holds nothing
        clock: Callable[[], datetime] = utc_now,
        on_screen: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._log = log
        self._bus = bus
        self._counters = counters
        self._supervisor = supervisor
        self._sees = sees
        self._guards = guards
        self._clock = clock
        self._on_screen = on_screen
        self._rooms: dict[UUID, Room] = {}
        self._opening: dict[UUID, asyncio.Future[Room]] = {}
        self._early: dict[UUID, list[Event]] = {}
        self._followed: dict[UUID, Followed] = {}
        self._kept: Counter[UUID] = Counter()
        self._heads: dict[UUID, Head] = {}
        self._waves = Waves()
        self._watchers: list[Callable[[Event], None]] = []
        self._past_watchers: list[Callable[[UUID], None]] = []
        self._wake = asyncio.Event()
        self._polled_at = 0.0
        self._failed = False
        self._timeline: str | None = None
        bus.listen(self)

    def start(self) -> None:
        self._polled_at = _now()
        self._supervisor.start("head poll", self._poll)
        self._supervisor.start("heartbeat", self._beat)

    async def close(self) -> None:
        for room in list(self._rooms.values()):
            self._let_go(room)

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Have every event of the open rooms told, in order, once, before it goes to a screen."""
        self._watchers.append(watcher)

    def watch_past(self, watcher: Callable[[UUID], None]) -> None:
        """Have told whose log turned out to have another past than what was delivered here."""
        self._past_watchers.append(watcher)

    # Readers

    def follow(self, team_id: UUID) -> Followed | None:
        """What is heard of a team's log; asking makes this node listen, for as long as it is asked.

        None while it does not listen yet, and while Postgres has not confirmed the heads for so
        long that a message lost on the bus could matter.
        """
        followed = self._followed.get(team_id)
        now = _now()
        if followed is None:
            self._opening_of(team_id)
            return None
        followed.asked_at = now
        return followed if now - self._polled_at < RELIABLE_SECONDS else None

    async def keep(self, team_id: UUID) -> None:
        """Listen to a team's log until as many have said `release`; raise Unavailable as `join`."""
        self._kept[team_id] += 1
        try:
            await self._open(team_id)
        except BaseException:
            self.release(team_id)
            raise

    def release(self, team_id: UUID) -> None:
        self._kept[team_id] -= 1
        if not self._kept[team_id]:
            del self._kept[team_id]

    def announce(self, event: Event) -> None:
        """An event was committed on this node: tell them all, and know of it before they do."""
        room = self._rooms.get(event.team_id)
        if room:
            room.dispatcher.know(event.seq)
        elif event.team_id in self._early:
            self._early[event.team_id].append(event)
        self._bus.publish(event)

    # Members

    async def join(
        self,
        team_id: UUID,
        member: Member,
        since: Head | None,
        greet: Callable[[Standing], None],
    ) -> None:
        """Put a member into its team's room; see `Room.join`. Unavailable with Postgres away."""
        while not await (await self._open(team_id)).join(member, since, greet):
            pass  # that room was let go in the meantime

    def join_now(
        self,
        team_id: UUID,
        member: Member,
        since: Head | None,
        greet: Callable[[Standing], None],
    ) -> bool:
        """As `join`, where nothing has to be waited for; else False, and nobody was greeted."""
        room = self._rooms.get(team_id)
        return room is not None and room.join_now(member, since, greet)

    async def renew(self, member: Member, who: Any) -> bool:
        """Take what was read anew about a member for what was known; False when it is out by now.

        `who` may have another role, token or session, and is the same person in the same team.
        """
        room = self._rooms.get(who.team_id)
        if room and member.sid in room.members:
            return await room.renew(member, who)
        member.who = who
        return True

    def leave(self, member: Member) -> None:
        room = self._rooms.get(member.who.team_id)
        if room:
            room.leave(member)

    def holds(self, member: Member) -> bool:
        """Whether it follows its team's room."""
        room = self._rooms.get(member.who.team_id)
        return room is not None and member.sid in room.members

    async def reach(self, team_id: UUID, seq: int) -> bool:
        """Have every event up to `seq` delivered here; False without a room or such an event."""
        room = self._rooms.get(team_id)
        return room is not None and await room.dispatcher.reach(seq)

    def denied(self, team_id: UUID) -> Standing:
        self._counters.joins[Mode.DENIED] += 1
        return Standing(team_id, Mode.DENIED, NO_HEAD)

    def lag(self) -> Lag:
        behind = [
            head.seq - self._rooms[team_id].applied.seq
            for team_id, head in self._heads.items()
            if team_id in self._rooms
        ]
        return Lag(max([0, *behind]), _now() - self._polled_at)

    # What the bus says

    def heard(self, event: Event) -> None:
        room = self._rooms.get(event.team_id)
        if room:
            room.dispatcher.offer(event)
        elif event.team_id in self._early:
            self._early[event.team_id].append(event)

    def subscribed(self, team_id: UUID) -> None:
        room = self._rooms.get(team_id)
        if room:
            room.dispatcher.repair()

    def deaf(self) -> None:
        self._wake.set()

    def _tell(self, event: Event) -> None:
        followed = self._followed.get(event.team_id)
        if followed:
            followed.touch(event)
        for watcher in self._watchers:
            watcher(event)

    def _shown(self, event: Event) -> None:
        at = wire.committed_at(event)
        if at is not None:
            self._on_screen(max(0.0, (self._clock() - at).total_seconds()))

    # Opening and closing

    async def _open(self, team_id: UUID) -> Room:
        """The team's room; many who ask at once wait for one opening."""
        room = self._rooms.get(team_id)
        return await asyncio.shield(self._opening_of(team_id)) if room is None else room

    def _opening_of(self, team_id: UUID) -> asyncio.Future[Room]:
        opening = self._opening.get(team_id)
        if opening is None:
            opening = asyncio.get_running_loop().create_future()
            opening.add_done_callback(_look)
            self._opening[team_id] = opening
            self._supervisor.spawn(f"open {team_id}", partial(self._open_now, team_id, opening))
        return opening

    async def _open_now(self, team_id: UUID, opening: asyncio.Future[Room]) -> None:
        """Subscribe first, read the head second: what is committed in between is heard."""
        self._early[team_id] = []
        try:
            await self._bus.subscribe(team_id)
            heads = await self._log.heads([team_id])
        except Exception as error:
            self._bus.unsubscribe(team_id)
            opening.set_exception(error)
            if not isinstance(error, Unavailable):
                raise
        else:
            room = Room(
                team_id,
                heads.get(team_id, NO_HEAD),
                log=self._log,
                counters=self._counters,
                supervisor=self._supervisor,
                rewound=self._rewound,
                told=self._tell,
                sees=self._sees,
                guards=self._guards,
                waves=self._waves,
                on_screen=self._shown,
            )
            self._rooms[team_id] = room
            self._followed[team_id] = Followed(room.dispatcher, now=_now())
            self._counters.rooms += 1
            for event in self._early[team_id]:
                room.dispatcher.offer(event)
            opening.set_result(room)
        finally:
            opening.cancel()  # does nothing once it has its result
            del self._early[team_id]
            del self._opening[team_id]

    def _rewound(self, room: Room) -> None:
        self._let_go(room)
        for watcher in self._past_watchers:
            watcher(room.team_id)

    def _let_go(self, room: Room) -> None:
        if self._rooms.get(room.team_id) is room:
            del self._rooms[room.team_id]
            self._followed.pop(room.team_id).closed = True
            self._counters.rooms -= 1
            self._bus.unsubscribe(room.team_id)
        room.close()

    def _let_go_of_empty(self) -> None:
        for team_id, room in list(self._rooms.items()):
            wanted = max(room.empty_since, self._followed[team_id].asked_at)
            unused = not room.members and team_id not in self._kept
            if unused and _now() - wanted > LINGER_SECONDS:
                self._let_go(room)

    # The head poll

    async def _poll(self) -> None:
        while True:
            await self._poll_once()
            self._let_go_of_empty()
            pause = POLL_SECONDS if self._bus.up else DEAF_POLL_SECONDS
            self._wake.clear()
            with suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it swallows a cancellation that meets the wake-up.
                async with asyncio.timeout(pause):
                    _ = await self._wake.wait()

    async def _poll_once(self) -> None:
        asked_at = {team_id: room.applied for team_id, room in self._rooms.items()}
        if not asked_at:
            self._polled_at = _now()
            return
        self._counters.head_polls += 1
        try:
            timeline = await self._log.timeline()
            self._heads = await self._log.heads(asked_at)
        except Unavailable:
            self._poll_failed(asked_at)
            return
        self._failed = False
        self._polled_at = _now()
        self._compare_timelines(timeline)
        for team_id, applied in asked_at.items():
            room = self._rooms.get(team_id)
            if room:
                head = self._heads.get(team_id, NO_HEAD)
                room.dispatcher.hear_head(head, asked_at=applied, hurry=not self._bus.up)

    def _compare_timelines(self, timeline: str | None) -> None:
        """After a failover, however quick, every room confirms its past before it goes on."""
        if timeline and self._timeline and timeline != self._timeline:
            log.warning("Postgres is on timeline %s, after %s", timeline, self._timeline)
            self._counters.timeline_changes += 1
            for room in self._rooms.values():
                room.dispatcher.distrust()
        self._timeline = timeline or self._timeline

    def _poll_failed(self, teams: dict[UUID, Head]) -> None:
        self._counters.head_poll_failures += 1
        if not self._failed:
            log.warning("Postgres does not answer the head poll; the rooms wait for it")
        self._failed = True
        for team_id in teams:
            room = self._rooms.get(team_id)
            if room:
                room.dispatcher.distrust()

    # The heartbeat

    async def _beat(self) -> None:
        """Every BEAT_SECONDS, and at once when this node turns stale: its screens should know."""
        beaten, was_stale = _now(), False
        while True:
            await asyncio.sleep(1)
            stale = self.stale
            if _now() - beaten >= BEAT_SECONDS or (stale and not was_stale):
                self.beat()
                beaten = _now()
            was_stale = stale

    @property
    def stale(self) -> bool:
        """Whether Postgres has told nothing for so long that screens may be behind."""
        return _now() - self._polled_at > STALE_SECONDS

    def beat(self) -> None:
        now = self._clock().isoformat(timespec="milliseconds")
        stale = self.stale
        for room in list(self._rooms.values()):
            room.beat(now, stale=stale)


def _look(opening: asyncio.Future[Room]) -> None:
    """A failure that nobody waited for any more is not worth asyncio's warning."""
    if not opening.cancelled():
        opening.exception()


def _now() -> float:
    return asyncio.get_running_loop().time()
