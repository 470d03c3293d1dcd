"""Listings: their fields, their shapes at the edge, their queries."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from domains.kit.fields import (
    Day,
    Input,
    Line,
    Link,
    Money,
    Note,
    Output,
    Percent,
    Person,
    Version,
    Word,
)
from domains.kit.links import Ids
from domains.kit.notes import Noted
from domains.kit.property import CommissionType, PropertyFields, PropertyType
from domains.kit.record import UNSET, NewRecord, RecordImage, RecordPatch
from domains.kit.select import ListQuery
from domains.kit.status import Move
from domains.kit.zone import TimeZone
from domains.listings.showing import Blackout, Blackouts, ShowingFields, ShowingStatus


class ListingStatus(StrEnum):
    INCOMPLETE = "incomplete"
    COMING_SOON = "coming_soon"
    ACTIVE = "active"
    ACTIVE_UNDER_CONTRACT = "active_under_contract"
    PENDING = "pending"
    HOLD = "hold"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


CLIENTS = "The sellers, where they are clients of the team"
Features = Annotated[list[Word], Field(max_length=60)]


class ListingFields(PropertyFields, ShowingFields):
    """What may be empty on a listing. Dates are the contract's, as RESO names them."""

    time_zone: TimeZone | None = Field(
        None, description="Where its days end; without it, the ZIP code's or the state's"
    )
    waterfront: bool | None = None
    description: Note | None = None
    showing_instructions: Note | None = None
    virtual_tour_link: Link | None = None
    close_price: Money | None = None
    concessions_amount: Money | None = None
    commission_type: CommissionType | None = None
    listing_commission: Percent | None = None
    buyer_commission: Percent | None = None
    listing_contract_date: Day | None = None
    on_market_date: Day | None = None
    purchase_contract_date: Day | None = None
    contingent_date: Day | None = None
    close_date: Day | None = None
    expiration_date: Day | None = None
    withdrawn_date: Day | None = None
    cancellation_date: Day | None = None
    price_change_reason: Line | None = None
    status_reason: Line | None = None
    notes: Note | None = None


class ListingCreate(ListingFields, NewRecord):
    """A new listing."""

    property_address: Line
    list_price: Money
    listing_status: ListingStatus = ListingStatus.INCOMPLETE
    owner_id: UUID | None = Field(None, description="The listing agent; you, when left out")
    features: Features = Field(default_factory=list)
    is_showable: bool = True
    showing_status: ShowingStatus = ShowingStatus.ACCEPTING_REQUESTS
    auto_confirm: bool = Field(default=False, description="Showings are confirmed as they come")
    blackout_times: Blackouts = Field(default_factory=list)
    client_ids: Ids = Field(default_factory=list, description=CLIENTS)


class ListingPatch(ListingFields, RecordPatch):
    """Fields to change. null empties a field that may be empty."""

    property_address: Line = UNSET
    list_price: Money = UNSET
    listing_status: ListingStatus = UNSET
    features: Features = UNSET
    is_showable: bool = UNSET
    showing_status: ShowingStatus = UNSET
    auto_confirm: bool = UNSET
    blackout_times: Blackouts = UNSET
    client_ids: Ids = UNSET


class ListingMove(Move):
    """A move to another status, with what it needs where the listing does not hold it yet."""

    status: ListingStatus
    list_price: Money = UNSET
    listing_contract_date: Day | None = UNSET
    expiration_date: Day | None = UNSET
    purchase_contract_date: Day | None = UNSET
    close_date: Day | None = UNSET
    close_price: Money | None = UNSET
    withdrawn_date: Day | None = UNSET
    cancellation_date: Day | None = UNSET
    back_on_market_date: Day | None = UNSET


class NewPrice(Input):
    """A price change; effective_date is the day it went into the market, today when left out."""

    list_price: Money
    reason: Line | None = None
    effective_date: Day | None = None
    version: Version | None = None


class Relist(Input):
    """The new contract on the same property."""

    list_price: Money | None = None
    listing_contract_date: Day | None = None
    expiration_date: Day | None = None
    owner_id: UUID | None = Field(None, description="The listing agent, when it is another one")


class Listing(ListingFields, Noted, RecordImage):
    """A listing as every reader and every screen gets it."""

    property_address: str
    list_price: Decimal
    original_list_price: Decimal
    previous_list_price: Decimal | None
    price_change_date: date | None
    price_change_timestamp: datetime | None
    listing_status: ListingStatus
    standard_status: str = Field(description="RESO StandardStatus")
    allowed_transitions: list[ListingStatus]
    pending_timestamp: datetime | None
    back_on_market_date: date | None
    off_market_date: date | None
    major_change_type: str | None
    major_change_timestamp: datetime | None
    effective_time_zone: str | None
    days_on_market: int
    cumulative_days_on_market: int
    relisted_from: UUID | None
    features: list[str]
    is_showable: bool
    showing_status: ShowingStatus = Field(description="RESO ShowingStatus")
    auto_confirm: bool
    blackout_times: list[Blackout]
    client_ids: list[UUID] = Field(description=CLIENTS)


class PriceEntry(Output):
    """One price of a listing's life."""

    seq: int
    at: str
    effective_date: date | None
    list_price: Decimal
    previous_list_price: Decimal | None
    reason: str | None
    changed_by: Person


class ListingQuery(ListQuery):
    """Filters. start_date and end_date overlap listing_contract_date..expiration_date."""

    sort: Literal[
        "created_at",
        "updated_at",
        "list_price",
        "listing_date",
        "listing_contract_date",
        "days_on_market",
        "property_address",
        "bedrooms",
        "square_feet",
        "listing_status",
        "close_date",
        "display_id",
    ] = "created_at"
    status: Literal[
        "all",
        "incomplete",
        "coming_soon",
        "active",
        "active_under_contract",
        "pending",
        "hold",
        "withdrawn",
        "closed",
        "expired",
        "cancelled",
    ] = "all"
    property_type: PropertyType | None = None
    client_id: UUID | None = Field(None, description="The listings of one client")
    min_price: Money | None = None
    max_price: Money | None = None
    min_days_on_market: Annotated[int, Field(ge=0, le=100_000)] | None = None
    max_days_on_market: Annotated[int, Field(ge=0, le=100_000)] | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    closing_start: Day | None = Field(None, description="close_date from; also closingDateStart")
    closing_end: Day | None = Field(None, description="close_date to; also closingDateEnd")


class ListingStats(BaseModel):
    """Money in dollars, days in calendar days, percentages of the total."""

    total: int
    comingSoon: int  # noqa: N815  # the seed's own names
    active: int
    pending: int
    sold: int
    expired: int
    cancelled: int
    withdrawn: int
    avgListPrice: Decimal  # noqa: N815
    avgSoldPrice: Decimal  # noqa: N815
    totalActiveInventory: Decimal  # noqa: N815
    totalSoldVolume: Decimal  # noqa: N815
    avgDaysOnMarket: Decimal  # noqa: N815
    activePercentage: Decimal  # noqa: N815
