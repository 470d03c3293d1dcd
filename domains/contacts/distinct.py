"""Two contacts that look alike and are two people: said once, they are no candidates any more."""

from typing import Final
from uuid import UUID

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.contacts.pair import both, named_in_body
from domains.contacts.resource import CONTACTS
from domains.kit.actor import Actor
from domains.kit.changes import Changed
from domains.kit.errors import Invalid
from domains.kit.merge import merged_fields
from domains.kit.policy import allow, allow_edit
from domains.kit.resource import Record
from domains.kit.rows import update
from domains.kit.tell import tell
from domains.kit.writes import answer, writer

MOST: Final = 100  # they travel in the image


async def tell_apart(
    db: Database, actor: Actor, key: str, other_key: str, base: int | None, op: Operation | None
) -> Answer:
    """Say that they are not the same; each names the other from then on.

    As for a merge, which it settles otherwise, it takes the right to change both.
    """
    allow(actor, CONTACTS.writers, "tell contacts apart")

    async def work(tx: Transaction) -> Answer:
        with named_in_body():
            this, other = await both(tx, key, other_key)
        for one in (this, other):
            allow_edit(actor, one, CONTACTS.name)
            if len(one["distinct_from"]) >= MOST:
                why = f"{one['display_id']} is told apart from {MOST} others already"
                raise Invalid.field("other_id", why, "too_long")
        now = await _turn(tx, this, other["id"], base, apart=True)
        await _turn(tx, other, this["id"], None, apart=True)
        return answer(now)

    return await db.write(writer(actor, op), work)


async def compare_again(
    db: Database, actor: Actor, key: str, other_key: str, base: int | None, op: Operation | None
) -> Answer:
    """Take back that they are not the same."""
    allow(actor, CONTACTS.writers, "tell contacts apart")

    async def work(tx: Transaction) -> Answer:
        this, other = await both(tx, key, other_key)
        for one in (this, other):
            allow_edit(actor, one, CONTACTS.name)
        now = await _turn(tx, this, other["id"], base, apart=False)
        await _turn(tx, other, this["id"], None, apart=False)
        return answer(now)

    return await db.write(writer(actor, op), work)


async def _turn(
    tx: Transaction, row: Record, other_id: UUID, base: int | None, *, apart: bool
) -> Changed:
    """Let one contact name the other, or no more; where it does so already, nothing is written."""
    named: list[UUID] = row["distinct_from"]
    told = [*named, other_id] if apart else [each for each in named if each != other_id]
    if (other_id in named) == apart:
        return Changed(row)
    merged = await merged_fields(tx, CONTACTS, row, {"distinct_from": told}, base)
    new = await update(tx, CONTACTS, row["id"], {"distinct_from": told})
    kind = "contact.told_apart" if apart else "contact.compared_again"
    tell(tx, CONTACTS, kind, new, before=row)
    return Changed(new, tuple(merged))
