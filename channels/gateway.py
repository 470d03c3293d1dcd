"""Sockets come in here: sign-in, resume, commands, and the way out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from channels import wire
from channels.commands import MAX_WAITING, Answer, Commands, OwnRun, failure, success
from channels.counters import Counters
from channels.feature import Feature
from channels.greeting import Greeting, Position
from channels.live_server import Connection, LiveServer
from channels.members import Member, Who
from channels.refused import Refused
from channels.rooms import BEAT_SECONDS, Rooms
from channels.standing import Standing
from channels.supervisor import Supervisor
from channels.wire import Inbound, Malformed
from db.errors import Unavailable

log = logging.getLogger(__name__)

ENTER_SECONDS = 10.0
CLOSE_SECONDS = 2.0
SWEEP_SECONDS = 2.0
RETRY_MS = 1_000

W = TypeVar("W", bound=Who)


class Gateway(Generic[W]):
    """The front of the live rooms.

    `authenticate` turns a token into a person, or raises an error that has `code` and `message`
    (and `retry_after` seconds, perhaps). `commands` take that person and the payload, and answer
    with a finished envelope. `driver` is engine.io's, for the web server in use.
    """

    def __init__(
        self,
        *,
        rooms: Rooms,
        authenticate: Callable[[str], Awaitable[W]],
        commands: Mapping[str, Callable[[W, dict[str, Any]], Awaitable[bytes]]],
        driver: Mapping[str, Any],
        counters: Counters,
        supervisor: Supervisor,
        features: Sequence[Feature] = (),
        cors_allowed_origins: str | list[str] | None = None,
    ) -> None:
        self._rooms = rooms
        self._authenticate = authenticate
        self._supervisor = supervisor
        self._features = features
        self._members: dict[str, Member] = {}
        self._closing = False
        own: dict[str, OwnRun] = {"resume": self._resume}
        for feature in features:
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
        self._supervisor.start("stranger sweep", self._sweep)

    async def handle_request(self, request: Any) -> Any:
        """Answer one HTTP request to the Socket.IO path."""
        return await self._server.handle_request(request)

    async def close(self) -> None:
        """Let nobody in and end every connection; clients come back, here or elsewhere."""
        self._closing = True
        await self._server.close(CLOSE_SECONDS)

    # What the Socket.IO server asks

    async def enter(self, sid: str, connection: Connection, auth: Any) -> None:
        if self._closing:
            raise Refused("UNAVAILABLE", "The server is restarting", retry_ms=RETRY_MS)
        greeting = Greeting.read(auth)
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                who = await self._who(greeting.token)
                member = Member(sid, who, connection.outbox, connection.close)
                self._members[sid] = member
                await self._join(member, greeting)
                for feature in self._features:
                    feature.entered(member)
        except (Unavailable, TimeoutError) as error:
            self.left(sid)
            raise Refused("UNAVAILABLE", "Try again in a moment", retry_ms=RETRY_MS) from error
        except BaseException:
            self.left(sid)
            raise

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

    async def _who(self, token: str) -> W:
        try:
            return await self._authenticate(token)
        except (Unavailable, TimeoutError):
            raise
        except Exception as error:
            code = getattr(error, "code", None)
            if not isinstance(code, str):
                log.exception("authentication failed")
                raise Refused("INTERNAL", "Something went wrong here") from error
            after = getattr(error, "retry_after", None)
            retry_ms = None if after is None else int(after * 1000)
            raise Refused(code, getattr(error, "message", code), retry_ms=retry_ms) from error

    async def _join(self, member: Member, greeting: Greeting) -> None:
        team_id = member.who.team_id
        others = [self._rooms.denied(team) for team in greeting.others(team_id)]

        def greet(*standings: Standing) -> None:
            member.push(wire.connected(member.sid))
            member.push(wire.said("hello", self._hello(member, [*standings, *others])))

        if greeting.wants(team_id):
            await self._rooms.join(team_id, member, greeting.since(team_id), greet)
        else:
            greet()

    def _hello(self, member: Member, standings: list[Standing]) -> dict[str, Any]:
        told: dict[str, Any] = {
            "proto": wire.PROTO,
            "conn": member.sid,
            "now": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "hb": int(BEAT_SECONDS),
            "user": {"id": str(member.who.user_id), "name": member.who.name},
            "lim": {"bytes": wire.MAX_FRAME, "commands": MAX_WAITING},
            "teams": [standing.told() for standing in standings],
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
            answer(success(standing.told()))

        if position.team_id == member.who.team_id:
            await self._rooms.join(position.team_id, member, position.since, greet)
        else:
            greet(self._rooms.denied(position.team_id))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._server.cut_strangers()
