"""Contacts: their fields and roles, their shapes at the edge, their queries."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from domains.kit.email import Email
from domains.kit.fields import (
    Day,
    Input,
    Kind,
    Line,
    Link,
    Note,
    Output,
    Query,
    Search,
    Version,
    Word,
)
from domains.kit.people import AddressFields, PersonFields, PreferenceFields, Tags
from domains.kit.phone import Telephone, e164
from domains.kit.record import UNSET, NewRecord, RecordImage, RecordPatch
from domains.kit.select import ListQuery
from domains.kit.status import Move


class ContactStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    MERGED = "merged"


class ContactRole(StrEnum):
    """What somebody is to the team."""

    LEAD_BUYER = "lead_buyer"
    LEAD_SELLER = "lead_seller"
    CLIENT = "client"
    LOAN_OFFICER = "loan_officer"
    ESCROW_OFFICER = "escrow_officer"
    HOME_INSPECTOR = "home_inspector"
    TERMITE_INSPECTOR = "termite_inspector"
    AGENT = "agent"
    BROKER = "broker"
    TRANSACTION_COORDINATOR = "transaction_coordinator"
    HANDYMAN = "handyman"
    CONTRACTOR = "contractor"
    PHOTOGRAPHER = "photographer"
    APPRAISER = "appraiser"


def _addresses_once(addresses: list[str]) -> list[str]:
    return list(dict.fromkeys(addresses))


def _numbers_once(numbers: list[str]) -> list[str]:
    """However often a number is spelled otherwise, it is one number."""
    first: dict[str, str] = {}
    for typed in numbers:
        first.setdefault(e164(typed), typed)
    return list(first.values())


Emails = Annotated[list[Email], Field(max_length=20), AfterValidator(_addresses_once)]
Phones = Annotated[list[Telephone], Field(max_length=20), AfterValidator(_numbers_once)]


class NewRole(Input):
    """One more role; the first one is primary, a later one when it says so."""

    role: ContactRole
    is_primary: bool = False


class RolePatch(Input):
    """Another role takes over by becoming primary; none steps down."""

    role: ContactRole = UNSET
    is_primary: Literal[True] = UNSET
    version: Version | None = None


class PrimaryRole(Input):
    """Which of a contact's roles is the primary one."""

    role: ContactRole
    version: Version | None = None


class RoleImage(Output):
    """A role of a contact as every reader gets it."""

    id: UUID
    role: ContactRole
    is_primary: bool


NewRoles = Annotated[list[NewRole], Field(max_length=len(ContactRole))]


class ContactFields(PersonFields, AddressFields, PreferenceFields):
    """What may be empty on a contact. A name is needed: first, last or the company's."""

    company: Line | None = None
    title: Word | None = None
    license_number: Word | None = None
    website: Link | None = None
    birthday: Day | None = None
    status_reason: Line | None = None
    notes: Note | None = None


class ContactCreate(ContactFields, NewRecord):
    """A new contact, with the roles it has from the start."""

    contact_status: ContactStatus = ContactStatus.ACTIVE
    other_emails: Emails = Field(default_factory=list)
    other_phones: Phones = Field(default_factory=list)
    tags: Tags = Field(default_factory=list)
    roles: NewRoles = Field(default_factory=list)


class ContactPatch(ContactFields, RecordPatch):
    """Fields to change. null empties a field that may be empty."""

    contact_status: ContactStatus = UNSET
    other_emails: Emails = UNSET
    other_phones: Phones = UNSET
    tags: Tags = UNSET


class ContactMove(Move):
    """A move to another status; a contact becomes merged by POST /:id/merge alone."""

    status: ContactStatus


class Contact(ContactFields, RecordImage):
    """A contact as every reader and every screen gets it."""

    full_name: str
    other_emails: list[str]
    phone_e164: str | None
    other_phones: list[str]
    other_phones_e164: list[str]
    tags: list[str]
    contact_status: ContactStatus
    allowed_transitions: list[ContactStatus]
    merged_into: Annotated[UUID, Kind.RECORD] | None = Field(
        description="The contact it was merged into"
    )
    merged_from: list[Annotated[UUID, Kind.RECORD]] = Field(
        description="Those merged into it, the last one last"
    )
    distinct_from: list[Annotated[UUID, Kind.RECORD]] = Field(
        description="Those who are not the same person, however alike they are"
    )
    roles: list[RoleImage]
    primary_role: ContactRole | None


class ContactQuery(ListQuery):
    """Filters of the contact list. `type` is another word for `role`."""

    sort: Literal[
        "created_at",
        "updated_at",
        "full_name",
        "first_name",
        "last_name",
        "company",
        "contact_status",
        "display_id",
    ] = "created_at"
    status: Literal["all", "active", "inactive"] = "all"
    role: ContactRole | None = None
    type: ContactRole | None = None
    tag: Word | None = None
    city: Word | None = None
    email: Email | None = Field(None, description="Any of their addresses")
    phone: Annotated[Telephone, AfterValidator(e164)] | None = Field(
        None, description="Any of their numbers, however it is spelled"
    )


class ContactSearch(Query):
    """Who has this role, and is called like this."""

    role: ContactRole | None = None
    name: Search | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class ContactStats(BaseModel):
    """`merged` are the records that went into those counted."""

    total: int
    active: int
    inactive: int
    merged: int
    withoutRole: int  # noqa: N815  # as the other statistics spell
    byRole: dict[ContactRole, int]  # noqa: N815


class Likeness(Output):
    """One thing in which two contacts are alike, or (`differs`) are not."""

    field: Literal["email", "phone", "license_number", "name", "company", "birthday"]
    how: Literal["same", "similar", "sounds_alike", "differs"]


class ContactBrief(Output):
    """As much of a contact as it takes to tell two apart."""

    id: UUID
    display_id: str
    full_name: str
    company: str | None
    email: str | None
    phone: str | None
    birthday: date | None
    roles: list[ContactRole]
    owner_id: UUID
    created_at: str
    version: int


class Duplicate(Output):
    """A contact that may be the same person, how likely that is from 0 to 1, and why."""

    score: float
    reasons: list[Likeness]
    contact: ContactBrief


class DuplicatePair(Output):
    """Two contacts that may be the same person, the older one first."""

    score: float
    reasons: list[Likeness]
    contacts: list[ContactBrief]


Score = Annotated[float, Field(ge=0, le=1)]


class DuplicateQuery(Query):
    """The likeliest first."""

    min_score: Score = 0.5
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class PairQuery(DuplicateQuery):
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class Merge(Input):
    """Merges another contact into this one.

    `choose` says for a field whose value stays: "this", "other", or the value itself. Where it says
    nothing, this contact's value stays unless it is empty; tags, addresses and numbers are
    those of both, and so are the notes.
    """

    other_id: Word
    choose: Annotated[dict[str, Any], Field(max_length=40)] = Field(default_factory=dict)
    version: Version | None = None
    other_version: Version | None = None


class Unmerge(Input):
    """Takes the last merge into this contact back.

    `merge` is its operation, or the number in the log of any event it left.
    """

    merge: Annotated[int, Field(ge=1, le=2**62)] | Word
    version: Version | None = None


class Distinct(Input):
    """Says that another contact is not the same person."""

    other_id: Word


class Kept(Output):
    """Something that a merge had changed and that was changed again since: it stays as it is."""

    entity: str
    id: UUID
    field: str


class Unmerged(Output):
    """Both contacts after a merge was taken back, and what of it stays."""

    contact: Contact
    other: Contact
    kept: list[Kept]
