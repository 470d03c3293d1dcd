"""Whatever bus, Postgres and clients do, a view is told what is so, and only what it may show."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.gateway.commands import UNREAD_BYTES
from channels.room.rooms import POLL_SECONDS
from channels.sockets.members import Close
from channels.views import views
from channels.views.group import AT_ONCE
from channels.views.view import Declined
from channels.views.views import Views
from db.as_of import AsOf
from db.errors import Unavailable
from db.events import Event, Head
from domains.kit.actor import LEADS, Actor, Role
from domains.kit.view import Found, Live
from tests.realtime.simulated import Ear, MemoryLog, Stage, an_actor, simulate

MAX_DELAY = 0.2
GENEROUS = POLL_SECONDS + 2.0  # a poll, the hold, a retry, what comes late
DAY = 86_400.0
ROWS = 7


@dataclass(slots=True)
class Shelf:
    """A list whose rows follow from the log and the day; those with odd numbers are for leads.

    Event n writes row n % 7: a row is there when its last event leaves no rest by 3.
    """

    log: MemoryLog
    reads: int = 0
    beside: int = 0  # readings that run now
    most_beside: int = 0
    delay: float = 0.004
    day_left: float = DAY
    day: int = 0
    closed_to: Role | None = None

    def look(self, actor: Actor, params: Any) -> Live:
        if actor.role is self.closed_to:
            raise Declined(b'{"success":false}', "FORBIDDEN", "Not for you")
        key = f"{params} {actor.role in LEADS}".encode()
        topics = ("note",)
        return Live(key, self.log.team_id, topics, partial(self._read, actor.role in LEADS, params))

    async def _read(self, whole: bool, backwards: bool) -> Found:  # noqa: FBT001 - a key's parts
        self.reads += 1
        self.beside += 1
        self.most_beside = max(self.most_beside, self.beside)
        try:
            await asyncio.sleep(self.delay / 2)
            if self.log.away:
                raise Unavailable("Postgres is not answering")
            found = self.found(self.log.head.seq, whole=whole, backwards=backwards)
            await asyncio.sleep(self.delay / 2)
        finally:
            self.beside -= 1
        return found

    def found(self, seq: int, *, whole: bool, backwards: bool) -> Found:
        last = {number % ROWS: number for number in range(1, seq + 1)}
        rows = sorted(
            (number for row, number in last.items() if number % 3 and (whole or row % 2 == 0)),
            reverse=backwards,
        )
        ids = [str(number % ROWS) for number in rows]
        images = [json.dumps({"id": str(n % ROWS), "ver": n, "day": self.day}) for n in rows]
        stats = b'{"sum":%d}' % sum(rows)
        at = AsOf(Head(seq, ""), Head(seq, ""), 0)
        return Found(at, ids, images, len(rows), stats, b"{}", self.day_left)


class Viewer:
    """A member with one view, which it keeps as docs/protocol.md says."""

    def __init__(self, ear: Ear, views: Views) -> None:
        self.ear = ear
        self.views = views
        self.answers: list[Any] = []
        self._taken = 0
        self.said: list[Any] = []
        self.seq = 0
        self.rows: list[Any] = []
        self.sum = 0

    @property
    def who(self) -> Actor:
        who: Actor = self.ear.member.who
        return who

    async def open(self, *, backwards: bool = False) -> Any:
        asked = {"view": "mine", "list": "notes:list", "params": backwards}
        await self.views.commands["view:open"](self.ear.member, asked, self._answer)
        return self.answers[-1]

    async def open_in_time(self, *, backwards: bool) -> None:
        """As a client that is told to try again."""
        while not (await self.open(backwards=backwards))["success"]:  # noqa: ASYNC110 - as it says
            await asyncio.sleep(0.5)

    def saw_odd_rows(self, since: int, until: int) -> bool:
        """Whether anything said of the log's numbers from `since` to `until` was for leads."""
        told = [
            change for said in self.said if since <= said["s"] < until for change in said["changes"]
        ]
        return any("d" in change and int(change["id"]) % 2 for change in told)

    def _answer(self, envelope: bytes) -> None:
        self.answers.append(orjson.loads(envelope))
        if self.answers[-1]["success"] and "rows" in self.answers[-1]["data"]:
            data = self.answers[-1]["data"]
            self.seq, self.rows, self.sum = data["s"], data["rows"], data["stats"]["sum"]

    def look(self) -> None:
        """Take in what was said since."""
        packets = self.ear.packets[self._taken :]
        self._taken = len(self.ear.packets)
        for packet in packets:
            if packet.data.startswith('2["view"'):
                self._take(json.loads(packet.data[1:])[1])

    def _take(self, said: Any) -> None:
        self.said.append(said)
        assert said["s"] >= self.seq
        self.seq = said["s"]
        named = {change.get("id") for change in said["changes"]}
        self.rows = [row for row in self.rows if row["id"] not in named]
        for change in said["changes"]:
            if "d" in change:
                self.rows.insert(change["index"], change["d"])
            elif change["k"] == "stats.delta":
                old, self.sum = change["stats"]["sum"]
                assert old != self.sum
        assert len(self.rows) == said["total"]

    def shows(self, shelf: Shelf, *, backwards: bool = False) -> bool:
        self.look()
        seq = shelf.log.head.seq
        found = shelf.found(seq, whole=self.who.role in LEADS, backwards=backwards)
        fresh = [json.loads(image) for image in found.images]
        return self.rows == fresh and self.sum == json.loads(found.stats)["sum"]


