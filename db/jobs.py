"""The queue of background jobs as everybody but its worker sees it: rows of PgQueuer's tables.

The library itself is only loaded by the process that works: see server/worker.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from db.database import Database

# As the library's own enqueue: the row, and the first line of its log.
_QUEUE = """
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, dedupe_key, status)
    {row}
    ON CONFLICT DO NOTHING
    RETURNING id, entrypoint, priority
"""
_TELL = """
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
    SELECT id, 'queued', entrypoint, priority
    FROM made
"""

ENQUEUE = f"""
    WITH made AS ({
    _QUEUE.format(row="VALUES (0, $1, $2, coalesce($3::timestamptz, now()), $4, 'queued')")
}), told AS ({_TELL})
    SELECT id FROM made
"""

# The job's own name is its key: a tick whose forerunner still waits or runs is left out.
TICK = f"""
    WITH due AS (
        UPDATE job_schedules SET last_at = next_at, next_at = $3
        WHERE name = $1 AND next_at = $2
        RETURNING name, last_at
    ), made AS ({
    _QUEUE.format(
        row='''SELECT 0, name, convert_to(json_build_object('tick', last_at)::text, 'UTF8'), now(),
            name, 'queued'
        FROM due'''
    )
}), told AS ({_TELL})
    SELECT EXISTS (SELECT FROM due) AS ours, (SELECT id FROM made) AS id
"""

PLAN = """
    INSERT INTO job_schedules AS s (name, cron, next_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, next_at = excluded.next_at
    WHERE s.cron <> excluded.cron
"""

SCHEDULES = """
    SELECT name, cron, next_at, last_at, now() AS now
    FROM job_schedules
    WHERE name = ANY ($1)
    ORDER BY next_at, name
"""

# A worker of the release before may meet a job that only the next one knows: it is given its time.
REFUSE = """
    WITH refused AS (
        UPDATE pgqueuer SET status = 'failed', updated = now()
        WHERE status = 'queued' AND entrypoint <> ALL ($1) AND execute_after < now() - $2::interval
        RETURNING id, entrypoint, priority
    ), told AS (
        INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority, traceback)
        SELECT id, 'failed', entrypoint, priority, jsonb_build_object(
            'exception_message', format('There is no job named %L', entrypoint))
        FROM refused
    )
    SELECT id, entrypoint FROM refused
"""

# Each pick follows upon being queued; one too many is a worker that died with the job in its hands.
LOST = """
    SELECT count(*) FILTER (WHERE status = 'picked') - count(*) FILTER (WHERE status = 'queued')
    FROM pgqueuer_log
    WHERE job_id = $1 AND id > coalesce(
        (SELECT max(id) FROM pgqueuer_log WHERE job_id = $1 AND status = 'failed'), 0)
"""

COUNT = """
    INSERT INTO job_totals AS t (name, {outcome}, seconds)
    VALUES ($1, 1, $2)
    ON CONFLICT (name) DO UPDATE
    SET {outcome} = t.{outcome} + 1, seconds = t.seconds + excluded.seconds, last_at = now()
"""
OUTCOMES = ("succeeded", "retried", "failed", "returned")

LAG = """
    SELECT coalesce(extract(epoch FROM now() - min(execute_after)), 0)::float8
    FROM pgqueuer
    WHERE status = 'queued' AND execute_after < now()
"""

FIGURES = f"""
    SELECT
        (SELECT coalesce(json_object_agg(q.entrypoint, q.waiting), '{{}}') FROM (
            SELECT entrypoint, count(*) AS waiting
            FROM pgqueuer
            WHERE status = 'queued'
            GROUP BY entrypoint
        ) AS q) AS waiting,
        (SELECT coalesce(json_object_agg(q.entrypoint, q.failed), '{{}}') FROM (
            SELECT entrypoint, count(*) AS failed
            FROM pgqueuer
            WHERE status = 'failed'
            GROUP BY entrypoint
        ) AS q) AS failed,
        (SELECT count(*) FROM pgqueuer WHERE status = 'picked') AS running,
        ({LAG}) AS lag,
        (SELECT coalesce(json_object_agg(t.name, row_to_json(t)), '{{}}')
            FROM job_totals AS t) AS totals
