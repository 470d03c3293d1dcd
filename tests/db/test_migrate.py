"""Migrations: once each, never edited, safe when two start at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from db.migrate import FOLDER, MigrationError, migrate
from tests.conftest import Servers


@pytest.fixture
async def empty(servers: Servers) -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"homeroom_empty_{uuid4().hex}"
    admin = await asyncpg.connect(servers.postgres)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        base, _, _ = servers.postgres.rpartition("/")
        yield f"{base}/{name}"
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def test_an_empty_database_gets_every_migration_once(empty: str) -> None:
    assert await migrate(empty) == sorted(file.stem for file in FOLDER.glob("*.sql"))
    assert await migrate(empty) == []


async def test_two_releases_at_once_apply_each_migration_once(empty: str) -> None:
    applied = await asyncio.gather(*(migrate(empty) for _ in range(4)))
    assert sorted(len(names) for names in applied)[:3] == [0, 0, 0]


async def test_an_edited_migration_is_refused(empty: str, tmp_path: Path) -> None:
    file = tmp_path / "0001_first.sql"
    file.write_text("CREATE TABLE a ();")
    await migrate(empty, tmp_path)
    file.write_text("CREATE TABLE b ();")
    with pytest.raises(MigrationError, match="0001_first"):
        await migrate(empty, tmp_path)


async def test_a_migration_that_comes_too_late_is_refused(empty: str, tmp_path: Path) -> None:
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE b ();")
    await migrate(empty, tmp_path)
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a ();")
    with pytest.raises(MigrationError, match="comes before"):
        await migrate(empty, tmp_path)


async def test_a_migration_that_fails_leaves_nothing_behind(empty: str, tmp_path: Path) -> None:
    file = tmp_path / "0001_first.sql"
    file.write_text("CREATE TABLE a (); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty, tmp_path)
    file.write_text("CREATE TABLE a ();")
    assert await migrate(empty, tmp_path) == ["0001_first"]


async def test_an_index_can_be_built_without_a_transaction(empty: str, tmp_path: Path) -> None:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (b integer);")
    (tmp_path / "0002_index.sql").write_text(
        "-- migrate: outside a transaction\nCREATE INDEX CONCURRENTLY a_b_idx ON a (b);"
    )
    assert len(await migrate(empty, tmp_path)) == 2


async def test_a_file_with_a_wild_name_is_refused(empty: str, tmp_path: Path) -> None:
    (tmp_path / "first.sql").write_text("CREATE TABLE a ();")
    with pytest.raises(MigrationError, match="NNNN_what"):
        await migrate(empty, tmp_path)
