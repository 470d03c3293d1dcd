"""A client's commands: one after the other for each client, beside everything else."""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from channels.base import limits
from channels.base.counters import Counters
from channels.base.pace import Pace
from channels.base.supervisor import Supervisor
from channels.sockets import wire
from channels.sockets.members import Close, Member
from channels.sockets.wire import Inbound, Malformed
from db.errors import Unavailable

log = logging.getLogger(__name__)

UNREAD_BYTES = 128 * 1024  # owed to a client; above it, its next command waits
UNREAD_SECONDS = 0.05
BUSY_SECONDS = 1.0  # for some of the commands that wait to be done

Answer = Callable[[bytes], None]
Run = Callable[[Any, dict[str, Any]], Awaitable[bytes]]
OwnRun = Callable[[Member, Any, Answer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    payload: Any
    ack: int | None
    size: int


def _pace() -> Pace:
    return Pace(limits.COMMANDS_PER_SECOND, limits.COMMAND_BURST, limits.COMMANDS_REFUSED)


@dataclass(slots=True)
class _Line:
    """The commands of one client that wait for their turn."""

    waiting: deque[Command] = field(default_factory=deque)
    busy: bool = False
    size: int = 0  # of what waits, as it came
    pace: Pace = field(default_factory=_pace)

    @property
    def full(self) -> bool:
        most = limits.COMMANDS_WAITING
        return len(self.waiting) >= most or self.size > limits.COMMANDS_WAITING_BYTES


class Commands:
    """`run` answer with a finished envelope; `own` are the gateway's and answer by themselves."""

    def __init__(
        self,
        run: Mapping[str, Run],
        own: Mapping[str, OwnRun],
        *,
        counters: Counters,
        supervisor: Supervisor,
    ) -> None:
        self._run = run
        self._own = own
        self._counters = counters
        self._supervisor = supervisor
        self._lines: dict[str, _Line] = {}

    def receive(self, member: Member, inbound: Inbound) -> None:
        line = self._lines.get(member.sid)
        if line is None:
            line = self._lines[member.sid] = _Line()
        if self._too_soon(member, line, inbound):
            return
        command = _command(inbound)
        if command is None:
            refusal = failure("VALIDATION_ERROR", 'A command is ["name", {payload}] in JSON')
            _answer(member, inbound.ack, refusal)
            return
        line.waiting.append(command)
        line.size += command.size
        if not line.busy:
            line.busy = True
            self._supervisor.spawn(f"commands {member.sid}", partial(self._work, member, line))

    def forget(self, member: Member) -> None:
        """What was not begun is not run: without an answer, the client sends it again."""
        line = self._lines.pop(member.sid, None)
        if line:
            line.waiting.clear()

    def _too_soon(self, member: Member, line: _Line, inbound: Inbound) -> bool:
        """Drop what is too much, and say so; end the connection of one that does not listen."""
        wait = line.pace.take(asyncio.get_running_loop().time())
        if not wait and line.full:
            wait = BUSY_SECONDS
        if not wait:
            return False
        self._counters.commands_limited += 1
        if line.pace.spent:
            member.close(Close.RATE)
        _answer(member, inbound.ack, _limited(wait))
        return True

    async def _work(self, member: Member, line: _Line) -> None:
        try:
            while line.waiting and not member.gone:
                if member.road.owed_bytes > UNREAD_BYTES:
                    await asyncio.sleep(UNREAD_SECONDS)
                    continue
                command = line.waiting.popleft()
                line.size -= command.size
                await self._perform(member, command)
        finally:
            line.busy = False  # no await since the line was seen empty, so none is left behind

    async def _perform(self, member: Member, command: Command) -> None:
        self._counters.commands += 1

        def answer(envelope: bytes) -> None:
            _answer(member, command.ack, envelope)

        own = self._own.get(command.name)
        try:
            if own:
                await own(member, command.payload, answer)
            else:
                answer(await self._envelope(member, command))
        except Unavailable as error:
            answer(failure("UNAVAILABLE", str(error)))
        except Exception:
            self._counters.command_failures += 1
            log.exception("command %s failed", command.name)
            answer(failure("INTERNAL", "Something went wrong here"))

    async def _envelope(self, member: Member, command: Command) -> bytes:
        run = self._run.get(command.name)
        if run is None:
            return failure("NOT_FOUND", f"There is no command {command.name[:100]!r}")
        payload = {} if command.payload is None else command.payload
        if not isinstance(payload, dict):
            return failure("VALIDATION_ERROR", "The payload of a command is one object")
        return await run(member.who, payload)


def success(data: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"success": True, "data": data})


def failure(code: str, message: str) -> bytes:
    return orjson.dumps(
        {"success": False, "error": {"code": code, "message": message, "details": []}}
    )


def _limited(seconds: float) -> bytes:
    error = {
        "code": "RATE_LIMITED",
        "message": "Too many commands; this one was not run",
        "details": [],
        "retry_ms": math.ceil(seconds * 1000),
    }
    return orjson.dumps({"success": False, "error": error})


def _answer(member: Member, ack: int | None, envelope: bytes) -> None:
    if ack is not None:
        member.push(wire.acknowledged(ack, envelope))


def _command(inbound: Inbound) -> Command | None:
    try:
        match wire.json_of(inbound.data):
            case [str() as name]:
                return Command(name, None, inbound.ack, len(inbound.data))
            case [str() as name, payload]:
                return Command(name, payload, inbound.ack, len(inbound.data))
    except Malformed:
        return None
    return None
