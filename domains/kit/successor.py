"""A record that is not found may have gone into another one; who looks for it is told which."""

from collections.abc import Collection
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from domains.kit.errors import DomainError, Merged, NotFound
from domains.kit.policy import within
from domains.kit.resource import Resource


class Rows(Protocol):
    """The database, or a transaction on it."""

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None: ...


async def absent(
    rows: Rows,
    resource: Resource,
    key: str,
    *,
    team_id: UUID,
    column: str,
    value: UUID | str,
    sees: Collection[str] | None,
) -> DomainError:
    """What to answer who asked for a record that no living row is.

    A merged one names the one that stands for it now, where both are for the reader to see.
    """
    nothing = NotFound(f"There is no {resource.name} {key!r:.80}")
    into = resource.successor
    if into is None:
        return nothing
    found = await rows.fetchrow(
        f"""
        WITH RECURSIVE way AS (
            SELECT r.id, r.{into} AS into
            FROM {resource.table} AS r
            WHERE r.team_id = $1 AND r.{column} = $2 AND r.{into} IS NOT NULL
                AND {within("r.audience", "$3")}
            UNION
            SELECT r.id, r.{into}
            FROM way AS w
            JOIN {resource.table} AS r ON r.team_id = $1 AND r.id = w.into
        )
        SELECT r.id, r.display_id
        FROM way AS w
        JOIN {resource.table} AS r ON r.id = w.id
        WHERE w.into IS NULL AND r.deleted_at IS NULL AND {within("r.audience", "$3")}
        """,
        team_id,
        value,
        sees,
    )
    if found is None:
        return nothing
    return Merged(
        f"This {resource.name} was merged into {found['display_id']}",
        [
            {
                "field": "id",
                "message": f"is {found['display_id']} now",
                "code": "merged",
                "merged_into": str(found["id"]),
                "display_id": found["display_id"],
            }
        ],
    )
