"""What appointments do by themselves: they remind of what is to come."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

import structlog

from db.database import Database
from db.transaction import Answer, Transaction
from domains.appointments.resource import APPOINTMENTS, REMINDED
from domains.appointments.settle import OPEN
from domains.kit.actor import Actor
from domains.kit.errors import NotFound
from domains.kit.job import Job, Payload
from domains.kit.resource import Record
from domains.kit.rows import lock, update
from domains.kit.services import Services
from domains.kit.tell import tell
from domains.kit.writes import writer

log = structlog.get_logger("appointments")

# The same as `_due`, for the index to find them. A reminder whose moment was over already when the
# appointment got its time is nobody's reminder.
DUE: Final = """
    SELECT r.team_id, r.id, m.minutes
    FROM appointments AS r
    CROSS JOIN unnest(r.reminder_minutes) AS m (minutes)
    WHERE r.deleted_at IS NULL AND r.archived_at IS NULL
        AND r.appointment_status IN ('requested', 'scheduled', 'confirmed', 'rescheduled')
        AND r.starts_at > $1 AND r.starts_at <= $1::timestamptz + interval '28 days'
        AND r.starts_at - make_interval(mins => m.minutes) <= $1
        AND r.starts_at - make_interval(mins => m.minutes) >= r.times_set_at
        AND m.minutes <> ALL (r.reminders_sent)
    ORDER BY r.team_id, r.id, m.minutes DESC
"""


async def remind(db: Database, now: datetime) -> int:
    """An `appointment.reminder` for each reminder that is due, once; how many they were.

    Which were sent is in the appointment's row, and emptied when it moves: so whoever comes after a
    worker that died, or at the same time as another one, finds nothing left to do.
    """
    sent = 0
    for team_id, due in groupby(await db.fetch(DUE, now), key=lambda row: row["team_id"]):
        sent += await _remind(db, team_id, [(row["id"], row["minutes"]) for row in due], now)
    return sent


async def _remind(
    db: Database, team_id: UUID, due: Iterable[tuple[UUID, int]], now: datetime
) -> int:
    sent = 0

    async def work(tx: Transaction) -> Answer:
        nonlocal sent
        sent = 0
        for appointment_id, minutes in due:
            try:
                row = await lock(tx, APPOINTMENTS, str(appointment_id))
            except NotFound:
                continue
            if _due(row, minutes, now):
                told = {"reminders_sent": [*row["reminders_sent"], minutes]}
                new = await update(tx, APPOINTMENTS, row["id"], told)
                tell(tx, APPOINTMENTS, REMINDED, new, before=row)
                sent += 1
        return Answer("null")

    await db.write(writer(Actor.system(team_id), None), work)
    return sent


def _due(row: Record, minutes: int, now: datetime) -> bool:
    moment = row["starts_at"] - timedelta(minutes=minutes)
    return (
        row["archived_at"] is None
        and row["appointment_status"] in OPEN
        and minutes in row["reminder_minutes"]
        and minutes not in row["reminders_sent"]
        and row["times_set_at"] <= moment <= now < row["starts_at"]
    )


async def _run(services: Services, _: Payload) -> None:
    now = await services.db.fetchval("SELECT clock_timestamp()")
    if sent := await remind(services.db, now):
        log.info("reminders sent", count=sent)


JOBS: Final = (Job("appointments:remind", _run, cron="* * * * *"),)
