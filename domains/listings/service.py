"""The verbs that are a listing's own: a new price, a new contract, the story of its price."""

from typing import Any

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.kit import writes
from domains.kit.actor import Actor
from domains.kit.changes import make
from domains.kit.endpoint import Reply
from domains.kit.errors import Conflict
from domains.kit.history import HistoryQuery, entries
from domains.kit.policy import allow, allow_edit, allow_owner
from domains.kit.property import PropertyFields
from domains.kit.resource import Moment
from domains.kit.rows import is_member, lock
from domains.listings.models import NewPrice, Relist
from domains.listings.resource import LISTINGS

OVER = frozenset({"expired", "cancelled", "withdrawn", "closed"})

# What a new contract on the same property takes over from the old one: all but the MLS's number.
KEPT = (
    *(name for name in PropertyFields.model_fields if name != "mls_number"),
    "property_address",
    "waterfront",
    "description",
    "features",
    "time_zone",
    "client_ids",
)

# Without changes an event is the first that its reader knows of the listing.
PRICED = "(e.changes -> 'list_price' IS NOT NULL OR e.changes IS NULL AND e.data IS NOT NULL)"
PRICE = """
    SELECT e.seq, e.at, e.data -> 'list_price' AS list_price,
        coalesce(e.data ->> 'price_change_date', e.data ->> 'listing_contract_date')
            AS effective_date,
        e.changes -> 'list_price' -> 0 AS previous_list_price,
        CASE WHEN e.changes IS NOT NULL THEN e.data ->> 'price_change_reason' END AS reason,
        json_build_object('id', e.actor_id, 'name', u.full_name) AS changed_by
"""


async def set_price(
    db: Database, actor: Actor, key: str, body: NewPrice, base: int | None, op: Operation | None
) -> Answer:
    """Change the list price as of a day; the old one stays in the record's price history."""
    given = {"list_price": body.list_price, "price_change_reason": body.reason}
    moment = Moment.given(body.effective_date)
    return await writes.edit(db, LISTINGS, actor, key, given, base=base, moment=moment, op=op)


async def relist(
    db: Database, actor: Actor, key: str, body: Relist, op: Operation | None
) -> Answer:
    """Open a new contract on the property of a listing that is over; its days keep counting.

    The old listing stays as it ended, and a sale ends its count. Its agent keeps the new contract,
    or the one who makes it where that agent has left. Raise Conflict while it is on the market.
    """
    allow(actor, LISTINGS.writers, "relist a property")

    async def work(tx: Transaction) -> Answer:
        old = await lock(tx, LISTINGS, key)
        allow_edit(actor, old, LISTINGS.name)
        if body.owner_id not in (None, old["owner_id"]):
            allow_owner(actor, old, body.owner_id, LISTINGS.name)
        if old["listing_status"] not in OVER:
            raise Conflict(
                f"The listing is still {old['listing_status']}; only an ended one is relisted"
            )
        sold = old["listing_status"] == "closed"
        values: dict[str, Any] = {name: old[name] for name in KEPT}
        values |= {
            "list_price": old["list_price"],
            "is_private": old["is_private"],
            "owner_id": old["owner_id"] if await is_member(tx, old["owner_id"]) else actor.user_id,
            "listing_status": "incomplete",
            "relisted_from": old["id"],
            "days_before_relist": 0 if sold else old["days_before_relist"] + old["days_counted"],
        }
        values |= body.model_dump(exclude_none=True)
        return writes.answer(
            await make(tx, LISTINGS, actor, values, Moment.given(), source=old), 201
        )

    return await db.write(writes.writer(actor, op), work)


async def price_history(db: Database, actor: Actor, key: str, query: HistoryQuery) -> Reply:
    """Every price the listing had, newest first, the first one from its entry."""
    return await entries(db, LISTINGS, actor, key, query, PRICE, having=PRICED)
