"""Records that name others: every id that is newly given must be one the writer may see."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from db.transaction import Transaction
from domains.kit.child import Child
from domains.kit.errors import Invalid
from domains.kit.policy import within
from domains.kit.resource import Record, Resource

MOST = 12


def _once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) != len(ids):
        raise ValueError("names a record twice")
    return ids


Ids = Annotated[list[UUID], Field(max_length=MOST), AfterValidator(_once)]


async def require_links(
    tx: Transaction, resource: Resource | Child, before: Record | None, given: Mapping[str, Any]
) -> None:
    """Raise Invalid for an id that no living record of this team has, as far as the writer sees.

    An id that stood there before may stay: who keeps a link need not see where it leads.
    """
    for column, table in resource.links.items():
        new = _ids(given.get(column)) - _ids(before[column] if before else None)
        if not new:
            continue
        # Held, so that none is merged into another one before this link to it is seen there.
        known = await tx.fetchval(
            f"""
            SELECT count(*) FROM (
                SELECT FROM {table} AS r
                WHERE r.team_id = $1 AND r.id = ANY ($2) AND r.deleted_at IS NULL
                    AND {within("r.audience", "$3")}
                FOR KEY SHARE OF r
            ) AS held
            """,
            tx.team_id,
            list(new),
            tx.writer.sees,
        )
        if known != len(new):
            # A table is called after what its rows are, in the plural.
            entity = table.removesuffix("s")
            raise Invalid.field(column, f"is no {entity} of this team", "not_found")


def _ids(value: Any) -> set[UUID]:
    if value is None:
        return set()
    return set(value) if isinstance(value, list) else {value}