class Scene:
    def __init__(self, route: Callable[[Event], Any] | None = None) -> None:
        self.log = MemoryLog(uuid4())
        self.stage = (Stage(self.log, route) if route else Stage(self.log)).start()
        self.shelf = Shelf(self.log)
        self.views = Views(
            {"notes:list": self.shelf.look},
            self.stage.rooms,
            counters=self.stage.counters,
            supervisor=self.stage.supervisor,
        )

    async def viewer(self, role: Role = Role.LEAD) -> Viewer:
        who = replace(an_actor(self.log.team_id), role=role)
        ear = await self.stage.join(self.log.head, Ear(who))
        return Viewer(ear, self.views)

    def commit(self, count: int = 1) -> None:
        self.stage.commit(count)

    def give(self, viewer: Viewer, role: Role) -> int:
        """Commit a change of role; its number in the log."""
        plain = self.log.commit(kind="role.changed", entity_id=viewer.who.user_id)
        image = json.loads(plain.wire) | {"d": {"role": role}}
        event = replace(plain, wire=json.dumps(image).encode())
        self.log.events[-1] = event
        self.stage.bus.publish(event)
        return event.seq


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def to_the_end() -> None:
        await scene()

    simulate(to_the_end())


COPIES = st.lists(st.floats(0, MAX_DELAY), max_size=3)  # when each copy arrives; none is a loss
PAUSES = st.floats(0, 0.05) | st.floats(0, 3)
EVENTS = st.lists(st.tuples(PAUSES, COPIES), min_size=1, max_size=30)
OPENS = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=5)
# After how many events whose role becomes what, and how the event that says so arrives.
ROLES = st.lists(
    st.tuples(
        st.integers(0, 30), st.integers(0, 4), st.sampled_from([Role.LEAD, Role.AGENT]), COPIES
    ),
    max_size=4,
)
OUTAGE = st.none() | st.tuples(st.integers(0, 30), st.integers(1, 20))


@settings(max_examples=150, deadline=None)
@given(events=EVENTS, opens=OPENS, roles=ROLES, outage=OUTAGE)
def test_views_end_as_a_fresh_list_and_never_show_what_their_reader_may_not_see(
    events: list[tuple[float, list[float]]],
    opens: list[tuple[int, bool]],
    roles: list[tuple[int, int, Role, list[float]]],
    outage: tuple[int, int] | None,
) -> None:
    async def follow() -> None:
        copies: dict[int, list[float]] = {}
        scene = Scene(lambda event: copies.get(event.seq, [0.01]))
        viewers = [await scene.viewer(Role.LEAD) for _ in opens]
        opening: list[asyncio.Task[None]] = []
        given: list[tuple[Viewer, int, Role]] = []
        for number, (pause, arrivals) in enumerate(events):
            scene.log.away = outage is not None and outage[0] <= number < sum(outage)
            opening += [
                asyncio.create_task(viewer.open_in_time(backwards=backwards))
                for viewer, (at, backwards) in zip(viewers, opens, strict=True)
                if at == number
            ]
            for at, whose, role, arrive in roles:
                if at == number and whose < len(viewers):
                    copies[scene.log.head.seq + 1] = arrive
                    given.append((viewers[whose], scene.give(viewers[whose], role), role))
            await asyncio.sleep(pause)
            copies[scene.log.head.seq + 1] = arrivals
            scene.commit()
        scene.log.away = False
        await asyncio.gather(*opening)
        await asyncio.sleep(GENEROUS)
        for viewer, (at, backwards) in zip(viewers, opens, strict=True):
            assert at >= len(events) or viewer.shows(scene.shelf, backwards=backwards)
        for viewer, since, role in given:
            until = min([10**9, *(seq for who, seq, _ in given if who is viewer and seq > since)])
            assert role in LEADS or not viewer.saw_odd_rows(since, until)
        await scene.stage.supervisor.close()

    play(follow)


