"""Many records in one transaction: each has its own outcome, all share one operation."""

import json
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.kit.actor import Actor
from domains.kit.changes import Changed, archive, change, remove, restore
from domains.kit.errors import DomainError, Invalid, NotFound
from domains.kit.fields import Input, Word, sent
from domains.kit.policy import allow
from domains.kit.resource import Moment, Resource
from domains.kit.rows import key_of
from domains.kit.status import fields_of_move
from domains.kit.validated import validated
from domains.kit.writes import writer

LARGEST = 100


class BatchOp(StrEnum):
    UPDATE = "update"
    STATUS = "status"
    ARCHIVE = "archive"
    RESTORE = "restore"
    DELETE = "delete"


class Batch(Input):
    """One operation on up to 100 records; `changes` is what PATCH (or PATCH /status) would take."""

    op: BatchOp
    ids: Annotated[list[Word], Field(min_length=1, max_length=LARGEST)]
    changes: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _changes_where_needed(self) -> "Batch":
        if (self.changes is not None) != (self.op in (BatchOp.UPDATE, BatchOp.STATUS)):
            raise ValueError("changes belongs to update and status, and to them alone")
        if len(set(self.ids)) != len(self.ids):
            raise ValueError("ids names a record twice")
        return self


Act = Callable[[Transaction, str], Awaitable[Changed]]


async def batch(
    db: Database, resource: Resource, actor: Actor, body: Batch, op: Operation | None
) -> Answer:
    """Do it to each record; those that cannot be changed are told beside those that were.

    The answer's data is an array in the order asked: {id, success, data?, error?}. A record
    that the actor cannot see is a NOT_FOUND item like any that does not exist.
    """
    allow(actor, resource.writers, f"change {resource.plural}")
    act = _act(resource, actor, body)

    async def work(tx: Transaction) -> Answer:
        outcomes, shown = {}, []
        for key in await _in_lock_order(tx, resource, body.ids):
            try:
                changed = await act(tx, key)
            except DomainError as refusal:
                outcomes[key] = _refused(key, refusal)
            else:
                shown.append(changed.row["id"])
                outcomes[key] = f'{{"id":{json.dumps(key)},"success":true,"data":{changed.image}}}'
        return Answer("[" + ",".join(outcomes[key] for key in body.ids) + "]", shows=shown)

    return await db.write(writer(actor, op), work)


def _act(resource: Resource, actor: Actor, body: Batch) -> Act:
    moment = Moment.given()
    match body.op:
        case BatchOp.ARCHIVE:
            return lambda tx, key: archive(tx, resource, actor, key, moment=moment)
        case BatchOp.RESTORE:
            return lambda tx, key: restore(tx, resource, actor, key)
        case BatchOp.DELETE:
            return lambda tx, key: remove(tx, resource, actor, key, moment=moment)
        case BatchOp.STATUS:
            asked = _validated(resource.move, body.changes)
            given, moment = fields_of_move(resource, asked)
            return lambda tx, key: change(tx, resource, actor, key, given, moment=moment)
        case BatchOp.UPDATE:
            patch = sent(_validated(resource.patch, body.changes))
            patch.pop("version", None)
            return lambda tx, key: change(tx, resource, actor, key, patch, moment=moment)


def _validated(model: type[Input], changes: dict[str, Any] | None) -> Input:
    if changes and "version" in changes:
        raise Invalid.field("changes.version", "one version cannot speak for many records")
    return validated(model, changes, "changes")


async def _in_lock_order(tx: Transaction, resource: Resource, ids: list[str]) -> list[str]:
    """The same ids in the order of their rows' UUIDs: two batches can then never deadlock."""
    columns: dict[str, list[Any]] = {"id": [], "display_id": []}
    asked: dict[Any, str] = {}
    for key in ids:
        try:
            column, value = key_of(resource, key)
        except NotFound:
            continue
        columns[column].append(value)
        asked[value] = key
    rows = await tx.fetch(
        f"""
        SELECT r.id, r.display_id
        FROM {resource.table} AS r
        WHERE r.team_id = $1 AND (r.id = ANY ($2) OR r.display_id = ANY ($3))
        ORDER BY r.id
        """,
        tx.team_id,
        columns["id"],
        columns["display_id"],
    )
    found = [asked.get(row["id"]) or asked[row["display_id"]] for row in rows]
    return [*found, *(key for key in ids if key not in set(found))]


def _refused(key: str, refusal: DomainError) -> str:
    error = {"code": refusal.code, "message": refusal.message, "details": refusal.details}
    return json.dumps({"id": key, "success": False, "error": error}, default=str)
