"""Packets on their way to many members, in slices, so that a large room never holds the loop."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat

from channels.sockets.members import Member
from channels.sockets.wire import Parcel
from db.events import Event

SLICE = 500  # members written to in one turn of the loop: a few milliseconds


class Wave:
    """What those who were members when it was made are given, `parcels` in the order of `members`.

    One parcel, when all see the same. `events` are what it tells of the log.
    """

    __slots__ = ("_at", "_members", "_parcels", "_without", "events")

    def __init__(
        self,
        members: Sequence[Member],
        parcels: Parcel | Sequence[Parcel],
        events: Sequence[Event] = (),
    ) -> None:
        self.events = events
        self._members = members
        self._parcels = parcels
        self._at = 0
        self._without: set[Member] = set()

    @property
    def over(self) -> bool:
        return self._at >= len(self._members)

    def leave_out(self, member: Member) -> None:
        self._without.add(member)

    def send(self, most: int) -> int:
        """Write to the next `most` members; to how many it was."""
        start, end = self._at, min(self._at + most, len(self._members))
        self._at = end
        members = self._members[start:end]
        if isinstance(self._parcels, Parcel):
            parcels: Iterable[Parcel] = repeat(self._parcels, len(members))
        else:
            parcels = self._parcels[start:end]
        for member, parcel in zip(members, parcels, strict=True):
            if member not in self._without:
                member.give(parcel)
        return end - start


class Lane:
    """One room's waves, one after the other; `then` is called after the last write of each."""

    def __init__(self, waves: "Waves", *, then: Callable[[Wave], None]) -> None:
        self._all = waves
        self._then = then
        self._waves: deque[Wave] = deque()

    @property
    def busy(self) -> bool:
        return bool(self._waves)

    def add(self, wave: Wave) -> None:
        self._waves.append(wave)
        if len(self._waves) == 1:
            self._all.add(self)

    def leave_out(self, member: Member) -> None:
        """It is told in another way what is still on its way."""
        for wave in self._waves:
            wave.leave_out(member)

    def clear(self) -> None:
        self._waves.clear()

    def send(self, most: int) -> int:
        count = 0
        while self._waves and count < most:
            wave = self._waves[0]
            count += wave.send(most - count)
            if wave.over:
                self._then(wave)  # may add the next one
                if self._waves and self._waves[0] is wave:
                    self._waves.popleft()
        return count


class Waves:
    """All lanes of a node in turn. What fits into a slice leaves at once."""

    def __init__(self) -> None:
        self._lanes: deque[Lane] = deque()
        self._left = SLICE
        self._next: asyncio.Handle | None = None
        self._sending = False

    def add(self, lane: Lane) -> None:
        self._lanes.append(lane)
        if not self._sending:
            self._send()

    def _send(self) -> None:
        self._sending = True
        try:
            while self._lanes and self._left > 0:
                self._left -= self._lanes[0].send(self._left)
                self._lanes.rotate(-1)
                if not self._lanes[-1].busy:
                    self._lanes.pop()
        finally:
            self._sending = False
            if self._next is None:
                self._next = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._next = None
        self._left = SLICE
        if self._lanes:
            self._send()
