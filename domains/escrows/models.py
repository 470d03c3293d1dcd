"""Escrows: their fields, their shapes at the edge, their queries."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from domains.kit.fields import (
    Day,
    EmailText,
    Input,
    Line,
    Money,
    Note,
    Percent,
    Phone,
    Word,
)
from domains.kit.links import Ids
from domains.kit.notes import Noted
from domains.kit.property import CommissionType, PropertyFields, PropertyType
from domains.kit.record import UNSET, NewRecord, RecordImage, RecordPatch
from domains.kit.select import ListQuery
from domains.kit.status import Move


class EscrowStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Representation(StrEnum):
    BUYER = "buyer"
    SELLER = "seller"
    DUAL = "dual"


class DepositDisposition(StrEnum):
    """Where the earnest money of a cancelled escrow went."""

    RELEASED_TO_BUYER = "released_to_buyer"
    RELEASED_TO_SELLER = "released_to_seller"
    SPLIT = "split"
    DISPUTED = "disputed"


class ContingencyStatus(StrEnum):
    PENDING = "pending"
    SATISFIED = "satisfied"
    WAIVED = "waived"
    REMOVED = "removed"


class Contingency(Input):
    """A condition of the contract. A passed date removes nothing; somebody signs it away."""

    type: Word
    due_date: Day | None = None
    status: ContingencyStatus = ContingencyStatus.PENDING


CLIENTS = "Those of the parties who are clients of the team"
Parties = Annotated[list[Line], Field(max_length=6)]
Contingencies = Annotated[list[Contingency], Field(max_length=20)]


class EscrowFields(PropertyFields):
    """What may be empty on an escrow. Money in dollars and cents, dates as in the contract."""

    close_price: Money | None = None
    earnest_money_deposit: Money | None = None
    down_payment: Money | None = None
    loan_amount: Money | None = None
    commission_type: CommissionType | None = None
    commission_percentage: Percent | None = None
    gross_commission: Money | None = None
    net_commission: Money | None = None
    representation_type: Representation | None = None
    escrow_number: Word | None = None
    acceptance_date: Day | None = None
    actual_coe_date: Day | None = None
    recorded_date: Day | None = None
    emd_date: Day | None = None
    physical_inspection_date: Day | None = None
    appraisal_ordered_date: Day | None = None
    appraisal_completed_date: Day | None = None
    inspection_contingency_date: Day | None = None
    appraisal_contingency_date: Day | None = None
    loan_contingency_date: Day | None = None
    all_contingency_removal_date: Day | None = None
    listing_agent: Line | None = None
    selling_agent: Line | None = None
    escrow_company: Line | None = None
    escrow_officer_name: Line | None = None
    escrow_officer_email: EmailText | None = None
    escrow_officer_phone: Phone | None = None
    loan_officer_name: Line | None = None
    loan_officer_email: EmailText | None = None
    loan_officer_phone: Phone | None = None
    title_company: Line | None = None
    lead_source: Word | None = None
    deposit_disposition: DepositDisposition | None = None
    status_reason: Line | None = None
    notes: Note | None = None


class EscrowCreate(EscrowFields, NewRecord):
    """A new escrow. A deal already under way is entered as it stands, with what that needs."""

    property_address: Line
    purchase_price: Money
    closing_date: Day
    escrow_status: EscrowStatus = EscrowStatus.PENDING
    buyers: Parties = Field(default_factory=list)
    sellers: Parties = Field(default_factory=list)
    buyer_name: Line | None = Field(None, description="One buyer; short for buyers: [name]")
    seller_name: Line | None = Field(None, description="One seller; short for sellers: [name]")
    client_ids: Ids = Field(default_factory=list, description=CLIENTS)
    contingencies: Contingencies = Field(default_factory=list)


class EscrowPatch(EscrowFields, RecordPatch):
    """Fields to change. null empties a field that may be empty."""

    property_address: Line = UNSET
    purchase_price: Money = UNSET
    closing_date: Day = UNSET
    escrow_status: EscrowStatus = UNSET
    buyers: Parties = UNSET
    sellers: Parties = UNSET
    buyer_name: Line = UNSET
    seller_name: Line = UNSET
    client_ids: Ids = UNSET
    contingencies: Contingencies = UNSET


class EscrowMove(Move):
    """A move to another status, with what it needs where the escrow does not hold it yet."""

    status: EscrowStatus
    acceptance_date: Day | None = UNSET
    recorded_date: Day | None = UNSET
    actual_coe_date: Day | None = UNSET
    close_price: Money | None = UNSET
    buyers: Parties = UNSET
    sellers: Parties = UNSET
    contingencies: Contingencies = UNSET
    deposit_disposition: DepositDisposition | None = UNSET


class Escrow(EscrowFields, Noted, RecordImage):
    """An escrow as every reader and every screen gets it."""

    property_address: str
    purchase_price: Decimal
    closing_date: date
    escrow_status: EscrowStatus
    standard_status: str = Field(description="RESO StandardStatus of the sale")
    allowed_transitions: list[EscrowStatus]
    buyers: list[str]
    sellers: list[str]
    buyer_name: str | None
    seller_name: str | None
    client_ids: list[UUID] = Field(description=CLIENTS)
    contingencies: list[dict[str, Any]]


class EscrowQuery(ListQuery):
    """Filters of the escrow list. start_date and end_date overlap acceptance_date..closing_date."""

    sort: Literal[
        "created_at",
        "updated_at",
        "closing_date",
        "acceptance_date",
        "property_address",
        "purchase_price",
        "escrow_status",
        "display_id",
    ] = "created_at"
    status: Literal["all", "pending", "active", "closed", "cancelled"] = "all"
    property_type: PropertyType | None = None
    client_id: UUID | None = Field(None, description="The deals of one client")
    min_price: Money | None = None
    max_price: Money | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    closing_start: Day | None = Field(None, description="also closingDateStart")
    closing_end: Day | None = Field(None, description="also closingDateEnd")


class EscrowStats(BaseModel):
    """Money in dollars, percentages of the total."""

    total: int
    active: int
    pending: int
    closed: int
    cancelled: int
    activeVolume: Decimal  # noqa: N815  # the seed's own names
    closedVolume: Decimal  # noqa: N815
    totalCommission: Decimal  # noqa: N815
    activePercentage: Decimal  # noqa: N815
    closedPercentage: Decimal  # noqa: N815
