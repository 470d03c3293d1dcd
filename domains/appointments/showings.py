"""Showings: which property is shown at an appointment, when, and what was said of it.

A showing of a listing of the team keeps the listing's rules, in the property's own time: when it is
asked for, when it is confirmed, and when the appointment moves. The listing's row is locked while
its day is counted, so that two who ask at once do not both get the last showing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from db.transaction import Transaction
from domains.appointments.agreements import refuse_without_agreement, signed
from domains.appointments.keys import key
from domains.appointments.zones import PROPERTY_ZONE
from domains.kit.actor import Actor
from domains.kit.child import Child, Row
from domains.kit.errors import Detail, Invalid, InvalidTransition, ShowingNotAllowed
from domains.kit.fields import Input, Line, Note, Output, Version, Word
from domains.kit.policy import within
from domains.kit.record import UNSET
from domains.kit.resource import Record
from domains.listings.showing import forbids


class RequestStatus(StrEnum):
    """RESO's ShowingAppointmentStatus; requested is its Pending."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class ShowingType(StrEnum):
    """RESO's types of a ShowingRequest."""

    FIRST = "first"
    SECOND = "second"
    INSPECTION = "inspection"
    WALK_THROUGH = "walk_through"
    BROKER_PREVIEW = "broker_preview"
    BPO = "bpo"


class Interest(StrEnum):
    """RESO's ContactListingPreference."""

    FAVORITE = "favorite"
    POSSIBILITY = "possibility"
    DISCARD = "discard"


MOVES: Final[Mapping[str, tuple[str, ...]]] = {
    "requested": ("confirmed", "denied", "cancelled"),
    "confirmed": ("completed", "cancelled"),
}
TAKES_PLACE = ("requested", "confirmed")
TypeKey = Annotated[ShowingType, BeforeValidator(key)]
Place = Annotated[int, Field(ge=1, le=100, description="From 1, without gaps; others make room")]


class ShowingFields(BaseModel):
    """What may be empty. A showing without a stop is at the time of the appointment."""

    stop_id: UUID | None = Field(None, description="The stop of the tour at which it is")
    listing_id: UUID | None = Field(None, description="A listing of the team; keeps its rules")
    property_address: Line | None = Field(None, description="Where it is no listing of the team")
    confirmation_number: Word | None = None
    access_type: Word | None = Field(None, description="Combo, SentriLock, Supra, Key In Office, …")
    lockbox_code: Word | None = Field(None, description="For those with the right access_codes")
    access_notes: Note | None = Field(None, description="For those with the right access_codes")
    client_interest_level: Interest | None = None
    agent_notes: Note | None = None
    client_feedback: Note | None = None


class NewShowing(ShowingFields, Input):
    """A showing; a listing whose rules confirm it at once does so."""

    showing_order: Place | None = None
    showing_status: RequestStatus = RequestStatus.REQUESTED
    showing_type: TypeKey = ShowingType.FIRST


class ShowingPatch(ShowingFields, Input):
    """What of a showing to change; its status is a move."""

    showing_order: Place = UNSET
    showing_status: RequestStatus = UNSET
    showing_type: TypeKey = UNSET
    version: Version | None = None


class Showing(ShowingFields, Output):
    """A showing as every reader gets it; `version` is the appointment's, as of then."""

    id: UUID
    showing_order: int
    showing_status: RequestStatus
    showing_type: ShowingType
    requested_at: datetime
    confirmed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


def _check(showing: Row) -> Iterable[Detail]:
    if showing.get("listing_id") is None and showing.get("property_address") is None:
        yield {
            "field": "listing_id",
            "message": "is needed, or property_address",
            "code": "missing",
            "with": ["property_address"],
        }


@dataclass(frozen=True, slots=True)
class Span:
    """When a showing is."""

    start: datetime
    end: datetime


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
        AND (coalesce(p.scheduled_time, a.starts_at) AT TIME ZONE $3)::date
            = ($4::timestamptz AT TIME ZONE $3)::date
        AND s.id IS DISTINCT FROM $5
