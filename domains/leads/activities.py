"""What was done with a lead: calls, mails, meetings; they move it on and raise its score."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field

from domains.kit.child import Child, Row
from domains.kit.errors import Detail
from domains.kit.fields import Input, Instant, Note, Output, Person, Version
from domains.kit.record import UNSET
from domains.kit.resource import Moment
from domains.leads.following import derive
from domains.leads.score import worth

EARLY = timedelta(minutes=5)  # a clock may be that wrong


class ActivityType(StrEnum):
    CALL = "call"
    EMAIL = "email"
    TEXT = "text"
    MEETING = "meeting"
    SHOWING = "showing"
    NOTE = "note"


class Direction(StrEnum):
    OUTGOING = "outgoing"
    INCOMING = "incoming"


TYPE = AliasChoices("activity_type", "activityType")


class NewActivity(Input):
    """Something that was done: by us, and now, unless said otherwise."""

    activity_type: ActivityType = Field(validation_alias=TYPE)
    direction: Direction = Direction.OUTGOING
    notes: Note | None = None
    at: Instant | None = None


class ActivityPatch(Input):
    """What of it to change."""

    activity_type: ActivityType = Field(UNSET, validation_alias=TYPE)
    direction: Direction = UNSET
    notes: Note | None = None
    at: Instant = UNSET
    version: Version | None = None


class LeadActivity(Output):
    """Something done, as every reader of its lead gets it; `version` is the lead's, as of then."""

    id: UUID
    activity_type: ActivityType
    direction: Direction
    notes: str | None
    at: datetime
    created_at: datetime
    updated_at: datetime
    created_by: Person
    version: int


class WithActivities(BaseModel):
    """What a lead's image says of them; GET /:id/activities has them all."""

    activity_count: int
    last_activity: LeadActivity | None = Field(description="The one written last")


def _check(activity: Row) -> Iterable[Detail]:
    if activity["at"] > datetime.now(UTC) + EARLY:
        message = "is still to come; plan it as next_follow_up or as an appointment"
        yield {"field": "at", "message": message, "code": "too_late"}


def _now(before: Row | None, after: Row) -> Mapping[str, Any]:
    if before is None and after["at"] is None:
        return {"at": datetime.now(UTC)}
    return {}


def _follows(lead: Row, activities: Sequence[Row]) -> Mapping[str, Any]:
    """When the lead was spoken to last, what that is worth, and that it is no longer new.

    A contact that is taken back takes its points with it; the lead stays where it stands.
    """
    contacts = [each for each in activities if each["activity_type"] != ActivityType.NOTE]
    columns: dict[str, Any] = {
        "activity_points": worth(each["activity_type"] for each in activities),
        "last_contact_date": lead["last_contact_date"],
    }
    for contact in contacts:
        day = contact["at"].astimezone(UTC).date()
        columns["last_contact_date"] = max(day, columns["last_contact_date"] or day)
    if lead["lead_status"] == "new" and any(
        each["direction"] == Direction.OUTGOING for each in contacts
    ):
        columns["lead_status"] = "contacted"
    return {**columns, **derive(lead, {**lead, **columns}, Moment.given())}


ACTIVITIES = Child(
    name="activity",
    plural="activities",
    table="lead_activities",
    parent="lead_id",
    image=LeadActivity,
    create=NewActivity,
    patch=ActivityPatch,
    order="c.at DESC, c.id DESC",
    check=_check,
    derive=_now,
    follows=_follows,
    own=True,
    apart=True,
)
