"""Who may sign in now, when a whole office or a whole city comes back at the same moment."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from channels.base.counters import Counters

AT_ONCE: Final = 8
LINE_SECONDS: Final = 5.0
PAUSE_SECONDS: Final = 1.0  # at least, for one who was sent away
MAX_PAUSE_SECONDS: Final = 60.0
FIRST_GUESS: Final = 0.0004  # seconds for one sign-in, before any was measured
GUESSES: Final = 200  # how many sign-ins the first guess weighs as much as
MEMORY: Final = 1_000  # sign-ins after which older ones hardly count


class Full(Exception):
    """The line is longer than anybody should wait in."""


class Admission:
    """So many at once, the next in the order they came; who would wait too long is sent away.

    There is no fixed rate: how quickly the line moves is measured while there is one, so that a
    node that can take 5,000 in two seconds does, and one whose Postgres is slow does not promise
    it. What `at_once` of them ask of Postgres is theirs to share, so that REST always finds a
    connection.

    Everybody sent away is told a moment of their own, one after the other at the pace the line
    moves, so that they do not come back as a herd again.
    """

    def __init__(
        self, counters: Counters, *, at_once: int = AT_ONCE, seconds: float = LINE_SECONDS
    ) -> None:
        self._counters = counters
        self._at_once = at_once
        self._seconds = seconds
        self._inside = 0
        self._line: deque[asyncio.Future[None]] = deque()
        self._each = FIRST_GUESS
        self._measured = 0
        self._last_left: float | None = None
        self._next_slot = 0.0

    @property
    def line_seconds(self) -> float:
        """How long one who came now would wait."""
        return len(self._line) * self._each

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a turn and have it while the block runs; raise Full instead of a long wait."""
        if self._inside >= self._at_once:
            await self._wait()
        else:
            self._inside += 1
        try:
            yield
        finally:
            self._leave()

    def retry_ms(self) -> int:
        """When somebody who is sent away now should come back."""
        now = _now()
        earliest = now + max(PAUSE_SECONDS, self.line_seconds)
        self._next_slot = min(max(self._next_slot + self._each, earliest), now + MAX_PAUSE_SECONDS)
        # Timers and networks differ; a slot is aimed at, not hit.
        return int((self._next_slot - now) * random.uniform(0.9, 1.1) * 1000)

    async def _wait(self) -> None:
        if self.line_seconds > self._seconds:
            raise Full
        self._counters.sign_ins_waited += 1
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()  # the turn came in the same moment
            raise

    def _leave(self) -> None:
        while self._line and self._line[0].done():
            self._line.popleft()  # they did not want to wait any longer
        if not self._line:
            self._inside -= 1
            self._last_left = None
            return
        self._measure()
        self._line.popleft().set_result(None)

    def _measure(self) -> None:
        """Take in how long it is since the last one was done, while others waited."""
        now = _now()
        if self._last_left is not None:
            weight = 1 / min(GUESSES + self._measured, MEMORY)
            self._each += (now - self._last_left - self._each) * weight
            self._measured += 1
        self._last_left = now


def _now() -> float:
    return asyncio.get_running_loop().time()
