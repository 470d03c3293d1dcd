"""No tour without a written buyer agreement, or without a reason that the log keeps.

Since the NAR settlement (17 August 2024) a buyer signs before a tour. A client's agreement is in
force from agreement_start_date to agreement_end_date; a lead has signed nothing.
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from db.transaction import Transaction
from domains.kit.errors import AgreementRequired
from domains.kit.policy import within
from domains.kit.resource import Record

SIGNED = f"""
    SELECT r.agreement_start_date AS start, r.agreement_end_date AS end, r.client_status,
        r.display_id, {within("r.audience", "$3")} AS seen
    FROM clients AS r
    WHERE r.team_id = $1 AND r.id = $2
"""


async def signed(tx: Transaction, appointment: Record, at: datetime) -> bool:
    """Whether nothing stands against touring with the appointment's client then."""
    return await _lacks(tx, appointment, at) is None


async def refuse_without_agreement(tx: Transaction, appointment: Record, at: datetime) -> None:
    """Raise AgreementRequired, unless there is a reason in agreement_override_reason."""
    why = await _lacks(tx, appointment, at)
    if why is not None:
        detail = {
            "field": "agreement_override_reason",
            "message": "say why it is confirmed all the same",
            "code": "missing",
        }
        raise AgreementRequired(f"A showing needs a buyer agreement, but {why}", [detail])


async def _lacks(tx: Transaction, appointment: Record, at: datetime) -> str | None:
    """What is missing, as the end of a sentence."""
    if appointment.get("agreement_override_reason"):
        return None
    if appointment.get("client_id") is None:
        return "a lead has none" if appointment.get("lead_id") else None
    client = await tx.fetchrow(SIGNED, tx.team_id, appointment["client_id"], tx.writer.sees)
    day = at.astimezone(ZoneInfo(appointment["time_zone"])).date()
    return None if client is None or _in_force(client, day) else _told(client, day)


def _in_force(client: Any, day: date) -> bool:
    if client["start"] is None or client["end"] is None or client["client_status"] == "cancelled":
        return False
    return bool(client["start"] <= day <= client["end"])


def _told(client: Any, day: date) -> str:
    if not client["seen"]:
        return f"the client has none in force on {day}"
    name = client["display_id"]
    if client["start"] is None or client["end"] is None:
        return f"{name} has no agreement with both its dates"
    if client["client_status"] == "cancelled":
        return f"the one of {name} is cancelled"
    return f"the one of {name} is in force from {client['start']} to {client['end']}"
