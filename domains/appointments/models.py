"""Appointments: their fields, their shapes at the edge, their queries."""

from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from domains.appointments.attendees import Attendee, NewAttendee
from domains.appointments.keys import key
from domains.appointments.showings import NewShowing, Showing
from domains.appointments.stops import NewStop, Stop
from domains.kit.fields import Day, Input, Line, Minute, Note, TimeOfDay, Version
from domains.kit.notes import Noted
from domains.kit.record import UNSET, NewRecord, RecordImage, RecordPatch
from domains.kit.select import ListQuery
from domains.kit.status import Move
from domains.kit.zone import TimeZone


class AppointmentStatus(StrEnum):
    REQUESTED = "requested"
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DENIED = "denied"
    NO_SHOW = "no_show"


class AppointmentType(StrEnum):
    LISTING_PRESENTATION = "listing_presentation"
    BUYER_CONSULTATION = "buyer_consultation"
    PROPERTY_SHOWING = "property_showing"
    OPEN_HOUSE = "open_house"
    CLOSING = "closing"
    INSPECTION = "inspection"
    OTHER = "other"


def _once_each(minutes: list[int]) -> list[int]:
    return sorted(set(minutes))


# "Property Showing" is taken for property_showing.
TypeKey = Annotated[AppointmentType, BeforeValidator(key)]
Minutes = Annotated[int, Field(ge=15, le=480, description="minutes")]
Before = Annotated[int, Field(ge=5, le=40_320)]
Reminders = Annotated[
    list[Before],
    Field(max_length=5, description="Minutes before the start at which it is reminded of"),
    AfterValidator(_once_each),
]
LOCAL = "as the clocks show it in time_zone"


class AppointmentFields(BaseModel):
    """What may be empty on an appointment."""

    location: Line | None = None
    description: Note | None = None
    client_id: UUID | None = None
    lead_id: UUID | None = None
    listing_id: UUID | None = None
    status_reason: Line | None = None
    overlap_reason: Line | None = Field(
        None, description="Why its people may be elsewhere at the same time"
    )
    agreement_override_reason: Line | None = Field(
        None, description="Why a showing is confirmed without a buyer agreement in force"
    )


class AppointmentCreate(AppointmentFields, NewRecord):
    """A new appointment: `starts_at`, or `appointment_date` and `start_time`; one hour, or said."""

    title: Line
    appointment_type: TypeKey = AppointmentType.OTHER
    appointment_status: AppointmentStatus = AppointmentStatus.SCHEDULED
    time_zone: TimeZone = Field(UNSET, description="The listing's, or the team's, if left out")
    starts_at: Minute = UNSET
    ends_at: Minute = UNSET
    appointment_date: Day = UNSET
    start_time: TimeOfDay = Field(UNSET, description=LOCAL)
    end_time: TimeOfDay = Field(UNSET, description=LOCAL)
    duration: Minutes = UNSET
    reminder_minutes: Reminders = Field(default_factory=lambda: [60, 1440])
    stops: Annotated[list[NewStop], Field(max_length=40)] = Field(default_factory=list)
    attendees: Annotated[list[NewAttendee], Field(max_length=60)] = Field(default_factory=list)
    showings: Annotated[list[NewShowing], Field(max_length=40)] = Field(default_factory=list)


class AppointmentPatch(AppointmentFields, RecordPatch):
    """Fields to change; the start alone moves the whole appointment."""

    title: Line = UNSET
    appointment_type: TypeKey = UNSET
    appointment_status: AppointmentStatus = UNSET
    time_zone: TimeZone = UNSET
    starts_at: Minute = UNSET
    ends_at: Minute = UNSET
    appointment_date: Day = UNSET
    start_time: TimeOfDay = UNSET
    end_time: TimeOfDay = UNSET
    duration: Minutes = UNSET
    reminder_minutes: Reminders = UNSET


class NewTimes(Input):
    """When instead."""

    starts_at: Minute = UNSET
    ends_at: Minute = UNSET
    appointment_date: Day = UNSET
    start_time: TimeOfDay = UNSET
    end_time: TimeOfDay = UNSET
    duration: Minutes = UNSET
    time_zone: TimeZone = UNSET
    overlap_reason: Line | None = UNSET


class AppointmentMove(NewTimes, Move):
    """A move to another status; `rescheduled` with the new times."""

    status: AppointmentStatus
    agreement_override_reason: Line | None = UNSET


class Reschedule(NewTimes):
    """The new times, and why."""

    reason: Line | None = None
    version: Version | None = None


class Confirm(Input):
    """A showing without a buyer agreement in force is confirmed with a reason."""

    agreement_override_reason: Line = UNSET
    version: Version | None = None


class Cancel(Input):
    """Why it does not take place."""

    reason: Line
    version: Version | None = None


class Appointment(AppointmentFields, Noted, RecordImage):
    """An appointment as every reader and every screen gets it."""

    title: str
    appointment_type: AppointmentType
    appointment_status: AppointmentStatus
    allowed_transitions: list[AppointmentStatus]
    starts_at: datetime
    ends_at: datetime
    time_zone: str = Field(description="Where it takes place; IANA name")
    appointment_date: date = Field(description=LOCAL)
    start_time: time = Field(description=LOCAL)
    end_time: time = Field(description=LOCAL)
    duration: int = Field(description="minutes")
    previous_starts_at: datetime | None = Field(description="Before it was moved last")
    previous_ends_at: datetime | None
    times_moved: int
    reminder_minutes: list[int]
    reminders_sent: list[int] = Field(description="Those of them that it was reminded of")
    stops: list[Stop]
    attendees: list[Attendee]
    showings: list[Showing]


class AppointmentQuery(ListQuery):
    """Filters. start_date and end_date are days where the appointment takes place."""

    sort: Literal[
        "starts_at",
        "appointment_date",
        "created_at",
        "updated_at",
        "title",
        "appointment_type",
        "appointment_status",
        "display_id",
    ] = "starts_at"
    status: Literal[
        "all",
        "requested",
        "scheduled",
        "confirmed",
        "rescheduled",
        "completed",
        "cancelled",
        "denied",
        "no_show",
    ] = "all"
    appointment_type: TypeKey | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    client_id: UUID | None = None
    lead_id: UUID | None = None
    listing_id: UUID | None = Field(None, description="Also those that show the listing")
    attendee: UUID | None = Field(None, description="Who owns or attends it, of whatever kind")


class AppointmentStats(BaseModel):
    """Counts; what is upcoming starts today (UTC) or later and is not over, what is past before."""

    total: int
    scheduled: int
    confirmed: int
    completed: int
    cancelled: int
    noShow: int  # noqa: N815  # the seed's own names
    propertyShowings: int  # noqa: N815
    consultations: int
    openHouses: int  # noqa: N815
    inspections: int
    upcoming: int
    past: int
    completionRate: Decimal = Field(  # noqa: N815
        description="Completed, in percent of completed and no_show"
    )
