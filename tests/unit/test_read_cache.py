"""What is kept of reads, for whom and how long; over a log whose events a test makes itself."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.as_of import AsOf
from db.errors import Unavailable
from db.events import Head
from domains.kit.actor import Actor, Role
from domains.kit.cache import DAY_SECONDS, ENTRY_BYTES, ReadCache, says
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import NotFound
from domains.kit.scope import Scope
from domains.kit.select import ListQuery
from server import envelope

TEAM = uuid4()
LISTING = ("listing", "member")
LEAD = Actor(uuid4(), TEAM, Role.LEAD, "Lea Lead")
OWNER = Actor(uuid4(), TEAM, Role.OWNER, "Olga Owner")
AGENT = Actor(uuid4(), TEAM, Role.AGENT, "Ana Agent")
VIEWER = Actor(uuid4(), TEAM, Role.VIEWER, "Vic Viewer")
LARGE = 10_000_000


def hash_of(seq: int, past: str = "") -> str:
    return f"{past or 0}{seq:031d}"


@dataclass
class Office:
    """A log in Postgres, as much of it as the node has heard, and a verb that reads."""

    committed: list[str] = field(default_factory=list)  # the entity of each event
    heard: int = 0
    told: int = 0
    past: str = ""
    day: int = 20_000
    followed: bool = True
    asked: int = 0
    reached: list[int] = field(default_factory=list)
    gate: asyncio.Event | None = None
    fault: Exception | None = None
    content: str = "a"

    def commit(self, entity: str = "listing", *, heard: bool = True) -> None:
        self.committed.append(entity)
        if heard:
            self.heard = self.told = len(self.committed)

    def head(self, seq: int) -> Head:
        return Head(seq, hash_of(seq, self.past) if seq else "-")

    def last(self, topics: tuple[str, ...], seq: int) -> Head:
        touched = [n + 1 for n, entity in enumerate(self.committed[:seq]) if entity in topics]
        return self.head(max(touched, default=0))

    # What a node knows

    def follow(self, _: UUID) -> "Office | None":
        return self if self.followed else None

    @property
    def applied(self) -> Head:
        return self.head(self.heard)

    @property
    def current(self) -> bool:
        return self.told <= self.heard

    def topic(self, topics: tuple[str, ...]) -> Head | None:
        return self.last(topics, self.heard)

    def learn(self, _: tuple[str, ...], __: AsOf) -> None:
        return

    async def reach(self, seq: int) -> None:
        self.reached.append(seq)
        self.heard = self.told = len(self.committed)

    # The verb

    async def run(self, call: Call) -> Reply:
        self.asked += 1
        seq = len(self.committed)
        as_of = AsOf(self.head(seq), self.last(LISTING, seq), self.day)
        data = json.dumps([self.content, seq, call.query]).encode()
        if self.gate:
            await self.gate.wait()
        if self.fault:
            raise self.fault
        return Reply(data, as_of=as_of)


@dataclass
class Desk:
    office: Office
    cache: ReadCache
    endpoint: Endpoint

    async def ask(self, by: Actor = AGENT, query: ListQuery | None = None, **said: Any) -> Reply:
        params = query or ListQuery()
        text = params.model_dump_json(exclude_defaults=True)
        return await self.endpoint.run(Call(by, {}, params, None, query=text, **said))

    def clock(self) -> float:
        return float(self.office.day * DAY_SECONDS)


@pytest.fixture
def desk() -> Desk:
    return a_desk()


def a_desk(budget: int = LARGE, office: Office | None = None, salt: bytes = b"") -> Desk:
    office = office or Office()
    cache = ReadCache(
        office,
        envelope.success,
        budget=budget,
        salt=salt,
        clock=lambda: float(office.day * DAY_SECONDS),
    )
    verb = Endpoint(
        "listings:list", Method.GET, "/listings", office.run, None, "List", topics=LISTING
    )
    return Desk(office, cache, cache.before(verb))


def content(reply: Reply) -> Any:
    return json.loads(envelope.success(reply))["data"]


def as_of(reply: Reply) -> Any:
    meta = json.loads(envelope.success(reply))["meta"]
    assert reply.as_of
    assert (meta["as_of_seq"], meta["as_of_h"]) == (reply.as_of.head.seq, reply.as_of.head.h)
    return meta["as_of_seq"]


async def test_what_nothing_touched_is_answered_without_asking_again(desk: Desk) -> None:
    desk.office.commit()
    first, again = await desk.ask(), await desk.ask()
    assert (first.cache, again.cache, desk.office.asked) == ("miss", "hit", 1)
    assert envelope.success(first) == envelope.success(again)


async def test_an_event_of_another_topic_moves_only_where_the_answer_stands(desk: Desk) -> None:
    desk.office.commit()
    first = await desk.ask()
    desk.office.commit("escrow")
    again = await desk.ask()
    assert desk.office.asked == 1
    assert (as_of(first), as_of(again)) == (1, 2)
    assert content(first) == content(again)
    assert first.headers["ETag"] == again.headers["ETag"]


@pytest.mark.parametrize("entity", LISTING)
async def test_an_event_of_its_topics_makes_an_answer_old(desk: Desk, entity: str) -> None:
    first = await desk.ask()
    desk.office.commit(entity)
    again = await desk.ask()
    assert desk.office.asked == 2
    assert as_of(again) == 1
    assert first.headers["ETag"] != again.headers["ETag"]


async def test_an_answer_is_kept_under_what_its_snapshot_told_and_not_under_what_was_asked(
    desk: Desk,
) -> None:
    desk.office.commit()
    desk.office.commit(heard=False)  # Postgres is ahead of this node
    ahead = await desk.ask()
    assert as_of(ahead) == 2
    assert (await desk.ask()).cache == "miss"  # under the old head there is still nothing
    desk.office.heard = desk.office.told = 2
    assert (await desk.ask()).cache == "hit"
    assert desk.office.asked == 2


async def test_a_commit_of_this_node_is_seen_before_the_bus_brings_it(desk: Desk) -> None:
    desk.office.commit()
    await desk.ask()
    desk.office.commit(heard=False)
    desk.office.told = 2
    assert as_of(await desk.ask()) == 2


async def test_a_node_that_does_not_follow_asks_for_each(desk: Desk) -> None:
    desk.office.followed = False
    await asyncio.gather(*(desk.ask() for _ in range(3)))
    assert desk.office.asked == 3


async def test_a_herd_asks_once(desk: Desk) -> None:
    desk.office.gate = asyncio.Event()
    herd = [asyncio.create_task(desk.ask()) for _ in range(50)]
    await asyncio.sleep(0)
    desk.office.gate.set()
    replies = await asyncio.gather(*herd)
    assert desk.office.asked == 1
    assert len({envelope.success(reply) for reply in replies}) == 1
    assert desk.cache.counts.shared["listings:list"] == 49


async def test_who_has_seen_more_does_not_share_an_answer_from_before(desk: Desk) -> None:
    desk.office.gate = asyncio.Event()
    early = asyncio.create_task(desk.ask())
    await asyncio.sleep(0)
    desk.office.commit("escrow")  # not of this topic, so the answer itself could be shared
    late = asyncio.create_task(desk.ask(min_seq=1))
    await asyncio.sleep(0)
    desk.office.commit("escrow", heard=False)
    desk.office.told = 2  # nor may the early answer be said to stand later
    desk.office.gate.set()
    assert as_of(await early) == 0
    assert as_of(await late) >= 1


async def test_a_herd_hears_of_a_fault_together(desk: Desk) -> None:
    desk.office.gate, desk.office.fault = asyncio.Event(), Unavailable("away")
    herd = [asyncio.create_task(desk.ask()) for _ in range(5)]
    await asyncio.sleep(0)
    desk.office.gate.set()
    found = await asyncio.gather(*herd, return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in found)
    assert desk.office.asked == 1
    desk.office.fault = None
    assert (await desk.ask()).cache == "miss"


async def test_one_who_stops_waiting_leaves_the_others_their_answer(desk: Desk) -> None:
    desk.office.gate = asyncio.Event()
    first = asyncio.create_task(desk.ask())
    await asyncio.sleep(0)
    others = [asyncio.create_task(desk.ask()) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    await asyncio.sleep(0)
    desk.office.gate.set()
    assert [content(reply) for reply in await asyncio.gather(*others)] == [["a", 0, "{}"]] * 3
    assert desk.office.asked == 2


async def test_what_is_not_there_is_not_remembered(desk: Desk) -> None:
    desk.office.fault = NotFound("There is no such listing")
    for _ in range(2):
        with pytest.raises(NotFound):
            await desk.ask()
    assert (desk.office.asked, len(desk.cache)) == (2, 0)


async def test_another_day_is_another_answer(desk: Desk) -> None:
    first = await desk.ask()
    desk.office.day += 1
    again = await desk.ask(seen=first.headers["ETag"])
    assert (again.status, desk.office.asked) == (200, 2)


async def test_a_restored_log_is_another_past_with_the_same_numbers(desk: Desk) -> None:
    desk.office.commit()
    first = await desk.ask()
    desk.office.past = "f"
    again = await desk.ask(seen=first.headers["ETag"])
    assert (again.status, again.cache, desk.office.asked) == (200, "miss", 2)


async def test_leads_share_and_everybody_else_is_alone(desk: Desk) -> None:
    for who in (LEAD, OWNER):
        await desk.ask(who)
    assert desk.office.asked == 1
    for who in (AGENT, VIEWER, AGENT):
        await desk.ask(who)
    assert desk.office.asked == 3


@pytest.mark.parametrize("query", [ListQuery(scope=Scope.MY), ListQuery(scope=Scope.USER)])
async def test_leads_do_not_share_what_is_their_own(desk: Desk, query: ListQuery) -> None:
    tags = {(await desk.ask(who, query)).headers["ETag"] for who in (LEAD, OWNER)}
    assert (desk.office.asked, len(tags)) == (2, 2)


async def test_who_has_it_already_is_told_so_without_asking(desk: Desk) -> None:
    tag = (await desk.ask()).headers["ETag"]
    assert tag.startswith('W/"')
    for seen in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        again = await desk.ask(seen=seen)
        assert (again.status, again.headers["ETag"]) == (304, tag)
    assert (await desk.ask(seen='"other"')).status == 200
    assert desk.office.asked == 1


async def test_a_tag_is_good_on_a_node_that_never_read_it(desk: Desk) -> None:
    tag = (await desk.ask()).headers["ETag"]
    desk.office.commit("escrow")
    other = a_desk(office=desk.office)
    again = await other.ask(seen=tag)
    assert (again.status, again.headers["ETag"], desk.office.asked) == (304, tag, 1)
    assert again.as_of
    assert again.as_of.head.seq == 1
    newer = a_desk(office=desk.office, salt=b"another release")
    assert (await newer.ask(seen=tag)).status == 200


async def test_a_verbs_own_tag_stands(desk: Desk) -> None:
    async def run(call: Call) -> Reply:
        return replace(await desk.office.run(call), headers={"ETag": '"3.abc"'})

    desk.endpoint = desk.cache.before(replace(desk.endpoint, run=run, name="listings:get"))
    assert (await desk.ask()).headers["ETag"] == '"3.abc"'
    assert (await desk.ask(seen='"3.abc"')).status == 304


async def test_who_saw_an_event_waits_for_this_node_to_hear_of_it(desk: Desk) -> None:
    desk.office.commit()
    await desk.ask()
    desk.office.commit(heard=False)
    assert as_of(await desk.ask(min_seq=1)) == 1
    assert as_of(await desk.ask(min_seq=2)) == 2
    assert as_of(await desk.ask(min_seq=1_000)) == 2  # of another past: what there is
    assert desk.office.reached == [2, 1_000]


async def test_the_least_lately_asked_is_let_go_for_room() -> None:
    size = ENTRY_BYTES + 150
    desk = a_desk(budget=10 * size)
    for page in (*range(1, 11), 1, 11, 1):
        await desk.ask(query=ListQuery(page=page))
    assert desk.cache.bytes <= 10 * size
    assert desk.cache.counts.evictions > 0
    assert desk.office.asked == 11
    assert (await desk.ask(query=ListQuery(page=2))).cache == "miss"


async def test_without_a_budget_nothing_is_kept() -> None:
    desk = a_desk(budget=0)
    await desk.ask()
    assert (await desk.ask()).cache == "miss"
    assert (len(desk.cache), desk.cache.bytes) == (0, 0)


async def test_a_new_answer_takes_the_place_of_the_old(desk: Desk) -> None:
    for _ in range(5):
        await desk.ask()
        size = desk.cache.bytes
        desk.office.commit()
    assert (len(desk.cache), desk.cache.bytes) == (1, size)


def test_an_endpoint_without_topics_is_left_alone() -> None:
    desk = a_desk()
    write = Endpoint("listings:create", Method.POST, "/listings", desk.office.run, None, "Add")
    assert desk.cache.before(write) is write


def test_no_tag_is_no_match() -> None:
    assert not says("*", "")
    assert not says("", "")
