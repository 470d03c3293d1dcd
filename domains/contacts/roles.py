"""The roles of a contact: which is the primary one, and whose they are after a merge."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.contacts.models import PrimaryRole
from domains.contacts.resource import CONTACTS, ROLES
from domains.kit.actor import Actor
from domains.kit.changes import Changed
from domains.kit.children import amend
from domains.kit.errors import Invalid
from domains.kit.policy import allow
from domains.kit.resource import Record
from domains.kit.rows import lock
from domains.kit.writes import answer, writer

PRIMARY = "primary_role"


async def make_primary(
    db: Database, actor: Actor, key: str, body: PrimaryRole, base: int | None, op: Operation | None
) -> Answer:
    """Make one of a contact's roles the primary one."""
    allow(actor, CONTACTS.writers, "change contacts")

    async def work(tx: Transaction) -> Answer:
        contact = await lock(tx, CONTACTS, key)
        role = next((r for r in await _of(tx, contact["id"]) if r["role"] == body.role), None)
        if role is None:
            raise Invalid.field("role", f"{contact['display_id']} is no {body.role}", "not_found")
        row, primary = str(role["id"]), {"is_primary": True}
        touched = await amend(tx, CONTACTS, ROLES, actor, key, row, primary, base=base)
        return answer(Changed(touched.record))

    return await db.write(writer(actor, op), work)


async def join_roles(tx: Transaction, this: Record, other: Record, primary: Any) -> None:
    """Give this contact the roles that only the other one has; `primary` chooses among all.

    The other one keeps its rows: they are its roles again when the merge is taken back.
    """
    mine, theirs = await _of(tx, this["id"]), await _of(tx, other["id"])
    chosen = _primary(mine, theirs, primary)
    has = {row["role"] for row in mine}
    for role in (row["role"] for row in theirs):
        if role not in has:
            await tx.execute(
                """
                INSERT INTO contact_roles (team_id, contact_id, role, version, created_by)
                VALUES ($1, $2, $3, $4, $5)
                """,
                tx.team_id,
                this["id"],
                role,
                this["version"] + 1,
                tx.user_id,
            )
    if chosen is not None:
        now = await _of(tx, this["id"])
        await _set_primary(tx, this, next(row["id"] for row in now if row["role"] == chosen))


def _primary(mine: list[Record], theirs: list[Record], choice: Any) -> str | None:
    """The role that is to be primary after a merge; None leaves it as it is."""
    if choice is None:
        return None
    named = {
        "this": next((row["role"] for row in mine if row["is_primary"]), None),
        "other": next((row["role"] for row in theirs if row["is_primary"]), None),
    }
    role = named.get(choice, choice) if isinstance(choice, str) else choice
    if role is not None and role not in [row["role"] for row in (*mine, *theirs)]:
        raise Invalid.field(f"choose.{PRIMARY}", "is a role of neither")
    return role


async def part_roles(tx: Transaction, this: Record, change: list[list[Mapping[str, Any]]]) -> bool:
    """Undo what a merge made of a contact's roles; whether all of it could be undone.

    A role that was made primary, or another one, since is the team's own word and stays.
    """
    before, after = ({UUID(row["id"]): row for row in rows} for rows in change)
    now = {row["id"]: row for row in await _of(tx, this["id"])}
    brought = [row_id for row_id in after if row_id not in before and row_id in now]
    stays = [
        row_id
        for row_id in brought
        if now[row_id]["role"] != after[row_id]["role"]
        or (now[row_id]["is_primary"] and not after[row_id]["is_primary"])
    ]
    goes = [row_id for row_id in brought if row_id not in stays]
    was, then, is_now = (_of_primary(rows) for rows in (before, after, now))
    back = was if is_now == then else is_now
    await tx.execute(
        "UPDATE contact_roles SET is_primary = false WHERE contact_id = $1 AND is_primary",
        this["id"],
    )
    await tx.execute("DELETE FROM contact_roles WHERE id = ANY ($1)", goes)
    left = [row_id for row_id in now if row_id not in goes]
    if left:
        await _set_primary(tx, this, next((each for each in left if each == back), left[0]))
    return not stays and is_now in (then, was)


def _of_primary(rows: Mapping[UUID, Mapping[str, Any]]) -> UUID | None:
    return next((row_id for row_id, row in rows.items() if row["is_primary"]), None)


async def _of(tx: Transaction, contact_id: UUID) -> list[Record]:
    """A contact's roles, the primary one first, then the oldest."""
    rows = await tx.fetch(
        f"SELECT c.* FROM contact_roles AS c WHERE c.contact_id = $1 ORDER BY {ROLES.order}",
        contact_id,
    )
    return [dict(row) for row in rows]


async def _set_primary(tx: Transaction, this: Record, row_id: UUID) -> None:
    for where, flag in (("id <> $1 AND is_primary", False), ("id = $1 AND NOT is_primary", True)):
        await tx.execute(
            f"""
            UPDATE contact_roles SET is_primary = {flag}, version = $3
            WHERE {where} AND contact_id = $2
            """,
            row_id,
            this["id"],
            this["version"] + 1,
        )
