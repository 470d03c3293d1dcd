"""The SQL that every resource shares: insert, lock, update, each telling the row's image."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from db.transaction import Transaction
from domains.kit.errors import Invalid, NotFound
from domains.kit.policy import within
from domains.kit.resource import Record, Resource
from domains.kit.successor import absent
from domains.kit.unique import overtaken


def key_of(resource: Resource, text: str) -> tuple[str, UUID | str]:
    """The column and value that an id in a path names.

    Taken: the UUID, the UUID after "<name>-", or the display id people use ("ESC-2026-0001").
    Raise NotFound for anything else: an id that cannot exist is a record that does not.
    """
    try:
        return "id", UUID(text.removeprefix(f"{resource.name}-"))
    except ValueError:
        pass
    if re.fullmatch(rf"{resource.prefix}-[0-9]{{4}}-[0-9]{{4,9}}", text, re.IGNORECASE | re.ASCII):
        return "display_id", text.upper()
    raise NotFound(f"There is no {resource.name} {text!r:.80}")


def named(table: str, column: str) -> str:
    """SQL: the row `r` that a key names, for who may see it.

    $1 is the team, $2 the key's value, $3 the reader's audiences.
    """
    return f"""
        FROM {table} AS r
        WHERE r.team_id = $1 AND r.{column} = $2 AND r.deleted_at IS NULL
            AND {within("r.audience", "$3")}
    """


TOLD = "r.id, r.version, r.audience"  # of a new record: what an event and an answer are made of


async def insert(
    tx: Transaction, resource: Resource, values: Mapping[str, Any], *, whole: bool
) -> Record:
    """Insert a row with the next display id; it comes back with its `image`.

    The columns beside it are a hundred values to read, so they come only where `whole`.
    """
    names = [*values, "team_id", "created_by", "last_modified_by"]
    places = [f"${i + 4}" for i in range(len(values))] + ["$1", "$2", "$2"]
    with overtaken(resource):
        row = await tx.one(
            f"""
            INSERT INTO {resource.table} AS r (display_id, {", ".join(names)})
            VALUES (next_display_id($1, $3), {", ".join(places)})
            RETURNING {"r.*" if whole else TOLD}, {resource.image_sql} AS image
            """,
            tx.team_id,
            tx.user_id,
            resource.prefix,
            *map(column_value, values.values()),
        )
    return dict(row)


async def lock(tx: Transaction, resource: Resource, key: str, *, deleted: bool = False) -> Record:
    """Read a row and keep others from writing it until the transaction ends.

    Raise NotFound for one that is not there, or not for the writer to see; Merged for one that
    went into another.
    """
    column, value = key_of(resource, key)
    row = await tx.fetchrow(
        f"""
        SELECT r.*, {resource.image_sql} AS image
        FROM {resource.table} AS r
        WHERE r.team_id = $1 AND r.{column} = $2 AND ($3 OR r.deleted_at IS NULL)
            AND {within("r.audience", "$4")}
        FOR NO KEY UPDATE OF r
        """,
        tx.team_id,
        value,
        deleted,
        tx.writer.sees,
    )
    if row is None or (resource.successor and row[resource.successor]):
        raise await absent(
            tx,
            resource,
            key,
            team_id=tx.team_id,
            column=column,
            value=value,
            sees=tx.writer.sees,
        )
    return dict(row)


async def update(
    tx: Transaction, resource: Resource, record_id: UUID, values: Mapping[str, Any]
) -> Record:
    """Set these columns, count the version up, and give the record back with its `image`."""
    sets = "".join(f", {name} = ${i + 4}" for i, name in enumerate(values))
    with overtaken(resource):
        row = await tx.one(
            f"""
            UPDATE {resource.table} AS r
            SET version = r.version + 1, updated_at = clock_timestamp(), last_modified_by = $3{sets}
            WHERE r.team_id = $1 AND r.id = $2
            RETURNING r.*, {resource.image_sql} AS image
            """,
            tx.team_id,
            record_id,
            tx.user_id,
            *map(column_value, values.values()),
        )
    return dict(row)


async def read_back(tx: Transaction, resource: Resource, record_id: UUID) -> Record:
    """The record as it stands in the transaction, once rows of its own are written."""
    row = await tx.one(
        f"""
        SELECT r.*, {resource.image_sql} AS image
        FROM {resource.table} AS r
        WHERE r.team_id = $1 AND r.id = $2
        """,
        tx.team_id,
        record_id,
    )
    return dict(row)


async def is_member(tx: Transaction, user_id: UUID) -> bool:
    """Whether the user is a member of the writing team."""
    member = await tx.fetchval(
        "SELECT true FROM members WHERE team_id = $1 AND user_id = $2 AND removed_at IS NULL",
        tx.team_id,
        user_id,
    )
    return member is not None


async def require_member(tx: Transaction, user_id: UUID) -> None:
    """Raise Invalid unless the user is a member of the writing team."""
    if not await is_member(tx, user_id):
        raise Invalid.field("owner_id", "is not a member of this team", "not_a_member")


async def require_owner(tx: Transaction, user_id: UUID, *, named: bool) -> None:
    """As `require_member`, for one who may not be a member and named nobody."""
    if not named and not await is_member(tx, user_id):
        why = "say which member owns it: you act in this team without being one"
        raise Invalid.field("owner_id", why, "missing")
    await require_member(tx, user_id)


def column_value(value: Any) -> Any:
    # Lists of models live in jsonb columns and need JSON's own types inside.
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return to_jsonable_python(value)
    return value
