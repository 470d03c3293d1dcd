"""The shared write verbs: each checks who asks, runs in one transaction, and answers the record."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from db.database import Database
from db.transaction import Answer, Operation, Transaction, Writer
from domains.kit.actor import Actor
from domains.kit.changes import Changed, archive, change, make, remove, restore
from domains.kit.policy import allow, audiences_of
from domains.kit.resource import Moment, Resource

# A verb about the whole record: its key, the version it was based on, the operation.
Whole = Callable[[Database, Resource, Actor, str, int | None, Operation | None], Awaitable[Answer]]


def writer(actor: Actor, op: Operation | None) -> Writer:
    return Writer(actor.team_id, actor.user_id, op, audiences_of(actor))


def answer(changed: Changed, status: int = 200) -> Answer:
    """The record as data; `version` for the ETag, and what a stale write was merged with."""
    meta: dict[str, Any] = {"version": changed.row["version"]}
    if changed.merged:
        meta["merged"] = list(changed.merged)
    return Answer(changed.image, status, meta, shows=(changed.row["id"],))


async def create(
    db: Database, resource: Resource, actor: Actor, given: Mapping[str, Any], op: Operation | None
) -> Answer:
    """Make a record; 201."""
    allow(actor, resource.writers, f"add {resource.plural}")

    async def work(tx: Transaction) -> Answer:
        return answer(await make(tx, resource, actor, given, Moment.given()), 201)

    return await db.write(writer(actor, op), work)


async def edit(
    db: Database,
    resource: Resource,
    actor: Actor,
    key: str,
    given: Mapping[str, Any],
    *,
    base: int | None,
    moment: Moment,
    op: Operation | None,
) -> Answer:
    """Change the given fields of a record, its status among them."""
    allow(actor, resource.writers, f"change {resource.plural}")

    async def work(tx: Transaction) -> Answer:
        return answer(await change(tx, resource, actor, key, given, base=base, moment=moment))

    return await db.write(writer(actor, op), work)


async def put_away(
    db: Database, resource: Resource, actor: Actor, key: str, base: int | None, op: Operation | None
) -> Answer:
    """Archive a record."""
    allow(actor, resource.writers, f"archive {resource.plural}")

    async def work(tx: Transaction) -> Answer:
        return answer(await archive(tx, resource, actor, key, moment=Moment.given(), base=base))

    return await db.write(writer(actor, op), work)


async def bring_back(
    db: Database, resource: Resource, actor: Actor, key: str, base: int | None, op: Operation | None
) -> Answer:
    """Restore an archived or deleted record."""
    allow(actor, resource.writers, f"restore {resource.plural}")

    async def work(tx: Transaction) -> Answer:
        return answer(await restore(tx, resource, actor, key, base=base))

    return await db.write(writer(actor, op), work)


async def delete(
    db: Database, resource: Resource, actor: Actor, key: str, base: int | None, op: Operation | None
) -> Answer:
    """Delete a record softly."""
    allow(actor, resource.writers, f"delete {resource.plural}")

    async def work(tx: Transaction) -> Answer:
        return answer(await remove(tx, resource, actor, key, moment=Moment.given(), base=base))

    return await db.write(writer(actor, op), work)
