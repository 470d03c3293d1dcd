"""The verbs that are a contact's own, beside merging: adding one with a warning, searching."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.contacts.duplicates import likely
from domains.contacts.models import ContactQuery, ContactSearch
from domains.contacts.resource import CONTACTS
from domains.kit import reads
from domains.kit.actor import Actor
from domains.kit.changes import make
from domains.kit.endpoint import Reply
from domains.kit.policy import allow
from domains.kit.resource import Moment
from domains.kit.select import Order
from domains.kit.writes import answer, writer


async def create(
    db: Database, actor: Actor, given: Mapping[str, Any], op: Operation | None
) -> Answer:
    """Make a contact; meta.possible_duplicates tells who it may be already."""
    allow(actor, CONTACTS.writers, "add contacts")

    async def work(tx: Transaction) -> Answer:
        made = await make(tx, CONTACTS, actor, given, Moment.given())
        found, ids = await likely(tx, made.row["id"])
        added = answer(made, 201)
        if not ids:
            return added
        meta = {**added.meta, "possible_duplicates": json.loads(found)}
        return replace(added, meta=meta, shows=(*added.shows, *ids))

    return await db.write(writer(actor, op), work)


async def search(db: Database, actor: Actor, query: ContactSearch) -> Reply:
    """The living contacts of a role who are called like this, by name."""
    asked = ContactQuery(
        role=query.role,
        search=query.name,
        limit=query.limit,
        sort="full_name",
        order=Order.ASC,
    )
    return await reads.find(db, CONTACTS, actor, asked)
