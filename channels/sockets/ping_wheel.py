"""One timer that asks every connection, in turn, whether it still lives."""

import asyncio
import itertools
from typing import Protocol

INTERVAL = 25  # whole seconds between two pings: engine.io announces no fractions
TIMEOUT = 20  # seconds for the answer
SPREAD = 10  # a herd that came at once is asked over so many seconds


class Pinged(Protocol):
    @property
    def unanswered(self) -> bool:
        """Whether the last ping has had no answer yet."""

    def ping(self) -> None: ...

    def silent(self) -> None:
        """The answer did not come in time."""


class PingWheel:
    """A bucket for each second of the interval; a connection stays in one for life."""

    def __init__(self) -> None:
        self._buckets: list[dict[Pinged, None]] = [{} for _ in range(INTERVAL)]
        self._at = 0
        self._places = itertools.cycle(range(SPREAD))

    async def turn(self) -> None:
        """For ever, by the clock and not by the sleeps, so that load does not slow the pings."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += 1
            await asyncio.sleep(due - loop.time())
            self.tick()

    def tick(self) -> None:
        """One second has passed."""
        self._at = (self._at + 1) % INTERVAL
        for connection in list(self._buckets[(self._at - TIMEOUT) % INTERVAL]):
            if connection.unanswered:
                connection.silent()
        for connection in list(self._buckets[self._at]):
            connection.ping()

    def add(self, connection: Pinged) -> int:
        """Its first ping comes after half an interval at least; the place, to be taken off by."""
        place = (self._at - next(self._places)) % INTERVAL
        self._buckets[place][connection] = None
        return place

    def take_off(self, connection: Pinged, place: int) -> None:
        self._buckets[place].pop(connection, None)
