"""The queue: what a write enqueues, who runs it, how often, and what becomes of what fails."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from uuid import UUID

import asyncpg
import pytest
from pgqueuer import AsyncpgDriver, Queries

from db import jobs as queue
from db.errors import Unavailable
from db.transaction import Answer, Transaction
from domains.kit.actor import SYSTEM, Actor
from domains.kit.changes import change
from domains.kit.job import GiveUp, Job, Payload
from domains.kit.resource import Moment
from domains.kit.services import Services
from domains.kit.writes import writer
from domains.listings.resource import LISTINGS
from server.worker import Pace
from tests.factories import Team, new_record
from tests.jobs.yard import Yard, until


async def test_our_migration_is_what_the_installed_library_declares(yard: Yard) -> None:
    """An upgrade of the library that asks for another schema asks for a migration of ours."""
    connection = await asyncpg.connect(yard.url)
    try:
        plan = await Queries(AsyncpgDriver(connection)).plan_upgrade()
        assert version("pgqueuer").startswith("1.6.")
        assert list(plan.statements) == []
        assert list(plan.notes) == []
    finally:
        await connection.close()


async def test_a_job_is_enqueued_as_the_library_would(yard: Yard) -> None:
    ours = await yard.enqueue("some:job", {"a": 1})
    connection = await asyncpg.connect(yard.url)
    try:
        queries = Queries(AsyncpgDriver(connection))
        [theirs] = await queries.enqueue("some:job", b'{"a": 1}')
    finally:
        await connection.close()
    kept = """
        SELECT priority, status, entrypoint, dedupe_key, payload, headers, attempts, slot
        FROM pgqueuer
        WHERE id = $1
    """
    assert await yard.db.fetchrow(kept, ours) == await yard.db.fetchrow(kept, theirs)
    assert await yard.log_of(ours) == await yard.log_of(theirs) == ["queued"]


async def test_a_write_that_is_rolled_back_enqueues_nothing(yard: Yard, office: Team) -> None:
    class Enough(Exception):
        pass

    async def work(tx: Transaction) -> Answer:
        assert await tx.enqueue("some:job", {"id": tx.user_id, "at": datetime.now(UTC)})
        if stop:
            raise Enough
        return Answer("null")

    stop = True
    with pytest.raises(Enough):
        await yard.db.write(writer(office.agent, None), work)
    assert await yard.jobs() == []
    stop = False
    await yard.db.write(writer(office.agent, None), work)
    [job] = await queue.listed(yard.db, "queued")
    assert str(office.agent.user_id) in job.payload


async def test_a_key_that_waits_is_not_enqueued_again(yard: Yard) -> None:
    first = await yard.enqueue("some:job", key="one")
    async with yard.db.transaction() as rows:
        assert await queue.enqueue(rows, "some:job", {}, key="one") is None
        assert await queue.enqueue(rows, "some:job", {}, key="two") != first


async def test_a_job_is_run_once_and_not_before_its_time(yard: Yard) -> None:
    ran: list[tuple[int, str]] = []

    async def run(_: Services, payload: Payload) -> None:
        ran.append((payload.id, payload["name"]))

    async with yard.worker(Job("some:job", run)):
        later = await yard.enqueue(
            "some:job", {"name": "later"}, at=datetime.now(UTC) + timedelta(seconds=1)
        )
        now = await yard.enqueue("some:job", {"name": "now"})
        await until(lambda: _said(bool(ran)))
        assert ran == [(now, "now")]
        await yard.empty()
        assert ran == [(now, "now"), (later, "later")]
    assert await yard.log_of(now) == ["queued", "picked", "successful"]
    totals = (await queue.figures(yard.db)).totals["some:job"]
    assert (totals["succeeded"], totals["failed"]) == (2, 0)


async def test_a_job_that_fails_is_tried_again_and_kept_after_its_last_attempt(yard: Yard) -> None:
    tried: list[int] = []

    async def run(_: Services, payload: Payload) -> None:
        tried.append(payload.id)
        if "fails" in payload:
            raise LookupError("the gate was locked")

    async with yard.worker(Job("some:job", run, attempts=3)):
        bad = await yard.enqueue("some:job", {"fails": True})
        await until(lambda: _has_failed(yard, bad))
        assert tried == [bad, bad, bad]
        good = await yard.enqueue("some:job")
        await until(lambda: _said(good in tried))
        [failed] = await queue.listed(yard.db, "failed")
        assert (failed.id, failed.name) == (bad, "some:job")
        assert failed.reason == "the gate was locked"
        assert await queue.retry(yard.db, good) is None
        assert await queue.retry(yard.db, bad) == "some:job"
        await until(lambda: _said(tried.count(bad) == 6))
        await until(lambda: _has_failed(yard, bad))
    totals = (await queue.figures(yard.db)).totals["some:job"]
    assert (totals["retried"], totals["failed"]) == (4, 2)


async def test_pauses_double(yard: Yard) -> None:
    async def run(_: Services, __: Payload) -> None:
        raise LookupError

    pace = Pace(look=0.05, backoff=100.0, longest_backoff=150.0)
    async with yard.worker(Job("some:job", run), pace=pace):
        await yard.enqueue("some:job")
        for pause in (100, 150, 150):
            await until(lambda: _waits(yard))
            async with yard.db.transaction() as rows:
                until_then = await rows.fetchval(
                    "UPDATE pgqueuer SET execute_after = now() - interval '1 second'"
                    " RETURNING extract(epoch FROM (SELECT execute_after FROM pgqueuer) - updated)"
                )
            assert round(until_then) == pause


@pytest.mark.parametrize("payload", [b"no json", b"[1]", b"\xff\x00", None, b"{}"])
async def test_a_poisoned_payload_is_kept_at_once_and_stops_nobody(
    yard: Yard, payload: bytes | None
) -> None:
    ran: list[int] = []

    async def run(_: Services, payload: Payload) -> None:
        if "fine" not in payload:
            raise GiveUp("There is nothing in it")
        ran.append(payload.id)

    async with yard.worker(Job("some:job", run)):
        async with yard.db.transaction() as rows:
            bad = await rows.fetchval(
                """
                INSERT INTO pgqueuer (priority, entrypoint, payload, status)
                VALUES (9, 'some:job', $1, 'queued')
                RETURNING id
                """,
                payload,
            )
        good = await yard.enqueue("some:job", {"fine": True})
        await until(lambda: _said(ran == [good]))
        await until(lambda: _has_failed(yard, bad))
    [failed] = await queue.listed(yard.db, "failed")
    assert failed.reason


async def test_a_job_of_a_name_that_nobody_knows_is_kept_with_that_reason(yard: Yard) -> None:
    async def run(_: Services, __: Payload) -> None:
        """There is nothing to do."""

    bad = await yard.enqueue("some:jbo")
    async with yard.worker(Job("some:job", run)):
        await asyncio.sleep(0.3)  # the release that comes may know it
        assert [job["status"] for job in await yard.jobs()] == ["queued"]
    pace = Pace(look=0.05, unknown=0.0)
    async with yard.worker(Job("some:job", run), pace=pace):
        await until(lambda: _has_failed(yard, bad))
    [failed] = await queue.listed(yard.db, "failed")
    assert failed.reason == "There is no job named 'some:jbo'"


async def test_a_job_that_hangs_is_ended(yard: Yard) -> None:
    async def run(_: Services, __: Payload) -> None:
        await asyncio.sleep(3600)

    async with yard.worker(Job("some:job", run, attempts=1, seconds=0.1)):
        bad = await yard.enqueue("some:job")
        await until(lambda: _has_failed(yard, bad))
    [failed] = await queue.listed(yard.db, "failed")
    assert failed.reason == "It took longer than 0.1 seconds"


async def test_a_worker_that_is_told_to_stop_gives_back_what_it_cannot_end(yard: Yard) -> None:
    ended: list[str] = []

    async def run(_: Services, payload: Payload) -> None:
        try:
            await asyncio.sleep(payload["seconds"])
        except asyncio.CancelledError:
            ended.append("cut off")
            raise
        ended.append("whole")

    pace = Pace(look=0.1, grace=0.4)
    async with yard.worker(Job("some:job", run), pace=pace) as worker:
        await yard.enqueue("some:job", {"seconds": 0.2})
        long = await yard.enqueue("some:job", {"seconds": 3600})
        await until(lambda: _said(len(worker._running) == 2))
    assert sorted(ended) == ["cut off", "whole"]
    [job] = await yard.jobs()
    assert (job["id"], job["status"]) == (long, "queued")
    assert (await queue.figures(yard.db)).totals["some:job"]["returned"] == 1


async def test_what_a_job_writes_is_written_once_however_often_it_runs(
    yard: Yard, office: Team
) -> None:
    row = await new_record(yard.db, LISTINGS, office.agent, list_price=100)
    attempts: list[int] = []

    async def run(services: Services, payload: Payload) -> None:
        actor = Actor.system(UUID(payload["team_id"]))

        async def work(tx: Transaction) -> Answer:
            locked = await tx.one("SELECT list_price FROM listings WHERE id = $1", row["id"])
            given = {"list_price": locked["list_price"] + 1}
            changed = await change(
                tx, LISTINGS, actor, str(row["id"]), given, moment=Moment.given()
            )
            return Answer(changed.image)

        await services.db.write(writer(actor, payload.operation()), work)
        attempts.append(payload.id)
        if len(attempts) < 3:
            raise LookupError("after the write")

    async with yard.worker(Job("some:job", run)):
        await yard.enqueue("some:job", {"team_id": office.id})
        await yard.empty()
    assert len(attempts) == 3
    told = "SELECT actor_id, event_wire(e)::json #>> '{a,name}' AS name FROM events AS e"
    rows = await yard.db.fetch(f"{told} WHERE team_id = $1 ORDER BY seq", office.id)
    assert [(r["actor_id"], r["name"]) for r in rows[1:]] == [(SYSTEM, "Homeroom")]
    price, owner, by = await yard.db.one(
        "SELECT list_price, owner_id, last_modified_by FROM listings WHERE id = $1", row["id"]
    )
    assert (price, owner, by) == (101, office.agent.user_id, SYSTEM)


async def test_the_clock_ticks_once_over_many_workers_and_once_after_an_absence(
    yard: Yard,
) -> None:
    ran: list[str] = []

    async def run(_: Services, payload: Payload) -> None:
        ran.append(payload["tick"])

    hourly = Job("some:job", run, cron="0 * * * *")
    async with yard.worker(hourly):
        await until(lambda: _is_planned(yard))
    [planned] = await queue.schedules(yard.db, ["some:job"])
    assert planned.next_at.minute == 0
    assert timedelta(0) < planned.next_at - planned.now <= timedelta(hours=1)
    assert ran == []
    async with yard.db.transaction() as rows:  # all workers were away for ten hours
        await rows.execute("UPDATE job_schedules SET next_at = next_at - interval '10 hours'")
    async with yard.worker(hourly), yard.worker(hourly), yard.worker(hourly):
        await until(lambda: _said(bool(ran)))
        await yard.empty()
        await asyncio.sleep(0.3)
    assert len(ran) == 1
    [again] = await queue.schedules(yard.db, ["some:job"])
    assert again.next_at == planned.next_at
    assert again.last_at == planned.next_at - timedelta(hours=10)


async def test_another_cron_is_another_plan(yard: Yard) -> None:
    async def run(_: Services, __: Payload) -> None:
        """There is nothing to do."""

    for cron, minute in (("7 * * * *", 7), ("11 * * * *", 11)):
        async with yard.worker(Job("some:job", run, cron=cron)):
            await until(partial(_is_planned, yard, cron))
        [planned] = await queue.schedules(yard.db, ["some:job"])
        assert planned.next_at.minute == minute


async def test_a_worker_outlives_its_connections(yard: Yard) -> None:
    ran: list[int] = []

    async def run(_: Services, payload: Payload) -> None:
        ran.append(payload.id)

    async with yard.worker(Job("some:job", run)):
        first = await yard.enqueue("some:job")
        await until(lambda: _said(ran == [first]))
        admin = await asyncpg.connect(yard.url)
        await admin.execute(
            """
            SELECT pg_terminate_backend(pid)
            FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )
        await admin.close()
        second = None
        while second is None:  # ours were ended as well
            with suppress(Unavailable):
                second = await yard.enqueue("some:job")
        await until(lambda: _said(ran == [first, second]))


async def _said(true: bool) -> bool:  # noqa: FBT001 - it reads as what it waits for
    return true


async def _has_failed(yard: Yard, job_id: int) -> bool:
    return any(job["id"] == job_id and job["status"] == "failed" for job in await yard.jobs())


async def _waits(yard: Yard) -> bool:
    sql = "SELECT EXISTS (SELECT FROM pgqueuer WHERE status = 'queued' AND execute_after > now())"
    return bool(await yard.db.fetchval(sql))


async def _is_planned(yard: Yard, cron: str = "0 * * * *") -> bool:
    return [p.cron for p in await queue.schedules(yard.db, ["some:job"])] == [cron]
