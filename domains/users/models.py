"""People of the trade: what they tell of themselves, and what a list of them may be asked."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from domains.kit.actor import Role
from domains.kit.fields import Input, Link, Note, Output, Version, Word
from domains.kit.people import Language
from domains.kit.phone import Telephone
from domains.kit.record import UNSET
from domains.kit.select import ListQuery
from domains.kit.zone import TimeZone


class MemberType(StrEnum):
    """RESO's TeamMemberType: what somebody does, whatever they may do here."""

    TEAM_LEAD = "team_lead"
    TEAM_MEMBER = "team_member"
    BUYER_AGENT = "buyer_agent"
    LISTING_AGENT = "listing_agent"
    SHOWING_AGENT = "showing_agent"
    LEAD_MANAGER = "lead_manager"
    TRANSACTION_COORDINATOR = "transaction_coordinator"
    OPERATIONS_MANAGER = "operations_manager"
    ADMINISTRATIVE_ASSISTANT = "administrative_assistant"


State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["CA"])]
Words = Annotated[list[Word], Field(max_length=20)]
Languages = Annotated[list[Language], Field(max_length=20, description="BCP 47")]


class ProfilePatch(Input):
    """Fields to change of one's own. null empties a field that may be empty.

    full_name is what everybody sees; where a first or last name is given without it, it follows.
    """

    full_name: Word = UNSET
    first_name: Word | None = UNSET
    last_name: Word | None = UNSET
    title: Word | None = UNSET
    member_type: Annotated[MemberType, Field(strict=False)] | None = UNSET
    phone: Telephone | None = UNSET
    license_number: Word | None = Field(UNSET, description="RESO MemberStateLicense")
    license_state: State | None = Field(UNSET, description="RESO MemberStateLicenseState")
    specialties: Words = UNSET
    languages: Languages = UNSET
    bio: Note | None = UNSET
    avatar_url: Link | None = UNSET
    time_zone: TimeZone | None = Field(UNSET, description="null is the team's")
    locale: Language | None = UNSET
    version: Version | None = None


class TeamUser(Output):
    """Somebody of the team, or a broker who acts in it, as everybody there sees them."""

    id: UUID
    team_id: UUID
    full_name: str
    first_name: str | None
    last_name: str | None
    role: Role
    title: str | None
    member_type: MemberType | None
    phone: str | None
    phone_e164: str | None
    license_number: str | None
    license_state: str | None
    specialties: list[str]
    languages: list[str]
    bio: str | None
    avatar_url: str | None
    time_zone: str | None
    locale: str | None
    status: Literal["active", "disabled"]
    disabled_at: datetime | None
    joined_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime


class Profile(TeamUser):
    """One's own, with the address one signs in with, which the log never holds."""

    email: str


class Account(Output):
    """Whether somebody may sign in."""

    id: UUID
    status: Literal["active", "disabled"]
    disabled_at: datetime | None
    version: int


class UserQuery(ListQuery):
    """Filters of the list of people. A scope of several teams shows each of them once."""

    sort: Literal["full_name", "role", "joined_at", "created_at", "updated_at"] = "created_at"
    status: Literal["all", "active", "disabled"] = "all"
    role: Role | None = None
    member_type: MemberType | None = None
    license_state: State | None = None
    specialty: Word | None = None
    language: Language | None = None


class UserStats(BaseModel):
    total: int
    active: int
    disabled: int
    brokers: int
    owners: int
    leads: int
    coordinators: int
    agents: int
    viewers: int
