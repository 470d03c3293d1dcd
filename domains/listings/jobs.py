"""What happens to listings by itself: their contract ends with its day."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from db.database import Database
from db.transaction import Answer, Transaction
from domains.kit.actor import Actor
from domains.kit.changes import change
from domains.kit.errors import DomainError, NotFound
from domains.kit.job import Job, Payload
from domains.kit.resource import Moment, Record
from domains.kit.rows import lock
from domains.kit.services import Services
from domains.kit.writes import writer
from domains.listings.resource import LISTINGS, TIME_ZONE, TRANSITIONS

log = structlog.get_logger("listings")

EXPIRES: Final = [state for state, steps in TRANSITIONS.items() if "expired" in steps]
# Where neither a person nor the address tells: no state's day ends later.
LAST_ZONE: Final = "Pacific/Honolulu"
AHEAD: Final = timedelta(hours=14)  # of UTC; nowhere is it later in the day
AT_ONCE: Final = 100  # of one team, in one transaction

ENDED = f"""
    SELECT r.team_id, r.id, r.version, r.expiration_date, {TIME_ZONE} AS time_zone
    FROM listings AS r
    WHERE r.deleted_at IS NULL AND r.expiration_date < $1 AND r.listing_status = ANY ($2)
    ORDER BY r.team_id, r.id
"""


async def expire(db: Database, now: datetime) -> int:
    """Expire the listings whose last day is over where the property is; how many they were.

    Under contract nothing expires, and what somebody changed meanwhile is looked at again later.
    """
    rows = await db.fetch(ENDED, (now.astimezone(UTC) + AHEAD).date(), EXPIRES)
    ended = [dict(row) for row in rows if row["expiration_date"] < _today(now, row["time_zone"])]
    expired = 0
    for team_id, of_team in groupby(ended, key=lambda row: row["team_id"]):
        for some in _chunks(list(of_team)):
            expired += await _expire(db, team_id, some, now)
    return expired


async def _expire(db: Database, team_id: UUID, rows: Iterable[Record], now: datetime) -> int:
    actor, expired = Actor.system(team_id), 0

    async def work(tx: Transaction) -> Answer:
        nonlocal expired
        expired = 0
        for row in rows:
            key = str(row["id"])
            try:
                if (await lock(tx, LISTINGS, key))["version"] != row["version"]:
                    continue
                given = {"listing_status": "expired", "status_reason": "expired"}
                moment = Moment(now, row["expiration_date"])
                await change(tx, LISTINGS, actor, key, given, moment=moment)
            except NotFound:
                continue
            except DomainError as refusal:
                log.warning("a listing cannot expire", listing=key, reason=refusal.message)
            else:
                expired += 1
        return Answer("null")

    await db.write(writer(actor, None), work)
    return expired


def _today(now: datetime, zone: str | None) -> date:
    return now.astimezone(ZoneInfo(zone or LAST_ZONE)).date()


def _chunks(rows: Sequence[Record]) -> Iterator[Sequence[Record]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


async def _run(services: Services, _: Payload) -> None:
    now = await services.db.fetchval("SELECT clock_timestamp()")
    if expired := await expire(services.db, now):
        log.info("listings expired", count=expired)


# Midnight comes at every hour somewhere, in some places at half past.
JOBS: Final = (Job("listings:expire", _run, cron="1,31 * * * *"),)
