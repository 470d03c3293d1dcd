"""A listing's contract ends with its last day, where the property is."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from db.database import Database
from db.transaction import Answer, Transaction
from domains.kit.actor import SYSTEM
from domains.kit.changes import change
from domains.kit.resource import Moment
from domains.kit.rows import lock
from domains.kit.writes import writer
from domains.listings import jobs
from domains.listings.jobs import expire
from domains.listings.resource import LISTINGS, TIME_ZONE
from tests.factories import Team, new_record
from tests.jobs.yard import Yard, until

LAST = date(2026, 3, 7)  # the clocks of the mainland go forward in the night that follows
EARLY = date(2025, 11, 1)
STATUS = "SELECT listing_status FROM listings WHERE id = $1"


async def a_listing(db: Database, team: Team, status: str = "active", **changes: Any) -> Any:
    contract = {
        "listing_contract_date": str(EARLY),
        "expiration_date": str(changes.pop("last", LAST)),
        "owner_id": str(team.agent.user_id),
        "listing_status": "active",
        "on_market_date": str(EARLY),
    }
    row = await new_record(db, LISTINGS, team.agent, **contract, **changes)
    if status != "active":
        given: dict[str, Any] = {"listing_status": status}
        if status in {"pending", "active_under_contract"}:
            given["purchase_contract_date"] = LAST - timedelta(days=9)

        async def work(tx: Transaction) -> Answer:
            await change(tx, LISTINGS, team.agent, str(row["id"]), given, moment=Moment.given())
            return Answer("null")

        await db.write(writer(team.agent, None), work)
    return row["id"]


@pytest.mark.parametrize(
    ("where", "zone", "midnight"),
    [
        ({"state": "WA", "zip_code": "98101"}, "America/Los_Angeles", "2026-03-08T08:00Z"),
        ({"state": "NY", "zip_code": "10001-1234"}, "America/New_York", "2026-03-08T05:00Z"),
        ({"state": "HI", "zip_code": "96813"}, "Pacific/Honolulu", "2026-03-08T10:00Z"),
        ({"state": "GU", "zip_code": "96913"}, "Pacific/Guam", "2026-03-07T14:00Z"),
        ({"state": "AZ", "zip_code": "85001"}, "America/Phoenix", "2026-03-08T07:00Z"),
        ({"state": "TX", "zip_code": "79901"}, "America/Denver", "2026-03-08T07:00Z"),
        ({"state": "tx"}, "America/Chicago", "2026-03-08T06:00Z"),
        ({"state": "FL", "zip_code": "32501"}, "America/Chicago", "2026-03-08T06:00Z"),
        ({"zip_code": "zip?"}, None, "2026-03-08T10:00Z"),
        ({"zip_code": "98101", "time_zone": "Asia/Tokyo"}, "Asia/Tokyo", "2026-03-07T15:00Z"),
    ],
)
async def test_its_day_ends_where_the_property_is(
    yard: Yard, office: Team, where: dict[str, str], zone: str | None, midnight: str
) -> None:
    listing = await a_listing(yard.db, office, **where)
    sql = f"SELECT {TIME_ZONE} FROM listings AS r WHERE id = $1"
    assert await yard.db.fetchval(sql, listing) == zone
    over = datetime.fromisoformat(midnight)
    await expire(yard.db, over - timedelta(seconds=1))
    assert await yard.db.fetchval(STATUS, listing) == "active"
    await expire(yard.db, over)
    assert await yard.db.fetchval(STATUS, listing) == "expired"


@pytest.mark.parametrize(
    "last", [date(2026, 3, 7), date(2026, 3, 8), date(2026, 10, 31), date(2026, 11, 1)]
)
async def test_the_nights_in_which_the_clocks_change_are_nights_like_others(
    yard: Yard, office: Team, last: date
) -> None:
    listing = await a_listing(yard.db, office, zip_code="98101", last=last)
    day = last + timedelta(days=1)
    over = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("America/Los_Angeles"))
    await expire(yard.db, over.astimezone(UTC) - timedelta(seconds=1))
    assert await yard.db.fetchval(STATUS, listing) == "active"
    await expire(yard.db, over)
    assert await yard.db.fetchval(STATUS, listing) == "expired"


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("active", "expired"),
        ("hold", "expired"),
        ("withdrawn", "expired"),
        ("pending", "pending"),
        ("active_under_contract", "active_under_contract"),
        ("cancelled", "cancelled"),
    ],
)
async def test_only_what_is_on_the_market_or_rests_expires(
    yard: Yard, office: Team, status: str, becomes: str
) -> None:
    listing = await a_listing(yard.db, office, status, is_private=True)
    await expire(yard.db, datetime(2026, 4, 1, tzinfo=UTC))
    assert await yard.db.fetchval(STATUS, listing) == becomes


async def test_it_is_a_move_like_a_persons_by_homeroom_itself(yard: Yard, office: Team) -> None:
    listing = await a_listing(yard.db, office, zip_code="98101")
    now = datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert await expire(yard.db, now) == 1
    assert await expire(yard.db, now) == 0
    event = await yard.db.one(
        """
        SELECT kind, actor_id, changes, data
        FROM events
        WHERE team_id = $1 AND entity_id = $2
        ORDER BY seq DESC
        LIMIT 1
        """,
        office.id,
        listing,
    )
    assert (event["kind"], event["actor_id"]) == ("listing.status_changed", SYSTEM)
    assert event["changes"]["listing_status"] == ["active", "expired"]
    data = event["data"]
    assert data["last_modified_by"] == {"id": str(SYSTEM), "name": "Homeroom"}
    assert data["owner_id"] == str(office.agent.user_id)
    assert data["status_reason"] == "expired"
    assert data["contract_status_change_date"] == str(LAST)
    assert data["off_market_date"] == str(LAST)
    assert data["days_on_market"] == (LAST - EARLY).days
    assert data["major_change_type"] == "Expired"


async def test_what_somebody_changed_meanwhile_is_left_alone(
    yard: Yard, office: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, other = [await a_listing(yard.db, office) for _ in range(2)]

    async def extended_first(tx: Transaction, resource: Any, key: str) -> Any:
        if key == str(listing):  # it was read as ended, and now its contract is extended
            async with yard.db.transaction() as rows:
                await rows.execute(
                    """
                    UPDATE listings SET expiration_date = '2027-01-01', version = version + 1
                    WHERE id = $1
                    """,
                    listing,
                )
        return await lock(tx, resource, key)

    monkeypatch.setattr("domains.listings.jobs.lock", extended_first)
    assert await expire(yard.db, datetime(2026, 4, 1, tzinfo=UTC)) == 1
    assert await yard.db.fetchval(STATUS, listing) == "active"
    assert await yard.db.fetchval(STATUS, other) == "expired"


async def test_the_clock_has_it_done(yard: Yard, office: Team) -> None:
    listing = await a_listing(yard.db, office)

    async def expired() -> bool:
        return bool(await yard.db.fetchval(STATUS, listing) == "expired")

    async with yard.worker(*jobs.JOBS):
        await yard.enqueue("listings:expire")
        await until(expired)
