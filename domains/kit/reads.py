"""The shared reads. A list is one round trip, and Postgres writes its bytes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import blake2b
from typing import Any
from uuid import UUID

import asyncpg

from db.as_of import AsOf, as_of
from db.database import Database
from db.events import EVERYONE
from domains.kit import etag
from domains.kit.actor import Actor
from domains.kit.endpoint import Reply
from domains.kit.errors import Invalid, NotFound
from domains.kit.guard import blank_each
from domains.kit.policy import allow, audiences_of, words_of
from domains.kit.resource import Resource
from domains.kit.rows import key_of, named
from domains.kit.scope import heads_in
from domains.kit.select import ListQuery, Place, Selection, matching, order_of, select
from domains.kit.spreadsheet import csv_lines
from domains.kit.successor import absent
from domains.kit.view import Found, Live


async def get(db: Database, resource: Resource, actor: Actor, key: str) -> Reply:
    """One record, by UUID or display id, with the head it was read at."""
    allow(actor, resource.readers, f"see {resource.plural}")
    column, value = key_of(resource, key)
    sql = _one_sql(resource.table, resource.image_sql, column, resource.topics)
    sees = audiences_of(actor)
    row = await db.fetchrow(sql, actor.team_id, value, sees)
    if row is None:
        raise await absent(
            db, resource, key, team_id=actor.team_id, column=column, value=value, sees=sees
        )
    image = row["image"].encode()
    return Reply(
        image,
        as_of=AsOf.read(row["as_of"]),
        headers={"ETag": etag.of_record(row["version"], image)},
    )


async def audience(db: Database, resource: Resource, actor: Actor, key: str) -> str:
    """Who may see one record, for one who may: NotFound for the others."""
    allow(actor, resource.readers, f"see {resource.plural}")
    column, value = key_of(resource, key)
    found: str | None = await db.fetchval(
        f"""
        SELECT r.audience
        {named(resource.table, column)}
        """,
        actor.team_id,
        value,
        audiences_of(actor),
    )
    if found is None:
        raise NotFound(f"There is no {resource.name} {key!r:.80}")
    return found


@cache
def _one_sql(table: str, image: str, column: str, topics: tuple[str, ...]) -> str:
    """The same object each time: two thousand characters are not hashed again at every read."""
    return f"""
        SELECT {image} AS image, r.version, {as_of(topics)} AS as_of
        {named(table, column)}
    """


async def find(db: Database, resource: Resource, actor: Actor, query: ListQuery) -> Reply:
    """A page of the records that match, their total and statistics, and the head: one snapshot."""
    found = await look(db, page_of(resource, actor, query))
    return Reply(
        b"[" + ",".join(found.images).encode() + b"]",
        pagination=found.pagination,
        stats=found.stats,
        as_of=found.as_of,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """The statement that reads one page of a list, as one reader may see it."""

    team_id: UUID
    query: ListQuery
    sort: str
    order: str
    sql: str
    args: list[Any]


def page_of(resource: Resource, actor: Actor, query: ListQuery, *, shared: bool = False) -> Page:
    """Raise Forbidden for a role that may not read, Invalid for a cursor of another list.

    `shared` is the page of those who see no private record that matches, and who it is not for.
    """
    allow(actor, resource.readers, f"see {resource.plural}")
    chosen = matching(resource, actor, query)
    apart = _others(resource, chosen) if shared else "NULL"
    heads = heads_in("$1") if query.wide(actor) else "NULL::json"
    chosen.see((EVERYONE,) if shared else audiences_of(actor))
    counted = chosen.sql
    sort, expression, kind, order = order_of(resource, query)
    offset = (query.page - 1) * query.limit
    if query.cursor is not None:
        place = Place.of(query.cursor, actor.team_id, sort, order)
        _start_after(chosen, place, expression, kind)
        offset = 0
    chosen.args += [query.limit, offset]
    limit, skip = f"${len(chosen.args) - 1}::int", f"${len(chosen.args)}::bigint"
    sql = f"""
        SELECT {as_of(resource.topics)} AS as_of,
            t.total, t.stats, p.ids, p.images, p.last_key, p.more,
            {apart} AS apart, {heads} AS heads,
            extract(epoch FROM current_date + 1 - now())::float8 AS day_left
        FROM (
            SELECT count(*) AS total, {resource.stats_sql} AS stats
            FROM {resource.table} AS r
            WHERE {counted}
        ) AS t
        CROSS JOIN (
            SELECT
                array_agg(r.id::text ORDER BY r.sort_row)
                    FILTER (WHERE r.sort_row <= {limit}) AS ids,
                array_agg({resource.image_sql} ORDER BY r.sort_row)
                    FILTER (WHERE r.sort_row <= {limit}) AS images,
                max(r.sort_key::text) FILTER (WHERE r.sort_row = {limit}) AS last_key,
                count(*) > {limit} AS more
            FROM (
                SELECT s.*,
                    row_number() OVER (ORDER BY s.sort_key {order}, s.id {order}) AS sort_row
                FROM (
                    SELECT r.*, {expression} AS sort_key
                    FROM {resource.table} AS r
                    WHERE {chosen.sql}
                    ORDER BY sort_key {order}, r.id {order}
                    LIMIT {limit} + 1 OFFSET {skip}
                ) AS s
            ) AS r
        ) AS p
    """
    return Page(actor.team_id, query, sort, order, sql, chosen.args)


async def look(db: Database, page: Page) -> Found:
    """Read a page, in one round trip."""
    try:
        row = await db.one(page.sql, *page.args)
    except asyncpg.DataError as error:
        if page.query.cursor is None:
            raise
        raise Invalid.field("cursor", "is not one that a list gave out") from error
    ids = row["ids"] or []
    after = None
    if row["more"]:
        after = Place(page.team_id, page.sort, page.order, row["last_key"], ids[-1]).text()
    return Found(
        AsOf.read(row["as_of"]),
        ids,
        row["images"] or [],
        row["total"],
        row["stats"].encode(),
        _pagination(page.query, row["total"], after),
        row["day_left"],
        frozenset(word for audience in row["apart"] or () for word in words_of(audience)),
        {UUID(team): head for team, head in (row["heads"] or {}).items()},
    )


def live(db: Database, resource: Resource, actor: Actor, query: ListQuery) -> Live:
    """The page as a list to keep open: whoever may be asked the same statement sees the same.

    Most people own no private record that matches, and share the list of those who see none.
    """
    # A team that joins the brokerage, or leaves it, changes what the list of all teams shows.
    topics = (*resource.topics, "brokerage") if query.wide(actor) else resource.topics
    own = _live(db, topics, page_of(resource, actor, query))
    seen = audiences_of(actor)
    if seen is None or query.personal:
        return own
    shared = _live(db, topics, page_of(resource, actor, query, shared=True))
    return replace(shared, audiences=frozenset(seen), own=own)


def _live(db: Database, topics: tuple[str, ...], page: Page) -> Live:
    key = blake2b(repr((page.sql, page.args)).encode(), digest_size=16).digest()
    return Live(key, page.team_id, topics, partial(look, db, page))


async def stats(db: Database, resource: Resource, actor: Actor, query: ListQuery) -> Reply:
    """The statistics of the records that match."""
    allow(actor, resource.readers, f"see {resource.plural}")
    chosen = select(resource, actor, query)
    row = await db.one(
        f"""
        SELECT {as_of(resource.topics)} AS as_of, {resource.stats_sql} AS stats
        FROM {resource.table} AS r
        WHERE {chosen.sql}
        """,
        *chosen.args,
    )
    return Reply(row["stats"].encode(), as_of=AsOf.read(row["as_of"]))


async def export(db: Database, resource: Resource, actor: Actor, query: ListQuery) -> Reply:
    """All records that match, as CSV, streamed from one snapshot."""
    allow(actor, resource.readers, f"see {resource.plural}")
    chosen = select(resource, actor, query)
    _, expression, _, order = order_of(resource, query)
    sql = f"""
        SELECT {resource.image_sql} AS image
        FROM {resource.table} AS r
        WHERE {chosen.sql}
        ORDER BY {expression} {order}, r.id {order}
    """
    images = _images(db, sql, *chosen.args)
    return Reply(
        stream=csv_lines(resource.names, blank_each(images, actor, resource.guard)),
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{resource.plural}.csv"',
        },
    )


async def _images(db: Database, sql: str, *args: Any) -> AsyncIterator[str]:
    async for row in db.stream(sql, *args):
        yield row["image"]


def _others(resource: Resource, chosen: Selection) -> str:
    """SQL: the audiences, but everyone, that chosen rows are for."""
    return f"""(
        SELECT array_agg(DISTINCT r.audience)
        FROM {resource.table} AS r
        WHERE {chosen.sql} AND r.audience <> '{EVERYONE}'
    )"""


def _start_after(chosen: Selection, place: Place, expression: str, kind: str) -> None:
    chosen.args += [place.value, place.id]
    value, last = len(chosen.args) - 1, len(chosen.args)
    beyond = "<" if place.order == "desc" else ">"
    chosen.conditions.append(
        f"({expression}, r.id) {beyond} (${value}::text::{kind}, ${last}::text::uuid)"
    )


def _pagination(query: ListQuery, total: int, cursor: str | None) -> bytes:
    pages = -(-total // query.limit)
    after = f'"{cursor}"' if cursor else "null"
    return (
        f'{{"page":{query.page},"limit":{query.limit},"total":{total},"pages":{pages},'
        f'"next_cursor":{after}}}'
    ).encode()
