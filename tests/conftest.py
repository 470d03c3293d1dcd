"""Real servers for every test: one Postgres and one Redis, a database for each worker."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from db.database import Database
from db.embedded import attach
from db.migrate import migrate
from tests.api.client import Api, Client, serving
from tests.factories import Team, new_team

# A machine that is busy with other workers is slow, which is no fault of what is tried.
hypothesis.settings.register_profile("homeroom", deadline=None)
hypothesis.settings.load_profile("homeroom")

DATA = Path(__file__).resolve().parent.parent / ".data" / "tests"


@dataclass(frozen=True, slots=True)
class Servers:
    postgres: str
    redis: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """DATABASE_URL and REDIS_URL where they are set, else private ones shared by all workers."""
    postgres, redis = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if postgres and redis:
        yield Servers(postgres, redis)
        return
    with attach(DATA) as private:
        yield Servers(postgres or private.database_url, redis or private.redis_url)


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    return servers.redis


@pytest.fixture(scope="session")
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """An empty, migrated database of this worker's own."""
    name = f"homeroom_test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{os.getpid()}"
    admin = await asyncpg.connect(servers.postgres)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        base, _, _ = servers.postgres.rpartition("/")
        url = f"{base}/{name}"
        await migrate(url)
        yield url
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture(scope="session")
async def db(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url)
    yield database
    await database.close()


@pytest.fixture
async def team(db: Database) -> Team:
    """A fresh team with one member of each role: tests share a database and no team."""
    return await new_team(db)


@pytest.fixture(scope="session")
async def api(database_url: str, redis_url: str) -> AsyncIterator[Api]:
    """The real server, started once for all tests of a worker."""
    async with serving(database_url, redis_url) as api:
        yield api


@pytest.fixture
async def owner(api: Api, team: Team) -> Client:
    return await api.sign_in(team.owner)


@pytest.fixture
async def lead(api: Api, team: Team) -> Client:
    return await api.sign_in(team.lead)


@pytest.fixture
async def agent(api: Api, team: Team) -> Client:
    return await api.sign_in(team.agent)


@pytest.fixture
async def viewer(api: Api, team: Team) -> Client:
    return await api.sign_in(team.viewer)
