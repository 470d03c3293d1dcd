"""The Postgres and Redis of this process: yours where their URLs are set, else private ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from db.database import Database
from db.embedded import attach
from db.migrate import MigrationError, migrate, migrations
from server.settings import Settings


@dataclass(frozen=True, slots=True)
class Urls:
    database: str
    redis: str


@asynccontextmanager
async def urls(settings: Settings) -> AsyncIterator[Urls]:
    """Private servers run for as long as any process of this data folder is in here."""
    if settings.database_url and settings.redis_url:
        yield Urls(settings.database_url, settings.redis_url)
        return
    private = await asyncio.to_thread(attach, settings.data_dir)
    try:
        yield Urls(
            settings.database_url or private.database_url, settings.redis_url or private.redis_url
        )
    finally:
        await asyncio.to_thread(private.close)


async def _require_schema(db: Database) -> None:
    """Refuse to serve from a database that was not migrated: every answer would be a 500."""
    known = await db.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
    rows = await db.fetch("SELECT name FROM schema_migrations") if known else []
    missing = {migration.name for migration in migrations()} - {row["name"] for row in rows}
    if missing:
        raise MigrationError(
            f"The database lacks {', '.join(sorted(missing))}: run `python -m server migrate` first"
        )


@asynccontextmanager
async def database(settings: Settings, url: str) -> AsyncIterator[Database]:
    """Migrated first, but in production the release does it, once, before any process."""
    if not settings.production:
        await migrate(url)
    db = await Database.connect(url, max_size=settings.db_pool_max)
    try:
        await _require_schema(db)
        yield db
    finally:
        await db.close()
