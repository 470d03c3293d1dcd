"""How long a socket's token lets it stay: told in time, renewed in place, ended when it is over."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil
from typing import Any

from channels.base.supervisor import Supervisor
from channels.gateway.commands import Answer, OwnRun, failure, success
from channels.room.rooms import Rooms
from channels.sockets import wire
from channels.sockets.members import Close, Member, Who
from channels.sockets.refused import Refused, admitted

WARNING_SECONDS = 60.0  # before a token's end its client is told to bring the next
GRACE_SECONDS = 30.0  # after it, for the client that is bringing it
SWEEP_SECONDS = 1.0
AT_ONCE = 256  # members a sweep tells before others on the loop have their turn


class Credentials:
    """A feature of sockets. `clock` is the time that tokens are judged by, in seconds since 1970.

    Nobody has a timer of their own: whoever is due in the same second waits in the same set.
    """

    def __init__(
        self,
        *,
        rooms: Rooms,
        authenticate: Callable[[str], Awaitable[Who]],
        clock: Callable[[], float],
        supervisor: Supervisor,
    ) -> None:
        self._rooms = rooms
        self._authenticate = authenticate
        self._clock = clock
        self._supervisor = supervisor
        self._due: dict[int, set[Member]] = {}
        self._ends: dict[Member, tuple[float, int]] = {}  # of its token, and when it is due

    @property
    def commands(self) -> Mapping[str, OwnRun]:
        return {"auth:refresh": self._refresh}

    def start(self) -> None:
        self._supervisor.start("token sweep", self._keep_sweeping)

    def told(self, member: Member) -> Mapping[str, Any]:
        return {"exp": _instant(member.who.expires_at)}

    def entered(self, member: Member) -> None:
        self._wait(member, member.who.expires_at, -WARNING_SECONDS)

    def left(self, member: Member) -> None:
        _, due = self._ends.pop(member, (0.0, 0))
        if due in self._due:
            self._due[due].discard(member)
            if not self._due[due]:
                del self._due[due]

    def closing(self) -> None:
        """Until they are gone, tokens end and sessions are closed as ever."""

    async def sweep(self) -> None:
        now = self._clock()
        done = 0
        for second in sorted(second for second in self._due if second <= now):
            for member in self._due.pop(second, ()):
                self._look_at(member, now)
                done += 1
                if done % AT_ONCE == 0:
                    await asyncio.sleep(0)

    # Inside

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep()

    def _wait(self, member: Member, end: float, until: float) -> None:
        """Look at the member again `until` seconds after its token's end."""
        due = ceil(end + until)
        self._ends[member] = end, due
        self._due.setdefault(due, set()).add(member)

    def _look_at(self, member: Member, now: float) -> None:
        if member not in self._ends:
            return
        end, _ = self._ends[member]
        if now >= end + GRACE_SECONDS:
            member.close(Close.EXPIRED)
            return
        body = {"exp": _instant(end), "in_s": max(0, round(end - now))}
        member.push(wire.said("auth.expiring", body))
        if not member.gone:  # a slow one is closed instead, and was forgotten in the same moment
            self._wait(member, end, GRACE_SECONDS)

    async def _refresh(self, member: Member, payload: Any, answer: Answer) -> None:
        """Let the socket stay by another token of the same person in the same team."""
        token = payload.get("token") if isinstance(payload, dict) else None
        if not isinstance(token, str):
            answer(failure("VALIDATION_ERROR", "Say auth:refresh with {token}"))
            return
        try:
            who = await admitted(self._authenticate(token))
        except Refused as refusal:
            answer(failure(refusal.code, refusal.message))
            return
        if (who.user_id, who.team_id) != (member.who.user_id, member.who.team_id):
            answer(failure("FORBIDDEN", "This token is another person's, or for another team"))
            return
        if await self._rooms.renew(member, who) and not member.gone:
            self.left(member)
            self._wait(member, who.expires_at, -WARNING_SECONDS)
            answer(success({"exp": _instant(who.expires_at)}))


@lru_cache(maxsize=1024)  # one token has many sockets
def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
