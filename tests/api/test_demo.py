"""The demo as it stands in the database: whole, written once, with its log, in two teams."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg
import pytest

from db.database import Database
from db.errors import Unavailable
from db.events import Event, first_bad
from db.migrate import migrate
from domains.clients.resource import CLIENTS
from domains.escrows.resource import ESCROWS
from domains.kit import reads
from domains.kit.actor import Actor
from domains.kit.errors import Conflict, NotFound, Unauthenticated
from domains.kit.resource import Resource
from domains.kit.select import ListQuery
from domains.listings.resource import LISTINGS
from server.demo.people import AWAY, BROKER, HOME, LEAD, RIVAL, TEAMS, Person, Team, id_of
from server.demo.sales import read_sales
from server.demo.seed import RESOURCES, Seeded, seed
from server.demo.story import stories
from tests.api.desk import Account, Desk, desk_of
from tests.conftest import Servers

TODAY = date(2026, 3, 4)
PASSWORD = "a demo password"
PEOPLE = [person for team in TEAMS for person in team.everybody]

each_deal = pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)
# What a client shows of its escrows is as of now, and not as of its own last event.
each_resource = pytest.mark.parametrize(
    "resource",
    [one for one in RESOURCES.values() if one is not CLIENTS],
    ids=lambda r: r.plural,
)


@asynccontextmanager
async def empty_database(servers: Servers, name: str) -> AsyncIterator[Desk]:
    """The demo's people exist once in a database, so it cannot be the one other tests share."""
    name = f"homeroom_demo_{name}_{os.getpid()}"
    admin = await asyncpg.connect(servers.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    url = f"{servers.postgres.rpartition('/')[0]}/{name}"
    await migrate(url)
    db = await Database.connect(url)
    try:
        yield desk_of(db)
    finally:
        await db.close()
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@asynccontextmanager
async def one_more(desk: Desk, servers: Servers) -> AsyncIterator[Desk]:
    """Another process's connections to the same database."""
    name = await desk.db.fetchval("SELECT current_database()")
    db = await Database.connect(f"{servers.postgres.rpartition('/')[0]}/{name}")
    try:
        yield desk_of(db)
    finally:
        await db.close()


@pytest.fixture
async def empty(servers: Servers) -> AsyncIterator[Desk]:
    async with empty_database(servers, "empty") as desk:
        yield desk


@pytest.fixture(scope="module")
async def demo(servers: Servers) -> AsyncIterator[Desk]:
    """Seeded once; tests of this module only read it."""
    async with empty_database(servers, "seeded") as desk:
        await seed(desk.services, PASSWORD, today=TODAY)
        yield desk


def actor(person: Person) -> Actor:
    team = next(team for team in TEAMS if person in team.everybody)
    return Actor(id_of(person.email), id_of(team.name), person.role, person.full_name)


async def count(db: Database, table: str) -> int:
    number: int = await db.fetchval(f"SELECT count(*) FROM {table}")
    return number


async def written(db: Database) -> tuple[int, int, int, int]:
    """Teams, people, records, events."""
    records = sum([await count(db, resource.table) for resource in RESOURCES.values()])
    people = await count(db, "users") - 1  # Homeroom itself is one
    return await count(db, "teams"), people, records, await count(db, "events")


def expected() -> tuple[int, int, int, int]:
    told = [story for team in TEAMS for story in stories(team, read_sales(), TODAY)]
    steps = sum(len(story.steps) for story in told)
    joined = sum(len(team.people) for team in TEAMS)
    founded = 3 * sum(
        team.broker is not None for team in TEAMS
    )  # the company, the broker, the team
    return len(TEAMS), len(PEOPLE), len(told), steps + joined + founded


async def test_everything_told_is_written_with_one_event_for_each_step(demo: Desk) -> None:
    assert await written(demo.db) == expected()


async def test_a_second_start_writes_nothing(demo: Desk) -> None:
    assert await seed(demo.services, PASSWORD, today=TODAY) == Seeded()
    assert await written(demo.db) == expected()


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.email)
async def test_everybody_signs_in_with_the_one_password(demo: Desk, person: Person) -> None:
    data = await demo.ask("auth:login", {"email": person.email, "password": PASSWORD})
    assert data["user"]["full_name"] == person.full_name
    assert data["team"]["role"] == person.role


async def test_a_broker_acts_in_the_team_of_the_company(demo: Desk) -> None:
    account = {"email": BROKER.email, "password": PASSWORD}
    broker = Account(BROKER.email, await demo.ask("auth:login", account))
    assert broker.data["team"]["name"] == HOME.name
    company = await demo.ask("brokerages:current", by=broker)
    assert company["name"] == HOME.brokerage
    assert [team["name"] for team in company["teams"]] == [HOME.name]


@each_resource
async def test_the_log_of_every_record_ends_in_what_the_record_is(
    demo: Desk, resource: Resource
) -> None:
    rows = await demo.db.fetch(
        f"""
        SELECT {resource.image_sql} AS image, e.data::text AS told
        FROM {resource.table} AS r
        JOIN LATERAL (
            SELECT data
            FROM events AS e
            WHERE e.team_id = r.team_id AND e.entity_id = r.id
            ORDER BY seq DESC
            LIMIT 1
        ) AS e ON true
        """
    )
    assert len(rows) == await count(demo.db, resource.table)
    for row in rows:
        assert json.loads(row["image"]) == json.loads(row["told"])


@pytest.mark.parametrize("team", TEAMS, ids=lambda team: team.name)
async def test_the_chain_of_the_demos_log_holds(demo: Desk, team: Team) -> None:
    assert await first_bad(demo.db, id_of(team.name)) is None


