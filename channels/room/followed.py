"""A team's log as this node has heard it, for whoever keeps what was read of it."""

import asyncio

from channels.room.dispatcher import Dispatcher
from db.as_of import EVERYTHING, AsOf
from db.errors import Unavailable
from db.events import Event, Head


class Followed:
    """Which event was the last, and which the last to touch each entity."""

    def __init__(self, dispatcher: Dispatcher, *, now: float) -> None:
        self.asked_at = now  # when somebody last wanted to know
        self.closed = False
        self._dispatcher = dispatcher
        self._touched: dict[str, Head] = {}  # by entity, since this node listens
        self._learned: dict[tuple[str, ...], Head] = {}  # of what nothing touched since
        self._last: dict[tuple[str, ...], Head] = {}  # both of them, as they were asked for
        self._catching_up = asyncio.Lock()
        self._begun = 0
        self._failed: Unavailable | None = None

    @property
    def applied(self) -> Head:
        return self._dispatcher.applied

    @property
    def told(self) -> int:
        return self._dispatcher.known

    @property
    def current(self) -> bool:
        return not self.closed and self._dispatcher.known <= self._dispatcher.applied.seq

    def topic(self, topics: tuple[str, ...]) -> Head | None:
        if topics == EVERYTHING:
            return self._dispatcher.applied
        found = self._last.get(topics)
        if found is None:
            anyhow = (*topics, "")
            touched = [self._touched[topic] for topic in anyhow if topic in self._touched]
            # What is not among the touched was touched before we came, so earlier than these.
            found = max(touched, key=_seq) if touched else self._learned.get(topics)
            if found is not None:
                self._last[topics] = found
        return found

    def touch(self, event: Event) -> None:
        """The next event: it is the last of its entity; one that names none may touch them all."""
        self._last.clear()
        self._touched[event.entity] = Head(event.seq, event.h)

    def learn(self, topics: tuple[str, ...], as_of: AsOf) -> None:
        """Take in what a read told; one that saw more than we tells us what to wait for, too.

        Until that has come, nothing that was kept is answered: who was shown the later state must
        not be shown the earlier one next.
        """
        ring, seq = self._dispatcher.ring, as_of.head.seq
        if seq > self.applied.seq and not self.closed:
            self._dispatcher.expect(seq)
        if self.closed or self.topic(topics) is not None:
            return
        if ring.covers(seq) and ring.hash_at(seq) == as_of.head.h:
            self._learned[topics] = as_of.topic

    async def reach(self, seq: int) -> None:
        """One look into Postgres, begun after it was asked for, serves all who ask meanwhile.

        A number that the log has not got by then is of another past, or was never given.
        """
        begun = self._begun
        async with self._catching_up:
            if self.closed or self.applied.seq >= seq:
                return
            if self._begun == begun:
                await self._catch_up()
            elif self._failed:
                raise Unavailable(str(self._failed)) from self._failed

    async def _catch_up(self) -> None:
        self._begun += 1
        try:
            await self._dispatcher.catch_up()
        except Unavailable as error:
            self._failed = error
            raise
        except asyncio.CancelledError:
            self._begun -= 1  # it told nobody anything
            raise
        self._failed = None


def _seq(head: Head) -> int:
    return head.seq
