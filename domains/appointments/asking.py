"""Whether a listing may be shown then: asked for a showing, or for all of an appointment at once.

A showing of a listing of the team keeps the listing's rules, in the property's own time: when it is
asked for, when it is confirmed, and when it comes to be at another time or of another listing. The
listing's row is locked while its day is counted, so that two who ask at once do not both get the
last showing of it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from db.transaction import Transaction
from domains.appointments.agreements import signed
from domains.appointments.zones import PROPERTY_ZONE
from domains.kit.child import Row
from domains.kit.errors import Invalid, ShowingNotAllowed
from domains.kit.policy import within
from domains.kit.resource import Record
from domains.listings.showing import forbids

TAKES_PLACE: Final = ("requested", "confirmed")

LISTING = f"""
    SELECT r.*, {PROPERTY_ZONE} AS zone,
        {within("r.audience", "$3")} AS seen
    FROM listings AS r
    WHERE r.team_id = $1 AND r.id = $2 AND r.deleted_at IS NULL
    FOR NO KEY UPDATE OF r
"""
DAILY = """
    SELECT count(*)
    FROM appointment_showings AS s
    JOIN appointments AS a ON a.id = s.appointment_id
    LEFT JOIN appointment_stops AS p ON p.id = s.stop_id
    WHERE s.team_id = $1 AND s.listing_id = $2 AND s.showing_status <> ALL ('{denied,cancelled}')
        AND a.deleted_at IS NULL AND a.appointment_status <> ALL ('{denied,cancelled,no_show}')
        AND (coalesce(p.scheduled_time, a.starts_at) AT TIME ZONE $3)::date = $4::date
        AND s.id <> ALL ($5::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Span:
    """When a showing is."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, appointment: Row, at: datetime | None, minutes: int | None) -> "Span":
        """At its stop's time; at the appointment's where that has none."""
        if at is None:
            return cls(appointment["starts_at"], appointment["ends_at"])
        return cls(at, at + timedelta(minutes=minutes or 0))


@dataclass(frozen=True, slots=True)
class Asked:
    """A showing as it would be; one that is not yet there has no id.

    `anew`: nobody was asked for it like this before, so that the listing's notice counts.
    """

    id: UUID | None
    listing_id: UUID | None
    span: Span
    anew: bool = True


async def span_at(tx: Transaction, appointment: Row, stop_id: UUID | None) -> Span:
    """When a showing at this stop is."""
    if stop_id is None:
        return Span.of(appointment, None, None)
    stop = await tx.fetchrow(
        """
        SELECT scheduled_time, estimated_duration
        FROM appointment_stops
        WHERE team_id = $1 AND appointment_id = $2 AND id = $3
        """,
        tx.team_id,
        appointment["id"],
        stop_id,
    )
    if stop is None:
        raise Invalid.field("stop_id", "is no stop of this appointment", "not_found")
    return Span.of(appointment, stop["scheduled_time"], stop["estimated_duration"])


async def ask(
    tx: Transaction, appointment: Record, showings: Sequence[Asked]
) -> list[tuple[Asked, bool]]:
    """Each showing with whether its listing confirms it by itself, without anybody's word.

    Raise ShowingNotAllowed where a listing does not take one of them, all of them counted.
    """
    own = [each.id for each in showings if each.id is not None]
    counted: Counter[tuple[UUID, date]] = Counter()
    answers = []
    for each in sorted(showings, key=lambda showing: str(showing.listing_id)):
        listing = await _listing(tx, each.listing_id)
        if listing is not None:
            day = each.span.start.astimezone(ZoneInfo(listing["time_zone"])).date()
            await _refuse_forbidden(tx, listing, each, day, own, counted[listing["id"], day])
            counted[listing["id"], day] += 1
        answers.append((each, await _at_once(tx, appointment, listing, each.span)))
    return answers


async def _listing(tx: Transaction, listing_id: UUID | None) -> Record | None:
    """The listing, locked; whether the writer may see it was looked at with the link."""
    if listing_id is None:
        return None
    row = await tx.fetchrow(LISTING, tx.team_id, listing_id, tx.writer.sees)
    if row is None:
        raise Invalid.field("listing_id", "is no listing of this team", "not_found")
    return {**row, "time_zone": row["zone"]}


async def _refuse_forbidden(
    tx: Transaction, listing: Record, asked: Asked, day: date, own: Sequence[Any], beside: int
) -> None:
    """Raise ShowingNotAllowed with every rule of the listing that stands against it."""
    span, now = asked.span, datetime.now(UTC)
    found = list(forbids(listing, span.start, span.end, now, asked=asked.anew))
    most = listing["max_daily_showings"]
    if most is not None:
        zone = listing["time_zone"]
        number = await tx.fetchval(DAILY, tx.team_id, listing["id"], zone, day, own)
        if number + beside >= most:
            message = f"the listing has its {most} showings of that day"
            found.append({"rule": "max_daily_showings", "message": message})
    if found:
        name = listing["display_id"] if listing["seen"] else "The listing"
        raise ShowingNotAllowed(
            f"{name} cannot be shown then: {found[0]['message']}",
            [{"field": "listing_id", "code": "showing_rule", **each} for each in found],
        )


async def _at_once(
    tx: Transaction, appointment: Record, listing: Record | None, span: Span
) -> bool:
    """Whether the listing confirms it by itself; what needs somebody's word waits for it."""
    if listing is None or not listing["auto_confirm"]:
        return False
    if listing["showing_status"] != "accepting_requests":
        return False
    return await signed(tx, appointment, span.start)
