"""What happens to leads by itself: whom nobody speaks to grows cold, a little every night."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Final
from uuid import UUID

import structlog

from db.database import Database
from db.transaction import Answer, Transaction
from domains.kit.actor import Actor
from domains.kit.errors import NotFound
from domains.kit.job import Job, Payload
from domains.kit.rows import lock, update
from domains.kit.services import Services
from domains.kit.tell import tell
from domains.kit.writes import writer
from domains.leads.resource import LEADS
from domains.leads.score import FLOOR, IDLE_DAYS, score

log = structlog.get_logger("leads")

AT_ONCE: Final = 100  # of one team, in one transaction

# Those whom a day without a word may have cost something.
IDLE = """
    SELECT r.team_id, r.id
    FROM leads AS r
    WHERE r.deleted_at IS NULL AND r.archived_at IS NULL
        AND r.lead_status IN ('new', 'contacted', 'qualified', 'deferred')
        AND r.lead_score > $2
        AND $1::date - greatest(r.created_at::date, r.last_contact_date) > $3
    ORDER BY r.team_id, r.id
"""


async def decay(db: Database, today: date) -> int:
    """Let the scores fade up to this day; how many changed. Done again, it changes none."""
    rows = await db.fetch(IDLE, today, FLOOR, IDLE_DAYS)
    faded = 0
    for team_id, of_team in groupby(rows, key=lambda row: row["team_id"]):
        for some in _chunks([row["id"] for row in of_team]):
            faded += await _decay(db, team_id, some, today)
    return faded


async def _decay(db: Database, team_id: UUID, ids: Iterable[UUID], today: date) -> int:
    faded = 0

    async def work(tx: Transaction) -> Answer:
        nonlocal faded
        faded = 0
        for lead_id in ids:
            try:
                row = await lock(tx, LEADS, str(lead_id))
            except NotFound:
                continue  # deleted meanwhile
            now = score(row, row["created_at"].astimezone(UTC).date(), today)
            if now.points < row["lead_score"]:
                new = await update(tx, LEADS, lead_id, now.columns())
                tell(tx, LEADS, "lead.decayed", new, before=row)
                faded += 1
        return Answer("null")

    await db.write(writer(Actor.system(team_id), None), work)
    return faded


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


async def _run(services: Services, _: Payload) -> None:
    now: datetime = await services.db.fetchval("SELECT clock_timestamp()")
    if faded := await decay(services.db, now.astimezone(UTC).date()):
        log.info("leads faded", count=faded)


JOBS: Final = (Job("leads:decay", _run, cron="15 3 * * *"),)
