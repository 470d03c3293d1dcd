"""Two contacts at once, as what is about both of them takes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from db.transaction import Transaction
from domains.contacts.resource import CONTACTS
from domains.kit.errors import Invalid, NotFound
from domains.kit.resource import Record
from domains.kit.rows import key_of, lock


class OtherNotFound(NotFound):
    """It is the second one that is not there."""


@contextmanager
def named_in_body() -> Iterator[None]:
    """The path is right, and what is said in the body is not."""
    try:
        yield
    except OtherNotFound as error:
        raise Invalid.field("other_id", "is no contact of this team", "not_found") from error


async def both(tx: Transaction, key: str, other_key: str) -> tuple[Record, Record]:
    """Both records, kept from every other write and from new links to them.

    The rows are taken in the order of their ids, so that two merges of one pair meet at the first.
    Raise NotFound, or Merged, for either.
    """
    keys: dict[str, list[Any]] = {"id": [], "display_id": []}
    for text in (key, other_key):
        try:
            column, value = key_of(CONTACTS, text)
        except NotFound:
            continue
        keys[column].append(value)
    await tx.fetch(
        """
        SELECT r.id FROM contacts AS r
        WHERE r.team_id = $1 AND (r.id = ANY ($2) OR r.display_id = ANY ($3))
        ORDER BY r.id
        FOR UPDATE
        """,
        tx.team_id,
        keys["id"],
        keys["display_id"],
    )
    this = await lock(tx, CONTACTS, key)
    try:
        other = await lock(tx, CONTACTS, other_key)
    except NotFound as error:
        raise OtherNotFound(error.message) from error
    if other["id"] == this["id"]:
        raise Invalid.field("other_id", "is this contact itself")
    return this, other
