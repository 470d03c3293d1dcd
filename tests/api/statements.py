"""Counts what a verb costs: the statements it sends to Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from db.clock import ASK
from db.database import Database

# What a node asks in its own time, whoever does what: the clock, the heads, the users' epochs, what
# it missed of a log, the timeline; and asyncpg about types, on a connection newly opened.
BY_ITSELF = (
    ASK,
    "WHERE team_id = ANY ($1)",
    "AS k (id, epoch)",
    "AND seq > $2",
    "pg_current_wal_lsn",
    "current_setting('jit')",
    "typeinfo_tree",
)


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """The SQL that every open connection of the pool sends for somebody while the block runs."""
    sent: list[str] = []

    def note(query: Any) -> None:
        if not any(text in query.query for text in BY_ITSELF):
            sent.append(query.query)

    connections = list(db._connections)
    for connection in connections:
        connection.add_query_logger(note)
    try:
        yield sent
    finally:
        for connection in connections:
            connection.remove_query_logger(note)
