"""Clients: their fields, their shapes at the edge, their queries."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from domains.kit.fields import Day, Line, Money, Percent, Word
from domains.kit.notes import Noted
from domains.kit.people import AddressFields, PersonFields, Tags
from domains.kit.record import UNSET, NewRecord, RecordImage, RecordPatch
from domains.kit.select import ListQuery
from domains.kit.status import Move


class ClientStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ClientType(StrEnum):
    BUYER = "buyer"
    SELLER = "seller"
    BOTH = "both"
    INVESTOR = "investor"
    REFERRAL = "referral"


class EntityType(StrEnum):
    """What signs: the person, or what the person signs for."""

    INDIVIDUAL = "individual"
    TRUST = "trust"
    CORPORATION = "corporation"
    LLC = "llc"
    PARTNERSHIP = "partnership"
    ESTATE = "estate"
    POWER_OF_ATTORNEY = "power_of_attorney"


class AgreementStatus(StrEnum):
    """How the agreement stands today, by its dates."""

    NONE = "none"
    UPCOMING = "upcoming"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class ClientFields(PersonFields, AddressFields):
    """What may be empty on a client. Money in dollars and cents, dates as in the agreement."""

    entity_name: Line | None = Field(None, description="What is signed for; needs an entity_type")
    representative_title: Word | None = Field(None, description="Trustee, managing member, ...")
    representative_contact_id: UUID | None = Field(None, description="The contact who signs")
    budget_min: Money | None = None
    budget_max: Money | None = None
    commission: Percent | None = Field(None, description="As agreed, in percent of the price")
    agreement_start_date: Day | None = None
    agreement_end_date: Day | None = None
    status_reason: Line | None = None


class ClientCreate(ClientFields, NewRecord):
    """A new client: a first name, a last name or the name of an entity, and what else is known."""

    client_type: ClientType = ClientType.BUYER
    client_status: ClientStatus = ClientStatus.ACTIVE
    entity_type: EntityType = EntityType.INDIVIDUAL
    tags: Tags = Field(default_factory=list)


class ClientPatch(ClientFields, RecordPatch):
    """Fields to change. null empties a field that may be empty; tags are set as a whole."""

    client_type: ClientType = UNSET
    client_status: ClientStatus = UNSET
    entity_type: EntityType = UNSET
    tags: Tags = UNSET


class ClientMove(Move):
    """A move to another status, with the agreement's dates where they are not held yet."""

    status: ClientStatus
    agreement_start_date: Day | None = UNSET
    agreement_end_date: Day | None = UNSET


class Client(ClientFields, Noted, RecordImage):
    """A client as every reader and every screen gets it."""

    client_type: ClientType
    client_status: ClientStatus
    allowed_transitions: list[ClientStatus]
    full_name: str = Field(description="The entity's name, or first and last")
    entity_type: EntityType
    phone_e164: str | None = Field(description="The phone as it is compared, without extension")
    agreement_status: AgreementStatus
    tags: list[str]
    lead_ids: list[UUID] = Field(description="The leads they came from")
    escrow_count: int = Field(description="Escrows of theirs that are not cancelled")
    lifetime_value: Decimal = Field(description="closed_value and pending_value")
    closed_value: Decimal = Field(description="What their closed escrows came to")
    pending_value: Decimal = Field(description="What their open escrows are to come to")


class ClientQuery(ListQuery):
    """Filters of the client list."""

    sort: Literal[
        "created_at",
        "updated_at",
        "first_name",
        "last_name",
        "full_name",
        "email",
        "status",
        "client_type",
        "display_id",
    ] = "created_at"
    status: Literal["all", "active", "inactive", "closed", "expired", "cancelled"] = "all"
    client_type: ClientType | None = None
    tags: Annotated[str, Field(max_length=500)] | None = Field(
        None, description="Those that have all of these tags, parted by commas"
    )


class ClientStats(BaseModel):
    """Counts of clients, percentages of the total."""

    total: int
    active: int
    inactive: int
    buyers: int
    sellers: int
    both: int
    activePercentage: Decimal  # noqa: N815  # the seed's own name
