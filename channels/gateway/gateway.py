"""Sockets come in here: sign-in, resume, commands, and the way out."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from channels.base import limits
from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.gateway.admission import Admission, Full
from channels.gateway.commands import Answer, Commands, OwnRun, failure, success
from channels.gateway.compat import OldMember
from channels.gateway.feature import Feature
from channels.gateway.greeting import Greeting, Position
from channels.gateway.sockets_per_user import SocketsPerUser
from channels.room.rooms import BEAT_SECONDS, Rooms, utc_now
from channels.room.standing import Mode, Standing
from channels.sockets import wire
from channels.sockets.connection import Connection
from channels.sockets.live_server import Allows, LiveServer
from channels.sockets.members import Close, Member, Who
from channels.sockets.refused import Refused, admitted
from channels.sockets.wire import Inbound, Malformed
from db.errors import Unavailable

ENTER_SECONDS = 10.0
CLOSE_SECONDS = 2.0
SWEEP_SECONDS = 2.0
RETURN_SECONDS = 0.5  # those who are sent elsewhere arrive there over so long
LOOK_SECONDS = 0.1  # how soon a drain notices that somebody went by itself

W = TypeVar("W", bound=Who)


def _nobody(_: str) -> None:
    """Every token has to be looked up."""


class Gateway(Generic[W]):
    """The front of the live rooms.

    `authenticate` turns a token into a person, or raises an error that has `code` and `message`
    (and `retry_after` seconds, perhaps); `known` does where that takes no waiting, else None.
    `commands` take that person and the payload, and answer with a finished envelope. `driver` is
    engine.io's, for the web server in use.
    """

    def __init__(
        self,
        *,
        rooms: Rooms,
        authenticate: Callable[[str], Awaitable[W]],
        known: Callable[[str], W | None] = _nobody,
        commands: Mapping[str, Callable[[W, dict[str, Any]], Awaitable[bytes]]],
        driver: Mapping[str, Any],
        counters: Counters,
        supervisor: Supervisor,
        features: Sequence[Feature] = (),
        cors_allowed_origins: Allows | None = None,
        admission: Admission | None = None,
        drain_seconds: float = 0.0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._rooms = rooms
        self._authenticate = authenticate
        self._known = known
        self._clock = clock
        self._supervisor = supervisor
        self._features = [SocketsPerUser(), *features]
        self._admission = admission or Admission(counters)
        self._drain_seconds = drain_seconds
        self._members: dict[str, Member] = {}
        self._closing = False
        own: dict[str, OwnRun] = {"resume": self._resume}
        for feature in self._features:
            own.update(feature.commands)
        self._commands = Commands(commands, own, counters=counters, supervisor=supervisor)
        self._server = LiveServer(
            self,
            driver=driver,
            cors_allowed_origins=cors_allowed_origins,
            counters=counters,
            supervisor=supervisor,
        )

    def start(self) -> None:
        self._server.start()
        self._supervisor.start("socket sweep", self._sweep)

    async def handle_request(self, request: Any) -> Any:
        """Answer one HTTP request to the Socket.IO path."""
        return await self._server.handle_request(request)

    async def close(self) -> None:
        """Let nobody in and end every connection; clients come back, here or elsewhere."""
        self._closing = True
        for feature in self._features:
            feature.closing()
        await self._drain()
        await self._server.close(CLOSE_SECONDS)

    # What the Socket.IO server asks

    def enter(
        self, sid: str, connection: Connection, auth: Any
    ) -> Coroutine[Any, Any, None] | None:
        greeting = Greeting.read(auth)
        if self._let_in_now(sid, connection, greeting):
            return None
        return self._enter_later(sid, connection, greeting)

    def receive(self, sid: str, inbound: Inbound) -> bool:
        member = self._members.get(sid)
        if member is None or member.gone:
            return False
        self._commands.receive(member, inbound)
        return True

    def left(self, sid: str) -> None:
        member = self._members.pop(sid, None)
        if member:
            member.gone = True
            self._commands.forget(member)
            for feature in self._features:
                feature.left(member)
            self._rooms.leave(member)

    # Inside

    async def _enter_later(self, sid: str, connection: Connection, greeting: Greeting) -> None:
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                await self._let_in(sid, connection, greeting)
        except (Unavailable, TimeoutError, Full) as error:
            self.left(sid)
            raise self._unavailable("Try again in a moment") from error
        except BaseException:
            self.left(sid)
            raise

    async def _let_in(self, sid: str, connection: Connection, greeting: Greeting) -> None:
        async with self._admission.place():
            if self._closing:
                raise self._unavailable("The server is restarting")
            if connection.closed:
                return  # it did not wait for its turn
            who = await admitted(self._authenticate(greeting.token))
        member = self._member(sid, who, connection, greeting)
        greet = self._greet(member, greeting)
        team_id = member.who.team_id
        if greeting.wants(team_id):
            await self._rooms.join(team_id, member, greeting.since(team_id), greet)
        else:
            greet()
        self._entered(member)

    def _let_in_now(self, sid: str, connection: Connection, greeting: Greeting) -> bool:
        """Where nothing has to be waited for: a herd that comes back costs no tasks or timers."""
        who = None if self._closing else self._known(greeting.token)
        if who is None or not greeting.wants(who.team_id):
            return False
        member = self._member(sid, who, connection, greeting)
        greet = self._greet(member, greeting)
        team_id = who.team_id
        try:
            if not self._rooms.join_now(team_id, member, greeting.since(team_id), greet):
                del self._members[sid]
                return False
        except BaseException:
            self.left(sid)
            raise
        self._entered(member)
        return True

    def _member(self, sid: str, who: W, connection: Connection, greeting: Greeting) -> Member:
        kind = OldMember if greeting.compat else Member
        member = self._members[sid] = kind(sid, who, connection, inst=greeting.inst)
        return member

    def _entered(self, member: Member) -> None:
        for feature in self._features:
            if not member.gone:  # or it was told before that the member left
                feature.entered(member)

    def _unavailable(self, message: str) -> Refused:
        return Refused("UNAVAILABLE", message, retry_ms=self._admission.retry_ms())

    async def _drain(self) -> None:
        """Send the members elsewhere, each at a moment of its own, which it is told beforehand.

        So those who take them in are not run over, and nobody notices: a screen goes on where it
        was, and presence waits longer for it than it is away.
        """
        members = list(self._members.values())
        random.shuffle(members)
        began, step = _now(), self._drain_seconds / max(1, len(members))
        for place, member in enumerate(members):
            after = place * step + random.uniform(0, RETURN_SECONDS)
            member.push(wire.said("drain", {"retry_ms": int(after * 1000)}))
        for place, member in enumerate(members):
            # Nobody is told when the next member goes by itself, so it is looked for.
            while not member.gone and (wait := began + place * step - _now()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(min(wait, LOOK_SECONDS))
            member.close(Close.DRAIN)

    def _greet(self, member: Member, greeting: Greeting) -> Callable[..., None]:
        others = greeting.others(member.who.team_id)

        def greet(*standings: Standing) -> None:
            if any(standing.mode is Mode.DENIED for standing in standings):
                raise Refused("FORBIDDEN", "You are not a member of this team")
            member.push(wire.connected(member.sid))
            denied = [self._rooms.denied(team) for team in others]
            member.push(wire.said("hello", self._hello(member, [*standings, *denied])))

        return greet

    def _hello(self, member: Member, standings: list[Standing]) -> dict[str, Any]:
        told: dict[str, Any] = {
            "proto": wire.PROTO,
            "conn": member.sid,
            "now": self._clock().isoformat(timespec="milliseconds"),
            "hb": int(BEAT_SECONDS),
            "user": {"id": str(member.who.user_id), "name": member.who.name},
            "rights": sorted(member.who.rights),
            "lim": limits.told(),
            "teams": [standing.told for standing in standings],
        }
        for feature in self._features:
            told.update(feature.told(member))
        return told

    async def _resume(self, member: Member, payload: Any, answer: Answer) -> None:
        """Say where the screen stands; what it missed follows on the same socket."""
        try:
            position = Position.read(payload)
        except Malformed as error:
            answer(failure("VALIDATION_ERROR", str(error)))
            return

        def greet(standing: Standing) -> None:
            answer(success(standing.told))
            if standing.mode is Mode.DENIED:
                member.close(Close.REVOKED)

        if position.team_id == member.who.team_id:
            await self._rooms.join(position.team_id, member, position.since, greet)
        else:
            answer(success(self._rooms.denied(position.team_id).told))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._server.sweep()


def _now() -> float:
    return asyncio.get_running_loop().time()