"""

LISTED = """
    SELECT j.id, j.entrypoint AS name, j.status::text AS status, j.attempts, j.execute_after AS at,
        j.created, encode(j.payload, 'escape') AS payload, (
            SELECT coalesce(l.traceback #>> '{additional_context,reason}',
                l.traceback ->> 'exception_message')
            FROM pgqueuer_log AS l
            WHERE l.job_id = j.id AND l.traceback IS NOT NULL
            ORDER BY l.id DESC
            LIMIT 1
        ) AS reason
    FROM pgqueuer AS j
    WHERE j.status = ANY ($1::text[]::pgqueuer_status[])
    ORDER BY j.execute_after, j.id
    LIMIT $2
"""

RETRY = """
    WITH again AS (
        UPDATE pgqueuer
        SET status = 'queued', execute_after = now(), updated = now(), attempts = 0,
            queue_manager_id = NULL
        WHERE id = $1 AND status = 'failed'
        RETURNING id, entrypoint, priority
    ), told AS (
        INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
        SELECT id, 'queued', entrypoint, priority FROM again
    )
    SELECT entrypoint FROM again
"""


async def enqueue(
    connection: "asyncpg.Connection[asyncpg.Record]",
    name: str,
    payload: Mapping[str, Any],
    *,
    at: datetime | None = None,
    key: str | None = None,
) -> int | None:
    """Queue a job in the connection's open transaction: see `Transaction.enqueue`."""
    text = json.dumps(payload, default=str).encode()
    made: int | None = await connection.fetchval(ENQUEUE, name, text, at, key)
    return made


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job of the clock runs next, and `now` by Postgres's clock."""

    name: str
    cron: str
    next_at: datetime
    last_at: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Queued:
    """A job that waits, runs or failed; `reason` is what its last failure said."""

    id: int
    name: str
    status: str
    attempts: int
    at: datetime
    created: datetime
    payload: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How the queue stands: by job where they are mappings, `lag` in seconds."""

    waiting: Mapping[str, int]
    failed: Mapping[str, int]
    running: int
    lag: float
    totals: Mapping[str, Mapping[str, Any]]


async def plan(db: "Database", name: str, cron: str, next_at: datetime) -> None:
    """Know a job of the clock; one that is known by the same cron keeps its time."""
    async with db.transaction() as connection:
        await connection.execute(PLAN, name, cron, next_at)


async def schedules(db: "Database", names: list[str]) -> list[Schedule]:
    return [Schedule(**row) for row in await db.fetch(SCHEDULES, names)]


async def tick(db: "Database", due: Schedule, next_at: datetime) -> bool:
    """Queue the job for its time that has come; False where another worker did."""
    async with db.transaction() as connection:
        row = await connection.fetchrow(TICK, due.name, due.next_at, next_at)
    return row is not None and bool(row["ours"])


async def refuse_unknown(
    db: "Database", known: list[str], after: timedelta
) -> list[tuple[int, str]]:
    """Keep as failed what has waited so long under a name that no job has."""
    async with db.transaction() as connection:
        rows = await connection.fetch(REFUSE, known, after)
    return [(row["id"], row["entrypoint"]) for row in rows]


async def lost_runs(db: "Database", job_id: int) -> int:
    """How often the job was begun and neither ended nor came back, this time not counted."""
    lost: int = await db.fetchval(LOST, job_id)
    return lost


async def count(db: "Database", name: str, outcome: str, seconds: float) -> None:
    async with db.transaction() as connection:
        await connection.execute(COUNT.format(outcome=outcome), name, seconds)


async def figures(db: "Database") -> Figures:
    return Figures(**await db.one(FIGURES))


async def lag(db: "Database") -> float:
    """For how many seconds the oldest job that is due has been; 0 where none waits."""
    seconds: float = await db.fetchval(LAG)
    return seconds


async def listed(db: "Database", *statuses: str, limit: int = 100) -> list[Queued]:
    return [Queued(**row) for row in await db.fetch(LISTED, list(statuses), limit)]


async def retry(db: "Database", job_id: int) -> str | None:
    """Try a failed job again, from its first attempt; its name, None where no such one failed."""
    async with db.transaction() as connection:
        name: str | None = await connection.fetchval(RETRY, job_id)
    return name
