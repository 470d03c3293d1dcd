"""Giving somebody a single record to see, to change or to delete, and taking it back.

Grants live with their record: they are part of its image, each change of them is one event, and the
record's audience follows from them, so that who gains or loses sight of it is told so in order.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from db.as_of import AsOf, as_of
from db.database import Database
from db.transaction import Transaction
from domains.kit.actor import Actor
from domains.kit.changes import Changed
from domains.kit.endpoint import Reply
from domains.kit.errors import Conflict, Invalid, NotFound
from domains.kit.followers import lead_on
from domains.kit.grant import MOST_GRANTS, Grantee
from domains.kit.merge import merged_fields
from domains.kit.policy import allow, allow_grant, audiences_of
from domains.kit.resource import Moment, Record, Resource
from domains.kit.rows import is_member, key_of, lock, named, update
from domains.kit.tell import tell


async def grants_of(db: Database, resource: Resource, actor: Actor, key: str) -> Reply:
    """What the record grants, to one who may see it."""
    allow(actor, resource.readers, f"see {resource.plural}")
    column, value = key_of(resource, key)
    row = await db.fetchrow(
        f"""
        SELECT {as_of(resource.topics)} AS as_of, r.grants::text AS grants
        {named(resource.table, column)}
        """,
        actor.team_id,
        value,
        audiences_of(actor),
    )
    if row is None:
        raise NotFound(f"There is no {resource.name} {key!r:.80}")
    return Reply(row["grants"].encode(), as_of=AsOf.read(row["as_of"]))


async def give(
    tx: Transaction,
    resource: Resource,
    actor: Actor,
    key: str,
    given: Mapping[str, Any],
    *,
    moment: Moment,
    base: int | None = None,
) -> Changed:
    """Grant it to somebody, in place of what they were granted before."""
    row = await lock(tx, resource, key)
    allow_grant(actor, row, resource.name, given)
    wanted = to_jsonable_python(dict(given))
    old = next((each for each in row["grants"] if _same(each, wanted)), None)
    if old is not None and {name: old[name] for name in wanted} == wanted:
        return Changed(row)
    await _refuse(tx, resource, row, given)
    granted = {"granted_by": actor.user_id, "granted_at": moment.now}
    others = [each for each in row["grants"] if not _same(each, wanted)]
    if len(others) >= MOST_GRANTS:
        raise Invalid.field("grants", f"at most {MOST_GRANTS} belong to one record", "too_long")
    new = {**wanted, **to_jsonable_python(granted)}
    return await _set(tx, resource, row, [*others, new], base)


async def take_back(
    tx: Transaction,
    resource: Resource,
    actor: Actor,
    key: str,
    grantee: str,
    *,
    base: int | None = None,
) -> Changed:
    """Take a grant back; `grantee` is the id of a user, or `team` or `broker`."""
    row = await lock(tx, resource, key)
    allow_grant(actor, row, resource.name, {})
    whose = _named(grantee)
    kept = [each for each in row["grants"] if not _same(each, whose)]
    return Changed(row) if kept == row["grants"] else await _set(tx, resource, row, kept, base)


def _named(grantee: str) -> Mapping[str, Any]:
    if grantee in (Grantee.TEAM, Grantee.BROKER):
        return {"grantee": grantee, "user_id": None}
    try:
        return {"grantee": Grantee.USER, "user_id": str(UUID(grantee))}
    except ValueError:
        raise NotFound(f"Nothing is granted to {grantee!r:.80}") from None


async def _set(
    tx: Transaction,
    resource: Resource,
    row: Record,
    grants: Sequence[Mapping[str, Any]],
    base: int | None,
) -> Changed:
    merged = await merged_fields(tx, resource, row, {"grants": grants}, base)
    new = await update(tx, resource, row["id"], {"grants": grants})
    tell(tx, resource, f"{resource.name}.grants_changed", new, before=row)
    await lead_on(tx, resource, row, new)
    return Changed(new, tuple(merged))


async def _refuse(
    tx: Transaction, resource: Resource, row: Record, given: Mapping[str, Any]
) -> None:
    user_id: UUID | None = given["user_id"]
    if user_id is None:
        if given["grantee"] == Grantee.TEAM and row["is_private"]:
            raise Conflict(
                f"A {resource.name} that the team may see is not private; make it so first"
            )
        return
    if user_id == row["owner_id"]:
        raise Invalid.field("user_id", f"owns this {resource.name} and may do all with it", "owner")
    if not await is_member(tx, user_id):
        raise Invalid.field("user_id", "is not a member of this team", "not_a_member")


def _same(grant: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return (grant["grantee"], grant["user_id"]) == (other["grantee"], other["user_id"])