def test_equal_views_cost_one_reading_for_each_burst() -> None:
    async def burst() -> None:
        scene = Scene()
        viewers = [await scene.viewer() for _ in range(200)]
        opened = await asyncio.gather(*(viewer.open() for viewer in viewers))
        assert all(answer["success"] for answer in opened)
        assert scene.shelf.reads <= 2  # who came while it was being read, got the next one
        before = scene.shelf.reads
        for _ in range(3):
            scene.commit(20)
            await asyncio.sleep(1)
        assert scene.shelf.reads == before + 3
        assert all(viewer.shows(scene.shelf) for viewer in viewers)
        assert scene.stage.counters.view_pushes == 200 * 3
        last = {viewer.ear.packets[-1] for viewer in viewers}
        assert len(last) == 1, "the same bytes for all"

    play(burst)


def test_changes_that_follow_each_other_are_read_at_once_and_then_gathered() -> None:
    async def gather() -> None:
        scene = Scene()
        viewer = await scene.viewer()
        await viewer.open()
        await asyncio.sleep(1)
        before = scene.shelf.reads
        scene.commit()
        await asyncio.sleep(0.02)
        assert viewer.shows(scene.shelf)
        for _ in range(50):  # half a second of writing
            scene.commit()
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        assert viewer.shows(scene.shelf)
        assert scene.shelf.reads - before <= 8

    play(gather)


def test_a_crowd_is_told_in_parts_so_that_others_have_their_turn() -> None:
    async def crowd() -> None:
        scene = Scene()
        viewers = [await scene.viewer() for _ in range(600)]
        await asyncio.gather(*(viewer.open() for viewer in viewers))
        parts: list[int] = []
        told = 0
        scene.commit()
        while told < len(viewers):
            await asyncio.sleep(0)
            now = scene.stage.counters.view_pushes
            parts += [now - told] if now > told else []
            told = now
        assert sum(parts) == len(viewers)
        assert max(parts) <= AT_ONCE

    play(crowd)


def test_a_past_that_was_taken_back_is_not_shown_as_news() -> None:
    async def restore() -> None:
        scene = Scene()
        scene.commit(5)
        viewer, other = await scene.viewer(), await scene.viewer()
        await viewer.open()
        scene.log.restore(1, "another past")
        assert (await other.open())["error"]["code"] == "UNAVAILABLE"
        await asyncio.sleep(GENEROUS)
        viewer.look()
        assert viewer.said == []
        assert viewer.ear.closed == other.ear.closed == [Close.RESTORED]

    play(restore)


def test_events_of_other_kinds_cost_nothing() -> None:
    async def other() -> None:
        scene = Scene()
        viewer = await scene.viewer()
        await viewer.open()
        before = scene.shelf.reads
        scene.stage.bus.publish(scene.log.commit(kind="letter.created"))
        await asyncio.sleep(1)
        assert scene.shelf.reads == before

    play(other)


def test_a_slow_screen_is_told_the_sum_later() -> None:
    async def slow() -> None:
        scene = Scene()
        viewer, quick = await scene.viewer(), await scene.viewer()
        await asyncio.gather(viewer.open(), quick.open())
        viewer.ear.owed_bytes += UNREAD_BYTES + 1  # as if it took nothing
        for _ in range(5):
            scene.commit()
            await asyncio.sleep(0.5)
        viewer.look()
        assert viewer.said == []
        assert quick.shows(scene.shelf)
        viewer.ear.owed_bytes -= UNREAD_BYTES + 1
        await asyncio.sleep(0.5)
        assert viewer.shows(scene.shelf)
        assert len(viewer.said) == 1

    play(slow)


def test_a_new_day_is_looked_at() -> None:
    async def midnight() -> None:
        scene = Scene()
        scene.shelf.day_left = 3600.0
        scene.commit(5)
        viewer = await scene.viewer()
        await viewer.open()
        before = scene.shelf.reads
        await asyncio.sleep(3599)
        assert scene.shelf.reads == before
        scene.shelf.day, scene.shelf.day_left = 1, DAY
        await asyncio.sleep(2)
        assert scene.shelf.reads == before + 1
        assert viewer.shows(scene.shelf)
        (said,) = viewer.said
        assert {change["k"] for change in said["changes"]} == {"row.change"}

    play(midnight)


