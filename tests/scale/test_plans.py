"""With very many records, every read is one or two round trips, and goes by an index.

Ten thousand clients, five thousand listings, fifty thousand entries of activity in one team, and
other teams beside it. Plans are looked at by their nodes, never by time. A list counts its total
and its statistics over every row of the team that matches: for that, an index scan or a bitmap scan
by the team is right, and only reading other teams' rows would be wrong.
"""

import random
from typing import Any

import pytest

from domains.kit.endpoint import Endpoint, Method
from domains.kit.resource import Resource
from server.catalogue import described
from tests.api.client import Api, Client
from tests.factories import new_team
from tests.realtime.live_views import every_query
from tests.scale.crowd import COUNTS, OTHERWISE, Crowd, crowd
from tests.scale.plans import Sent, large_tables, nodes, read_whole, sent
from tests.walk import RESOURCES

pytestmark = pytest.mark.timeout(900)  # the first one makes the crowd
each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
ROUND_TRIPS = 2
WORDS = ["Oak", "12", "Nguyen"]


@pytest.fixture(scope="module")
async def many(api: Api, database_url: str) -> Crowd:
    team = await new_team(api.db, "A large one")
    return await crowd(api.db, database_url, team, await api.sign_in(team.lead))


@pytest.fixture(scope="module")
async def tables(api: Api, many: Crowd) -> frozenset[str]:
    found = await large_tables(api.db)
    assert many.samples
    return found


@pytest.fixture(params=["lead", "agent"])
async def reader(api: Api, many: Crowd, request: pytest.FixtureRequest) -> Client:
    """Who sees all, and who sees what is private only where it is their own."""
    client = await api.sign_in(getattr(many.team, request.param))
    await client.get("/auth/me")  # who they are is known then
    return client


async def looked_at(
    api: Api, reader: Client, path: str, params: dict[str, Any], tables: frozenset[str]
) -> list[tuple[Sent, list[dict[str, Any]]]]:
    """Ask, and look at what it took: the statements, with their plans."""
    with sent(api.db) as statements:
        answer = await reader.get(path, **params)
    if not answer.body["success"]:
        assert answer.refused == (400, "VALIDATION_ERROR"), (path, params, answer.body)
        return []
    assert len(statements) <= ROUND_TRIPS, (path, params, [each.sql[:80] for each in statements])
    plans = [(each, await nodes(api.db, each)) for each in statements]
    for each, plan in plans:
        assert not read_whole(plan, tables), (path, params, read_whole(plan, tables), each.sql)
    return plans


async def test_it_is_as_many_as_asked(api: Api, many: Crowd) -> None:
    for resource in RESOURCES:
        found = await api.db.fetchval(
            f"SELECT count(*) FROM {resource.table} WHERE team_id = $1", many.team.id
        )
        assert found > COUNTS.get(resource.plural, OTHERWISE)
    entries = "SELECT count(*) FROM events WHERE team_id = $1"
    assert await api.db.fetchval(entries, many.team.id) >= 50_000


@each_resource
async def test_every_filter_and_every_order_of_a_list_goes_by_an_index(
    api: Api, many: Crowd, tables: frozenset[str], reader: Client, resource: Resource
) -> None:
    chance = random.Random(7)
    path = f"/{resource.plural}"
    assert resource.table in tables
    asked = list(every_query(resource, many.people, WORDS, chance))
    plans = [await looked_at(api, reader, path, params, tables) for params in asked]
    assert sum(map(bool, plans)) > len(plans) / 2
    first = (await reader.get(path, limit=2)).body["pagination"]["next_cursor"]
    await looked_at(api, reader, path, {"limit": 2, "cursor": first}, tables)
    for scope in ("my", "user", "all"):
        await looked_at(api, reader, path, {"scope": scope}, tables)


@each_resource
async def test_every_other_read_of_a_kind_goes_by_an_index(
    api: Api, many: Crowd, tables: frozenset[str], reader: Client, resource: Resource
) -> None:
    sample = many.samples[resource.plural]
    for endpoint in described():
        if endpoint.tag == resource.plural and _readable(endpoint):
            path = endpoint.path.replace("{id}", sample["id"])
            await looked_at(api, reader, path, {}, tables)
    await looked_at(api, reader, f"/{resource.plural}/{sample['display_id']}", {}, tables)


def _readable(endpoint: Endpoint) -> bool:
    """Whether it can be asked for with no more than a record's id."""
    params = endpoint.params.model_fields if endpoint.params else {}
    needed = [name for name, field in params.items() if field.is_required()]
    own = endpoint.path.replace("{id}", "")
    export = endpoint.name.endswith(":export")  # streamed: it reads every row there is
    return endpoint.method is Method.GET and "{" not in own and not needed and not export


FEEDS: list[dict[str, Any]] = [
    {},
    {"limit": 200},
    {"actor": "{actor}"},
    {"scope": "my"},
    {"entity": "listing"},
    {"entity_id": "{listing}"},
    {"kind": "client.archived"},
    {"kind": "nothing.happened"},
    {"type": "moved"},
    {"type": "listing,archived"},
    {"type": "client.archived,listing.archived"},
    {"since": "2020-01-01T00:00:00Z"},
    {"since": "2100-01-01T00:00:00Z"},
    {"until": "2100-01-01T00:00:00Z"},
    {"before_seq": 20_000},
    {"after_seq": 49_000},
    {"actor": "{actor}", "type": "archived", "before_seq": 30_000},
]


