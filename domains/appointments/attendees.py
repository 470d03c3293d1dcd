"""Who attends an appointment, and whether they said that they will."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator

from db.transaction import Transaction
from domains.appointments.clashes import refuse_clash
from domains.appointments.hidden import hide_with
from domains.appointments.keys import key
from domains.kit.actor import Actor
from domains.kit.child import Child, Row
from domains.kit.email import Email
from domains.kit.errors import Detail, Invalid
from domains.kit.fields import Input, Line, Output, Version
from domains.kit.phone import Telephone, with_e164
from domains.kit.record import UNSET


class AttendeeType(StrEnum):
    """`agent` is a member of the team; `other` is nobody whom the team keeps a record of."""

    AGENT = "agent"
    CLIENT = "client"
    LEAD = "lead"
    CONTACT = "contact"
    OTHER = "other"


class Rsvp(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"


ID_OF: Final[Mapping[str, str]] = {
    "agent": "user_id",
    "client": "client_id",
    "lead": "lead_id",
    "contact": "contact_id",
}
# What they are called, where nobody says: the record's or the member's own name.
NAMES: Final = {
    "user_id": "SELECT full_name AS name, email, NULL AS phone FROM users WHERE id = $2"
    " AND EXISTS (SELECT FROM members WHERE team_id = $1 AND user_id = $2 AND removed_at IS NULL)",
    "client_id": "SELECT coalesce(entity_name, concat_ws(' ', first_name, last_name)) AS name,"
    " email, phone FROM clients WHERE team_id = $1 AND id = $2 AND audience IN ('all', $3)",
    "lead_id": "SELECT concat_ws(' ', first_name, last_name) AS name, email, phone"
    " FROM leads WHERE team_id = $1 AND id = $2",  # whoever sees who attends may see the lead
    "contact_id": "SELECT full_name AS name, email, phone FROM contacts"
    " WHERE team_id = $1 AND id = $2 AND audience IN ('all', $3)",
}
TypeKey = Annotated[AttendeeType, BeforeValidator(key)]


class AttendeeFields(BaseModel):
    """What may be empty."""

    client_id: UUID | None = None
    lead_id: UUID | None = None
    contact_id: UUID | None = None
    user_id: UUID | None = None
    email: Email | None = None
    phone: Telephone | None = None


class NewAttendee(AttendeeFields, Input):
    """Somebody who attends; called as their record says where no name is given."""

    attendee_type: TypeKey = AttendeeType.OTHER
    display_name: Line | None = None
    rsvp_status: Rsvp = Rsvp.PENDING
    is_primary: bool = False


class AttendeePatch(Input):
    """What to change; who it is stays."""

    display_name: Line = UNSET
    email: Email | None = None
    phone: Telephone | None = None
    rsvp_status: Rsvp = UNSET
    is_primary: bool = UNSET
    version: Version | None = None


class Attendee(AttendeeFields, Output):
    """An attendee as every reader gets it; `version` is the appointment's, as of then."""

    id: UUID
    attendee_type: AttendeeType
    display_name: str
    phone_e164: str | None
    rsvp_status: Rsvp
    is_primary: bool
    created_at: datetime
    updated_at: datetime
    version: int


def _check(attendee: Row) -> Iterable[Detail]:
    named = ID_OF.get(attendee["attendee_type"])
    for name in ID_OF.values():
        if attendee.get(name) is not None and name != named:
            message = f"is not what names one of type {attendee['attendee_type']}"
            yield {"field": name, "message": message, "code": "contradiction"}
    if named == "user_id" and attendee.get("user_id") is None:
        yield {"field": "user_id", "message": "says which member it is", "code": "missing"}


async def _settle(
    tx: Transaction, actor: Actor, record: Row, before: Row | None, after: Row
) -> Mapping[str, Any]:
    """Give them their name, and refuse a member who is elsewhere then."""
    del actor
    columns: dict[str, Any] = {}
    if before is None:
        columns = await _known(tx, record, after)
    user = after.get("user_id")
    comes = user is not None and after["rsvp_status"] != "declined"
    if comes and (before is None or before["rsvp_status"] == "declined"):
        await refuse_clash(tx, record, [user], own=record["id"], field="user_id")
    if before is None and after.get("lead_id") is not None:
        await hide_with(tx, record, after["lead_id"])
    return columns


async def _leave(tx: Transaction, record: Row, attendee: Row) -> None:
    if attendee["lead_id"] is not None:
        await hide_with(tx, record, None, without=attendee["id"])


async def _known(tx: Transaction, record: Row, attendee: Row) -> dict[str, Any]:
    name = ID_OF.get(attendee["attendee_type"], "")
    found = None
    if attendee.get(name) is not None:
        audience = (record["audience"],) if name in ("client_id", "contact_id") else ()
        found = await tx.fetchrow(NAMES[name], tx.team_id, attendee[name], *audience)
        if found is None and name == "user_id":
            raise Invalid.field("user_id", "is not a member of this team", "not_a_member")
        if name == "user_id" and await _attends(tx, record, attendee[name]):
            raise Invalid.field("user_id", "attends already", "taken")
    columns = {
        column: found[known]
        for column, known in (("display_name", "name"), ("email", "email"), ("phone", "phone"))
        if found and not attendee.get(column) and found[known]
    }
    if not attendee.get("display_name") and "display_name" not in columns:
        raise Invalid.field("display_name", "is needed", "missing")
    return dict(with_e164(columns)) if "phone" in columns else columns


async def _attends(tx: Transaction, record: Row, user_id: UUID) -> bool:
    found = await tx.fetchval(
        "SELECT true FROM appointment_attendees"
        " WHERE team_id = $1 AND appointment_id = $2 AND user_id = $3",
        tx.team_id,
        record["id"],
        user_id,
    )
    return found is not None


def _derive(before: Row | None, after: Row) -> Mapping[str, Any]:
    if before is not None and before["phone"] == after["phone"]:
        return {}
    return {"phone_e164": with_e164({"phone": after.get("phone")})["phone_e164"]}


ATTENDEES = Child(
    name="attendee",
    plural="attendees",
    table="appointment_attendees",
    parent="appointment_id",
    image=Attendee,
    create=NewAttendee,
    patch=AttendeePatch,
    order="c.is_primary DESC, c.created_at, c.id",
    sole="is_primary",
    links={"client_id": "clients", "lead_id": "leads", "contact_id": "contacts"},
    check=_check,
    derive=_derive,
    settle=_settle,
    leave=_leave,
    most=60,
)
