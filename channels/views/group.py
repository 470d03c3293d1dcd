"""Equal views of one list: read once for all of them, as soon and as often as there is news."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from math import inf
from typing import Any
from uuid import UUID

import orjson
from orjson import Fragment

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.gateway.commands import UNREAD_BYTES, failure
from channels.sockets import wire
from channels.views.changes import Rows, changes
from channels.views.view import Declined, LiveList, Reading, View
from db.errors import Unavailable
from db.events import Event

GAP_SECONDS = 0.1  # between two readings that nobody waits for
SHARE = 5  # of that gap, where reading takes long: at most a fifth of the time is spent on a list
RETRY_SECONDS = 0.5
LATE_SECONDS = 0.2
AT_ONCE = 256  # screens, before others on the loop have their turn
MIDNIGHT_SECONDS = 0.05  # past it, for timers are not exact


class Group:
    """What shows the same list.

    `moved` is told of a view whose member is somebody else now, `parted` of one that another list
    is for, `emptied` when nobody is left.

    `reached` waits until this node has delivered everything up to a number: what was read is shown
    when all is known that was decided before, above all who may see it no longer. A list of several
    teams' records is told the events of all of them: `follow` has this node listen to those that
    a reading has shown to be in it.
    """

    def __init__(
        self,
        live: LiveList,
        *,
        moved: Callable[[View], None],
        parted: Callable[[View, LiveList], None],
        emptied: Callable[["Group"], None],
        reached: Callable[[UUID, int], Awaitable[None]],
        follow: Callable[["Group", Mapping[UUID, int]], Awaitable[bool]],
        turns: asyncio.Semaphore,
        counters: Counters,
        supervisor: Supervisor,
    ) -> None:
        self.live = live
        self.others: set[UUID] = set()  # the teams beside its own that are listened to
        self._moved = moved
        self._parted = parted
        self._emptied = emptied
        self._reached = reached
        self._follow = follow
        self._turns = turns
        self._counters = counters
        self._supervisor = supervisor
        self._views: dict[View, None] = {}
        self._coming: dict[View, None] = {}  # what they get is read after they came
        self._rows: Reading | None = None
        self._heard: dict[UUID, int] = {}  # each team's last event that may have changed the list
        self._outdated = False  # it is read again, though no event said so
        self._late_due = False
        self._working = False
        self._hurry = asyncio.Event()
        self._read_at = 0.0
        self._took = 0.0
        self._midnight: asyncio.TimerHandle | None = None
        self._late: asyncio.TimerHandle | None = None

    def add(self, view: View) -> None:
        view.group = self
        self._coming[view] = None
        self._hurry.set()
        self._wake()

    def drop(self, view: View) -> None:
        view.group = None
        self._views.pop(view, None)
        self._coming.pop(view, None)
        if not self._views and not self._coming:
            for timer in (self._midnight, self._late):
                if timer:
                    timer.cancel()
            self._emptied(self)

    def hear(self, event: Event) -> None:
        self._heard[event.team_id] = event.seq
        self._wake()

    def doubt(self, team_id: UUID) -> None:
        """Another team's log turned out to have another past."""
        self._heard.pop(team_id, None)
        self._outdated = True
        self._wake()

    # Reading

    @property
    def _news(self) -> bool:
        """Whether the list is to be read for somebody."""
        return bool(self._coming) or (bool(self._views) and self._old)

    @property
    def _old(self) -> bool:
        rows = self._rows
        if rows is None or self._outdated:
            return True
        return any(seq > self._seen(team_id, rows) for team_id, seq in self._heard.items())

    def _seen(self, team_id: UUID, rows: Reading) -> float:
        """The last event of a team that a reading has seen; one that is not in it has none."""
        return rows.head if team_id == self.live.team_id else rows.heads.get(team_id, inf)

    def _wake(self) -> None:
        if (self._news or self._late_due) and not self._working:
            self._working = True
            self._supervisor.spawn(f"views of {self.live.team_id}", self._work)

    async def _work(self) -> None:
        try:
            while self._news or self._late_due:
                if self._news:
                    await self._rest()
                    await self._renew()
                else:
                    await self._show()
        finally:
            self._working = False  # no await since nothing more was wanted

    async def _rest(self) -> None:
        """Let changes gather, unless somebody is waiting for the list."""
        pause = self._read_at + max(GAP_SECONDS, SHARE * self._took) - _now()
        if pause > 0 and not self._coming:
            self._hurry.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    _ = await self._hurry.wait()

    async def _renew(self) -> None:
        came = list(self._coming)
        try:
            rows = await self._read()
        except Unavailable as error:
            self._counters.view_failures += 1
            for view in came:
                if view.rows is None and view.group is self:
                    view.refuse(failure("UNAVAILABLE", str(error)))
            await asyncio.sleep(RETRY_SECONDS)
            return
        except Declined as declined:
            for view in [*self._views, *self._coming]:
                view.end(declined)
            return
        for view in came:
            if self._coming.pop(view, view) is None:
                self._views[view] = None
        self._rows = rows
        self._until_midnight(rows.day_left)
        await self._show()

    async def _read(self) -> Reading:
        """The list, once everything that it has seen was delivered here."""
        while True:
            rows = await self._ask()
            if self._rows and rows.head < self._rows.head:
                raise Unavailable("The log went back, and the room is about to notice")
            await self._reached(self.live.team_id, rows.head)
            # What a team wrote before it was listened to is read once more.
            if not await self._follow(self, rows.heads):
                return rows

    async def _ask(self) -> Reading:
        async with self._turns:
            self._read_at = _now()
            outdated, self._outdated = self._outdated, False
            try:
                return await self.live.read()
            except Unavailable:
                self._outdated |= outdated
                raise
            finally:
                self._took = _now() - self._read_at
                self._counters.view_reads += 1
                self._counters.view_read_seconds += self._took

    def _until_midnight(self, seconds: float) -> None:
        if self._midnight:
            self._midnight.cancel()
        loop = asyncio.get_running_loop()
        self._midnight = loop.call_later(seconds + MIDNIGHT_SECONDS, self._new_day)

    def _new_day(self) -> None:
        self._outdated = True
        self._wake()

    # Showing

    async def _show(self) -> None:
        """Bring every screen from what it shows to what is; those alike get the same bytes.

        Who has not taken what it was sent before waits, and is told all at once later.
        """
        self._late_due = False
        rows = self._rows
        if rows is None:
            return
        packet_of = _Packets(rows)
        late = False
        for number, view in enumerate(list(self._views), 1):
            if view.group is self:  # and has not gone while others had their turn
                late |= not self._show_one(view, rows, packet_of)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        if late and self._late is None:
            self._late = asyncio.get_running_loop().call_later(LATE_SECONDS, self._show_late)

    def _show_one(self, view: View, rows: Rows, packet_of: "_Packets") -> bool:
        """False where the screen has yet to take what it was sent before."""
        if view.member.who is not view.who:
            self._moved(view)
        elif view.live and (own := view.live.instead(rows)):
            self._parted(view, own)
        elif view.rows is None:
            view.give(rows)
        elif view.rows is not rows:
            if view.member.road.owed_bytes > UNREAD_BYTES:
                return False
            if packet := packet_of(view.rows, view.name):
                view.member.push(packet)
                self._counters.view_pushes += 1
            view.rows = rows
        return True

    def _show_late(self) -> None:
        self._late = None
        self._late_due = bool(self._views)
        self._wake()


class _Packets:
    """What leads to the rows that are, from what was shown: made once for each."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._bodies: dict[int, dict[str, Any] | None] = {}
        self._packets: dict[tuple[int, str], Any] = {}

    def __call__(self, old: Rows, name: str) -> Any | None:
        """None where nothing is to be said."""
        if id(old) not in self._bodies:
            self._bodies[id(old)] = _told(old, self._rows)
        body = self._bodies[id(old)]
        if body is None:
            return None
        if (id(old), name) not in self._packets:
            self._packets[id(old), name] = wire.said("view", {"view": name} | body)
        return self._packets[id(old), name]


def _told(old: Rows, new: Rows) -> dict[str, Any] | None:
    told = changes(old, new)
    same = old.pagination == new.pagination
    if same and not told:
        return None
    body: dict[str, Any] = {"s": new.head, "total": new.total}
    if not same:
        body["pagination"] = Fragment(new.pagination)
    return body | {"changes": Fragment(orjson.dumps(told))}


def _now() -> float:
    return asyncio.get_running_loop().time()
