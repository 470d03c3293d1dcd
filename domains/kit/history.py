"""What happened to a record, read from the log."""

from typing import Annotated, Any

from pydantic import Field

from db.as_of import AsOf, as_of
from db.database import Database
from domains.kit.actor import Actor
from domains.kit.endpoint import Reply
from domains.kit.errors import NotFound
from domains.kit.fields import Output, Person, Query, Word
from domains.kit.policy import allow, audiences_of, seen_whole, within
from domains.kit.resource import Resource
from domains.kit.rows import key_of


class HistoryQuery(Query):
    """Newest first. `field` keeps only the entries that changed it (escrow_status ...)."""

    field: Word | None = None
    before_seq: Annotated[int, Field(ge=1, le=2**62)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class HistoryEntry(Output):
    """One committed change: its kind, who made it, and each field's [old, new]."""

    seq: int
    at: str
    kind: str
    version: int
    actor: Person
    op: str
    effective_date: str | None
    changes: dict[str, list[Any]]


def history_sql(resource: Resource, column: str, row: str, having: str) -> str:
    """The JSON rows of a record's events; `row` selects from the event `e` and its image `e.data`.

    The record is found by $2, which may be deleted since: its history outlives it. $6 are the
    audiences its reader is of. What happened while it was hidden from them stays hidden; the event
    that showed it to them is without changes, as that of a new record is.
    """
    return f"""
        SELECT
            {as_of(resource.topics)} AS as_of,
            (SELECT coalesce(json_agg(h)::text, '[]') FROM (
                {row}
                FROM (
                    SELECT x.seq, x.at, x.kind, x.version, x.actor_id, x.op, x.data,
                        CASE WHEN {seen_whole("x", "$6")} THEN x.changes END AS changes
                    FROM events AS x
                    WHERE x.team_id = $1 AND x.entity_id = r.id AND {within("x.audience", "$6")}
                ) AS e
                LEFT JOIN users AS u ON u.id = e.actor_id
                WHERE {having}
                    AND ($3::text IS NULL OR e.changes -> $3 IS NOT NULL)
                    AND ($4::bigint IS NULL OR e.seq < $4)
                ORDER BY e.seq DESC
                LIMIT $5
            ) AS h) AS entries
        FROM {resource.table} AS r
        WHERE r.team_id = $1 AND r.{column} = $2 AND {within("r.audience", "$6")}
    """


ENTRY = """
    SELECT e.seq, e.at, e.kind, e.version, e.op,
        json_build_object('id', e.actor_id, 'name', u.full_name) AS actor,
        {effective} AS effective_date,
        coalesce(e.changes, '{{}}') AS changes
"""


async def history(
    db: Database, resource: Resource, actor: Actor, key: str, query: HistoryQuery
) -> Reply:
    """A record's changes, newest first, with the day each took effect where its author gave one."""
    moved = f"CASE WHEN e.kind = '{resource.name}.status_changed'"
    day = "e.data ->> 'contract_status_change_date' END"
    entry = ENTRY.format(effective=f"{moved} THEN {day}")
    return await entries(db, resource, actor, key, query, entry)


async def entries(
    db: Database,
    resource: Resource,
    actor: Actor,
    key: str,
    query: HistoryQuery,
    entry: str,
    *,
    having: str = "true",
) -> Reply:
    """The record's log as rows of `entry`, where the event `e` fulfils `having`."""
    allow(actor, resource.readers, f"see {resource.plural}")
    column, value = key_of(resource, key)
    row = await db.fetchrow(
        history_sql(resource, column, entry, having),
        actor.team_id,
        value,
        query.field,
        query.before_seq,
        query.limit,
        audiences_of(actor),
    )
    if row is None:
        raise NotFound(f"There is no {resource.name} {key!r:.80}")
    return Reply(row["entries"].encode(), as_of=AsOf.read(row["as_of"]))
