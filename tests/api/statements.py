"""Counts what a verb costs: the statements it sends to Postgres."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from db.database import Database


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """The SQL that every open connection of the pool sends while the block runs."""
    sent: list[str] = []

    def note(query: Any) -> None:
        sent.append(query.query)

    connections = list(db._connections)
    for connection in connections:
        connection.add_query_logger(note)
    try:
        yield sent
    finally:
        for connection in connections:
            connection.remove_query_logger(note)
