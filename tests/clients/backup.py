"""One team's part of the database, kept and brought back: what a restored backup does to it."""

from dataclasses import dataclass
from typing import Any, Self

from db.database import Database
from domains import DOMAINS

TABLES = (
    "events",
    "private_records",
    *(domain.resource.table for domain in DOMAINS if domain.resource),
)
COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ')
    FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
HEAD = "SELECT seq, h, topics FROM team_heads WHERE team_id = $1"
PUT_HEAD = "UPDATE team_heads SET seq = $2, h = $3, topics = $4 WHERE team_id = $1"


@dataclass(frozen=True, slots=True)
class Backup:
    db: Database
    team: str
    rows: dict[str, list[str]]  # as JSON, by table
    head: Any

    @classmethod
    async def of(cls, db: Database, team: str) -> Self:
        async with db.transaction() as connection:
            rows = {
                table: [
                    row[0]
                    for row in await connection.fetch(
                        f"SELECT row_to_json(r)::text FROM {table} AS r WHERE team_id = $1", team
                    )
                ]
                for table in TABLES
            }
            return cls(db, team, rows, await connection.fetchrow(HEAD, team))

    async def restore(self) -> None:
        async with self.db.transaction() as connection:
            for table, rows in self.rows.items():
                await connection.execute(f"DELETE FROM {table} WHERE team_id = $1", self.team)
                names = await connection.fetchval(COLUMNS, table)
                await connection.execute(
                    f"INSERT INTO {table} ({names}) SELECT {names} FROM unnest($1::text[]) AS j,"
                    f" json_populate_record(NULL::{table}, j::json) AS r",
                    rows,
                )
            await connection.execute(PUT_HEAD, self.team, *self.head)
