"""What is done now and then so that tables do not grow for ever."""

from typing import Final

import structlog

from db.database import Database
from domains.kit.job import Job, Payload
from domains.kit.services import Services

log = structlog.get_logger("housework")

AT_ONCE: Final = 1000  # rows a statement, so that none holds its locks for long
EXPIRED: Final = {
    "idempotency_keys": """
        DELETE FROM idempotency_keys
        WHERE ctid = ANY (ARRAY(
            SELECT ctid
            FROM idempotency_keys
            WHERE expires_at < now()
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ))
    """,
    "sessions": """
        DELETE FROM sessions
        WHERE ctid = ANY (ARRAY(
            SELECT ctid
            FROM sessions
            WHERE expires_at < now() - interval '7 days'
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ))
    """,
    "failed_jobs": """
        DELETE FROM pgqueuer
        WHERE ctid = ANY (ARRAY(
            SELECT ctid
            FROM pgqueuer
            WHERE status = 'failed' AND updated < now() - interval '30 days'
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ))
    """,
    # What is told of a job that is not done yet is what its lost runs are counted by.
    "job_log": """
        DELETE FROM pgqueuer_log
        WHERE ctid = ANY (ARRAY(
            SELECT l.ctid
            FROM pgqueuer_log AS l
            WHERE l.created < now() - interval '30 days'
                AND NOT EXISTS (SELECT FROM pgqueuer AS j WHERE j.id = l.job_id)
            LIMIT $1
            FOR UPDATE SKIP LOCKED
        ))
    """,
}


async def purge(db: Database) -> dict[str, int]:
    """Delete what has expired; how many rows of each table went."""
    gone = dict.fromkeys(EXPIRED, 0)
    for table, sql in EXPIRED.items():
        while True:
            async with db.transaction() as connection:
                deleted = int((await connection.execute(sql, AT_ONCE)).rpartition(" ")[2])
            gone[table] += deleted
            if deleted < AT_ONCE:
                break
    return gone


async def _run(services: Services, _: Payload) -> None:
    gone = await purge(services.db)
    if any(gone.values()):
        log.info("expired rows deleted", **gone)


PURGE: Final = Job("homeroom:purge", _run, cron="*/10 * * * *")
