"""What Postgres would do for a statement: its plan, node by node."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from db.database import Database
from tests.api.statements import BY_ITSELF

LARGE = 2_000  # rows of a table that nobody reads whole


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as it went to Postgres."""

    sql: str
    args: tuple[Any, ...]


@contextmanager
def sent(db: Database) -> Iterator[list[Sent]]:
    """What every open connection of the pool sends for somebody while the block runs."""
    found: list[Sent] = []

    def note(query: Any) -> None:
        if not any(text in query.query for text in BY_ITSELF):
            found.append(Sent(query.query, tuple(query.args)))

    connections = list(db._connections)
    for connection in connections:
        connection.add_query_logger(note)
    try:
        yield found
    finally:
        for connection in connections:
            connection.remove_query_logger(note)


async def nodes(db: Database, statement: Sent) -> list[dict[str, Any]]:
    """The nodes of its plan, each with the CTEs and subplans that it is `Within`."""
    (plan,) = await db.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.args)
    return list(_walk(plan["Plan"], ()))


def _walk(node: dict[str, Any], within: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if "Subplan Name" in node:
        within = (*within, node["Subplan Name"])
    yield {**node, "Within": within}
    for child in node.get("Plans", []):
        yield from _walk(child, within)


async def large_tables(db: Database) -> frozenset[str]:
    rows = await db.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > $1", LARGE
    )
    return frozenset(row["relname"] for row in rows)


def read_whole(found: list[dict[str, Any]], tables: frozenset[str]) -> list[str]:
    """The large tables that a plan reads row after row."""
    return [
        f"{node['Node Type']} on {node['Relation Name']}: {node.get('Filter', '')}"
        for node in found
        if node["Node Type"].endswith("Seq Scan") and node["Relation Name"] in tables
    ]
