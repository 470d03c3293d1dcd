"""Two contacts that are one person become one record, and nothing of either is lost."""

from datetime import UTC, datetime
from typing import Any

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.contacts import links
from domains.contacts.blend import blend
from domains.contacts.models import Merge
from domains.contacts.pair import both, named_in_body
from domains.contacts.resource import CONTACTS
from domains.contacts.roles import join_roles
from domains.kit.actor import Actor
from domains.kit.changes import Changed
from domains.kit.errors import Invalid
from domains.kit.merge import refuse_stale
from domains.kit.policy import allow, allow_edit, allow_owner, allow_private
from domains.kit.resource import Record
from domains.kit.rows import update
from domains.kit.tell import tell
from domains.kit.writes import answer, writer

MERGED = "contact.merged"


async def merge(
    db: Database, actor: Actor, key: str, body: Merge, base: int | None, op: Operation | None
) -> Answer:
    """Merge another contact into this one; what led to the other leads here.

    The other one is out of every list and answers with this one's id. All of it is one transaction
    and one group of events, from which it can be taken back.
    """
    allow(actor, CONTACTS.writers, "merge contacts")

    async def work(tx: Transaction) -> Answer:
        with named_in_body():
            this, other = await both(tx, key, body.other_id)
        allow_edit(actor, this, CONTACTS.name)
        allow_edit(actor, other, CONTACTS.name)
        if this["owner_id"] != other["owner_id"]:
            allow_owner(actor, other, this["owner_id"], CONTACTS.name)
        if this["audience"] != other["audience"]:
            # Its people lose sight of it, or others see what was for them alone.
            allow_private(actor, other["owner_id"], CONTACTS.name)
        await refuse_stale(tx, CONTACTS, this, base)
        await refuse_stale(tx, CONTACTS, other, body.other_version)
        merged = await _survivor(tx, this, other, body.choose)
        gone = {
            "contact_status": "merged",
            "merged_into": this["id"],
            "deleted_at": datetime.now(UTC),
            "deleted_by": actor.user_id,
        }
        tell(tx, CONTACTS, MERGED, merged, before=this)
        row = await update(tx, CONTACTS, other["id"], gone)
        tell(tx, CONTACTS, "contact.deleted", row, before=other)
        await links.lead(tx, other["id"], this["id"])
        return answer(Changed(merged))

    return await db.write(writer(actor, op), work)


async def _survivor(tx: Transaction, this: Record, other: Record, choose: dict[str, Any]) -> Record:
    given = CONTACTS.prepare(blend(this, other, choose))
    wanted = {name: value for name, value in given.items() if this[name] != value}
    problems = list(CONTACTS.check({**this, **wanted}))
    if problems:
        raise Invalid(f"{problems[0]['field']}: {problems[0]['message']}", problems)
    await join_roles(tx, this, other, choose.get("primary_role"))
    return await update(
        tx, CONTACTS, this["id"], {**wanted, "merged_from": [*this["merged_from"], other["id"]]}
    )
