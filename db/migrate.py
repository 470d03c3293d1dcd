"""Brings a database to the newest schema: numbered SQL files, checksummed, one at a time."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x686F6D65  # "home": the advisory lock that keeps two releases apart
ALONE = "-- migrate: outside a transaction"  # first line of a file with CREATE INDEX CONCURRENTLY
ATTEMPTS = 5
PATIENCE = 0.1  # seconds between two tries for that lock

LEDGER = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


class MigrationError(Exception):
    """A migration was edited after it ran, or is out of order."""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def alone(self) -> bool:
        return self.sql.startswith(ALONE)


def migrations(folder: Path = FOLDER) -> list[Migration]:
    files = sorted(folder.glob("*.sql"))
    for file in files:
        if not re.fullmatch(r"\d{4}_[a-z_]+\.sql", file.name):
            raise MigrationError(f"{file.name} is not named NNNN_what.sql")
    return [Migration(file.stem, file.read_text()) for file in files]


async def migrate(url: str, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing and return the names applied.

    Raise MigrationError when a file that already ran has another checksum now.
    """
    connection = await asyncpg.connect(url, server_settings={"lock_timeout": "5s"})
    try:
        # Asked for again and again: an index that is built CONCURRENTLY waits for every statement
        # that is under way, and so for one that would wait for the lock that its builder holds.
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 - Postgres has no event for it
            await asyncio.sleep(PATIENCE)
        await connection.execute(LEDGER)
        rows = await connection.fetch("SELECT name, checksum FROM schema_migrations")
        pending = _pending(migrations(folder), {row["name"]: row["checksum"] for row in rows})
        for migration in pending:
            await _apply(connection, migration)
        return [migration.name for migration in pending]
    finally:
        await connection.close()


def _pending(files: list[Migration], applied: dict[str, str]) -> list[Migration]:
    for file in files:
        if file.name in applied and applied[file.name] != file.checksum:
            raise MigrationError(f"{file.name} was changed after it was applied; add a new file")
    pending = [file for file in files if file.name not in applied]
    if pending and applied and pending[0].name < max(applied):
        raise MigrationError(f"{pending[0].name} comes before {max(applied)}, which already ran")
    return pending


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    # A lock that is not had in five seconds is let go and tried again: a migration that waits for
    # one long query makes every other query of that table wait behind it.
    for attempt in range(ATTEMPTS):
        try:
            await _run(connection, migration)
        except asyncpg.LockNotAvailableError:
            if attempt == ATTEMPTS - 1:
                raise
            await asyncio.sleep(1 + attempt)
        else:
            return


async def _run(connection: asyncpg.Connection, migration: Migration) -> None:
    done = "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)"
    if migration.alone:
        await connection.execute(migration.sql)
        await connection.execute(done, migration.name, migration.checksum)
        return
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(done, migration.name, migration.checksum)
