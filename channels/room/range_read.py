"""Reading the past for many screens at once: those who come back together share one query."""

import asyncio
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.room.history import History
from channels.room.log import Log
from channels.room.standing import REPLAY_EVENTS
from db.events import Head

GATHER_SECONDS = 0.02  # a herd arrives within moments; one wait here saves a query each


@dataclass(slots=True)
class _Batch:
    since: int
    done: asyncio.Future[History]


class RangeRead:
    """The events of one team from before a room's ring."""

    def __init__(self, team_id: UUID, log: Log, counters: Counters, supervisor: Supervisor) -> None:
        self._team_id = team_id
        self._log = log
        self._counters = counters
        self._supervisor = supervisor
        self._open: _Batch | None = None

    async def since(self, seq: int) -> History:
        """A history that covers `seq`, if the log has it; Unavailable when Postgres is away."""
        if self._open is None:
            done: asyncio.Future[History] = asyncio.get_running_loop().create_future()
            done.add_done_callback(_look)
            self._open = _Batch(seq, done)
            read = partial(self._read, self._open)
            self._supervisor.spawn(f"range read {self._team_id}", read)
        self._open.since = min(self._open.since, seq)
        return await asyncio.shield(self._open.done)

    async def _read(self, batch: _Batch) -> None:
        try:
            await asyncio.sleep(GATHER_SECONDS)
            self._open = None
            self._counters.range_reads += 1
            # From the event at `since` itself, for its hash; twice the most that is ever replayed.
            before = max(batch.since - 1, 0)
            events = await self._log.read_after(self._team_id, before, 2 * REPLAY_EVENTS)
        except asyncio.CancelledError:
            batch.done.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            batch.done.set_exception(error)
            return
        base = Head(before, "")
        if batch.since and events:
            first = events.pop(0)
            base = Head(first.seq, first.h)
        batch.done.set_result(History(base, events))


def _look(done: asyncio.Future[History]) -> None:
    """A failure that nobody waited for any more is not worth asyncio's warning."""
    if not done.cancelled():
        done.exception()
