"""Each reminder is sent once, at its time, of what takes place."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.database import Database
from domains import DOMAINS
from domains.appointments.jobs import remind
from domains.appointments.resource import APPOINTMENTS
from domains.kit import writes
from domains.kit.resource import Moment
from tests.examples import starts_in
from tests.factories import Team, new_record
from tests.jobs.yard import Yard
from tests.walk import told

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def start() -> datetime:
    """Days ahead, at noon."""
    now = datetime.now(UTC)
    return now.replace(hour=12, minute=0, second=0, microsecond=0) + 3 * DAY


async def an_appointment(yard: Yard, office: Team, start: datetime, **said: Any) -> Any:
    body = {"starts_at": start.isoformat(), "time_zone": "UTC", **said}
    return await new_record(yard.db, APPOINTMENTS, office.agent, **body)


async def edit(yard: Yard, office: Team, made: Any, **given: Any) -> None:
    await writes.edit(
        yard.db, APPOINTMENTS, office.agent, made["id"], given, base=None,
        moment=Moment.given(), op=None,
    )  # fmt: skip


async def sent(yard: Yard, office: Team) -> list[Any]:
    events = await told(yard.db, office)
    return [
        event["ch"]["reminders_sent"][1] for event in events if event["k"] == "appointment.reminder"
    ]


async def test_a_reminder_is_an_event_at_its_time_and_once(
    yard: Yard, office: Team, start: datetime
) -> None:
    made = await an_appointment(yard, office, start)
    assert made["reminder_minutes"] == [60, 1440]
    for now, number in (
        (start - DAY - MINUTE, 0),
        (start - DAY, 1),
        (start - DAY + MINUTE, 0),
        (start - HOUR, 1),
        (start - MINUTE, 0),
        (start + MINUTE, 0),
    ):
        assert await remind(yard.db, now) == number
    assert await sent(yard, office) == [[1440], [1440, 60]]
    (*_, last) = await told(yard.db, office)
    assert last["a"]["name"] == "Homeroom"
    assert last["d"]["version"] == 3


async def test_several_workers_send_it_once(
    yard: Yard, office: Team, start: datetime, a_database: str
) -> None:
    for _ in range(3):
        await an_appointment(yard, office, start)
    others = [await Database.connect(a_database) for _ in range(3)]
    try:
        numbers = await asyncio.gather(*(remind(db, start - HOUR) for db in others))
    finally:
        for db in others:
            await db.close()
    assert sum(numbers) == 6  # two each: the day before was missed, and it is still to come
    assert len(await sent(yard, office)) == 6


async def test_who_moves_it_is_reminded_at_the_new_time(
    yard: Yard, office: Team, start: datetime
) -> None:
    made = await an_appointment(yard, office, start, reminder_minutes=[60])
    assert await remind(yard.db, start - HOUR) == 1
    await edit(yard, office, made, starts_at=start + DAY)
    assert await remind(yard.db, start - MINUTE) == 0
    assert await remind(yard.db, start + DAY - HOUR) == 1
    assert await sent(yard, office) == [[60], [60]]


@pytest.mark.parametrize("gone", ["cancelled", "archived", "deleted"])
async def test_what_does_not_take_place_is_not_reminded_of(
    yard: Yard, office: Team, start: datetime, gone: str
) -> None:
    made = await an_appointment(yard, office, start)
    if gone == "cancelled":
        await edit(yard, office, made, appointment_status="cancelled", status_reason="Off")
    else:
        verb = writes.put_away if gone == "archived" else writes.delete
        await verb(yard.db, APPOINTMENTS, office.agent, made["id"], None, None)
    assert await remind(yard.db, start - HOUR) == 0


async def test_what_was_made_too_late_for_a_reminder_has_none(yard: Yard, office: Team) -> None:
    soon = starts_in(30 * MINUTE)
    start = datetime.fromisoformat(soon["starts_at"])
    await an_appointment(yard, office, start, **soon, reminder_minutes=[10, 60, 1440])
    assert await remind(yard.db, start - 15 * MINUTE) == 0
    assert await remind(yard.db, start - 5 * MINUTE) == 1
    assert await sent(yard, office) == [[10]]


async def test_the_worker_does_it_by_the_clock() -> None:
    (job,) = [job for each in DOMAINS for job in each.jobs if job.name == "appointments:remind"]
    assert job.cron == "* * * * *"
