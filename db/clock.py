"""Postgres's time, which all nodes share, told between two looks at it by a clock nobody sets."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from db.errors import Unavailable

LOOK_SECONDS = 2.0
SLOW_SECONDS = 1.0  # an answer that took longer tells the time too vaguely to replace a better one

ASK = "SELECT extract(epoch FROM clock_timestamp())::float8"


class PostgresClock:
    """`now` is good to half an answer's time, however wrong or jumping this machine's clock is.

    Until the first look it is this machine's own time.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[float]],
        *,
        tick: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._ask = ask
        self._tick = tick
        self._wall = wall
        self._ahead = wall() - tick()
        self._looked = False

    def now(self) -> float:
        """Seconds since 1970."""
        return self._tick() + self._ahead

    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    @property
    def offset(self) -> float:
        """By how many seconds this machine's clock is ahead of Postgres's."""
        return self._wall() - self.now()

    async def look(self) -> None:
        began = self._tick()
        told = await self._ask()
        ended = self._tick()
        if self._looked and ended - began > SLOW_SECONDS:
            return
        self._ahead = told - (began + ended) / 2
        self._looked = True

    async def keep_looking(self) -> None:
        """For ever; while Postgres is away the clock goes on by itself."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Unavailable:
                continue
