"""Presence: who of a team is here, what they look at and what they are editing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from channels.base.counters import Counters
from channels.base.limits import PRESENCE_PER_SECOND
from channels.base.supervisor import Supervisor
from channels.bus.redis_link import Away
from channels.gateway.commands import Answer, OwnRun, failure, success
from channels.presence.entry import Place, iso, name_of
from channels.presence.store import Change, Hold, PresenceStore
from channels.presence.team import Own, TeamPresence
from channels.presence.view import Seat
from channels.room import membership
from channels.room.audience import Sees
from channels.room.rooms import Rooms
from channels.sockets.members import Close, Member
from channels.sockets.wire import Malformed
from db.events import EVERYONE, Event

BEAT_SECONDS = 3.0
DIGEST_SECONDS = 30.0
OPEN_SECONDS = 2.0
TARDY_SECONDS = 0.1  # for a change that is on its way to come

Audience = Callable[[Any, str], Awaitable[str | None]]


class Presence:
    """A feature of the gateway.

    `record_audience` says who may know of a record, None where this person may not; `sees` whether
    a person is of an audience.
    """

    def __init__(
        self,
        store: PresenceStore,
        rooms: Rooms,
        *,
        record_audience: Audience,
        sees: Sees,
        counters: Counters,
        supervisor: Supervisor,
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._record_audience = record_audience
        self._sees = sees
        self._counters = counters
        self._supervisor = supervisor
        self._teams: dict[UUID, TeamPresence] = {}
        self._wake = asyncio.Event()
        self._draining = False
        store.listen(self)
        rooms.watch(self._watch)

    def start(self) -> None:
        self._store.start()
        self._supervisor.start("presence writer", self._write_all)
        self._supervisor.start("presence beat", self._beats)
        self._supervisor.start("presence digests", self._digests)

    async def close(self) -> None:
        with suppress(Away):
            await self._store.farewell()
        for team in self._teams.values():
            team.close()

    # The feature

    @property
    def commands(self) -> Mapping[str, OwnRun]:
        return {"presence:set": self._set, "presence:get": self._get}

    def told(self, member: Member) -> Mapping[str, Any]:
        """Under which name others see it; who is here follows as an event."""
        return {"presence": {"conn": name_of(member.who.user_id, member.inst, member.sid)}}

    def entered(self, member: Member) -> None:
        if self._rooms.holds(member):
            self._team(member.who.team_id).enter(member)

    def left(self, member: Member) -> None:
        team = self._teams.get(member.who.team_id)
        if team:
            team.leave(member, at_once=member.ended is Close.REVOKED)
            self._wake.set()

    def closing(self) -> None:
        """Whoever leaves from here on is left to the other nodes."""
        self._draining = True
        for team in self._teams.values():
            team.draining = True

    # The commands

    async def _set(self, member: Member, payload: Any, answer: Answer) -> None:
        try:
            place = Place.read(payload)
        except Malformed as error:
            answer(failure("VALIDATION_ERROR", str(error)))
            return
        found = await self._seat(member, answer)
        if found is None:
            return
        team, seat = found
        audience = EVERYONE
        if place.record:
            known = await self._known_audience(team, seat, place.record)
            if known is None:
                answer(failure("NOT_FOUND", f"There is no {place.record}"))
                return
            audience = known
        if seat.member.gone:
            return
        own = team.place(seat, place, audience)
        told: dict[str, Any] = {"conn": own.entry.conn}
        if self._too_soon(seat):
            told["coalesced"] = True
        else:
            hold = await self._written(team, own)
            if hold:
                told["lease"] = self._lease(team, own, hold)
        answer(success({"pv": team.replica.pv, "run": team.replica.run} | told))

    async def _get(self, member: Member, payload: Any, answer: Answer) -> None:
        if payload not in (None, {}):
            answer(failure("VALIDATION_ERROR", "presence:get takes nothing"))
            return
        found = await self._seat(member, answer)
        if found:
            team, seat = found
            answer(success(team.view.told(seat)))

    async def _seat(self, member: Member, answer: Answer) -> tuple[TeamPresence, Seat] | None:
        """Where a member sits, once its team's presence is there; it may have resumed late."""
        team_id = member.who.team_id
        team = self._teams.get(team_id)
        if (team is None or member.sid not in team.view.seats) and self._rooms.holds(member):
            team = self._team(team_id)
            team.enter(member)
        if team:
            with suppress(TimeoutError):
                async with asyncio.timeout(OPEN_SECONDS):
                    _ = await team.opened.wait()
            seat = team.view.seats.get(member.sid)
            if seat and team.opened.is_set():
                return team, seat
        answer(failure("FORBIDDEN", "Only who follows the team's room is present in it"))
        return None

    async def _known_audience(self, team: TeamPresence, seat: Seat, record: str) -> str | None:
        entry = team.at(seat)
        if entry and entry.place.record == record:
            return entry.audience  # looked up when it went there; the log has told what came after
        audience = await self._record_audience(seat.member.who, record)
        if audience is None or not team.view.may_see(record, audience, seat.member.who):
            return None
        return audience

    def _too_soon(self, seat: Seat) -> bool:
        """Whether this socket has told its places so often that this one is told later."""
        now = asyncio.get_running_loop().time()
        gained = (now - seat.counted_at) * PRESENCE_PER_SECOND
        seat.tokens = min(float(PRESENCE_PER_SECOND), seat.tokens + gained)
        seat.counted_at = now
        if seat.tokens >= 1:
            seat.tokens -= 1
            return False
        asyncio.get_running_loop().call_later(1 / PRESENCE_PER_SECOND, self._tell_later, seat)
        return True

    def _tell_later(self, seat: Seat) -> None:
        team = self._teams.get(seat.member.who.team_id)
        own = team.owns.get(seat.conn) if team and seat.conn is not None else None
        if team and own and own.seat is seat:
            team.tell(own)

    async def _written(self, team: TeamPresence, own: Own) -> Hold | None:
        waiter: asyncio.Future[Hold | None] = asyncio.get_running_loop().create_future()
        team.waiters.setdefault(own.entry.conn, []).append(waiter)
        team.tell(own)
        return await waiter

    def _lease(self, team: TeamPresence, own: Own, hold: Hold) -> dict[str, Any]:
        until = iso(hold.until)
        holder = team.replica.entries.get(hold.conn)
        if hold.conn == own.entry.conn or holder is None:
            return {"held_by": "me", "until": until}
        return {"held_by": holder.user, "conn": hold.conn, "until": until}

    # From the rooms

    def _watch(self, event: Event) -> None:
        """Every event of an open room, before it goes to a screen."""
        team = self._teams.get(event.team_id)
        if team is None:
            return
        if event.kind not in membership.KINDS:
            entity = event.kind.partition(".")[0]
            team.heard_audience(f"{entity}:{event.entity_id}", event.audience)
            return
        # After the room has applied it: what a role may see decides what it is told.
        loop = asyncio.get_running_loop()
        loop.call_soon(team.check_rights)
        loop.call_soon(team.view.touch)

    # From the store

    def heard(self, change: Change) -> None:
        team = self._teams.get(change.team_id)
        if team:
            self._take(team, change)

    def subscribed(self, team_id: UUID) -> None:
        team = self._teams.get(team_id)
        if team and team.opened.is_set():
            self._fetch(team)

    def came_up(self) -> None:
        self._supervisor.spawn("presence return", self._return)

    def went_down(self) -> None:
        for team in self._teams.values():
            team.view.partial = True
            team.view.touch()

    # Inside

    def _team(self, team_id: UUID) -> TeamPresence:
        team = self._teams.get(team_id)
        if team is None:
            team = TeamPresence(
                team_id,
                node=self._store.node,
                now=self._store.now,
                sees=self._sees,
                wake=self._wake.set,
                counters=self._counters,
            )
            team.draining = self._draining
            self._teams[team_id] = team
            self._supervisor.spawn(f"open presence {team_id}", partial(self._open, team))
        return team

    async def _open(self, team: TeamPresence) -> None:
        """Subscribe first, read second: what changes in between is heard."""
        await self._store.subscribe(team.team_id)
        await self._fetch_now(team)
        team.view.partial = not self._store.up
        team.open()

    def _fetch(self, team: TeamPresence) -> None:
        if not team.fetching:
            self._supervisor.spawn("presence fetch", partial(self._fetch_now, team))

    async def _fetch_now(self, team: TeamPresence) -> None:
        if team.fetching:
            return
        team.fetching = True
        try:
            whole = False
            while not whole:
                whole = team.replace(await self._store.read(team.team_id))
            team.view.partial = False
        except Away:
            team.held.clear()  # everything is read when Redis is back
        finally:
            team.fetching = False

    def _take(self, team: TeamPresence, change: Change) -> None:
        if not team.take(change):
            self._counters.presence_gaps += 1
            self._fetch(team)

    async def _write_all(self) -> None:
        while True:
            self._wake.clear()
            dirty = [team for team in self._teams.values() if team.dirty and team.opened.is_set()]
            if not dirty:
                self._let_go_of_empty()
                _ = await self._wake.wait()
                continue
            _ = await asyncio.gather(*(self._write(team) for team in dirty))

    async def _write(self, team: TeamPresence) -> None:
        dirty, team.dirty = team.dirty, set()
        gone, team.gone = list(team.gone.items()), {}
        waiters, team.waiters = team.waiters, {}
        puts = [team.owns[conn].entry for conn in dirty if conn in team.owns]
        holds: dict[str, Hold] = {}
        try:
            change, holds = await self._store.change(team.team_id, puts, gone)
        except Away:
            team.alone(puts, gone)
        else:
            if change:
                self._take(team, change)
        finally:
            for conn, waiting in waiters.items():
                for waiter in waiting:
                    if not waiter.done():
                        waiter.set_result(holds.get(conn))

    def _let_go_of_empty(self) -> None:
        for team in [team for team in self._teams.values() if team.opened.is_set() and team.idle]:
            del self._teams[team.team_id]
            self._store.unsubscribe(team.team_id)
            team.close()

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            with suppress(Away):
                await self._beat()

    async def _beat(self) -> None:
        """Live on, bury who does not, and see whether anything was missed."""
        for node in await self._store.beat():
            self._counters.presence_reaps += await self._store.reap(node)
        heads = await self._store.heads(list(self._teams))
        for team_id, head in heads.items():
            team = self._teams.get(team_id)
            if team and team.opened.is_set() and head != (team.replica.run, team.replica.pv):
                loop = asyncio.get_running_loop()
                loop.call_later(TARDY_SECONDS, self._catch_up, team, head)

    def _catch_up(self, team: TeamPresence, head: tuple[str, int]) -> None:
        run, pv = head
        if run != team.replica.run or pv > team.replica.pv:
            self._counters.presence_gaps += 1
            self._fetch(team)

    async def _return(self) -> None:
        """Redis is back, as it was, as it was long ago, or empty."""
        with suppress(Away):
            await self._beat()
            for team in list(self._teams.values()):
                if team.opened.is_set():
                    await self._fetch_now(team)

    async def _digests(self) -> None:
        while True:
            await asyncio.sleep(DIGEST_SECONDS)
            for team in list(self._teams.values()):
                team.view.tell_digests()
