"""Leads to whom nobody speaks grow cold: each night, once, and each told by one event."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from db.database import Database
from db.events import first_bad, read_after
from domains.kit.actor import SYSTEM
from domains.leads import jobs
from domains.leads.jobs import decay
from domains.leads.resource import LEADS
from tests.factories import Team, new_record, new_team
from tests.jobs.yard import Yard

NOW = datetime.now(UTC)
TODAY = NOW.date()
SCORE = "SELECT lead_score FROM leads WHERE id = $1"


async def a_lead(db: Database, team: Team, idle: int, **changes: Any) -> Any:
    """Worth 60 points on the day it was entered."""
    worth = {"lead_source": "walk_in", "timeline": "immediate", **changes}
    row = await new_record(db, LEADS, team.agent, **worth)
    async with db.transaction() as rows:
        entered = NOW - timedelta(days=idle)
        await rows.execute("UPDATE leads SET created_at = $2 WHERE id = $1", row["id"], entered)
    return row["id"]


async def told(db: Database, team: Team) -> list[Any]:
    events = [json.loads(event.wire) for event in await read_after(db, team.id, 0)]
    return [event for event in events if event["k"] != "lead.created"]


async def test_a_night_takes_from_those_who_are_idle_and_tells_each_once(
    yard: Yard, office: Team
) -> None:
    idle = [await a_lead(yard.db, office, days) for days in (0, 7, 8, 17, 400)]
    private = await a_lead(yard.db, office, 17, is_private=True)
    over = await a_lead(yard.db, office, 17, lead_status="contacted")
    async with yard.db.transaction() as rows:
        await rows.execute("UPDATE leads SET lead_status = 'lost' WHERE id = $1", over)
    assert await decay(yard.db, TODAY) >= 4
    scores = [await yard.db.fetchval(SCORE, lead) for lead in [*idle, private, over]]
    assert scores == [60, 60, 59, 48, 10, 48, 60]
    events = await told(yard.db, office)
    assert {event["k"] for event in events} == {"lead.decayed"}
    assert sorted(event["id"] for event in events) == sorted([*idle[2:], private])
    assert {event["a"]["id"] for event in events} == {str(SYSTEM)}
    (one,) = [event for event in events if event["id"] == idle[3]]
    assert one["ch"]["lead_score"] == [60, 48]
    assert one["d"]["score_parts"][-1]["points"] == -12
    assert await decay(yard.db, TODAY) == 0  # a second run of the day
    assert await told(yard.db, office) == events
    assert await first_bad(yard.db, office.id) is None


async def test_nights_that_were_missed_are_made_up_and_a_word_ends_it(
    yard: Yard, office: Team
) -> None:
    lead = await a_lead(yard.db, office, 0)
    for days, score in ((8, 59), (9, 58), (30, 33), (31, 32)):
        assert await decay(yard.db, TODAY + timedelta(days)) >= 1  # others of this database too
        assert await yard.db.fetchval(SCORE, lead) == score
    async with yard.db.transaction() as rows:
        await rows.execute(
            "UPDATE leads SET last_contact_date = $2 WHERE id = $1", lead, TODAY + timedelta(31)
        )
    before = await told(yard.db, office)
    assert len(before) == 4
    await decay(yard.db, TODAY + timedelta(32))
    assert await told(yard.db, office) == before


async def test_two_workers_in_one_night_take_it_once(yard: Yard, office: Team) -> None:
    rival = await new_team(yard.db, "Rival Realty")
    for team in (office, rival):
        for _ in range(3):
            await a_lead(yard.db, team, 20)
    faded = await asyncio.gather(*(decay(yard.db, TODAY) for _ in range(3)))
    assert sum(faded) >= 6  # the fixture's other teams may have some too
    for team in (office, rival):
        assert len(await told(yard.db, team)) == 3


async def test_the_worker_does_it_by_the_clock(yard: Yard, office: Team) -> None:
    lead = await a_lead(yard.db, office, 17)
    (job,) = jobs.JOBS
    assert job.cron == "15 3 * * *"
    async with yard.worker(job):
        await yard.enqueue("leads:decay")
        await yard.empty()
    assert await yard.db.fetchval(SCORE, lead) == 48
