"""A database of their own: nobody else's jobs are in it."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from db.database import Database
from db.migrate import migrate
from tests.conftest import Servers
from tests.factories import Team, new_team
from tests.jobs.yard import Yard


@pytest.fixture(scope="module")
async def a_database(servers: Servers) -> AsyncIterator[str]:
    name = f"homeroom_jobs_{uuid4().hex}"
    admin = await asyncpg.connect(servers.postgres)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        url = f"{servers.postgres.rpartition('/')[0]}/{name}"
        await migrate(url)
        yield url
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def yard(a_database: str) -> AsyncIterator[Yard]:
    db = await Database.connect(a_database)
    async with db.transaction() as rows:
        await rows.execute("TRUNCATE pgqueuer, pgqueuer_log, job_schedules, job_totals")
    yield Yard(a_database, db)
    await db.close()


@pytest.fixture
async def office(yard: Yard) -> Team:
    return await new_team(yard.db)