async def test_the_newest_events_are_what_was_done_in_the_last_days(demo: Desk) -> None:
    rows = await demo.db.fetch(
        "SELECT data::json ->> 'contract_status_change_date' AS day FROM events"
        " WHERE team_id = $1 AND kind = 'listing.status_changed' ORDER BY seq DESC LIMIT 10",
        id_of(HOME.name),
    )
    assert all("2026-02-20" <= row["day"] <= "2026-03-04" for row in rows)


async def test_a_closed_listing_keeps_its_real_day_price_and_days_on_the_market(
    demo: Desk,
) -> None:
    sales = {(sale.parcel, sale.sale_date): sale for sale in read_sales()}
    rows = await demo.db.fetch("SELECT * FROM listings WHERE listing_status = 'closed'")
    assert len(rows) > 230
    for row in rows:
        assert row["close_price"] == sales[row["apn"], row["close_date"]].price
        assert row["purchase_contract_date"] < row["off_market_date"] < row["close_date"]
        assert row["days_counted"] == (row["off_market_date"] - row["on_market_date"]).days or (
            row["back_on_market_date"] is not None
        )


async def test_those_who_sell_now_are_clients_of_whom_their_listings_tell(demo: Desk) -> None:
    rows = await demo.db.fetch(
        """
        SELECT c.last_name, c.owner_id, l.owner_id AS agent_id, l.listing_status
        FROM clients AS c
        LEFT JOIN listings AS l ON c.id = ANY (l.client_ids)
        """
    )
    assert len(rows) > 30
    for row in rows:
        assert row["last_name"].startswith("Seller ")
        assert row["listing_status"] is not None
        assert row["owner_id"] == row["agent_id"]


async def test_those_who_asked_are_leads_at_every_stage(demo: Desk) -> None:
    rows = await demo.db.fetch("SELECT lead_status, last_name, lead_score FROM leads")
    assert {"contacted", "qualified", "lost"} <= {row["lead_status"] for row in rows}
    assert all(row["last_name"].startswith("Caller ") for row in rows)
    assert len({row["lead_score"] for row in rows}) > 5


async def test_a_price_that_was_cut_has_its_history(demo: Desk) -> None:
    row = await demo.db.fetchrow(
        "SELECT * FROM listings WHERE price_change_date IS NOT NULL AND team_id = $1",
        id_of(HOME.name),
    )
    assert row is not None
    assert row["original_list_price"] > row["list_price"]
    assert row["on_market_date"] < row["price_change_date"] < row["purchase_contract_date"]
    assert row["price_change_reason"].endswith("(built)")


@each_deal
async def test_the_rival_sees_a_handful_of_its_own_and_nothing_else(
    demo: Desk, resource: Resource
) -> None:
    ours = await demo.db.fetchval(
        f"SELECT id FROM {resource.table} WHERE team_id = $1 LIMIT 1", id_of(HOME.name)
    )
    with pytest.raises(NotFound):
        await reads.get(demo.db, resource, actor(RIVAL), str(ours))
    query = resource.query.model_validate({"limit": 100})
    assert isinstance(query, ListQuery)
    found = await reads.find(demo.db, resource, actor(RIVAL), query)
    records = json.loads(found.data)
    assert 3 <= len(records) <= 20
    assert {record["team_id"] for record in records} == {str(id_of(AWAY.name))}


async def test_a_seed_that_was_cut_short_is_taken_up_where_it_stopped(
    empty: Desk, servers: Servers
) -> None:
    async with one_more(empty, servers) as unlucky:
        seen: list[Event] = []
        closing: list[asyncio.Task[None]] = []

        def cut_short(event: Event) -> None:
            seen.append(event)
            if len(seen) == 300:
                closing.append(asyncio.create_task(unlucky.db.close()))

        unlucky.db.announce = cut_short
        with pytest.raises(Unavailable):
            await seed(unlucky.services, PASSWORD, today=TODAY)
        await asyncio.gather(*closing)
    assert 300 <= (await written(empty.db))[-1] < expected()[-1]
    rest = await seed(empty.services, PASSWORD, today=TODAY)
    assert 0 < rest.events < expected()[-1]
    assert await written(empty.db) == expected()


async def test_two_processes_that_start_together_write_the_demo_once(
    empty: Desk, servers: Servers
) -> None:
    async with one_more(empty, servers) as other:
        await asyncio.gather(
            seed(empty.services, PASSWORD, today=TODAY),
            seed(other.services, PASSWORD, today=TODAY),
        )
    assert await written(empty.db) == expected()


async def test_another_password_replaces_the_old_one(empty: Desk) -> None:
    await seed(empty.services, PASSWORD, today=TODAY)
    await seed(empty.services, "another password", today=TODAY)
    body = {"email": LEAD.email, "password": PASSWORD}
    with pytest.raises(Unauthenticated):
        await empty.ask("auth:login", body)
    data = await empty.ask("auth:login", body | {"password": "another password"})
    assert data["team"]["name"] == HOME.name


async def test_a_stranger_who_has_a_demo_address_keeps_it(empty: Desk) -> None:
    stranger = {
        "email": LEAD.email,
        "password": PASSWORD,
        "full_name": "Sam Stranger",
        "team_name": "Strangers",
    }
    await empty.ask("auth:register", stranger)
    with pytest.raises(Conflict):
        await seed(empty.services, "another password", today=TODAY)
    data = await empty.ask("auth:login", {"email": LEAD.email, "password": PASSWORD})
    assert data["user"]["full_name"] == "Sam Stranger"
    assert (await written(empty.db))[:3] == (1, 1, 0)
