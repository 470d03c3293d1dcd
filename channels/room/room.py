"""One team's live room on this node: its members, and what each of them is given."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.room import membership
from channels.room.audience import Frames, Guards, Sees
from channels.room.dispatcher import Dispatcher
from channels.room.history import History
from channels.room.log import Log
from channels.room.membership import Membership
from channels.room.range_read import RangeRead
from channels.room.standing import Mode, Standing, stand
from channels.room.waves import Lane, Wave, Waves
from channels.sockets import wire
from channels.sockets.members import Close, Member
from channels.sockets.wire import Parcel
from db.errors import Unavailable
from db.events import Event, Head

log = logging.getLogger(__name__)

TRIES = 5


class Room:
    """Events are delivered, and members join, each in one step without an await.

    So a member is either before or after an event, never in the middle of one.
    """

    def __init__(
        self,
        team_id: UUID,
        head: Head,
        *,
        log: Log,
        counters: Counters,
        supervisor: Supervisor,
        rewound: Callable[["Room"], None],
        told: Callable[[Event], None],
        sees: Sees,
        guards: Guards,
        waves: Waves,
        on_screen: Callable[[Event], None],
    ) -> None:
        self.team_id = team_id
        self.members: dict[str, Member] = {}
        self.empty_since = _now()
        self.closed = False
        self.dispatcher = Dispatcher(
            team_id,
            head,
            deliver=self._deliver,
            rewound=self._rewound,
            log=log,
            counters=counters,
            supervisor=supervisor,
        )
        self._log = log
        self._counters = counters
        self._tell_rewound = rewound
        self._told = told
        self._on_screen = on_screen
        self._sees = sees
        self._guards = guards
        self._held: Collection[AbstractSet[str]] | None = None  # rights of members, by combination
        self._range_read = RangeRead(team_id, log, counters, supervisor)
        # Until the next event: where a herd that comes back stands, and what of it each may see.
        self._standings: dict[Head, Standing] = {}
        self._replays: dict[int, Frames] = {}
        self._outgoing: list[Event] = []
        self._flush: asyncio.Handle | None = None
        self._lane = Lane(waves, then=self._written)
        self._membership = Membership(head.seq)
        self._looking_back = asyncio.Lock()

    @property
    def applied(self) -> Head:
        return self.dispatcher.applied

    async def join(
        self, member: Member, since: Head | None, greet: Callable[[Standing], None]
    ) -> bool:
        """Greet a member with its standing, replay what it missed, and keep it up to date.

        Judging, greeting, replaying and registering are one step: nothing is missed or doubled.
        False when this room was closed meanwhile, and nobody was greeted. Raise Unavailable when it
        takes Postgres to judge, and Postgres is away.
        """
        await self._learn_about(member.who)
        standing = await self._standing(since)
        if self.closed:
            return False
        self._take_in(member, standing, greet)
        return True

    def join_now(
        self, member: Member, since: Head | None, greet: Callable[[Standing], None]
    ) -> bool:
        """As `join`, where nothing has to be waited for; else False, and nobody was greeted."""
        as_of = member.who.as_of
        if self.closed or not self._membership.since <= as_of <= self.applied.seq:
            return False
        self.flush()
        standing = self._standing_now(since)
        if standing is None:
            return False
        self._take_in(member, standing, greet)
        return True

    async def renew(self, member: Member, who: Any) -> bool:
        """See `Rooms.renew`."""
        await self._learn_about(who)
        member.who = who
        self._held = None
        if self._amend(member):
            return True
        self.leave(member)
        member.close(Close.REVOKED)
        return False

    def leave(self, member: Member) -> None:
        if self.members.pop(member.sid, None) and not self.members:
            self.empty_since = _now()

    def beat(self, now: str, *, stale: bool) -> None:
        """Tell the members where the log stands, so that one who is behind can know it."""
        self.flush()
        body = {"now": now, "teams": {str(self.team_id): [self.applied.seq, self.applied.h]}}
        packet = wire.said("hb", body | ({"stale": True} if stale else {}))
        self._lane.add(Wave(list(self.members.values()), Parcel([packet])))

    def flush(self) -> None:
        """Send what was delivered so far as one frame, encoded once for all alike.

        Who gets it, and what of it they see, is settled here; a large room gets it in slices.
        """
        if self._flush:
            self._flush.cancel()
            self._flush = None
        events, self._outgoing = self._outgoing, []
        if not events or not self.members:
            return
        members = list(self.members.values())
        frames = Frames(events, self._sees, self._guards, self._rights_held())
        parcels = frames.for_all or [frames.of(member.who) for member in members]
        self._counters.delivered += len(events) * len(members)
        self._lane.add(Wave(members, parcels, events))

    def _rights_held(self) -> Collection[AbstractSet[str]]:
        """Those of the members, and perhaps of some who have left."""
        if self._held is None:
            self._held = {member.who.rights for member in self.members.values()}
        return self._held

    def close(self) -> None:
        """Let go; whoever is still about to join finds it closed and opens another."""
        self.closed = True
        self.dispatcher.close()
        self._lane.clear()
        if self._flush:
            self._flush.cancel()

    def _written(self, wave: Wave) -> None:
        for event in wave.events:
            self._on_screen(event)
        self.flush()  # what came meanwhile

    # From the dispatcher

    def _deliver(self, event: Event) -> None:
        self._standings.clear()
        self._replays.clear()
        self._outgoing.append(event)
        self._told(event)
        if event.kind in membership.KINDS:
            self._apply_membership(event)
        elif self._flush is None and not self._lane.busy:
            self._flush = asyncio.get_running_loop().call_soon(self.flush)

    def _rewound(self) -> None:
        """Postgres was restored to an earlier state: what the members saw after it never happened.

        They are disconnected and come back with (seq, hash); those who saw a lost event resync, the
        others replay.
        """
        log.warning("the log of team %s went back; its sockets resume", self.team_id)
        self._tell_rewound(self)
        for member in list(self.members.values()):
            self.leave(member)
            member.close(Close.RESTORED)

    # Membership

    def _apply_membership(self, event: Event) -> None:
        """Before any later event leaves, roles are as it says and who was removed is out."""
        self.flush()
        self._membership.take(event)
        for member in list(self.members.values()):
            if member.who.user_id == event.entity_id and not self._amend(member):
                self.leave(member)
                member.close(Close.REVOKED)

    def _amend(self, member: Member) -> bool:
        """Bring a member, read earlier, to what the log said since; False when it is out."""
        who = self._membership.now(member.who)
        if who is not member.who:
            self._held = None
        member.who = who or member.who
        return who is not None

    async def _learn_about(self, who: Any) -> None:
        """Know all that the log says about members from when `who` was read until now.

        What it says later, a member meets in order: there is no moment to miss a removal in.
        """
        if not await self.dispatcher.reach(who.as_of):
            raise Unavailable("The log is shorter than when this membership was read")
        known = self._membership
        if who.as_of < known.since:
            async with self._looking_back:
                if who.as_of < known.since:
                    past = await self._log.about_members(self.team_id, who.as_of, known.since)
                    known.look_back(who.as_of, past)

    # Catching up

    def _standing_now(self, since: Head | None) -> Standing | None:
        """As the ring has it; those who were cut off together stood at the same event."""
        standing = self._standings.get(since) if since else None
        if standing is None:
            standing = stand(self.team_id, since, self.applied, [self.dispatcher.ring])
            # Only events of ours, which are few: at 0 a client may name any hash.
            if since and since.seq and standing and standing.missed:
                self._standings[since] = standing
        return standing

    async def _standing(self, since: Head | None) -> Standing:
        """Find out where a screen stands; nothing is awaited after the final judgment."""
        backlog: list[History] = []
        asked = False
        for _ in range(TRIES):
            self.flush()
            standing = stand(self.team_id, since, self.applied, [*backlog, self.dispatcher.ring])
            if standing:
                return standing
            if since and since.seq > self.applied.seq:
                if asked:
                    return Standing(self.team_id, Mode.RESYNC, self.applied)
                await self.dispatcher.catch_up()
                asked = True
            elif since:
                backlog = [await self._range_read.since(since.seq)]
        return Standing(self.team_id, Mode.SNAPSHOT, self.applied)

    def _take_in(
        self, member: Member, standing: Standing, greet: Callable[[Standing], None]
    ) -> None:
        if not self._amend(member):
            standing = Standing(self.team_id, Mode.DENIED, self.applied)
        self._counters.joins[standing.mode] += 1
        greet(standing)
        if standing.mode is not Mode.DENIED and not member.gone:
            if member.sid in self.members:
                self._lane.leave_out(member)  # of what it is told anew
            if standing.missed:
                member.give(self._replay(standing.missed, member))
            self.members[member.sid] = member
            if self._held is not None and member.who.rights not in self._held:
                self._held = None

    def _replay(self, missed: Sequence[Event], member: Member) -> Parcel:
        """Frames of the missed events; a herd that missed the same shares them."""
        first = missed[0].seq
        if first not in self._replays:
            self._replays[first] = Frames(missed, self._sees, self._guards)
        return self._replays[first].of(member.who)


def _now() -> float:
    return asyncio.get_running_loop().time()
