"""One team's events in order, each once, whatever the bus does to them."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.room.history import History
from channels.room.log import Log
from db.errors import Unavailable
from db.events import Event, Head

HOLD_SECONDS = 0.03  # two writers' messages often swap places on the bus; longer is a loss
PAGE = 1_000
HELD_MAX = 1_000  # beyond it Postgres is the better place to wait in


class Dispatcher:
    """`applied` is the last event delivered; it only counts up, and what arrives is held to it.

    `deliver` is called for each event in turn. `rewound` is called when Postgres turns out to have
    another past than what was delivered: then this dispatcher is done.
    """

    def __init__(
        self,
        team_id: UUID,
        head: Head,
        *,
        deliver: Callable[[Event], None],
        rewound: Callable[[], None],
        log: Log,
        counters: Counters,
        supervisor: Supervisor,
    ) -> None:
        self.applied = head
        self.ring = History(head)
        self._team_id = team_id
        self._deliver = deliver
        self._rewound = rewound
        self._log = log
        self._counters = counters
        self._supervisor = supervisor
        self._held: dict[int, Event] = {}
        self._known = head.seq  # the highest seq anybody told us of
        self._trusted = True  # False: deliver nothing until Postgres confirms our past
        self._hold: asyncio.TimerHandle | None = None
        self._repairing = False
        self._reaching = asyncio.Lock()
        self._closed = False

    @property
    def known(self) -> int:
        """The highest number anybody told of; beyond `applied`, something is on its way."""
        return self._known

    def know(self, seq: int) -> None:
        """Event `seq` was committed here; it comes by the bus, or the head poll finds it."""
        self._known = max(self._known, seq)

    def offer(self, event: Event) -> None:
        """Take an event from the bus: deliver it, hold it until its turn, or drop it."""
        if event.seq <= self.applied.seq:
            self._counters.duplicates += 1
            if self.ring.covers(event.seq) and self.ring.hash_at(event.seq) != event.h:
                self._rewind()
        elif event.seq == self.applied.seq + 1 and self._trusted and self._follows(event):
            self._apply(event)
            self._apply_held()
        else:
            self._counters.out_of_order += 1
            if len(self._held) < HELD_MAX:
                self._held[event.seq] = event
            self.expect(event.seq)

    def hear_head(self, head: Head, *, asked_at: Head, hurry: bool) -> None:
        """Compare with the head Postgres named when `applied` was `asked_at`."""
        gone_back = head.seq < asked_at.seq
        if gone_back or (head.seq == asked_at.seq and head.h != asked_at.h):
            self._rewind()
        elif not self._trusted or (hurry and head.seq > self.applied.seq):
            self.repair()
        else:
            self.expect(head.seq)

    def distrust(self) -> None:
        """Postgres was away and may come back with another past: check that before going on."""
        self._trusted = False

    def repair(self) -> None:
        """Fetch from Postgres what is missing; at most one fetch at a time."""
        if not self._repairing:
            self._repairing = True
            self._supervisor.spawn(f"repair {self._team_id}", self._repair)

    async def catch_up(self) -> None:
        """Be at least where Postgres is now; unlike `repair`, raise Unavailable when it is away."""
        while await self._repair_page():
            pass

    async def reach(self, seq: int) -> bool:
        """Be at event `seq`, which Postgres has told of; False when it has taken that back since.

        The bus brings it within moments; if not, one of all who wait here asks Postgres.
        """
        if self.applied.seq < seq and not self._closed:
            await asyncio.sleep(HOLD_SECONDS)
            async with self._reaching:
                if self.applied.seq < seq and not self._closed:
                    await self.catch_up()
        return self._closed or self.applied.seq >= seq

    def close(self) -> None:
        self._closed = True
        self._stop_holding()

    def expect(self, seq: int) -> None:
        """There is an event `seq`: give the bus a moment to bring it, then fetch it."""
        self._known = max(self._known, seq)
        if self._known > self.applied.seq and self._hold is None and not self._closed:
            self._hold = asyncio.get_running_loop().call_later(HOLD_SECONDS, self._hold_over)

    def _hold_over(self) -> None:
        self._hold = None
        if self._known > self.applied.seq:
            self.repair()

    def _stop_holding(self) -> None:
        if self._hold:
            self._hold.cancel()
            self._hold = None

    def _apply(self, event: Event) -> None:
        self.applied = Head(event.seq, event.h)
        self.ring.append(event)
        self._counters.dispatched += 1
        self._deliver(event)

    def _apply_held(self) -> None:
        while self._trusted and (event := self._held.get(self.applied.seq + 1)):
            if self._follows(event):
                self._apply(self._held.pop(event.seq))
        if self.applied.seq >= self._known:
            self._stop_holding()

    def _follows(self, event: Event) -> bool:
        """Whether the chain goes on with it; if not, it or what was delivered is not the log's."""
        if event.previous in (None, self.applied.h):
            return True
        self._counters.unchained += 1
        self.distrust()
        self.repair()
        return False

    async def _repair(self) -> None:
        try:
            self._counters.repairs += 1
            await self.catch_up()
        except Unavailable:
            self._counters.repair_failures += 1  # the head poll asks again
        finally:
            self._repairing = False

    async def _repair_page(self) -> bool:
        """Read one page, beginning with our last event, to compare it; True if more follow."""
        mark, announced = self.applied, list(self._held)
        page = await self._log.read_after(self._team_id, max(mark.seq - 1, 0), PAGE)
        if self._closed:
            return False
        if mark.seq and (not page or (page[0].seq, page[0].h) != (mark.seq, mark.h)):
            self._rewind()
            return False
        self._trusted = True
        for event in page:
            if event.seq == self.applied.seq + 1:
                self._counters.repaired += 1
                self._apply(event)
        if len(page) == PAGE:
            return True
        # All that was committed is read: what was announced before and is not in it never happened.
        for seq in announced:
            self._held.pop(seq, None)
        self._known = max(self._held, default=self.applied.seq)
        self._apply_held()
        self.expect(self._known)
        return False

    def _rewind(self) -> None:
        self._counters.rewinds += 1
        self._rewound()
