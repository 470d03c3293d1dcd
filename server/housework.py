"""What is done now and then so that tables do not grow for ever."""

import asyncio
from typing import Final

import structlog

from db.database import Database
from db.errors import Unavailable

log = structlog.get_logger("housework")

PAUSE_SECONDS: Final = 60.0
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


async def keep_house(db: Database) -> None:
    """For ever. Several processes may: each skips the rows another is deleting."""
    while True:
        try:
            gone = await purge(db)
        except Unavailable as error:
            log.warning("postgres is away, trying again", reason=str(error))
        else:
            if any(gone.values()):
                log.info("expired rows deleted", **gone)
        await asyncio.sleep(PAUSE_SECONDS)
