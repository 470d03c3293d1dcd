"""Showings: which property is shown at an appointment, when, and what was said of it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from db.transaction import Transaction
from domains.appointments.agreements import refuse_without_agreement
from domains.appointments.asking import TAKES_PLACE, Asked, ask, span_at
from domains.appointments.keys import key
from domains.kit.actor import Actor
from domains.kit.child import Child, Row
from domains.kit.errors import Detail, InvalidTransition
from domains.kit.fields import Input, Line, Note, Output, Version, Word
from domains.kit.record import UNSET


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


async def _settle(
    tx: Transaction, actor: Actor, record: Row, before: Row | None, after: Row
) -> Mapping[str, Any]:
    """Make the move, where it is one, under the listing's rules and the buyer's agreement.

    A showing that goes to another listing or stop is asked for again.
    """
    del actor
    status = after["showing_status"]
    moved = before is not None and before["showing_status"] != status
    if before is not None and moved:
        _refuse_illegal(before["showing_status"], status)
    elsewhere = before is None or any(before[n] != after.get(n) for n in ("listing_id", "stop_id"))
    columns: dict[str, Any] = {}
    if status in TAKES_PLACE and (moved or elsewhere):
        asked = Asked(
            before["id"] if before else None,
            after.get("listing_id"),
            await span_at(tx, record, after.get("stop_id")),
            anew=elsewhere,
        )
        ((_, takes_at_once),) = await ask(tx, record, [asked])
        if elsewhere and not moved and (before is not None or status == "requested"):
            status = columns["showing_status"] = "confirmed" if takes_at_once else "requested"
            columns |= {"requested_at": datetime.now(UTC), "confirmed_at": None}
        elif status == "confirmed":
            await refuse_without_agreement(tx, record, asked.span.start)
    if status == "confirmed" and (columns or before is None or before["confirmed_at"] is None):
        columns["confirmed_at"] = datetime.now(UTC)
    return columns


def _refuse_illegal(old: str, new: str) -> None:
    allowed = MOVES.get(old, ())
    if new not in allowed:
        told = f"allowed is {', '.join(allowed)}" if allowed else "this is an end"
        raise InvalidTransition(
            f"A showing that is {old} cannot become {new}; {told}",
            [{"field": "showing_status", "from": old, "to": new, "allowed": list(allowed)}],
        )


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
