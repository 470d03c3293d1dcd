"""The appointment's definition: its state machine, its rows, its SQL."""

from collections.abc import Mapping
from typing import Any, Final

from domains.appointments import times
from domains.appointments.attendees import ATTENDEES
from domains.appointments.models import (
    Appointment,
    AppointmentCreate,
    AppointmentMove,
    AppointmentPatch,
    AppointmentQuery,
    AppointmentStats,
)
from domains.appointments.settle import settle
from domains.appointments.showings import SHOWINGS
from domains.appointments.stops import STOPS
from domains.appointments.zones import defaults
from domains.kit.actor import Right
from domains.kit.notes import NOTES
from domains.kit.resource import Moment, Record, Resource, Step, Transitions
from domains.kit.rules import status_columns

OVER = Step(reason=True)
ENDS = {"completed": Step(), "cancelled": OVER, "no_show": Step()}

TRANSITIONS: Transitions = {
    "requested": {"confirmed": Step(), "denied": OVER, "cancelled": OVER},
    "scheduled": {"confirmed": Step(), "rescheduled": Step(), **ENDS},
    "confirmed": {"rescheduled": Step(), **ENDS},
    # It takes place at another time, and is as good as scheduled until somebody confirms that.
    "rescheduled": {"confirmed": Step(), **ENDS},
    "completed": {},
    "cancelled": {},
    "denied": {},
    "no_show": {},
}
# What is over already is entered as it ended, with a word on why so late.
ENTRY = {
    "requested": Step(),
    "scheduled": Step(),
    "confirmed": Step(),
    "completed": OVER,
    "no_show": OVER,
}


def _prepare(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A showing of one listing needs no list of showings to say so."""
    shows = given.get("appointment_type") == "property_showing"
    if shows and given.get("listing_id") and given.get("showings") == []:
        status = "completed" if given["appointment_status"] == "completed" else "requested"
        showing = {
            "listing_id": given["listing_id"],
            "showing_status": status,
            "showing_type": "first",
        }
        return {**given, "showings": [showing]}
    return given


def _derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    return {
        **status_columns("appointment_status", before, after, moment),
        **times.derive(before, after, moment),
    }


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _status(*names: str) -> str:
    return f"r.appointment_status IN ({', '.join(repr(name) for name in names)})"


def _type(name: str) -> str:
    return _count(f"r.appointment_type = '{name}'")


def _row(table: str, columns: tuple[str, ...], own: str) -> str:
    """A condition: the appointment's own column, or one of its rows, holds this id."""
    named = " OR ".join(f"x.{column} = {{}}" for column in columns)
    rows = f"SELECT FROM {table} AS x WHERE x.team_id = r.team_id AND x.appointment_id = r.id"
    return f"({own} = {{}} OR EXISTS ({rows} AND ({named})))"


OPEN = _status("requested", "scheduled", "confirmed", "rescheduled")
COMPLETED, NO_SHOW = _count(_status("completed")), _count(_status("no_show"))
ATTENDING = ("user_id", "client_id", "lead_id")
TODAY = "current_date::timestamptz"  # the session's day, UTC, as for every figure that grows by day

APPOINTMENTS = Resource(
    name="appointment",
    plural="appointments",
    prefix="APT",
    image=Appointment,
    create=AppointmentCreate,
    patch=AppointmentPatch,
    move=AppointmentMove,
    query=AppointmentQuery,
    status="appointment_status",
    transitions=TRANSITIONS,
    entry=ENTRY,
    label="r.title",
    kinds={"starts_at": "moved", "reminders_sent": "reminder"},
    deeds={
        "moved": "moved {record}[ from {starts_at.old}][ to {starts_at}]",
        "reminder": "reminded of {record}[, which begins {starts_at}]",
        "reminder many": "reminded of {many}",
        "status_changed confirmed": "confirmed {record}",
        "status_changed completed": "completed {record}",
        "status_changed rescheduled": "rescheduled {record}[ to {starts_at}][: “{status_reason}”]",
        "status_changed cancelled": "cancelled {record}[: “{status_reason}”]",
        "status_changed denied": "turned {record} down[: “{status_reason}”]",
        "status_changed no_show": "noted that nobody came to {record}",
    },
    computed={},
    search=("title", "location", "display_id"),
    where={
        "appointment_type": "r.appointment_type = {}",
        "start_date": "r.appointment_date >= {}",
        "end_date": "r.appointment_date <= {}",
        "client_id": _row("appointment_attendees", ("client_id",), "r.client_id"),
        "lead_id": _row("appointment_attendees", ("lead_id",), "r.lead_id"),
        "listing_id": _row("appointment_showings", ("listing_id",), "r.listing_id"),
        "attendee": _row(
            "appointment_attendees", ("user_id", "client_id", "lead_id"), "r.owner_id"
        ),
    },
    sorts={
        "starts_at": ("r.starts_at", "timestamptz"),
        "appointment_date": ("r.starts_at", "timestamptz"),
        "title": ("r.title", "text"),
        "appointment_type": ("r.appointment_type", "text"),
        "appointment_status": ("r.appointment_status", "text"),
    },
    stats={
        "total": "count(*)",
        "scheduled": _count(_status("scheduled", "rescheduled")),
        "confirmed": _count(_status("confirmed")),
        "completed": COMPLETED,
        "cancelled": _count(_status("cancelled")),
        "noShow": NO_SHOW,
        "propertyShowings": _type("property_showing"),
        "consultations": _type("buyer_consultation"),
        "openHouses": _type("open_house"),
        "inspections": _type("inspection"),
        "upcoming": _count(f"{OPEN} AND r.starts_at >= {TODAY}"),
        "past": _count(f"r.starts_at < {TODAY}"),
        "completionRate": (
            f"coalesce(round(100.0 * {COMPLETED} / nullif({COMPLETED} + {NO_SHOW}, 0), 1), 0)"
        ),
    },
    stats_model=AppointmentStats,
    home={"total": "total", "upcoming": "upcoming"},
    kpis={"showRate": "completionRate"},
    links={"client_id": "clients", "lead_id": "leads", "listing_id": "listings"},
    guarded={
        "showings[].lockbox_code": Right.ACCESS_CODES,
        "showings[].access_notes": Right.ACCESS_CODES,
    },
    children=(ATTENDEES, STOPS, SHOWINGS, NOTES),
    prepare=_prepare,
    derive=_derive,
    settle=settle,
    defaults=defaults,
)

# The kind of event that a reminder is.
REMINDED: Final = APPOINTMENTS.kind(["reminders_sent"])
