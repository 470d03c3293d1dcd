"""Where other records name a contact: what leads to one that is merged leads to the other then."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.transaction import Transaction
from domains.appointments.attendees import ATTENDEES
from domains.appointments.resource import APPOINTMENTS
from domains.clients.resource import CLIENTS
from domains.contacts.models import Kept
from domains.kit.child import Child
from domains.kit.policy import within
from domains.kit.resource import Record, Resource
from domains.kit.rows import update
from domains.kit.tell import tell


@dataclass(frozen=True, slots=True)
class Link:
    """A column that holds a contact's id: of the record itself, or of rows that belong to it."""

    resource: Resource
    column: str
    child: Child | None = None

    @property
    def field(self) -> str:
        """The field of the record's image that shows it."""
        return self.child.plural if self.child else self.column

    @property
    def kind(self) -> str:
        if self.child:
            return f"{self.resource.name}.{self.child.name}_updated"
        return self.resource.kind([self.column])

    @property
    def leads(self) -> str:
        """SQL: the record `r` names the contact $2."""
        if self.child is None:
            return f"r.{self.column} = $2"
        return (
            f"EXISTS (SELECT FROM {self.child.table} AS c"
            f" WHERE {self.child.belongs} AND c.{self.column} = $2)"
        )


# Every column that leads to a contact, of whatever domain; they are locked in this order.
LINKS: tuple[Link, ...] = (
    Link(APPOINTMENTS, "contact_id", ATTENDEES),
    Link(CLIENTS, "representative_contact_id"),
)


async def lead(tx: Transaction, old: UUID, new: UUID) -> None:
    """Let every living record that names the old contact name the new one, with an event each.

    Also those that the writer does not see: their events are for those who do.
    """
    for link in LINKS:
        for row in await _naming(tx, link, old):
            await _turn(tx, link, row, old, new)


async def lead_back(
    tx: Transaction, events: Iterable[Mapping[str, Any]], old: UUID, new: UUID
) -> list[Kept]:
    """Let what the events tell was led from the old to the new contact name the old one again.

    What names another one since, or is deleted, stays; it is told as far as the writer sees it.
    """
    turned = {
        (event["entity"], event["entity_id"], field): pair
        for event in events
        for field, pair in event["changes"].items()
    }
    kept: list[Kept] = []
    for link in LINKS:
        of_link = {
            record_id: pair
            for (entity, record_id, field), pair in turned.items()
            if (entity, field) == (link.resource.name, link.field)
        }
        for row in await _these(tx, link, list(of_link)):
            rows = _rows_named(link, of_link[row["id"]][0], old)
            if not await _turn(tx, link, row, new, old, rows=rows) and row["seen"]:
                kept.append(Kept(entity=link.resource.name, id=row["id"], field=link.field))
    return kept


def _rows_named(link: Link, before: Any, old: UUID) -> list[UUID] | None:
    """The ids of a record's rows that named the contact."""
    if link.child is None:
        return None
    return [UUID(row["id"]) for row in before if row[link.column] == str(old)]


async def _naming(tx: Transaction, link: Link, contact_id: UUID) -> list[Record]:
    rows = await tx.fetch(
        f"""
        SELECT r.*, {link.resource.image_sql} AS image
        FROM {link.resource.table} AS r
        WHERE r.team_id = $1 AND {link.leads} AND r.deleted_at IS NULL
        ORDER BY r.id
        FOR NO KEY UPDATE OF r
        """,
        tx.team_id,
        contact_id,
    )
    return [dict(row) for row in rows]


async def _these(tx: Transaction, link: Link, ids: list[UUID]) -> list[Record]:
    rows = await tx.fetch(
        f"""
        SELECT r.*, {link.resource.image_sql} AS image, {within("r.audience", "$3")} AS seen
        FROM {link.resource.table} AS r
        WHERE r.team_id = $1 AND r.id = ANY ($2)
        ORDER BY r.id
        FOR NO KEY UPDATE OF r
        """,
        tx.team_id,
        ids,
        tx.writer.sees,
    )
    return [dict(row) for row in rows]


async def _turn(
    tx: Transaction,
    link: Link,
    row: Record,
    old: UUID,
    new: UUID,
    *,
    rows: list[UUID] | None = None,
) -> bool:
    """Let one record name the new contact where it names the old one; whether it did."""
    columns: dict[str, Any] = {}
    if row["deleted_at"] is not None:
        return False
    if link.child is None:
        if row[link.column] != old:
            return False
        columns[link.column] = new
    elif not await _turn_rows(tx, link.child, link.column, row, old, new, rows):
        return False
    after = await update(tx, link.resource, row["id"], columns)
    tell(tx, link.resource, link.kind, after, before=row)
    return True


async def _turn_rows(
    tx: Transaction,
    child: Child,
    column: str,
    record: Record,
    old: UUID,
    new: UUID,
    rows: list[UUID] | None,
) -> bool:
    turned = await tx.fetch(
        f"""
        UPDATE {child.table} AS c
        SET {column} = $4, version = $5, updated_at = clock_timestamp()
        WHERE c.team_id = $1 AND c.{child.parent} = $2 AND c.{column} = $3
            AND ($6::uuid[] IS NULL OR c.id = ANY ($6))
        RETURNING c.id
        """,
        tx.team_id,
        record["id"],
        old,
        new,
        record["version"] + 1,
        rows,
    )
    return len(turned) > 0
