"""Writes on their way: shown at once, sent in order for each record, kept until answered."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import uuid4

from homeroom_client.refused import Refused

RETRY_SECONDS: Final = 1.5
MOST_SENDING: Final = 8  # at once: what was written in an hour shall not all leave in one tick

Call = Callable[[str, Any], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Write:
    """`op` makes it safe to send twice. `id` is the op's own for a record that is not there yet.

    `tried` says that it may have reached the server, so that it must not change any more.
    """

    op: str
    entity: str
    plural: str
    verb: str
    id: str
    body: dict[str, Any] | None
    version: int | None
    at: float
    tried: bool = False

    @property
    def payload(self) -> dict[str, Any]:
        target = {} if self.verb == "create" else {"id": self.id}
        given = {"version": self.version, "body": self.body}
        return {"op": self.op} | target | {k: v for k, v in given.items() if v is not None}


class Outbox:
    """`done` and `refused` are told of each outcome, before whoever waits for it."""

    def __init__(
        self,
        call: Call,
        kept: MutableMapping[str, str],
        *,
        connected: Callable[[], bool],
        done: Callable[[Write, dict[str, Any]], None],
        refused: Callable[[Write, Refused], None],
    ) -> None:
        self._call = call
        self._kept = kept
        self._connected = connected
        self._done = done
        self._refused = refused
        self._waiting: dict[str, list[Write]] = {}
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._callers: dict[str, asyncio.Future[Any]] = {}
        self._rest = 0.0
        writes = [Write(**json.loads(text)) for text in kept.values()]
        for write in sorted(writes, key=lambda one: one.at):
            self._waiting.setdefault(write.id, []).append(write)

    @property
    def size(self) -> int:
        return sum(map(len, self._waiting.values()))

    def pending(self, record: str) -> list[Write]:
        return self._waiting.get(record, [])

    def newcomers(self) -> Iterator[Write]:
        """Records that exist only here so far."""
        return (line[0] for line in self._waiting.values() if line[0].verb == "create")

    async def add(
        self,
        entity: str,
        plural: str,
        verb: str,
        *,
        record: str | None = None,
        body: dict[str, Any] | None = None,
        version: int | None = None,
    ) -> Any:
        """The record as the server has it; Refused when it did not take the write."""
        op = str(uuid4())
        line = self._waiting.setdefault(record or op, [])
        last = line[-1] if line else None
        if last and not last.tried and last.verb == verb == "update":
            # Edited twice before it could leave: one write, on the version of the first.
            last.body = {**(last.body or {}), **(body or {})}
            write = last
        else:
            now = time.time()
            write = Write(op, entity, plural, verb, record or op, body, version, now)
            line.append(write)
        self._keep(write)
        if write.op not in self._callers:
            self._callers[write.op] = asyncio.get_running_loop().create_future()
            self._callers[write.op].add_done_callback(_look)
        answer = self._callers[write.op]
        self.flush()
        return await asyncio.shield(answer)

    def flush(self) -> None:
        """Send what can be sent now."""
        if not self._connected() or time.monotonic() < self._rest:
            return
        for record in list(self._waiting):
            if len(self._sending) >= MOST_SENDING:
                return
            if record not in self._sending:
                self._sending[record] = asyncio.create_task(self._send(record))

    async def close(self) -> None:
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for answer in self._callers.values():
            answer.cancel()

    async def _send(self, record: str) -> None:
        write = self._waiting[record][0]
        write.tried = True
        self._keep(write)
        again = 0.0
        try:
            answer = await self._call(f"{write.plural}:{write.verb}", write.payload)
        except Refused as refused:
            if refused.passes:  # nobody knows whether it was done; the op makes asking again safe
                again = self._later(refused)
            else:
                self._settle(write)
                self._refused(write, refused)
                self._answer(write, refused)
        else:
            self._settle(write)
            self._rebase(record, answer)
            self._done(write, answer)
            self._answer(write, answer.get("data"))
        finally:
            del self._sending[record]
        if again:
            asyncio.get_running_loop().call_later(again, self.flush)
        else:
            self.flush()

    def _later(self, refused: Refused) -> float:
        wait = refused.retry_ms / 1000 or RETRY_SECONDS
        if refused.code == "RATE_LIMITED":  # that is said of all: those behind it wait with it
            self._rest = max(self._rest, time.monotonic() + wait)
        return wait + 0.01

    def _rebase(self, record: str, answer: dict[str, Any]) -> None:
        """Base what waits behind an answered write on the version that it made.

        Unless somebody else changed the very same field, which must not be overwritten unseen.
        """
        data, meta = answer.get("data") or {}, answer.get("meta") or {}
        others = set(meta.get("merged") or ())
        for write in self.pending(record):
            if write.version is not None and not others & (write.body or {}).keys():
                write.version = data.get("version", write.version)
                self._keep(write)

    def _settle(self, write: Write) -> None:
        line = self._waiting[write.id]
        line.remove(write)
        if not line:
            del self._waiting[write.id]
        self._kept.pop(write.op, None)

    def _answer(self, write: Write, outcome: Any) -> None:
        answer = self._callers.pop(write.op, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Refused):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def _keep(self, write: Write) -> None:
        self._kept[write.op] = json.dumps(asdict(write))


def _look(answer: asyncio.Future[Any]) -> None:
    """A refusal that nobody waited for any more is not worth asyncio's warning."""
    if not answer.cancelled():
        answer.exception()
