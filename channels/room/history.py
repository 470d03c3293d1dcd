"""Consecutive events of one team, kept finished in memory for screens that catch up."""

import time
from collections import deque
from collections.abc import Iterable
from itertools import islice

from db.events import Event, Head

RING_EVENTS = 512
RING_BYTES = 256 * 1024
RING_SECONDS = 300.0


class History:
    """The events after `base`, without a hole. Bounded when it serves as a room's ring."""

    def __init__(self, base: Head, events: Iterable[Event] = ()) -> None:
        self.base = base
        self._events: deque[Event] = deque()
        self._times: deque[float] = deque()
        self._bytes = 0
        for event in events:
            self._push(event)

    @property
    def last(self) -> Head:
        if not self._events:
            return self.base
        event = self._events[-1]
        return Head(event.seq, event.h)

    def __len__(self) -> int:
        return len(self._events)

    def append(self, event: Event) -> None:
        """Take the next event and let go of what is too old, too many or too large."""
        self._push(event)
        stale = time.monotonic() - RING_SECONDS
        while (
            len(self._events) > RING_EVENTS
            or self._bytes > RING_BYTES
            or (self._times and self._times[0] < stale)
        ):
            self._drop()

    def covers(self, seq: int) -> bool:
        return self.base.seq <= seq <= self.last.seq

    def hash_at(self, seq: int) -> str:
        """The chain hash after event `seq`, which must be covered."""
        return self.base.h if seq == self.base.seq else self._events[seq - self.base.seq - 1].h

    def between(self, seq: int, last: int) -> list[Event]:
        """The events after `seq`, which must be covered, up to `last` as far as they are here."""
        return list(islice(self._events, seq - self.base.seq, last - self.base.seq))

    def _push(self, event: Event) -> None:
        self._events.append(event)
        self._times.append(time.monotonic())
        self._bytes += len(event.wire)

    def _drop(self) -> None:
        event = self._events.popleft()
        self._times.popleft()
        self._bytes -= len(event.wire)
        self.base = Head(event.seq, event.h)