@pytest.mark.parametrize("grouped", ["false", "true"])
@pytest.mark.parametrize("params", FEEDS, ids=lambda p: "&".join(p) or "all")
async def test_a_page_of_the_feed_is_found_in_an_index_alone(
    api: Api,
    many: Crowd,
    tables: frozenset[str],
    reader: Client,
    params: dict[str, Any],
    grouped: str,
) -> None:
    names = {"actor": many.team.agent.user_id, "listing": many.samples["listings"]["id"]}
    asked = {key: str(value).format(**names) for key, value in params.items()}
    plans = await looked_at(api, reader, "/activity", {**asked, "grouped": grouped}, tables)
    (plan,) = [plan for each, plan in plans if "places" in each.sql]
    places = [
        node
        for node in plan
        if node.get("Relation Name") == "events" and "CTE places" in node["Within"]
    ]
    assert places
    allowed = {"Index Only Scan"}
    if "entity_id" in params:
        allowed |= {"Index Scan", "Bitmap Heap Scan", "Bitmap Index Scan"}  # few, by the record
    assert {node["Node Type"] for node in places} <= allowed, [
        (node["Node Type"], node.get("Index Name")) for node in places
    ]


async def test_a_group_is_opened_by_its_index(
    api: Api, tables: frozenset[str], reader: Client
) -> None:
    found = (await reader.get("/activity", grouped="true", limit=20)).data
    group = next(entry["group"] for entry in found if entry["group"])
    plans = await looked_at(api, reader, "/activity", {"group": group["id"]}, tables)
    (plan,) = [plan for each, plan in plans if "places" in each.sql]
    indexes = {node.get("Index Name") for node in plan if "CTE places" in node["Within"]}
    assert indexes - {None} <= {"events_group_idx", "private_records_pkey"}


SEARCHES = [
    "Oak",
    "a",
    "jonh",
    "nguyn simth",
    "12 maim street seattle",
    "anne-maire o'brein",
    "ann@mail.example",
    "(206) 555-0142",
    "555-0142",
    "CLT-2020-000042",
    "王小明",
    "one buyer two sellers three agents four lenders five brokers six homes",
]


@pytest.mark.parametrize("q", SEARCHES)
async def test_a_search_is_one_round_trip_by_the_index_of_each_kind(
    api: Api, tables: frozenset[str], reader: Client, q: str
) -> None:
    for params in ({}, {"scope": "my"}, {"limit": 50}, {"entity": "client"}):
        ((_, plan),) = await looked_at(api, reader, "/search", {"q": q, **params}, tables)
        kinds = [r for r in RESOURCES if params.get("entity") in (None, r.name)]
        indexes = {node.get("Index Name") for node in plan}
        assert {f"{resource.table}_search_idx" for resource in kinds} <= indexes, (q, params)


@pytest.mark.parametrize("path", ["/stats/home", "/escrows/manager"])
async def test_a_card_goes_by_indexes(
    api: Api, tables: frozenset[str], reader: Client, path: str
) -> None:
    for params in ({}, {"scope": "my"}):
        await looked_at(api, reader, path, params, tables)


@pytest.mark.parametrize("scope", ["brokerage", "all"])
async def test_what_a_broker_reads_of_several_teams_goes_by_indexes(
    api: Api, many: Crowd, tables: frozenset[str], scope: str
) -> None:
    broker = await api.sign_in(many.broker)
    await broker.get("/auth/me")
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/search", {"q": "jonh oak"}),
        ("/activity", {}),
        ("/activity", {"type": "moved", "until": "2100-01-01T00:00:00Z"}),
        ("/stats/home", {}),
        ("/escrows/manager", {}),
        ("/users", {"search": "Ana"}),
    ]
    for resource in RESOURCES:
        lists = f"/{resource.plural}"
        asked += [(lists, {}), (lists, {"search": "oak"}), (f"{lists}/stats", {})]
        asked += [(lists, {"sort": sort}) for sort in resource.sorts]
    for path, params in asked:
        assert await looked_at(api, broker, path, {**params, "scope": scope}, tables), path


async def test_contacts_are_searched_by_an_index(
    api: Api, tables: frozenset[str], reader: Client
) -> None:
    for role in ({}, {"role": "agent"}):
        for name in ({"name": "Oak"}, {"name": "Nguyen"}, {"name": "a"}):
            assert await looked_at(api, reader, "/contacts/search", {**role, **name}, tables)


async def test_every_read_there_is_has_been_looked_at(
    api: Api, many: Crowd, tables: frozenset[str]
) -> None:
    """Whatever is of no kind of record: people, teams, rules; the feed and the cards again."""
    broker = await api.sign_in(many.broker)  # who is refused none of them
    await broker.get("/auth/me")
    plurals = {resource.plural for resource in RESOURCES}
    for endpoint in described():
        if endpoint.method is not Method.GET or endpoint.tag in plurals:
            continue
        if endpoint.name.endswith(":export") or endpoint.name == "search":
            continue
        path = endpoint.path.format(id=many.team.agent.user_id, team=many.team.id)
        await looked_at(api, broker, path, {}, tables)
