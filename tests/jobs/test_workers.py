"""Workers as processes: killed in the middle, several at once, told to stop."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from db import jobs as queue
from db.database import Database
from db.errors import Unavailable
from db.migrate import migrate
from db.private_postgres import start_postgres
from domains.kit.job import Job, Payload
from domains.kit.services import Services
from domains.listings.resource import LISTINGS
from tests.factories import Team, new_record, new_team
from tests.jobs.yard import Yard, until

PROJECT = Path(__file__).resolve().parents[2]
TOLD = "SELECT count(*) FROM events WHERE team_id = $1 AND kind = 'listing.price_changed'"
STARTS_AT = 500_000


@asynccontextmanager
async def a_worker(yard: Yard, stalls: str = "") -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.jobs.odd_jobs", yard.url, stalls),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        _ = await process.communicate()


async def stalled(process: asyncio.subprocess.Process) -> None:
    assert process.stdout
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"stalled\n"


async def a_listing(yard: Yard, office: Team) -> dict[str, Any]:
    row = await new_record(yard.db, LISTINGS, office.agent, list_price=STARTS_AT)
    return {"team_id": office.id, "listing": row["id"]}


async def raised(yard: Yard, payload: dict[str, Any]) -> int:
    sql = "SELECT list_price FROM listings WHERE id = $1"
    price: Decimal = await yard.db.fetchval(sql, payload["listing"])
    by = int(price - STARTS_AT)
    assert await yard.db.fetchval(TOLD, payload["team_id"]) == by
    return by


@pytest.mark.parametrize("moment", ["before", "within", "after"])
async def test_a_worker_killed_in_the_middle_is_replaced_and_its_work_is_done_once(
    yard: Yard, office: Team, moment: str
) -> None:
    payload = await a_listing(yard, office)
    job_id = await yard.enqueue("odd:raise", payload)
    async with a_worker(yard, moment) as killed:
        await stalled(killed)
        killed.kill()
        await killed.wait()
    assert await raised(yard, payload) == (1 if moment == "after" else 0)
    async with a_worker(yard):
        await yard.empty()
    assert await raised(yard, payload) == 1
    # On a busy machine a sign of life may come late, and the job be begun once more.
    told = await yard.log_of(job_id)
    assert told[:3] == ["queued", "picked", "picked"]
    assert told[-1] == "successful"


async def test_a_worker_that_was_only_slow_does_not_write_a_second_time(
    yard: Yard, office: Team
) -> None:
    payload = await a_listing(yard, office)
    await yard.enqueue("odd:raise", payload)
    async with a_worker(yard, "before") as slow:
        await stalled(slow)
        slow.send_signal(signal.SIGSTOP)
        async with a_worker(yard):
            await yard.empty()
        slow.send_signal(signal.SIGCONT)
        slow.send_signal(signal.SIGTERM)
        await slow.wait()
    async with a_worker(yard):
        await yard.empty()
    assert await raised(yard, payload) == 1


async def test_two_workers_share_what_there_is_and_double_nothing(yard: Yard, office: Team) -> None:
    payload = await a_listing(yard, office)
    for _ in range(60):
        await yard.enqueue("odd:raise", payload)
    async with a_worker(yard), a_worker(yard):
        await yard.empty()
    assert await raised(yard, payload) == 60
    assert await queue.listed(yard.db, "failed") == []


async def test_a_job_that_kills_its_workers_is_kept_and_the_next_one_is_done(
    yard: Yard, office: Team
) -> None:
    payload = await a_listing(yard, office)
    job_id = await yard.enqueue("odd:raise", payload)
    async with yard.db.transaction() as rows:  # as three workers leave it that died over it
        for _ in range(3):
            await rows.execute(
                """
                INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
                VALUES ($1, 'picked', 'odd:raise', 0)
                """,
                job_id,
            )
    other = await yard.enqueue("odd:raise", payload)
    async with a_worker(yard):
        await until(lambda: _only(yard, job_id))
    [failed] = await queue.listed(yard.db, "failed")
    assert failed.reason == "3 workers died with this job in their hands"
    assert (await yard.log_of(other))[-1] == "successful"
    assert await queue.retry(yard.db, job_id) == "odd:raise"
    async with a_worker(yard):
        await yard.empty()
    assert await raised(yard, payload) == 2


async def test_a_worker_told_to_stop_leaves_with_its_job_back_in_the_queue(
    yard: Yard, office: Team
) -> None:
    payload = await a_listing(yard, office)
    job_id = await yard.enqueue("odd:raise", payload)
    async with a_worker(yard, "within") as stopped:
        await stalled(stopped)
        stopped.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await stopped.wait() == 0
    [job] = await yard.jobs()
    assert (job["id"], job["status"]) == (job_id, "queued")
    assert await raised(yard, payload) == 0


async def test_a_restart_of_postgres_is_survived(tmp_path: Path) -> None:
    ran: list[int] = []

    async def run(_: Services, payload: Payload) -> None:
        ran.append(payload.id)

    async with AsyncExitStack() as stack:
        postgres = start_postgres(tmp_path / "postgres")
        stack.callback(lambda: postgres.stop())  # noqa: PLW0108 - another one, by then
        await migrate(postgres.url)
        db = await Database.connect(postgres.url)
        stack.push_async_callback(db.close)
        yard = Yard(postgres.url, db)
        await new_team(db)
        async with yard.worker(Job("odd:job", run)):
            first = await yard.enqueue("odd:job")
            await until(lambda: _ran(ran, first))
            postgres.kill()
            await asyncio.sleep(0.5)
            postgres = start_postgres(tmp_path / "postgres", postgres.port)
            await until(lambda: _answers(db))
            second = await yard.enqueue("odd:job")
            await until(lambda: _ran(ran, second))
            await yard.empty()
    assert sorted(set(ran)) == [first, second]


async def _only(yard: Yard, job_id: int) -> bool:
    return [(job["id"], job["status"]) for job in await yard.jobs()] == [(job_id, "failed")]


async def _ran(ran: list[int], job_id: int) -> bool:
    return job_id in ran


async def _answers(db: Database) -> bool:
    try:
        return bool(await db.fetchval("SELECT true"))
    except Unavailable:
        return False
