"""Joins, removals, new roles and bursts in any order, on a bus that does what it likes; a judge.

Everything is simulated but the rooms, so thousands of interleavings take seconds. As a program it
takes a seed and how many, and prints the tally as JSON.
"""

import asyncio
import json
import random
import sys
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field, replace
from uuid import UUID, uuid4

from typing_extensions import override

from channels.room import rooms
from channels.room.standing import Mode
from channels.sockets.members import Close
from db.errors import Unavailable
from db.events import EVERYONE, Event, Head
from domains.auth.authenticator import TRUSTED, Bearer
from domains.kit.actor import Actor, Role
from domains.kit.policy import may_see
from tests.realtime.nodes import bearer
from tests.realtime.simulated import Ear, MemoryLog, Stage, StillLoop, simulate

USERS = 3
STEPS = 16
SETTLE = 3.0  # a poll, the hold, a read
AT_ONCE = 200  # interleavings that share a loop; each has a log and a node of its own
STEPS_OF_ALL = {
    "join": 30,
    "burst": 25,
    "remove": 10,
    "return": 8,
    "role": 8,
    "leave": 3,
    "renew": 5,
    "resume": 3,
    "bus": 1,
    "wait": 7,
}  # and how often each is taken
ROLES = [Role.LEAD, Role.AGENT, Role.VIEWER]


@dataclass(slots=True)
class Tally:
    """What happened in so many interleavings. The first fault of each kind is told in words."""

    runs: int = 0
    joins: int = 0
    denied: int = 0
    removals: int = 0
    events: int = 0
    leaked: int = 0  # events with a number after the removal of who got them
    overseen: int = 0  # private ones, shown to a role that may not see them
    stayed: int = 0  # sockets that were still there when all had settled
    wronged: int = 0  # members who were shut out, or missed an event
    slowest: float = 0.0  # seconds from a removal to the close of a socket
    faults: list[str] = field(default_factory=list)

    def fault(self, kind: str, text: str) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.faults) < 5:
            self.faults.append(f"{kind}: {text}")


class LaggingLog(MemoryLog):
    """Its answers take their time, and are from any moment of it."""

    def __init__(self, team_id: UUID, chance: random.Random) -> None:
        super().__init__(team_id)
        self._chance = chance
        self.committed_at: list[float] = []

    @override
    def commit(self, **said: object) -> Event:
        self.committed_at.append(asyncio.get_running_loop().time())
        return super().commit(**said)  # type: ignore[arg-type]  # passed on as it came

    async def _seen(self) -> int:
        """How many events the answer knows of."""
        await asyncio.sleep(self._chance.choice((0.0, 0.001, 0.02)))
        seen = len(self.events)
        await asyncio.sleep(self._chance.choice((0.0, 0.001, 0.02)))
        if self.away:
            raise Unavailable("Postgres is not answering")
        return seen

    @override
    async def read_after(self, _: UUID, after: int, limit: int) -> list[Event]:
        return self.events[: await self._seen()][after : after + limit]

    @override
    async def about_members(self, team_id: UUID, after: int, last: int) -> list[Event]:
        await self._seen()
        return await super().about_members(team_id, after, last)

    @override
    async def heads(self, team_ids: Collection[UUID]) -> dict[UUID, Head]:
        seen = await self._seen()
        return {self.team_id: self.position(seen)} if self.team_id in team_ids else {}


class Person:
    """A user, and what they were in the team after each event that says so."""

    def __init__(self) -> None:
        self.id = uuid4()
        self.been: list[tuple[int, Role | None]] = [(0, Role.AGENT)]

    @property
    def role(self) -> Role | None:
        return self.been[-1][1]

    def role_at(self, seq: int) -> Role | None:
        return next(role for since, role in reversed(self.been) if since <= seq)

    def out_after(self, seq: int) -> int | None:
        """The number of the first removal after `seq`."""
        outs = (since for since, role in self.been if since > seq and role is None)
        return next(outs, None)

    def roles_between(self, first: int, last: int) -> set[Role | None]:
        later = {role for since, role in self.been if first < since <= last}
        return later | {self.role_at(first)}


