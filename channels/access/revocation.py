"""Ends the sockets of people whose session ended, whatever ended it, within seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.gateway.commands import OwnRun
from channels.room.rooms import Rooms
from channels.sockets.members import Close, Member, Who
from channels.sockets.refused import Refused, admitted
from db.errors import Unavailable

LOOK_SECONDS = 2.0  # how long an ended session can stay unnoticed on a node that nobody told
LINGER_SECONDS = 30.0  # a user without sockets is asked about: who was cut off comes back
AT_ONCE = 2_000  # users asked about in one query


@dataclass(slots=True)
class _Person:
    """One user's sockets on this node, and the lowest epoch any of them was read at."""

    epoch: int
    members: set[Member] = field(default_factory=set)
    left_at: float = 0.0


class Revocation:
    """A feature of sockets, beside the log: it tells of what no team's log has.

    `moved` names the users among these whose epoch is another by now; `again` reads anew who is
    behind a socket, or raises the server's refusal.
    """

    def __init__(
        self,
        *,
        rooms: Rooms,
        moved: Callable[[Mapping[UUID, int]], Awaitable[Iterable[UUID]]],
        again: Callable[[Any], Awaitable[Who]],
        counters: Counters,
        supervisor: Supervisor,
    ) -> None:
        self._rooms = rooms
        self._moved = moved
        self._again = again
        self._counters = counters
        self._supervisor = supervisor
        self._people: dict[UUID, _Person] = {}

    @property
    def commands(self) -> Mapping[str, OwnRun]:
        return {}

    def start(self) -> None:
        self._supervisor.start("session poll", self._keep_looking)

    def told(self, _: Member) -> Mapping[str, Any]:
        return {}

    def entered(self, member: Member) -> None:
        who = member.who
        person = self._people.get(who.user_id)
        if person is None:
            person = self._people[who.user_id] = _Person(who.epoch)
        person.epoch = min(person.epoch, who.epoch) if person.members else who.epoch
        person.members.add(member)

    def left(self, member: Member) -> None:
        user_id = member.who.user_id
        person = self._people.get(user_id)
        if person:
            person.members.discard(member)
            person.left_at = _now()

    def closing(self) -> None:
        """Until they are gone, tokens end and sessions are closed as ever."""

    def heard(self, user_id: UUID) -> None:
        """Somebody says that this user's sessions are not what they were: look now."""
        if user_id in self._people:
            self._supervisor.spawn(f"review {user_id}", partial(self._review_soon, user_id))

    async def look(self) -> None:
        """Ask for all users with open sockets; raise Unavailable with Postgres away."""
        self._counters.session_polls += 1
        gone = _now() - LINGER_SECONDS
        for user_id, person in list(self._people.items()):
            if not person.members and person.left_at < gone:
                del self._people[user_id]
        epochs = {user_id: person.epoch for user_id, person in self._people.items()}
        each = iter(epochs.items())
        while some := dict(islice(each, AT_ONCE)):
            for user_id in await self._moved(some):
                await self._review(user_id)

    # Inside

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except (Unavailable, TimeoutError):
                self._counters.session_poll_failures += 1

    async def _review_soon(self, user_id: UUID) -> None:
        try:
            await self._review(user_id)
        except (Unavailable, TimeoutError):
            return  # the poll asks again

    async def _review(self, user_id: UUID) -> None:
        person = self._people.get(user_id)
        if person is None:
            return
        for member in list(person.members):
            if not member.gone:
                await self._review_one(member)
        staying = [member.who.epoch for member in person.members if not member.gone]
        if staying:
            person.epoch = min(staying)
        elif self._people.get(user_id) is person:
            del self._people[user_id]

    async def _review_one(self, member: Member) -> None:
        asked = member.who
        try:
            who = await admitted(self._again(asked))
        except Refused as refusal:
            if refusal.code == "INTERNAL":
                raise Unavailable("Nobody can say whether this session is open") from refusal
            if member.who.session_id == asked.session_id:
                self._rooms.leave(member)
                member.close(Close.REVOKED)
            return
        # Another token may have come in meanwhile; then the next look is about its session.
        if member.who.session_id == asked.session_id and not member.gone:
            await self._rooms.renew(member, who)


def _now() -> float:
    return asyncio.get_running_loop().time()
