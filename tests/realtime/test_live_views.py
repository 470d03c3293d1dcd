"""A live view shows what a fresh list would, to whom it would, and no list is read in vain."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from channels.base.limits import VIEWS
from channels.views.group import GAP_SECONDS
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Actor, Role
from domains.kit.reads import look, page_of
from domains.kit.resource import Resource
from domains.leads.resource import LEADS
from domains.listings.resource import LISTINGS
from server.keys import COUNTERS
from tests.api.statements import statements
from tests.api.whole_server import WholeServer, whole_server
from tests.examples import EXAMPLES
from tests.factories import Team, fields, move_to, new_member, new_record
from tests.realtime.live_views import PRICES, LiveView, a_change, every_query
from tests.realtime.nodes import until
from tests.screens import Screen
from tests.walk import RESOURCES, head

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)

WORDS = ["Alder Street 7", "Birch Street 12", "Cedar Lane 3", "Tacoma"]
ROUNDS = 6
SEEDS = int(os.environ.get("VIEW_SEEDS", "1"))
WRITES = 14  # in each, by as many writers at once


@pytest.fixture(scope="module")
async def nodes(database_url: str, redis_url: str) -> AsyncIterator[list[WholeServer]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(whole_server(database_url, redis_url)) for _ in range(2)
        ]


class Office:
    """Screens of a team on two nodes, and its writers."""

    def __init__(self, nodes: list[WholeServer], session: aiohttp.ClientSession) -> None:
        self.nodes = nodes
        self.session = session
        self.stack = AsyncExitStack()

    async def screen(self, actor: Actor, node: int = 0) -> Screen:
        server = self.nodes[node]
        screen = Screen(self.session, server.url, await server.token(actor), actor.team_id)
        await screen.connect()
        self.stack.push_async_callback(screen.disconnect)
        return screen

    async def follow(self, team: Team, views: list[LiveView]) -> None:
        """Wait until all of them show what fresh lists say."""
        since = await head(self.nodes[0].db, team)
        await asyncio.gather(*(view.follows(since) for view in views))


@pytest.fixture
async def office(nodes: list[WholeServer], session: aiohttp.ClientSession) -> AsyncIterator[Office]:
    office = Office(nodes, session)
    async with office.stack:
        yield office
    for node in nodes:
        await until(lambda counters=node.app[COUNTERS]: counters.views == 0)  # type: ignore[misc]  # a default binds it


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
@each_resource
async def test_a_view_shows_what_a_fresh_list_shows(
    office: Office, team: Team, resource: Resource, seed: int
) -> None:
    chance = random.Random(seed)
    other = await new_member(office.nodes[0].db, team.id, Role.AGENT, "Abe Agent")
    people = [team.lead, team.agent, other]
    records = Records(office, resource, people, chance)
    await records.make(6)
    screens = [await office.screen(people[n % 3], n % 2) for n in range(6)]
    views = [
        LiveView(screens[n % 6], f"view {n}", f"{resource.plural}:list", **params)
        for n, params in enumerate(every_query(resource, people, WORDS, chance))
    ]
    writing = asyncio.create_task(records.change(WRITES))  # while they open
    for opened in await asyncio.gather(*(view.open() for view in views)):
        assert opened["success"], opened
    await writing
    for number in range(ROUNDS):
        await office.follow(team, views)
        if number == ROUNDS // 2:
            await screens[0].drop()
            await asyncio.gather(records.change(WRITES), screens[0].connect(office.nodes[1].url))
            again = [view for view in views if view.screen is screens[0]]
            await asyncio.gather(*(view.open() for view in again))
        await records.change(WRITES)
    await office.follow(team, views)
    assert sum(len(view.heard) for view in views) > len(views) // 2  # it was no quiet room


async def test_an_open_feed_shows_what_a_fresh_one_says(office: Office, team: Team) -> None:
    chance = random.Random(1)
    other = await new_member(office.nodes[0].db, team.id, Role.AGENT, "Abe Agent")
    people = [team.lead, team.agent, other]
    kinds = [Records(office, resource, people, chance) for resource in RESOURCES]
    screens = [await office.screen(who, n % 2) for n, who in enumerate([*people, team.viewer])]
    asked: list[dict[str, Any]] = [
        {},
        {"limit": 5, "grouped": "true"},
        {"grouped": "true"},
        {"scope": "my"},
        {"type": "moved,archived"},
        {"entity": RESOURCES[0].name, "limit": 3},
        {"actor": other.user_id},
    ]
    views = [
        LiveView(screen, f"feed {n}", "activity:list", **{k: str(v) for k, v in params.items()})
        for screen in screens
        for n, params in enumerate(asked)
    ]
    await asyncio.gather(*(view.open() for view in views), *(each.make(3) for each in kinds))
    for _ in range(3):
        await office.follow(team, views)
        await asyncio.gather(*(each.change(WRITES // 2) for each in kinds))
    await office.follow(team, views)
    entered = [c for view in views for said in view.heard for c in said["changes"]]
    assert {change["k"] for change in entered} == {"row.enter", "row.change", "row.leave"}


async def test_a_sentence_is_on_screens_as_it_happens(office: Office, team: Team) -> None:
    feed = LiveView(await office.screen(team.viewer, 1), "feed", "activity:list")
    node = office.nodes[0]
    made = await new_record(
        node.db, LISTINGS, team.lead, list_price=450000, property_address="7 Hill"
    )
    await feed.open()
    body = {"list_price": 439000}
    await node.ask("PATCH", f"/v1/listings/{made['id']}", by=team.agent, body=body)
    (change,) = (await feed.hears())["changes"]
    assert (change["k"], change["index"]) == ("row.enter", 0)
    told = "Ana Agent lowered the list price of 7 Hill from $450,000 to $439,000"
    assert change["d"]["sentence"] == told


@pytest.mark.parametrize(
    ("listed", "path"),
    [("stats:home", "/v1/stats/home"), ("escrows:manager", "/v1/escrows/manager")],
)
async def test_a_card_on_a_screen_changes_by_itself(
    office: Office, team: Team, listed: str, path: str
) -> None:
    node = office.nodes[0]
    card = LiveView(await office.screen(team.agent, 1), "card", listed, scope="my")
    await card.open()
    chance = random.Random(2)
    kinds = [Records(office, each, [team.agent, team.lead], chance) for each in (ESCROWS, LEADS)]
    for each in kinds:
        await each.make(2)
        await each.change(6)
    fresh = (await node.ask("GET", f"{path}?scope=my", by=team.agent)).data
    await until(lambda: card.stats == fresh)
    assert card.heard
    assert all(change["k"] == "stats.delta" for said in card.heard for change in said["changes"])


@pytest.mark.parametrize("role", [Role.LEAD, Role.AGENT])
async def test_readers_alike_share_an_open_feed(office: Office, team: Team, role: Role) -> None:
    server = office.nodes[0]
    record = await new_record(server.db, ESCROWS, team.lead)
    people = [await new_member(server.db, team.id, role) for _ in range(4)]
    screens = [await office.screen(person) for person in people]
    views = [LiveView(screen, "feed", "activity:list") for screen in screens]
    await asyncio.gather(*(view.open() for view in views))
    assert server.app[COUNTERS].view_groups == 1
    with statements(server.db) as sent:
        change = EXAMPLES["escrows"].change
        await server.ask("PATCH", f"/v1/escrows/{record['id']}", by=team.lead, body=change)
        await asyncio.gather(*(view.hears() for view in views))
    assert len([sql for sql in sent if "AS entries" in sql]) == 1


@pytest.mark.parametrize("role", [Role.LEAD, Role.AGENT])
async def test_two_hundred_screens_with_the_same_view_cost_one_query_for_a_change(
    office: Office, team: Team, role: Role
) -> None:
    resource = ESCROWS
    server = office.nodes[0]
    record = await new_record(server.db, resource, team.lead)
    people = [await new_member(server.db, team.id, role) for _ in range(10)]
    screens = [await office.screen(people[n % 10]) for n in range(200)]
    views = [LiveView(screen, "board", f"{resource.plural}:list") for screen in screens]
    await asyncio.gather(*(view.open() for view in views))
    one = f"/v1/{resource.plural}/{record['id']}"
    change = EXAMPLES[resource.plural].change
    await server.ask("PATCH", one, by=team.lead, body=change)  # whoever asks is known from now on
    await asyncio.gather(*(view.hears() for view in views))
    await asyncio.sleep(GAP_SECONDS)
    with statements(server.db) as sent:
        said = await server.ask("PATCH", one, by=team.lead, body=EXAMPLES[resource.plural].other)
        await asyncio.gather(*(view.hears() for view in views))
    assert len([sql for sql in sent if "array_agg" in sql]) == 1
    assert all(view.rows == [said.data] for view in views)


@each_resource
async def test_a_private_record_is_in_the_views_of_those_who_may_see_it(
    office: Office, team: Team, resource: Resource
) -> None:
    node = office.nodes[0]
    other = await new_member(node.db, team.id, Role.AGENT, "Abe Agent")
    people = [team.owner, team.agent, other, team.viewer]
    screens = [await office.screen(person, n % 2) for n, person in enumerate(people)]
    views = [LiveView(screen, "v", f"{resource.plural}:list") for screen in screens]
    made = await new_record(node.db, resource, team.agent)
    await asyncio.gather(*(view.open() for view in views))
    one = f"/v1/{resource.plural}/{made['id']}"

    async def seen() -> list[bool]:
        await office.follow(team, views)
        assert all(view.total == len(view.rows) == view.stats["total"] for view in views)
        return [bool(view.rows) for view in views]

    assert await seen() == [True] * 4
    await node.ask("PATCH", one, by=team.agent, body={"is_private": True})
    assert await seen() == [True, True, False, False]
    (left,) = (change for change in views[3].heard[-1]["changes"] if change["k"] == "row.leave")
    assert left["id"] == made["id"]
    await node.ask("PATCH", one, by=team.owner, body={"owner_id": str(other.user_id)})
    assert await seen() == [True, False, True, False]
    late = LiveView(await office.screen(other, 1), "late", f"{resource.plural}:list")
    assert (await late.open())["data"]["total"] == 1
    await node.ask("PATCH", one, by=other, body={"is_private": False})
    assert await seen() == [True] * 4


async def test_a_new_role_is_a_new_list_and_an_old_one_shows_nothing_more(
    office: Office, team: Team
) -> None:
    node = office.nodes[0]
    screen, sees = await office.screen(team.agent, 1), await office.screen(team.viewer)
    view = LiveView(screen, "v", "listings:list", sort="list_price", order="asc")
    other = LiveView(sees, "v", "listings:list", sort="list_price", order="asc")
    hidden = await new_record(node.db, LISTINGS, team.lead, is_private=True, list_price=1)
    shown = await new_record(node.db, LISTINGS, team.lead, list_price=2)
    await asyncio.gather(view.open(), other.open())
    member = f"/v1/teams/current/members/{team.agent.user_id}"
    for role, ids in [("lead", [hidden["id"], shown["id"]]), ("viewer", [shown["id"]])] * 2:
        said = await node.ask("PATCH", member, by=team.owner, body={"role": role})
        await view.hears()
        assert [row["id"] for row in view.rows] == ids
        assert view.seq >= said.json["meta"]["seq"]
        assert view.total == view.stats["total"] == len(ids)
    hidden = await new_record(node.db, LISTINGS, team.lead, is_private=True)
    await office.follow(team, [view])
    assert hidden["id"] not in str(view.heard)
    assert other.heard == []


@each_resource
async def test_what_is_wrong_with_a_list_is_wrong_with_its_view(
    office: Office, team: Team, resource: Resource
) -> None:
    screen = await office.screen(team.agent)
    for params in (
        {"sort": "nonsense"},
        {"limit": 101},
        {"no_such_filter": 1},
        {"cursor": "x"},
        {"min_price": "much", "status": "?"},
        ["no object"],
    ):
        listed = await screen.call(f"{resource.plural}:list", {"params": params})
        opened = await screen.call(
            "view:open", {"view": "v", "list": f"{resource.plural}:list", "params": params}
        )
        assert opened == listed
        assert opened["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (None, "VALIDATION_ERROR"),
        ([], "VALIDATION_ERROR"),
        ({"view": "v"}, "VALIDATION_ERROR"),
        ({"list": "escrows:list"}, "VALIDATION_ERROR"),
        ({"view": 1, "list": "escrows:list"}, "VALIDATION_ERROR"),
        ({"view": "", "list": "escrows:list"}, "VALIDATION_ERROR"),
        ({"view": "v" * 65, "list": "escrows:list"}, "VALIDATION_ERROR"),
        ({"view": "v", "list": "escrows:list", "more": 1}, "VALIDATION_ERROR"),
        ({"view": "v", "list": "nothing:list"}, "NOT_FOUND"),
        ({"view": "v", "list": "escrows:export"}, "NOT_FOUND"),
        ({"view": "v", "list": "auth:me"}, "NOT_FOUND"),
    ],
)
async def test_what_names_no_view_is_refused(
    office: Office, team: Team, said: Any, code: str
) -> None:
    screen = await office.screen(team.agent)
    assert (await screen.call("view:open", said))["error"]["code"] == code
    assert (await screen.call("view:close", said))["error"]["code"] == "NOT_FOUND"


async def test_a_socket_has_a_bound_of_views_and_closing_one_makes_room(
    office: Office, team: Team
) -> None:
    screen = await office.screen(team.agent)
    assert screen.hello["lim"]["views"] == VIEWS
    views = [LiveView(screen, f"{n}", "escrows:list", page=n + 1) for n in range(VIEWS + 1)]
    for view in views[:-1]:
        assert (await view.open())["success"]
    assert (await views[-1].open())["error"]["code"] == "CONFLICT"
    assert await views[0].close() == {"success": True, "data": {"view": "0"}}
    assert (await views[0].close())["error"]["code"] == "NOT_FOUND"
    assert (await views[-1].open())["success"]


async def test_a_view_opened_again_takes_the_place_of_the_one_with_its_name(
    office: Office, team: Team
) -> None:
    screen = await office.screen(team.agent)
    old = LiveView(screen, "board", "escrows:list")
    await old.open()
    wrong = {"view": "board", "list": "escrows:list", "params": {"sort": "nonsense"}}
    assert not (await screen.call("view:open", wrong))["success"]
    await new_record(office.nodes[0].db, ESCROWS, team.lead)
    await old.hears()
    new = LiveView(screen, "board", "listings:list")
    await new.open()
    counters = office.nodes[0].app[COUNTERS]
    assert (counters.views, counters.view_groups) == (1, 1)
    await new_record(office.nodes[0].db, ESCROWS, team.lead)
    made = await new_record(office.nodes[0].db, LISTINGS, team.lead)
    await new.hears()
    assert new.rows == [made]
    assert len(old.rows) == 1


async def test_my_records_are_mine_and_those_given_to_me(office: Office, team: Team) -> None:
    mine, theirs = await office.screen(team.agent), await office.screen(team.lead, 1)
    views = [LiveView(screen, "my", "listings:list", scope="my") for screen in (mine, theirs)]
    await asyncio.gather(*(view.open() for view in views))
    node = office.nodes[0]
    made = await new_record(node.db, LISTINGS, team.lead)
    await views[1].hears()
    assert ([], [made["id"]]) == tuple([row["id"] for row in view.rows] for view in views)
    given = {"owner_id": str(team.agent.user_id)}
    await node.ask("PATCH", f"/v1/listings/{made['id']}", by=team.lead, body=given)
    await asyncio.gather(*(view.hears() for view in views))
    assert ([made["id"]], []) == tuple([row["id"] for row in view.rows] for view in views)


async def test_who_does_not_follow_the_team_opens_no_view(office: Office, team: Team) -> None:
    server = office.nodes[0]
    screen = Screen(office.session, server.url, await server.token(team.agent), team.id)
    screen._auth = lambda: {"token": screen.token, "proto": 1, "subs": [{"team": str(uuid4())}]}  # type: ignore[method-assign]  # a client that asks for another team
    await screen.connect()
    office.stack.push_async_callback(screen.disconnect)
    answer = await screen.call("view:open", {"view": "v", "list": "escrows:list"})
    assert answer["error"]["code"] == "FORBIDDEN"


async def test_who_is_removed_is_shown_nothing_more(office: Office, team: Team) -> None:
    server = office.nodes[0]
    screen = await office.screen(team.agent)
    view = LiveView(screen, "v", "escrows:list")
    await view.open()
    member = f"/v1/teams/current/members/{team.agent.user_id}"
    assert (await server.ask("DELETE", member, by=team.owner)).status == 200
    await new_record(server.db, ESCROWS, team.lead)
    await screen.closed()
    assert view.heard == []
    await until(lambda: server.app[COUNTERS].views == 0)
    assert server.app[COUNTERS].view_groups == 0


@each_resource
async def test_a_list_tells_how_long_its_day_still_lasts(
    office: Office, team: Team, resource: Resource
) -> None:
    db = office.nodes[0].db
    left = await db.fetchval("SELECT extract(epoch FROM current_date + 1 - now())::float8")
    query: Any = resource.query()
    found = await look(db, page_of(resource, team.lead, query))
    assert (left - found.day_left) % 86_400 < 60


async def test_views_are_measured(office: Office, team: Team) -> None:
    server = office.nodes[0]
    await LiveView(await office.screen(team.agent), "v", "escrows:list").open()
    text = (await server.ask("GET", "/metrics")).raw.decode()
    assert "homeroom_live_views 1.0" in text
    assert "homeroom_live_view_groups 1.0" in text
    for name in ("reads", "read_seconds", "failures", "pushes"):
        assert f"homeroom_live_view_{name}_total " in text


class Records:
    """Makes and changes records of one kind in every way there is; what is refused is no matter."""

    def __init__(
        self, office: Office, resource: Resource, people: list[Actor], chance: random.Random
    ) -> None:
        self._office = office
        self._resource = resource
        self._people = people
        self._chance = chance
        self.ids: list[str] = []

    async def make(self, count: int) -> None:
        for _ in range(count):
            await self._create()

    async def change(self, count: int) -> None:
        verbs = [
            self._create,
            *[self._edit] * 5,
            *[self._move] * 4,
            *[self._whole] * 2,
            self._batch,
        ]
        await asyncio.gather(*(self._chance.choice(verbs)() for _ in range(count)))

    async def _create(self) -> None:
        full = EXAMPLES[self._resource.plural].full
        wanted = fields(self._resource, **{self._resource.search[0]: self._chance.choice(WORDS)})
        wanted |= {name: self._chance.choice(PRICES) for name in wanted if name.endswith("_price")}
        wanted |= {name: full[name] for name in ("property_type",) if name in full}
        said = await self._ask("POST", "", wanted)
        if said.status == 201:
            self.ids.append(said.data["id"])

    async def _edit(self) -> None:
        full = EXAMPLES[self._resource.plural].full
        change = a_change(self._resource, full, self._people, WORDS, self._chance)
        await self._ask("PATCH", f"/{self._any()}", change)

    async def _move(self) -> None:
        to = self._chance.choice(sorted(self._resource.transitions))
        await self._ask("PATCH", f"/{self._any()}/status", move_to(self._resource, to))

    async def _whole(self) -> None:
        method, path = self._chance.choice(
            [("PATCH", "/archive"), ("PATCH", "/restore"), ("PATCH", "/restore"), ("DELETE", "")]
        )
        await self._ask(method, f"/{self._any()}{path}")

    async def _batch(self) -> None:
        op = self._chance.choice(["archive", "restore", "update"])
        ids = self._chance.sample(self.ids, min(3, len(self.ids)))
        changes = {"changes": dict(EXAMPLES[self._resource.plural].change)}
        await self._ask(
            "POST", "/batch", {"op": op, "ids": ids} | (changes if op == "update" else {})
        )

    def _any(self) -> str:
        return self._chance.choice(self.ids)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        node = self._chance.choice(self._office.nodes)
        where = f"/v1/{self._resource.plural}{path}"
        by = self._chance.choice(self._people)
        said = await node.ask(method, where, by=by, body=body)
        assert said.status < 500, said.raw
        return said