"""


async def _settle(
    tx: Transaction, actor: Actor, record: Row, before: Row | None, after: Row
) -> Mapping[str, Any]:
    """Make the move, where it is one, under the listing's rules and the buyer's agreement."""
    del actor
    status = after["showing_status"]
    moved = before is not None and before["showing_status"] != status
    if before is not None and moved:
        _refuse_illegal(before["showing_status"], status)
    columns: dict[str, Any] = {}
    elsewhere = before is None or any(before[n] != after.get(n) for n in ("listing_id", "stop_id"))
    if status in TAKES_PLACE and (moved or elsewhere):
        span = await _span(tx, record, after.get("stop_id"))
        own = before["id"] if before else None
        listing = await _listing(tx, after.get("listing_id"))
        if listing is not None:
            await _refuse_forbidden(tx, listing, span, own, asked=elsewhere)
        if status == "requested" and before is None and await _at_once(tx, record, listing, span):
            status = columns["showing_status"] = "confirmed"
        elif status == "confirmed":
            await refuse_without_agreement(tx, record, span.start)
    if status == "confirmed" and (before is None or before["confirmed_at"] is None):
        columns["confirmed_at"] = datetime.now(UTC)
    return columns


async def follow(tx: Transaction, before: Record, after: Record) -> None:
    """The stops and showings of an appointment that moves go with it, or it may not move.

    A confirmed showing is asked for again, for nobody has agreed to the new time yet.
    """
    by = after["starts_at"] - before["starts_at"]
    rows = await tx.fetch(
        """
        SELECT s.*, p.scheduled_time, p.estimated_duration
        FROM appointment_showings AS s
        LEFT JOIN appointment_stops AS p ON p.id = s.stop_id
        WHERE s.team_id = $1 AND s.appointment_id = $2 AND s.showing_status = ANY ($3)
        ORDER BY s.listing_id, s.id
        """,
        tx.team_id,
        before["id"],
        TAKES_PLACE,
    )
    statuses = await _asked_again(
        tx, after, [(row, row["scheduled_time"] and row["scheduled_time"] + by) for row in rows]
    )
    version = before["version"] + 1
    if by:
        await tx.execute(
            """
            UPDATE appointment_stops SET scheduled_time = scheduled_time + $3, version = $4
            WHERE team_id = $1 AND appointment_id = $2 AND scheduled_time IS NOT NULL
            """,
            tx.team_id,
            before["id"],
            by,
            version,
        )
    if by:
        await _write(tx, statuses, version)


async def follow_stop(
    tx: Transaction, actor: Actor, record: Row, before: Row | None, after: Row
) -> Mapping[str, Any]:
    """The showings at a stop that moves go with it, or it may not move."""
    del actor
    names = ("scheduled_time", "estimated_duration")
    if before is None or all(before[name] == after[name] for name in names):
        return {}
    rows = await tx.fetch(
        """
        SELECT s.*, $4::integer AS estimated_duration
        FROM appointment_showings AS s
        WHERE s.team_id = $1 AND s.stop_id = $2 AND s.showing_status = ANY ($3)
        ORDER BY s.listing_id, s.id
        """,
        tx.team_id,
        before["id"],
        TAKES_PLACE,
        after["estimated_duration"],
    )
    asked = await _asked_again(tx, record, [(row, after["scheduled_time"]) for row in rows])
    await _write(tx, asked, record["version"] + 1)
    return {}


async def _asked_again(
    tx: Transaction, record: Row, rows: Sequence[tuple[Any, datetime | None]]
) -> dict[str, list[UUID]]:
    """What each of the showings is at its new time; raise where a listing does not take it."""
    statuses: dict[str, list[UUID]] = {"requested": [], "confirmed": []}
    for row, at in rows:
        span = _of(record, at, dict(row))
        listing = await _listing(tx, row["listing_id"])
        if listing is not None:
            await _refuse_forbidden(tx, listing, span, row["id"], asked=True)
        again = "confirmed" if await _at_once(tx, record, listing, span) else "requested"
        statuses[again].append(row["id"])
    return statuses


async def _write(tx: Transaction, statuses: Mapping[str, list[UUID]], version: int) -> None:
    for status, ids in statuses.items():
        if ids:
            await tx.execute(
                """
                UPDATE appointment_showings
                SET showing_status = $3, version = $4, requested_at = clock_timestamp(),
                    confirmed_at = CASE WHEN $3 = 'confirmed' THEN clock_timestamp() END
                WHERE team_id = $1 AND id = ANY ($2)
                """,
                tx.team_id,
                ids,
                status,
                version,
            )


async def end_with(tx: Transaction, appointment: Record, status: str) -> None:
    """What becomes of the showings of an appointment that takes place, or does not."""
    shown, rest = ("completed", "cancelled") if status == "completed" else ("cancelled",) * 2
    await tx.execute(
        """
        UPDATE appointment_showings
        SET showing_status = CASE showing_status WHEN 'confirmed' THEN $3 ELSE $4 END, version = $5
        WHERE team_id = $1 AND appointment_id = $2 AND showing_status = ANY ($6)
        """,
        tx.team_id,
        appointment["id"],
        shown,
        rest,
        appointment["version"] + 1,
        TAKES_PLACE,
    )


def _refuse_illegal(old: str, new: str) -> None:
    allowed = MOVES.get(old, ())
    if new not in allowed:
        told = f"allowed is {', '.join(allowed)}" if allowed else "this is an end"
        raise InvalidTransition(
            f"A showing that is {old} cannot become {new}; {told}",
            [{"field": "showing_status", "from": old, "to": new, "allowed": list(allowed)}],
        )


async def _span(tx: Transaction, record: Row, stop_id: UUID | None) -> Span:
    if stop_id is None:
        return Span(record["starts_at"], record["ends_at"])
    stop = await tx.fetchrow(
        """
        SELECT scheduled_time, estimated_duration
        FROM appointment_stops
        WHERE team_id = $1 AND appointment_id = $2 AND id = $3
        """,
        tx.team_id,
        record["id"],
        stop_id,
    )
    if stop is None:
        raise Invalid.field("stop_id", "is no stop of this appointment", "not_found")
    return _of(record, stop["scheduled_time"], dict(stop))


def _of(record: Row, at: datetime | None, stop: Row) -> Span:
    if at is None:
        return Span(record["starts_at"], record["ends_at"])
    return Span(at, at + timedelta(minutes=stop["estimated_duration"]))


async def _listing(tx: Transaction, listing_id: UUID | None) -> Record | None:
    """The listing, locked; whether the writer may see it was looked at with the link."""
    if listing_id is None:
        return None
    row = await tx.fetchrow(LISTING, tx.team_id, listing_id, tx.writer.sees)
    if row is None:
        raise Invalid.field("listing_id", "is no listing of this team", "not_found")
    return {**row, "time_zone": row["zone"]}


async def _refuse_forbidden(
    tx: Transaction, listing: Record, span: Span, own: UUID | None, *, asked: bool
) -> None:
    """Raise ShowingNotAllowed with every rule of the listing that stands against it."""
    found = list(forbids(listing, span.start, span.end, datetime.now(UTC), asked=asked))
    most = listing["max_daily_showings"]
    if most is not None:
        zone = listing["time_zone"]
        number = await tx.fetchval(DAILY, tx.team_id, listing["id"], zone, span.start, own)
        if number >= most:
            message = f"the listing has its {most} showings of that day"
            found.append({"rule": "max_daily_showings", "message": message})
    if found:
        name = listing["display_id"] if listing["seen"] else "The listing"
        raise ShowingNotAllowed(
            f"{name} cannot be shown then: {found[0]['message']}",
            [{"field": "listing_id", "code": "showing_rule", **each} for each in found],
        )


async def _at_once(tx: Transaction, record: Row, listing: Record | None, span: Span) -> bool:
    """Whether the listing confirms it by itself; what needs somebody's word waits for it."""
    if listing is None or not listing["auto_confirm"]:
        return False
    if listing["showing_status"] != "accepting_requests":
        return False
    return await signed(tx, record, span.start)


SHOWINGS = Child(
    name="showing",
    plural="showings",
    table="appointment_showings",
    parent="appointment_id",
    image=Showing,
    create=NewShowing,
    patch=ShowingPatch,
    order="c.showing_order",
    place="showing_order",
    links={"listing_id": "listings"},
    check=_check,
    settle=_settle,
    most=40,
)
