"""The same teams, people and escrows for every server, each in a database of its own."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from db.migrate import migrate

ROWS: Final = Path(__file__).with_name("rows.sql")
MODEL: Final = "bench_rows"

OFFICE: Final = 1  # 500 escrows to read
ROOM: Final = 2  # people to listen
SILENT: Final = 3  # the same records, and nobody listens
MAKERS: Final = range(4, 24)  # teams to make escrows in
ESCROWS: Final = 500
OFFICE_PEOPLE: Final = 16
ROOM_PEOPLE: Final = 1002  # ten screens each make 10,000

# A server without our numbering takes a number from a sequence, the cheapest way there is.
PEERS_NUMBERS: Final = """
    CREATE SEQUENCE escrow_numbers START 1000;
    ALTER TABLE escrows
        ALTER COLUMN display_id SET DEFAULT 'ESC-2026-' || nextval('escrow_numbers');
"""


def named(*name: object) -> UUID:
    """The id that rows.sql gives to what has this name."""
    text = " ".join(map(str, name))
    return UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a team of rows.sql; the first of each team is its lead."""

    team: int
    number: int = 1

    @property
    def team_id(self) -> UUID:
        return named("team", self.team)

    @property
    def user_id(self) -> UUID:
        return named("user", self.team, self.number)

    @property
    def session_id(self) -> UUID:
        return named("session", self.team, self.number)


def escrow(team: int, number: int = 1) -> UUID:
    return named("escrow", team, number)


async def prepare(url: str, servers: Iterable[str], *, ours: str) -> dict[str, str]:
    """Make a database for each server and tell their URLs; what an earlier run left is dropped."""
    admin = await asyncpg.connect(url)
    try:
        await _recreate(admin, MODEL)
        await migrate(_beside(url, MODEL))
        await _run(_beside(url, MODEL), ROWS.read_text())
        urls = {}
        for server in servers:
            name = "bench_" + server.replace("-", "_")
            await _recreate(admin, name, model=MODEL)
            urls[server] = _beside(url, name)
            if server != ours:
                await _run(urls[server], PEERS_NUMBERS)
            await _run(urls[server], "VACUUM ANALYZE")
        return urls
    finally:
        await admin.close()


async def _recreate(
    admin: "asyncpg.Connection[asyncpg.Record]", name: str, *, model: str = "template1"
) -> None:
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {model}")


async def _run(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _beside(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"
