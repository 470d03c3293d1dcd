"""The writes of rows that belong to a record, and their list.

Each write locks the record, changes one row, counts the record's version up and leaves one event of
the record; so a child has the record's team, audience, roles and history, and none of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from db.as_of import AsOf, as_of
from db.database import Database
from db.transaction import Transaction
from domains.kit.actor import LEADS, Actor
from domains.kit.child import Child, Row
from domains.kit.endpoint import Reply
from domains.kit.errors import Conflict, Detail, Forbidden, Invalid, NotFound
from domains.kit.fields import Query
from domains.kit.guard import refuse_unseen, said
from domains.kit.links import require_links
from domains.kit.merge import refuse_stale_row
from domains.kit.policy import allow, allow_edit, audiences_of
from domains.kit.resource import Record, Resource
from domains.kit.rows import column_value, key_of, lock, named, update
from domains.kit.tell import tell


class ChildQuery(Query):
    """Which page of a record's rows."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=200)] = 100


@dataclass(frozen=True, slots=True)
class Touched:
    """A row after a write (before it, for one that is gone), and the record it belongs to."""

    row: Row
    record: Record


async def rows_of(
    db: Database, resource: Resource, child: Child, actor: Actor, key: str, query: ChildQuery
) -> Reply:
    """A page of the rows of one record."""
    allow(actor, resource.readers, f"see {resource.plural}")
    column, value = key_of(resource, key)
    row = await db.fetchrow(
        f"""
        SELECT {as_of(resource.topics)} AS as_of,
            (SELECT count(*) FROM {child.table} AS c WHERE {child.belongs}) AS total,
            (SELECT coalesce(string_agg(x.image, ','), '') FROM (
                SELECT {child.image_sql}::text AS image
                FROM {child.table} AS c
                WHERE {child.belongs}
                ORDER BY {child.order}
                LIMIT $4 OFFSET $5
            ) AS x) AS rows
        {named(resource.table, column)}
        """,
        actor.team_id,
        value,
        audiences_of(actor),
        query.limit,
        (query.page - 1) * query.limit,
    )
    if row is None:
        raise NotFound(f"There is no {resource.name} {key!r:.80}")
    pages = -(-row["total"] // query.limit)
    return Reply(
        f"[{row['rows']}]".encode(),
        as_of=AsOf.read(row["as_of"]),
        pagination=(
            f'{{"page":{query.page},"limit":{query.limit},"total":{row["total"]},'
            f'"pages":{pages},"next_cursor":null}}'
        ).encode(),
    )


async def add(
    tx: Transaction,
    resource: Resource,
    child: Child,
    actor: Actor,
    key: str,
    given: Mapping[str, Any],
    *,
    base: int | None = None,
) -> Touched:
    """Add a row to a record; where it has a place, the ones behind it make room."""
    refuse_unseen(resource.guard, actor, said(given))
    record = await _lock(tx, resource, child, actor, key)
    if base is not None and base > record["version"]:
        raise Invalid.field("version", f"the {resource.name} is at version {record['version']}")
    row = await _insert(tx, child, actor, record, given, record["version"] + 1)
    return await _told(tx, resource, child, "added", record, row)


async def add_all(
    tx: Transaction,
    resource: Resource,
    child: Child,
    actor: Actor,
    record: Record,
    several: Sequence[Mapping[str, Any]],
) -> None:
    """The rows that a new record comes with; the event that tells of the record tells of them."""
    for given in several:
        refuse_unseen(resource.guard, actor, said(given))
        await _insert(tx, child, actor, record, given, record["version"])


async def amend(
    tx: Transaction,
    resource: Resource,
    child: Child,
    actor: Actor,
    key: str,
    row_key: str,
    given: Mapping[str, Any],
    *,
    base: int | None = None,
) -> Touched:
    """Change the given fields of a row; what it holds already is no change."""
    refuse_unseen(resource.guard, actor, given)
    record = await _lock(tx, resource, child, actor, key)
    old = await _find(tx, child, actor, record, row_key)
    wanted = {name: value for name, value in given.items() if old[name] != value}
    if child.place in wanted:
        wanted[child.place] = min(wanted[child.place], await _number(tx, child, record))
        if wanted[child.place] == old[child.place]:
            del wanted[child.place]
    if not wanted:
        return Touched(old, record)
    await refuse_stale_row(tx, resource, record, child, old, wanted, base)
    wanted |= child.derive(old, {**old, **wanted})
    _refuse(child.check({**old, **wanted}), wanted)
    await _refuse_twice(tx, child, record, wanted)
    await require_links(tx, child, old, wanted)
    if child.settle:
        wanted |= await child.settle(tx, actor, record, old, {**old, **wanted})
    if wanted.get(child.sole or ""):
        await _take_sole(tx, child, record)
    sets = "".join(f", {name} = ${i + 4}" for i, name in enumerate(wanted))
    await tx.execute(
        f"""
        UPDATE {child.table} AS c SET updated_at = clock_timestamp(), version = $3{sets}
        WHERE c.team_id = $1 AND c.id = $2
        """,
        tx.team_id,
        old["id"],
        record["version"] + 1,
        *map(column_value, (old[name] if name == child.place else wanted[name] for name in wanted)),
    )
    if child.place in wanted:
        to, further = wanted[child.place], wanted[child.place] > old[child.place]
        await _count_anew(tx, child, record, old["id"], to + 0.5 if further else to - 0.5)
    return await _told(tx, resource, child, "updated", record, old)


async def drop(
    tx: Transaction,
    resource: Resource,
    child: Child,
    actor: Actor,
    key: str,
    row_key: str,
    *,
    base: int | None = None,
) -> Touched:
    """Remove a row; where the others have places, they close up."""
    record = await _lock(tx, resource, child, actor, key)
    old = await _find(tx, child, actor, record, row_key)
    await refuse_stale_row(tx, resource, record, child, old, {}, base)
    if child.leave:
        await child.leave(tx, record, old)
    await tx.execute(
        f"DELETE FROM {child.table} WHERE team_id = $1 AND id = $2", tx.team_id, old["id"]
    )
    if child.place:
        await _count_anew(tx, child, record, old["id"], 0)
    new = await update(tx, resource, record["id"], await _following(tx, child, record))
    tell(tx, resource, f"{resource.name}.{child.name}_removed", new, before=record)
    return Touched(old, new)


async def _lock(
    tx: Transaction, resource: Resource, child: Child, actor: Actor, key: str
) -> Record:
    """The record, for one who may change it.

    What is its author's own, and changes nothing else of the record, whoever sees it may add.
    """
    record = await lock(tx, resource, key)
    if not child.own or child.follows:
        allow_edit(actor, record, resource.name)
    return record


async def _insert(
    tx: Transaction,
    child: Child,
    actor: Actor,
    record: Record,
    given: Mapping[str, Any],
    version: int,
) -> Row:
    values = dict(given)
    values |= child.derive(None, values)
    _refuse(child.check(values), values)
    await require_links(tx, child, None, values)
    number = await _number(tx, child, record)
    if number >= child.most and not child.apart:
        raise Invalid.field(child.plural, f"at most {child.most} belong to one record", "too_long")
    await _refuse_twice(tx, child, record, values)
    if child.settle:
        values |= await child.settle(tx, actor, record, None, values)
    if values.get(child.sole or ""):
        await _take_sole(tx, child, record)
    at = None
    if child.place:
        at, values[child.place] = values.get(child.place), number + 1
    names = "".join(f", {name}" for name in values)
    places = "".join(f", ${i + 5}" for i in range(len(values)))
    row = await tx.one(
        f"""
        INSERT INTO {child.table} AS c (team_id, {child.parent}, created_by, version{names})
        VALUES ($1, $2, $3, $4{places})
        RETURNING c.*
        """,
        tx.team_id,
        record["id"],
        tx.user_id,
        version,
        *map(column_value, values.values()),
    )
    if at is not None and at <= number:
        await _count_anew(tx, child, record, row["id"], at - 0.5)
    return dict(row)


async def _refuse_twice(
    tx: Transaction, child: Child, record: Record, values: Mapping[str, Any]
) -> None:
    """Raise Conflict where another row of the record has what only one may have."""
    if child.once is None or child.once not in values:
        return
    other = await tx.fetchval(
        f"""
        SELECT c.id FROM {child.table} AS c
        WHERE c.team_id = $1 AND c.{child.parent} = $2 AND c.{child.once} = $3
        """,
        tx.team_id,
        record["id"],
        values[child.once],
    )
    if other is not None:
        raise Conflict(
            f"{record['display_id']} has the {child.name} {values[child.once]} already",
            [
                {
                    "field": child.once,
                    "message": "is there already",
                    "code": "taken",
                    "id": str(other),
                }
            ],
        )


async def _find(tx: Transaction, child: Child, actor: Actor, record: Record, row_key: str) -> Row:
    """Raise NotFound for a row that is not the record's, Forbidden for one of somebody else."""
    row = None
    try:
        row_id = UUID(row_key)
    except ValueError:
        row_id = None
    if row_id is not None:
        row = await tx.fetchrow(
            f"""
            SELECT c.*, {child.image_sql}::text AS image
            FROM {child.table} AS c
            WHERE c.team_id = $1 AND c.{child.parent} = $2 AND c.id = $3
            """,
            tx.team_id,
            record["id"],
            row_id,
        )
    if row is None:
        raise NotFound(f"There is no {child.name} {row_key!r:.80} here")
    if child.own and row["created_by"] != actor.user_id and actor.role not in LEADS:
        raise Forbidden(f"Only its author or a team lead can change this {child.name}")
    return dict(row)


async def _told(
    tx: Transaction, resource: Resource, child: Child, done: str, record: Record, row: Row
) -> Touched:
    """Count the record's version up, tell what was done, and read the row as it is now."""
    new = await update(tx, resource, record["id"], await _following(tx, child, record))
    tell(tx, resource, f"{resource.name}.{child.name}_{done}", new, before=record)
    image = await tx.fetchval(
        f"SELECT {child.image_sql}::text FROM {child.table} AS c WHERE team_id = $1 AND id = $2",
        tx.team_id,
        row["id"],
    )
    return Touched({**row, "image": image}, new)


async def _following(tx: Transaction, child: Child, record: Record) -> Mapping[str, Any]:
    """What follows for the record from its rows as they are now."""
    if child.follows is None:
        return {}
    rows = await tx.fetch(
        f"SELECT * FROM {child.table} WHERE team_id = $1 AND {child.parent} = $2",
        tx.team_id,
        record["id"],
    )
    return child.follows(record, [dict(row) for row in rows])


async def _number(tx: Transaction, child: Child, record: Record) -> int:
    return int(
        await tx.fetchval(
            f"SELECT count(*) FROM {child.table} WHERE team_id = $1 AND {child.parent} = $2",
            tx.team_id,
            record["id"],
        )
    )


async def _take_sole(tx: Transaction, child: Child, record: Record) -> None:
    """The flag leaves the row that has it, for another one gets it."""
    await tx.execute(
        f"""
        UPDATE {child.table} SET {child.sole} = false
        WHERE team_id = $1 AND {child.parent} = $2 AND {child.sole}
        """,
        tx.team_id,
        record["id"],
    )


async def _count_anew(
    tx: Transaction, child: Child, record: Record, moved: UUID, to: float
) -> None:
    """Number the rows from 1 again, with `moved` between the two that `to` lies between."""
    await tx.execute(
        f"""
        UPDATE {child.table} AS c SET {child.place} = n.place
        FROM (
            SELECT id, row_number() OVER (
                ORDER BY CASE WHEN id = $3 THEN $4::float8 ELSE {child.place} END
            ) AS place
            FROM {child.table}
            WHERE team_id = $1 AND {child.parent} = $2
        ) AS n
        WHERE c.team_id = $1 AND c.id = n.id AND c.{child.place} <> n.place
        """,
        tx.team_id,
        record["id"],
        moved,
        to,
    )


def _refuse(problems: Iterable[Detail], wanted: Mapping[str, Any]) -> None:
    found = [p for p in problems if any(n in wanted for n in (p["field"], *p.get("with", ())))]
    if found:
        raise Invalid(f"{found[0]['field']}: {found[0]['message']}", found)
