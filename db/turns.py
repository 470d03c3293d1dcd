"""Writers of one team take turns here, not inside Postgres."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from db.errors import Unavailable

WRITERS = 4  # at once per team and node; more only burn Postgres on waking each other
QUEUE = 256
WAIT = 10.0


class Turns:
    """At most WRITERS transactions of a team at a time; the rest wait in line, bounded."""

    def __init__(self) -> None:
        self._teams: dict[UUID, tuple[asyncio.Semaphore, list[int]]] = {}

    @asynccontextmanager
    async def turn(self, team_id: UUID) -> AsyncIterator[None]:
        semaphore, waiting = self._teams.setdefault(team_id, (asyncio.Semaphore(WRITERS), [0]))
        if waiting[0] >= QUEUE:
            raise Unavailable("Too many writes are waiting in this team", retry_after=2)
        waiting[0] += 1
        try:
            try:
                # Not wait_for: on Python 3.11 it can swallow a cancellation.
                async with asyncio.timeout(WAIT):
                    await semaphore.acquire()
            except TimeoutError:
                raise Unavailable("This team's writes are waiting too long") from None
            try:
                yield
            finally:
                semaphore.release()
        finally:
            waiting[0] -= 1
            if not waiting[0]:
                self._teams.pop(team_id, None)
