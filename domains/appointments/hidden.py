"""An appointment about private leads is for those alone who may see them all.

It is about the lead that it names, and about those who attend it. Where a lead is shown, hidden or
given away later, the appointment follows it (domains/kit/followers.py).
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from db.transaction import Transaction
from domains.kit.resource import Record

ATTENDS: Final = (
    "SELECT FROM appointment_attendees AS c WHERE c.appointment_id = r.id AND c.lead_id ="
)
ABOUT: Final = f"(r.lead_id = {{}} OR EXISTS ({ATTENDS} {{}}))"
# SQL: whom the private leads leave of those who may see the appointment `r`; null is everybody.
NOW: Final = (
    "(SELECT nullif(common_audience(array_agg(l.audience ORDER BY l.id)), 'all') FROM leads AS l"
    f" WHERE l.team_id = r.team_id AND (l.id = r.lead_id OR EXISTS ({ATTENDS} l.id)))"
)

# The leads are held, so that none becomes private between the look and the commit.
HOLD: Final = """
    SELECT r.id FROM leads AS r
    WHERE r.team_id = $1 AND (r.id = ANY ($2) OR r.id IN (
        SELECT c.lead_id FROM appointment_attendees AS c
        WHERE c.team_id = $1 AND c.appointment_id = $3 AND c.id IS DISTINCT FROM $4))
    ORDER BY r.id
    FOR SHARE
"""
OF_THESE: Final = """
    SELECT nullif(common_audience(array_agg(l.audience ORDER BY l.id)), 'all')
    FROM leads AS l
    WHERE l.team_id = $1 AND l.id = ANY ($2)
"""


async def lead_audience(
    tx: Transaction,
    appointment_id: UUID | None,
    leads: Iterable[UUID | None],
    *,
    without: UUID | None = None,
) -> str | None:
    """Whom an appointment about these leads, and those who attend it already, is kept to.

    `without` is an attendee who does not count any more.
    """
    named = [lead for lead in leads if lead is not None]
    if appointment_id is None and not named:
        return None
    held = await tx.fetch(HOLD, tx.team_id, named, appointment_id, without)
    if not held:
        return None
    ids = [row["id"] for row in held]
    audience: str | None = await tx.fetchval(OF_THESE, tx.team_id, ids)
    return audience


async def hide_with(
    tx: Transaction, appointment: Record, lead_id: UUID | None, *, without: UUID | None = None
) -> None:
    """Keep an appointment to those who may see another lead, too, or one less."""
    audience = await lead_audience(
        tx, appointment["id"], [appointment["lead_id"], lead_id], without=without
    )
    if audience != appointment["lead_audience"]:
        await tx.execute(
            "UPDATE appointments SET lead_audience = $3 WHERE team_id = $1 AND id = $2",
            tx.team_id,
            appointment["id"],
            audience,
        )
