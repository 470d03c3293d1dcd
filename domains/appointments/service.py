"""The verbs that are an appointment's own; each is a move of its state machine."""

from typing import Any

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.appointments.models import Cancel, Confirm, Reschedule
from domains.appointments.resource import APPOINTMENTS
from domains.kit import writes
from domains.kit.actor import Actor
from domains.kit.changes import change
from domains.kit.fields import sent
from domains.kit.policy import allow
from domains.kit.resource import Moment
from domains.kit.rows import lock


async def move(
    db: Database,
    actor: Actor,
    key: str,
    status: str,
    base: int | None,
    op: Operation | None,
    **given: Any,
) -> Answer:
    """Move it to a status, with what that needs."""
    given = {"appointment_status": status, **given}
    return await writes.edit(
        db, APPOINTMENTS, actor, key, given, base=base, moment=Moment.given(), op=op
    )


async def confirm(
    db: Database, actor: Actor, key: str, body: Confirm, base: int | None, op: Operation | None
) -> Answer:
    """Agree to it; a showing needs a buyer agreement in force, or a reason."""
    given = sent(body)
    given.pop("version", None)
    return await move(db, actor, key, "confirmed", base, op, **given)


async def cancel(
    db: Database, actor: Actor, key: str, body: Cancel, base: int | None, op: Operation | None
) -> Answer:
    """Call it off; its showings with it."""
    return await move(db, actor, key, "cancelled", base, op, status_reason=body.reason)


async def complete(
    db: Database, actor: Actor, key: str, base: int | None, op: Operation | None
) -> Answer:
    """It took place; its confirmed showings did, too."""
    return await move(db, actor, key, "completed", base, op)


async def reschedule(
    db: Database, actor: Actor, key: str, body: Reschedule, base: int | None, op: Operation | None
) -> Answer:
    """Move it, its stops and its showings to another time, and say so in its status.

    One that was asked for, and not agreed to yet, is simply asked for at another time.
    """
    allow(actor, APPOINTMENTS.writers, "reschedule appointments")
    given = sent(body)
    given.pop("version", None)
    if "reason" in given:
        given["status_reason"] = given.pop("reason")

    async def work(tx: Transaction) -> Answer:
        old = await lock(tx, APPOINTMENTS, key)
        status = (
            {}
            if old["appointment_status"] == "requested"
            else {"appointment_status": "rescheduled"}
        )
        return writes.answer(
            await change(
                tx, APPOINTMENTS, actor, key, {**given, **status}, base=base, moment=Moment.given()
            )
        )

    return await db.write(writes.writer(actor, op), work)
