"""The stops of a tour, in their order."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from domains.appointments.touring import follow_stop, leave_stop
from domains.kit.child import Child, Row
from domains.kit.errors import Detail
from domains.kit.fields import (
    Input,
    Instant,
    Latitude,
    Line,
    Longitude,
    Minute,
    Note,
    Output,
    Version,
    Word,
)
from domains.kit.record import UNSET


class StopStatus(StrEnum):
    PLANNED = "planned"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    SKIPPED = "skipped"


Place = Annotated[int, Field(ge=1, le=100, description="From 1, without gaps; others make room")]
Minutes = Annotated[int, Field(ge=1, le=480, description="minutes")]


class StopFields(BaseModel):
    """What may be empty on a stop."""

    city: Word | None = None
    state: Word | None = None
    zip_code: Word | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    scheduled_time: Minute | None = None
    actual_arrival_time: Instant | None = None
    actual_departure_time: Instant | None = None
    notes: Note | None = None


class NewStop(StopFields, Input):
    """A stop; the last one where no place is named."""

    location_address: Line
    stop_order: Place | None = None
    estimated_duration: Minutes = 30
    status: StopStatus = StopStatus.PLANNED


class StopPatch(StopFields, Input):
    """What of a stop to change."""

    location_address: Line = UNSET
    stop_order: Place = UNSET
    estimated_duration: Minutes = UNSET
    status: StopStatus = UNSET
    version: Version | None = None


class Stop(StopFields, Output):
    """A stop as every reader gets it; `version` is the appointment's, as of then."""

    id: UUID
    stop_order: int
    location_address: str
    estimated_duration: int
    status: StopStatus
    created_at: datetime
    updated_at: datetime
    version: int


def _check(stop: Row) -> Iterable[Detail]:
    arrived, left = stop.get("actual_arrival_time"), stop.get("actual_departure_time")
    if arrived is not None and left is not None and left < arrived:
        yield {
            "field": "actual_departure_time",
            "message": f"is before the arrival ({arrived.isoformat()})",
            "code": "too_early",
            "with": ["actual_arrival_time"],
        }


STOPS = Child(
    name="stop",
    plural="stops",
    table="appointment_stops",
    parent="appointment_id",
    image=Stop,
    create=NewStop,
    patch=StopPatch,
    order="c.stop_order",
    place="stop_order",
    check=_check,
    settle=follow_stop,
    leave=leave_stop,
    most=40,
)
