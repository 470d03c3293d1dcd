"""A team's people on this node: who they are, where, and what of it the store has yet to learn."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from channels.base.counters import Counters
from channels.presence.entry import HERE, Entry, Place, State, name_of
from channels.presence.replica import Replica
from channels.presence.scripts import FIELD_LEASE_MS
from channels.presence.store import Change, Full, Hold
from channels.presence.view import Seat, TeamView
from channels.room.audience import Sees
from channels.sockets.members import Member
from db.events import EVERYONE

GRACE_SECONDS = 5.0  # for a reload, or a network that changes, before others are told
SETTLE_SECONDS = 2.0  # for the nodes to tell a Redis that forgot who is here

Waiter = asyncio.Future[Hold | None]


@dataclass(slots=True, eq=False)
class Own:
    """Somebody of this node; without a seat, somebody who may come back any moment."""

    entry: Entry
    seat: Seat | None
    timer: asyncio.TimerHandle | None = None

    def wait(self, seconds: float, then: Callable[[], None]) -> None:
        self.rest()
        self.timer = asyncio.get_running_loop().call_later(seconds, then)

    def rest(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None


class TeamPresence:
    """`owns` is how it should be, the replica how it is; `dirty` are those to be told of."""

    def __init__(
        self,
        team_id: UUID,
        *,
        node: str,
        now: Callable[[], int],
        sees: Sees,
        wake: Callable[[], None],
        counters: Counters,
    ) -> None:
        self.replica = Replica(team_id)
        self.view = TeamView(self.replica, sees)
        self.owns: dict[str, Own] = {}
        self.dirty: set[str] = set()
        self.gone: dict[str, str] = {}  # conn -> sid of those to be taken away
        self.waiters: dict[str, list[Waiter]] = {}
        self.opened = asyncio.Event()
        self.fetching = False
        self.held: list[Change] = []
        self.draining = False
        self._node = node
        self._now = now
        self._wake = wake
        self._counters = counters
        self._settle: asyncio.TimerHandle | None = None
        # Those in their grace with its end, soonest first: a room that is cut off needs one timer.
        self._absent: dict[Own, float] = {}
        self._absence: asyncio.TimerHandle | None = None

    @property
    def team_id(self) -> UUID:
        return self.replica.team_id

    @property
    def idle(self) -> bool:
        return not (self.view.seats or self.owns or self.dirty or self.fetching)

    # Members

    def enter(self, member: Member) -> None:
        conn = name_of(member.who.user_id, member.inst, member.sid)
        seat = self.view.seats[member.sid] = Seat(member, conn)
        if self.opened.is_set():
            self._claim(seat, conn)

    def open(self) -> None:
        """The replica is there, as far as it can be: let those in who waited for it."""
        self.opened.set()
        for seat in self.view.seats.values():
            if seat.conn is not None and not self._owner(seat):
                self._claim(seat, seat.conn)

    def leave(self, member: Member, *, at_once: bool = False) -> None:
        """Its people are told after the grace, unless it comes back, here or elsewhere."""
        seat = self.view.seats.pop(member.sid, None)
        own = self._owner(seat) if seat else None
        if own is None:
            return
        own.seat = None
        if at_once:
            self._go(own)
        elif self.draining:
            own.rest()  # the others find it when this node's lease is over
        else:
            own.rest()
            self._miss(own)

    def place(self, seat: Seat, place: Place, audience: str) -> Own:
        """Put a member where it says it is; `flush` tells the others."""
        own = self._owner(seat) or self._claim(seat, seat.member.sid)
        if place != own.entry.place or audience != own.entry.audience:
            since = own.entry.since if place == own.entry.place else self._now()
            own.entry = replace(own.entry, place=place, since=since, audience=audience)
        if place.record:
            self.view.knows_audience(place.record, audience)
        own.rest()
        if place.state is State.EDITING:
            own.wait(FIELD_LEASE_MS / 1000, lambda: self._lapse(own))
        return own

    def tell(self, own: Own) -> None:
        self.dirty.add(own.entry.conn)
        self._wake()

    def at(self, seat: Seat) -> Entry | None:
        own = self._owner(seat)
        return own.entry if own else None

    def check_rights(self) -> None:
        """Who may not see the record it is at any more is not there any more."""
        for own in self.owns.values():
            record = own.entry.place.record
            if not record or not own.seat:
                continue
            if not self.view.may_see(record, own.entry.audience, own.seat.member.who):
                self.place(own.seat, HERE, EVERYONE)
                self.tell(own)

    def heard_audience(self, record: str, audience: str) -> None:
        """The log tells who may know of a record from here on."""
        if not self.view.heard_audience(record, audience):
            return
        for own in self.owns.values():
            if own.entry.place.record == record and own.entry.audience != audience:
                own.entry = replace(own.entry, audience=audience)
                self.tell(own)
        asyncio.get_running_loop().call_soon(self.check_rights)

    # The store

    def take(self, change: Change) -> bool:
        """Apply what happened, here or elsewhere; False when something before it was missed."""
        if self.fetching:
            self.held.append(change)
            return True
        about = self.replica.take(change)
        if about is None:
            return False
        for conn in about:
            self._reconcile(conn)
        if about:
            self.view.touch()
        return True

    def replace(self, full: Full) -> bool:
        """Take over what Redis has, and what came meanwhile; False when that left a gap."""
        self.replica.replace(full)
        held, self.held = self.held, []
        taken = [self.replica.take(change) is not None for change in held]
        for conn in [*self.owns, *self.replica.entries]:
            self._reconcile(conn)
        if self.replica.doubted and self._settle is None:
            loop = asyncio.get_running_loop()
            self._settle = loop.call_later(SETTLE_SECONDS, self._settled)
        self.view.touch()
        return all(taken)

    def alone(self, puts: list[Entry], gone: list[tuple[str, str]]) -> None:
        """Redis did not take it: this node's people still see it."""
        for entry in puts:
            self.replica.put(entry)
        for conn, sid in gone:
            self.replica.drop(conn, sid)
        self.view.touch()

    def close(self) -> None:
        self.view.close()
        for own in self.owns.values():
            own.rest()
        for timer in (self._settle, self._absence):
            if timer:
                timer.cancel()

    # Inside

    def _owner(self, seat: Seat) -> Own | None:
        own = self.owns.get(seat.conn) if seat.conn is not None else None
        return own if own and own.entry.sid == seat.member.sid else None

    def _claim(self, seat: Seat, conn: str) -> Own:
        """Let a seat have the entry of this name, with the place of whom it takes over from."""
        now = self._now()
        before = self.replica.entries.get(conn)
        elder = self.owns.get(conn)
        if elder:
            before = elder.entry
            self._displace(elder)
        member = seat.member
        entry = Entry(
            conn=conn,
            user_id=str(member.who.user_id),
            name=member.who.name,
            node=self._node,
            sid=member.sid,
            at=max(now * 1000, before.at + 1 if before else 0),
            came=before.came if before else now,
            since=before.since if before else now,
            place=before.place if before else HERE,
            audience=before.audience if before else EVERYONE,
        )
        seat.conn = conn
        own = self.owns[conn] = Own(entry, seat)
        self._counters.presence_online += 1
        if before is None:
            self._counters.presence_joins += 1
        else:
            self._counters.presence_returns += 1
        if entry.place != HERE:
            own.wait(GRACE_SECONDS, lambda: self._unsaid(own))
        self.gone.pop(conn, None)
        self.tell(own)
        return own

    def _displace(self, own: Own) -> None:
        """Another socket has this entry now. Ours may be a twin of it, or dead: it sleeps."""
        own.rest()
        self._absent.pop(own, None)
        if own.seat:
            own.seat.conn = None
        del self.owns[own.entry.conn]
        self._counters.presence_online -= 1

    def _miss(self, own: Own) -> None:
        loop = asyncio.get_running_loop()
        self._absent[own] = loop.time() + GRACE_SECONDS
        if self._absence is None:
            self._absence = loop.call_later(GRACE_SECONDS, self._stop_waiting)

    def _stop_waiting(self) -> None:
        """Who has not come back in their grace is gone."""
        loop = asyncio.get_running_loop()
        self._absence = None
        while self._absent:
            own, until = next(iter(self._absent.items()))
            if until > loop.time():
                self._absence = loop.call_at(until, self._stop_waiting)
                return
            self._go(own)

    def _go(self, own: Own) -> None:
        own.rest()
        self._absent.pop(own, None)
        if self.owns.get(own.entry.conn) is own:
            del self.owns[own.entry.conn]
            self._counters.presence_online -= 1
            self._counters.presence_leaves += 1
            self.gone[own.entry.conn] = own.entry.sid
            self.tell(own)

    def _unsaid(self, own: Own) -> None:
        """It took over from an earlier socket, and did not say that it is still at the same."""
        if own.seat:
            self.place(own.seat, HERE, EVERYONE)
            self.tell(own)

    def _lapse(self, own: Own) -> None:
        """It edits no more: it has not said so for as long as a field's lease lasts."""
        if own.seat:
            self.place(own.seat, Place(State.VIEWING, own.entry.place.record), own.entry.audience)
            self.tell(own)

    def _reconcile(self, conn: str) -> None:
        """Compare what the store has of us with what is so."""
        own, there = self.owns.get(conn), self.replica.entries.get(conn)
        if own is None:
            if there and there.node == self._node and conn not in self.gone:
                self.gone[conn] = there.sid
                self.dirty.add(conn)
                self._wake()
        elif there is None or there.sid == own.entry.sid:
            if there != own.entry or conn in self.replica.doubted:
                self.tell(own)
            else:
                self.replica.entries[conn] = own.entry  # the same; one of them is enough
        elif there.at >= own.entry.at:
            self._displace(own)
        else:
            self.tell(own)

    def _settled(self) -> None:
        self._settle = None
        self.replica.settle()
        self.view.touch()