@dataclass(slots=True)
class Seat:
    """One socket: whose, what it was let in with, and how it went."""

    person: Person
    ear: Ear
    since: Head
    as_of: int
    entered: float = 0.0
    closed: float | None = None
    left: bool = False


class Race:
    """One interleaving; `seed` repeats it."""

    def __init__(self, seed: str, tally: Tally) -> None:
        self._seed = seed
        self._tally = tally
        self._chance = random.Random(seed)
        self._log = LaggingLog(uuid4(), self._chance)
        self._stage = Stage(self._log, self._route, may_see)
        self._people = [Person() for _ in range(USERS)]
        self._seats: list[Seat] = []
        self._errands: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        self._stage.start()
        for _ in range(STEPS):
            await self._step()
        await asyncio.gather(*self._errands)
        await asyncio.sleep(SETTLE)
        for seat in self._seats:
            self._judge(seat)
        self._tally.runs += 1
        self._tally.events += len(self._log.events)
        await self._stage.supervisor.close()

    def _route(self, _: Event) -> Iterable[float]:
        fate = self._chance.random()
        if fate < 0.1:
            return ()
        late = self._chance.choice((0.0, 0.0, 0.002, 0.02, 0.1))
        return (0.0, late) if fate > 0.9 else (late,)

    async def _step(self) -> None:
        match self._chance.choices(
            (
                "join",
                "burst",
                "remove",
                "return",
                "role",
                "leave",
                "renew",
                "resume",
                "bus",
                "wait",
            ),
            (30, 25, 10, 8, 8, 3, 5, 3, 1, 7),
        )[0]:
            case "join":
                self._errands.append(asyncio.create_task(self._join()))
            case "burst":
                for _ in range(self._chance.choice((1, 2, 5, 10))):
                    self._write()
            case "remove" | "return" | "role" as what:
                self._change(self._chance.choice(self._people), what)
            case "leave" if self._seats:
                seat = self._chance.choice(self._seats)
                seat.left = True
                seat.ear.member.gone = True
                self._stage.rooms.leave(seat.ear.member)
            case "renew" | "resume" as what if self._seats:
                again = self._renew if what == "renew" else self._resume
                self._errands.append(asyncio.create_task(again(self._chance.choice(self._seats))))
            case "bus" if self._stage.bus.up:
                await self._stage.bus.close()
            case "wait":
                await asyncio.sleep(self._chance.choice((0.01, 0.1, 1.0, 3.0)))
        await asyncio.sleep(self._chance.choice((0.0, 0.0, 0.0, 0.001, 0.02)))

    # What people do

    def _write(self) -> None:
        owner = self._chance.choice(self._people)
        audience = f"private:{owner.id}" if self._chance.random() < 0.2 else "all"
        self._stage.bus.publish(self._log.commit(audience=audience))

    def _change(self, person: Person, what: str) -> None:
        if (person.role is None) != (what == "return"):
            return
        role = None if what == "remove" else self._chance.choice(ROLES)
        kind = {"remove": "member.removed", "return": "member.joined", "role": "role.changed"}
        said = {} if role is None else {"role": role.value}
        event = self._log.commit(kind=kind[what], entity_id=person.id, **said)
        person.been.append((event.seq, role))
        self._tally.removals += what == "remove"
        self._stage.bus.publish(event)

    def _read(self, person: Person) -> Bearer | None:
        """Who somebody is by what the authenticator knows, which may be as old as it trusts."""
        now = asyncio.get_running_loop().time()
        fresh = [at for at in self._log.committed_at if at < now - TRUSTED]
        as_of = self._chance.randint(len(fresh), len(self._log.events))
        role = person.role_at(as_of)
        if role is None:
            return None
        return bearer(Actor(person.id, self._log.team_id, role, "Ana Agent"), as_of=as_of)

    async def _join(self) -> None:
        person = self._chance.choice(self._people)
        who = self._read(person)
        if who is None:
            return  # the door
        await asyncio.sleep(self._chance.choice((0.0, 0.001, 0.05)))
        since = self._log.position(self._chance.randint(0, len(self._log.events)))
        ear = Ear(who)
        seat = Seat(person, ear, since, who.as_of)
        ear.end = lambda why: self._ended(seat, why)
        await self._stage.join(since, ear)
        self._tally.joins += 1
        if ear.mode is Mode.DENIED:
            self._tally.denied += 1
        seat.entered = asyncio.get_running_loop().time()
        self._seats.append(seat)

    def _ended(self, seat: Seat, why: Close) -> None:
        seat.ear.closed.append(why)
        seat.closed = asyncio.get_running_loop().time()

    async def _renew(self, seat: Seat) -> None:
        """With a new token, of which the authenticator says what it would at the door."""
        who = self._read(seat.person)
        if who is None or who.as_of < seat.as_of or seat.ear.member.gone:
            return
        out = seat.person.out_after(seat.as_of)
        if out is not None and out <= who.as_of:
            return  # they are back, and signed in anew: this is not their socket any more
        await self._stage.rooms.renew(seat.ear.member, replace(who, expires_at=who.expires_at + 1))

    async def _resume(self, seat: Seat) -> None:
        if seat.ear.mode is Mode.DENIED or seat.ear.member.gone:
            return
        ear, log = seat.ear, self._log
        at = ear.seqs[-1] if ear.seqs else seat.since.seq
        await self._stage.rooms.join(log.team_id, ear.member, log.position(at), lambda _: None)

    # What must hold

    def _judge(self, seat: Seat) -> None:
        ear, person, tally = seat.ear, seat.person, self._tally
        out = person.out_after(seat.as_of)
        told = f"{self._seed}, read at {seat.as_of}, out at {out}, got {ear.seqs[-3:]}"
        if ear.mode is Mode.DENIED:
            if out is None or ear.seqs:
                tally.fault("wronged", f"denied: {told}")
            return
        if out is not None and any(seq > out for seq in ear.seqs):
            tally.fault("leaked", told)
        self._judge_sight(seat, told)
        if seat.left:
            return
        if out is None:
            first = ear.standings[0].head.seq if ear.mode is Mode.SNAPSHOT else seat.since.seq
            if ear.closed or _applied(ear.seqs, first) != len(self._log.events):
                tally.fault("wronged", f"{ear.closed}: {told}")
        elif ear.closed != [Close.REVOKED] or seat.closed is None:
            tally.fault("stayed", told)
        else:
            began = max(self._log.committed_at[out - 1], seat.entered)
            tally.slowest = max(tally.slowest, seat.closed - began)

    def _judge_sight(self, seat: Seat, told: str) -> None:
        joined = seat.ear.standings[0].head.seq
        for event in seat.ear.events:
            seq = event["s"]
            audience = self._log.events[seq - 1].audience
            if audience == EVERYONE:
                continue
            # Live by the role of that moment; what was missed by the role at the join.
            roles = seat.person.roles_between(max(seq, seat.as_of), max(seq, joined))
            actors = [Actor(seat.person.id, self._log.team_id, role, "") for role in roles if role]
            if event["k"] != "-" and not any(may_see(actor, audience) for actor in actors):
                self._tally.fault("overseen", f"{seq} by {roles}: {told}")


def _applied(seqs: Iterable[int], last: int) -> int:
    """Where a client stands that keeps the rules: what it has it ignores, after a gap it waits."""
    for seq in seqs:
        if seq == last + 1:
            last = seq
    return last


def race(seed: int, runs: int) -> Tally:
    """So many interleavings, the same for the same seed. Empty rooms are let go of at once."""
    tally = Tally()
    lingering, rooms.LINGER_SECONDS = rooms.LINGER_SECONDS, 0.0
    for first in range(0, runs, AT_ONCE):

        async def some(first: int = first) -> None:
            numbers = range(first, min(first + AT_ONCE, runs))
            await asyncio.gather(*(Race(f"{seed}/{number}", tally).run() for number in numbers))

        simulate(some(), StillLoop)
    rooms.LINGER_SECONDS = lingering
    return tally


if __name__ == "__main__":
    tally = race(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(json.dumps(asdict(tally)))
