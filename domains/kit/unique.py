"""Fields that no two living records of a team share; a clash is refused and names the other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import asyncpg

from db.errors import Overtaken
from db.transaction import Transaction
from domains.kit.errors import Conflict, Detail
from domains.kit.policy import within
from domains.kit.resource import Record, Resource


async def refuse_taken(
    tx: Transaction, resource: Resource, given: Mapping[str, Any], own: Record | None = None
) -> None:
    """Raise Conflict where another living record has one of these values already.

    The other one is named as far as the writer may see it: of a private record of somebody else,
    no more is told than that the value is taken.
    """
    for name in resource.unique:
        value = given.get(name)
        if value is None:
            continue
        other = await tx.fetchrow(
            f"""
            SELECT r.id, r.display_id, coalesce({resource.label}, r.display_id) AS label,
                {within("r.audience", "$4")} AS seen
            FROM {resource.table} AS r
            WHERE r.team_id = $1 AND r.{name} = $2 AND r.deleted_at IS NULL
                AND r.id IS DISTINCT FROM $3
            """,
            tx.team_id,
            value,
            own["id"] if own else None,
            tx.writer.sees,
        )
        if other is not None:
            raise _taken(resource, name, other)


def _taken(resource: Resource, name: str, other: asyncpg.Record) -> Conflict:
    detail: Detail = {"field": name, "message": "is taken", "code": "taken"}
    if not other["seen"]:
        return Conflict(f"Another {resource.name} of this team has this {name}", [detail])
    named = {"id": str(other["id"]), "display_id": other["display_id"], "label": other["label"]}
    message = f"{other['label']} ({other['display_id']}) has this {name}"
    return Conflict(message, [{**detail, **named}])


@contextmanager
def overtaken(resource: Resource) -> Iterator[None]:
    """Two writers took the same value at once: the later one begins again, and is then refused."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in {f"{resource.table}_{name}_key" for name in resource.unique}:
            raise Overtaken from error
        raise
