"""What a write of an appointment asks of other rows: its people's time, its lead, its showings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from db.transaction import Transaction
from domains.appointments import times
from domains.appointments.agreements import refuse_without_agreement
from domains.appointments.clashes import GIVES_WAY, refuse_clash, takes_time
from domains.appointments.hidden import lead_audience
from domains.appointments.touring import end_with, fit_again, follow
from domains.kit.actor import Actor
from domains.kit.errors import Invalid
from domains.kit.resource import Record

OPEN = frozenset({"requested", "scheduled", "confirmed", "rescheduled"})
TIMES = ("starts_at", "ends_at")


async def settle(
    tx: Transaction, actor: Actor, before: Record | None, after: Record, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Refuse what cannot be, then let the rows that belong to the appointment follow it."""
    del actor
    moved = before is None or any(before[name] != after[name] for name in TIMES)
    status = after["appointment_status"]
    became = before is None or before["appointment_status"] != status
    _refuse_wrong_time(after, given, moved=moved, became=became)
    if before is not None and became and status == "rescheduled" and not moved:
        raise Invalid.field("starts_at", "is needed: say when instead", "missing")
    back = before is not None and not takes_time(before)
    given_away = before is not None and before["owner_id"] != after["owner_id"]
    if moved or back or given_away:
        field = "owner_id" if given_away and not moved else times.blame(_sent(given))
        own = None if before is None else before["id"]
        await refuse_clash(tx, after, [after["owner_id"]], own=own, field=field)
    if _confirms(before, after, moved=moved, became=became):
        await refuse_without_agreement(tx, after, after["starts_at"])
    if before is not None and status in OPEN:
        if before["deleted_at"] is not None:
            await fit_again(tx, after)
        await follow(tx, before, after)
    if before is not None and became and (status in GIVES_WAY or status == "completed"):
        await end_with(tx, before, status)
    return await _hidden(tx, before, after)


def _refuse_wrong_time(after: Record, given: Mapping[str, Any], *, moved: bool, became: bool
                       ) -> None:  # fmt: skip
    """What is to come lies ahead, and what is over has begun."""
    if not (moved or became):
        return
    now, status = datetime.now(UTC), after["appointment_status"]
    if status in OPEN and moved and after["starts_at"] < now - times.LATE:
        message = "is over; enter it as completed or no_show, and say why"
        raise Invalid.field(times.blame(_sent(given)), message, "too_early")
    if status in ("completed", "no_show") and after["starts_at"] > now:
        field = "appointment_status" if became else times.blame(_sent(given))
        message = f"cannot be {status} before it begins ({after['starts_at'].isoformat()})"
        raise Invalid.field(field, message, "too_early")


def _sent(given: Mapping[str, Any]) -> set[str]:
    return {name for name, value in given.items() if value is not None}


def _confirms(before: Record | None, after: Record, *, moved: bool, became: bool) -> bool:
    """Whether it makes a showing a confirmed one, or a confirmed one another."""
    if after["appointment_type"] != "property_showing":
        return False
    if after["appointment_status"] != "confirmed":
        return False
    names = ("client_id", "lead_id", "appointment_type", "agreement_override_reason")
    other = before is not None and any(before[name] != after[name] for name in names)
    return became or moved or other


async def _hidden(tx: Transaction, before: Record | None, after: Record) -> Mapping[str, Any]:
    """Who may see it, where it is about another lead than before."""
    lead_id = after.get("lead_id")
    if (before is None and lead_id is None) or (
        before is not None and before["lead_id"] == lead_id
    ):
        return {}
    return {"lead_audience": await lead_audience(tx, before["id"] if before else None, [lead_id])}
