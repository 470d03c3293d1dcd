"""Lists: what a filter lets through, and what it adds up to."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from db.events import hash_at
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Role
from domains.kit.resource import Resource
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.api.naive import NAIVE
from tests.factories import Team, new_member
from tests.walk import everything, head, told

each_resource = pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)
TODAY = datetime.now(UTC).date()


def ago(days: int) -> str:
    return (TODAY - timedelta(days)).isoformat()


async def addresses(by: Client, resource: Resource, **params: Any) -> set[str]:
    """The addresses of all that match, and the proof that totals and statistics agree with them."""
    answer = await by.get(f"/{resource.plural}", limit=100, **params)
    assert answer.body["pagination"]["total"] == len(answer.data), answer.body["pagination"]
    stats = await by.get(f"/{resource.plural}/stats", **params)
    assert stats.data == answer.body["stats"] == NAIVE[resource.plural](answer.data)
    return {record["property_address"] for record in answer.data}


# Filters


async def test_every_filter_of_escrows_is_honoured(agent: Client) -> None:
    await agent.make(
        ESCROWS,
        property_address="A",
        purchase_price=100000,
        closing_date="2026-03-01",
        acceptance_date="2026-01-01",
        property_type="Condo",
    )
    await agent.make(
        ESCROWS,
        "active",
        property_address="B",
        purchase_price=200000,
        closing_date="2026-06-01",
        property_type="Land",
    )
    await agent.make(
        ESCROWS, "cancelled", property_address="C", purchase_price=300000, closing_date="2026-09-01"
    )
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "ABC"),
        ({"status": "all"}, "ABC"),
        ({"status": "active"}, "B"),
        ({"status": "closed"}, ""),
        ({"minPrice": 200000}, "BC"),
        ({"maxPrice": 200000}, "AB"),
        ({"min_price": "100000.01", "max_price": "299999.99"}, "B"),
        ({"propertyType": "Condo"}, "A"),
        ({"property_type": "Land"}, "B"),
        ({"closingDateStart": "2026-06-01"}, "BC"),
        ({"closingDateEnd": "2026-06-01"}, "AB"),
        ({"closing_date_start": "2026-03-02", "closing_date_end": "2026-08-31"}, "B"),
        # acceptance_date..closing_date overlaps startDate..endDate
        ({"startDate": "2026-03-01", "endDate": "2026-03-01"}, "AB"),
        ({"start_date": "2026-03-02", "end_date": "2026-05-31"}, "B"),
        ({"endDate": "2025-12-31"}, ""),
        ({"startDate": "2026-06-02"}, "C"),
        ({"minPrice": 100000, "status": "active", "propertyType": "Condo"}, ""),
    ]
    for params, expected in cases:
        assert await addresses(agent, ESCROWS, **params) == set(expected), params


async def test_every_filter_of_listings_is_honoured(agent: Client) -> None:
    def terms(days: int, until: str) -> dict[str, Any]:
        return {"listing_contract_date": ago(days), "expiration_date": until}

    until = (TODAY + timedelta(30)).isoformat()
    later = (TODAY + timedelta(90)).isoformat()
    await agent.make(LISTINGS, property_address="A", list_price=100000, property_type="Condo")
    b = await agent.make(LISTINGS, property_address="B", list_price=200000, **terms(40, until))
    await agent.move(LISTINGS, b["id"], "active", effective_date=ago(20), **terms(40, until))
    c = await agent.make(
        LISTINGS, property_address="C", list_price=300000, property_type="Multi-Family"
    )
    await agent.move(LISTINGS, c["id"], "active", effective_date=ago(8), **terms(8, later))
    await agent.move(LISTINGS, c["id"], "pending", purchase_contract_date=ago(5))
    await agent.move(LISTINGS, c["id"], "closed", close_date=ago(1), close_price=310000)
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "ABC"),
        ({"status": "incomplete"}, "A"),
        ({"status": "closed"}, "C"),
        ({"minPrice": 200000}, "BC"),
        ({"max_price": 100000}, "A"),
        ({"propertyType": "Multi-Family"}, "C"),
        ({"minDaysOnMarket": 20}, "B"),
        ({"min_days_on_market": 3}, "BC"),
        ({"maxDaysOnMarket": 3}, "AC"),
        ({"minDaysOnMarket": 1, "maxDaysOnMarket": 19}, "C"),
        ({"closingDateStart": ago(1)}, "C"),
        ({"closingDateStart": ago(0)}, ""),
        ({"closingDateEnd": ago(1)}, "C"),
        # listing_contract_date..expiration_date overlaps startDate..endDate
        ({"startDate": until}, "ABC"),
        ({"startDate": (TODAY + timedelta(31)).isoformat()}, "AC"),
        ({"endDate": ago(9)}, "B"),
        ({"start_date": ago(30), "end_date": ago(8)}, "BC"),
    ]
    for params, expected in cases:
        assert await addresses(agent, LISTINGS, **params) == set(expected), params


@each_resource
async def test_a_list_since_a_moment_has_what_came_or_changed_after_it(
    agent: Client, resource: Resource
) -> None:
    old = await agent.make(resource, property_address="Old")
    new = await agent.make(resource, property_address="New")
    assert await addresses(agent, resource, createdSince=new["created_at"]) == {"New"}
    assert await addresses(agent, resource, updated_since=new["updated_at"]) == {"New"}
    changed = (await agent.patch(f"/{resource.plural}/{old['id']}", {"notes": "x"})).data
    assert await addresses(agent, resource, updatedSince=changed["updated_at"]) == {"Old"}
    naive = new["created_at"].partition("+")[0]  # no offset: UTC
    assert await addresses(agent, resource, created_since=naive) == {"New"}


@each_resource
async def test_a_search_looks_at_address_city_and_display_id(
    agent: Client, resource: Resource
) -> None:
    for address, city in [
        ("12 Main St", "Seattle"),
        ("100% Main_St", "O'Brien"),
        (r"C:\Main", None),
        ("12 Maßstraße", "Zürich"),
    ]:
        await agent.make(resource, property_address=address, city=city)
    for text, expected in [
        ("main", {"12 Main St", "100% Main_St", r"C:\Main"}),
        ("MAIN ST", {"12 Main St", "100% Main_St"}),
        ("st. main", {"12 Main St", "100% Main_St"}),  # words, in whatever order
        ("mai", {"12 Main St", "100% Main_St", r"C:\Main"}),
        ("100%", {"100% Main_St"}),
        ("%", set()),  # signs are in no word
        ("_\\", set()),
        ("'", set()),
        ("obrien", {"100% Main_St"}),
        ("o'b", {"100% Main_St"}),
        ("ai", set()),  # two letters count where a word begins
        ("zÜRICH", {"12 Maßstraße"}),
        ("zurich massstr", {"12 Maßstraße"}),
        (f"{resource.prefix.lower()}-2026-0001", {"12 Main St"}),
        ("  seattle  ", {"12 Main St"}),
        ("   ", {"12 Main St", "100% Main_St", r"C:\Main", "12 Maßstraße"}),
        ("1 OR 1=1", set()),
    ]:
        year = str(TODAY.year)
        found = await addresses(agent, resource, search=text.replace("2026", year))
        assert found == expected, text


@each_resource
async def test_a_scope_is_mine_another_s_or_all_the_team_s(
    api: Api, team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    await agent.make(resource, property_address="Ana's")
    await lead.make(resource, property_address="Lea's")
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    everybody = {"Ana's", "Lea's"}
    for scope, expected in [
        ("my", {"Ana's"}),
        ("user", {"Ana's"}),
        ("team", everybody),
        ("all", everybody),
    ]:
        assert await addresses(agent, resource, scope=scope) == expected
    wide = await lead.get(f"/{resource.plural}", scope="brokerage")
    assert wide.refused == (403, "FORBIDDEN")  # though nobody stands above the team
    assert await addresses(agent, resource) == everybody
    assert await addresses(ben, resource, scope="my") == set()
    lea = str(team.lead.user_id)
    assert await addresses(agent, resource, scope="user", userId=lea) == {"Lea's"}
    assert await addresses(agent, resource, user_id=lea) == {"Lea's"}


@each_resource
async def test_archived_records_are_listed_when_asked_for_and_deleted_ones_never(
    agent: Client, resource: Resource
) -> None:
    for name in ("Kept", "Away", "Gone"):
        record = await agent.make(resource, property_address=name)
        if name == "Away":
            await agent.patch(f"/{resource.plural}/{record['id']}/archive")
        if name == "Gone":
            await agent.patch(f"/{resource.plural}/{record['id']}/archive")
            await agent.delete(f"/{resource.plural}/{record['id']}")
    assert await addresses(agent, resource) == {"Kept"}
    assert await addresses(agent, resource, archived="true") == {"Away"}
    assert await addresses(agent, resource, isArchived="false") == {"Kept"}


# What a query may not say


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", 0),
        ("page", -1),
        ("page", "two"),
        ("page", 10**12),
        ("limit", 0),
        ("limit", 101),
        ("limit", "1.5"),
        ("sortBy", "team_id"),
        ("sort", "id; DROP TABLE escrows"),
        ("order", "up"),
        ("status", "sold"),
        ("scope", "world"),
        ("archived", "perhaps"),
        ("minPrice", -1),
        ("minPrice", "NaN"),
        ("maxPrice", 10**13),
        ("minPrice", "1E-999999999"),
        ("startDate", "2026-02-30"),
        ("closingDateEnd", "soon"),
        ("createdSince", "0001-01-01T00:00:00+14:00"),
        ("updatedSince", "9999-12-31T23:59:59-12:00"),
        ("propertyType", "Castle"),
        ("userId", "7"),
        ("search", "x" * 201),
        ("search", "a\x07b"),
        ("search", "a\x00b"),
        ("nonsense", 1),
        ("team_id", "7"),
    ],
)
@each_resource
async def test_a_query_out_of_bounds_is_refused(
    agent: Client, resource: Resource, name: str, value: Any
) -> None:
    for path in ("", "/stats", "/export"):
        answer = await agent.get(f"/{resource.plural}{path}", **{name: value})
        assert answer.refused == (400, "VALIDATION_ERROR"), answer.body
        assert len(answer.fields) == 1


@each_resource
async def test_a_zero_is_a_zero_in_any_notation(agent: Client, resource: Resource) -> None:
    await agent.make(resource)
    assert len(await addresses(agent, resource, minPrice="0E-999999999", maxPrice="5E5")) == 1


@each_resource
async def test_a_filter_given_twice_is_refused(agent: Client, resource: Resource) -> None:
    for answer in (
        await agent.get(f"/{resource.plural}", sort="created_at", sortBy="display_id"),
        await agent.get(f"/{resource.plural}", minPrice=1, min_price=1),
    ):
        assert answer.refused == (400, "VALIDATION_ERROR")


# Statistics


@pytest.mark.parametrize("seed", range(3))
@each_resource
async def test_statistics_are_what_the_records_add_up_to(
    lead: Client, resource: Resource, seed: int
) -> None:
    rng = Random(seed)
    for _ in range(14):
        more: dict[str, Any] = {}
        if resource is ESCROWS:
            more = {
                "gross_commission": rng.choice([None, None, 12345.67]),
                "commission_percentage": rng.choice([None, 2.5, 2.875]),
            }
        to = rng.choice(list(resource.transitions))
        price = "purchase_price" if resource is ESCROWS else "list_price"
        more[price] = rng.randint(1, 10**8) / 100
        record = await lead.make(resource, to, **more)
        if to in ("closed", "pending") and rng.random() < 0.5:
            await lead.patch(
                f"/{resource.plural}/{record['id']}", {"close_price": rng.randint(0, 10**8) / 100}
            )
    whole = await addresses(lead, resource)
    assert whole
    for status in resource.transitions:
        await addresses(lead, resource, status=status)
    await addresses(lead, resource, minPrice=300000)


@each_resource
async def test_the_statistics_of_nothing_are_zero(agent: Client, resource: Resource) -> None:
    stats = (await agent.get(f"/{resource.plural}/stats")).data
    assert set(stats) == set(resource.stats_model.model_fields)
    assert set(stats.values()) == {0}


# One snapshot


@each_resource
async def test_a_list_says_which_event_it_is_as_of(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    assert (await agent.get(f"/{resource.plural}")).meta["as_of_seq"] == 0
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    await agent.patch(one, {"notes": "x"})
    for path in (f"/{resource.plural}", f"/{resource.plural}/stats", one, f"{one}/history"):
        meta = (await agent.get(path)).meta
        assert meta["as_of_seq"] == await head(api.db, team) == 2
        assert meta["as_of_h"] == await hash_at(api.db, team.id, 2)


@each_resource
async def test_a_list_read_among_writes_and_the_events_after_it_make_the_later_list(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    records = [await agent.make(resource) for _ in range(4)]

    async def write(record: Any) -> None:
        for n in range(6):
            await agent.patch(f"/{resource.plural}/{record['id']}", {"notes": f"{n}"})

    answers = []

    async def look() -> None:
        for _ in range(8):
            answers.append(await agent.get(f"/{resource.plural}", limit=100))
            await asyncio.sleep(0.002)

    await asyncio.gather(look(), *(write(record) for record in records))
    final = await everything(agent, resource)
    for answer in answers:
        screen = {record["id"]: record for record in answer.data}
        assert answer.body["stats"]["total"] == answer.body["pagination"]["total"] == 4
        for event in await told(api.db, team, answer.meta["as_of_seq"]):
            assert event["ver"] == screen[event["id"]]["version"] + 1, "missed or doubled"
            screen[event["id"]] = event["d"]
        assert screen == final