def test_an_open_view_outlives_postgres_and_a_new_one_is_refused_meanwhile() -> None:
    async def away() -> None:
        scene = Scene()
        stays, comes = await scene.viewer(), await scene.viewer()
        await stays.open()
        scene.log.away = True
        scene.commit(2)
        assert (await comes.open())["error"]["code"] == "UNAVAILABLE"
        await asyncio.sleep(5)
        scene.log.away = False
        await asyncio.sleep(1)
        assert stays.shows(scene.shelf)
        assert (await comes.open())["success"]
        assert scene.stage.counters.view_failures > 0

    play(away)


def test_a_view_waits_until_all_is_known_that_its_rows_have_seen() -> None:
    async def wait() -> None:
        late = 0.02
        scene = Scene(lambda event: [late if event.seq == 2 else 0.0])
        viewer = await scene.viewer(Role.LEAD)
        await viewer.open()
        await asyncio.sleep(1)
        scene.shelf.delay = 0.0
        scene.commit()  # read at once ...
        demotion = scene.give(viewer, Role.AGENT)  # ... after this, which is heard of later
        await asyncio.sleep(late / 2)
        viewer.look()
        assert [said["s"] for said in viewer.said if said["s"] >= demotion] == []
        await asyncio.sleep(0.5)
        assert viewer.shows(scene.shelf)
        assert not [row for row in viewer.rows if int(row["id"]) % 2]

    play(wait)


def test_a_new_role_alone_shows_another_list() -> None:
    async def change() -> None:
        scene = Scene()
        scene.commit(5)
        viewer = await scene.viewer(Role.LEAD)
        await viewer.open()
        for role in (Role.AGENT, Role.OWNER):
            scene.give(viewer, role)
            await asyncio.sleep(0.1)
            assert viewer.who.role is role
            assert viewer.shows(scene.shelf)
        assert len(viewer.said) == 2

    play(change)


def test_who_may_read_a_list_no_longer_is_told_that_it_is_closed() -> None:
    async def closed() -> None:
        scene = Scene()
        scene.commit(5)
        viewer = await scene.viewer()
        await viewer.open()
        assert viewer.rows
        scene.shelf.closed_to = Role.VIEWER
        scene.give(viewer, Role.VIEWER)
        scene.commit()
        await asyncio.sleep(1)
        viewer.look()
        (said,) = viewer.said
        assert said["closed"] == {"code": "FORBIDDEN", "message": "Not for you"}
        assert viewer.rows == []
        assert (await viewer.open()) == {"success": False}
        assert scene.stage.counters.views == scene.stage.counters.view_groups == 0

    play(closed)


def test_what_nobody_shows_is_not_read() -> None:
    async def leave() -> None:
        scene = Scene()
        one, other = await scene.viewer(), await scene.viewer()
        await asyncio.gather(one.open(), other.open(), other.open(backwards=True))
        assert (scene.stage.counters.views, scene.stage.counters.view_groups) == (2, 2)
        await scene.views.commands["view:close"](one.ear.member, {"view": "mine"}, one._answer)
        assert one.answers[-1] == {"success": True, "data": {"view": "mine"}}
        other.ear.member.gone = True
        scene.views.left(other.ear.member)
        assert (scene.stage.counters.views, scene.stage.counters.view_groups) == (0, 0)
        before = scene.shelf.reads
        scene.commit(3)
        await asyncio.sleep(1)
        assert scene.shelf.reads == before
        assert not scene.views._topics

    play(leave)


def test_who_leaves_while_a_view_opens_leaves_nothing_behind() -> None:
    async def leave() -> None:
        scene = Scene()
        viewer = await scene.viewer()
        opening = asyncio.create_task(viewer.open())
        await asyncio.sleep(scene.shelf.delay / 4)
        viewer.ear.member.gone = True
        scene.views.left(viewer.ear.member)
        await asyncio.wait([opening], timeout=5)
        assert opening.done()
        assert (scene.stage.counters.views, scene.stage.counters.view_groups) == (0, 0)

    play(leave)


def test_only_so_many_lists_are_read_at_once() -> None:
    async def many() -> None:
        scene = Scene()
        scene.shelf.delay = 1.0
        viewer = await scene.viewer()
        ask = scene.views.commands["view:open"]
        asked = [{"view": f"{n}", "list": "notes:list", "params": n} for n in range(8)]
        await asyncio.gather(*(ask(viewer.ear.member, each, viewer._answer) for each in asked))
        assert scene.shelf.reads == 8
        assert scene.shelf.most_beside == views.READERS

    play(many)
