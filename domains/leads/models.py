"""Leads: their fields, their shapes at the edge, their queries."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from domains.kit.fields import Day, Line, Money, Note, Output, Word
from domains.kit.people import Language, PersonFields, Tags
from domains.kit.record import UNSET, NewRecord, RecordImage, RecordPatch
from domains.kit.select import ListQuery
from domains.kit.status import Move
from domains.leads.activities import WithActivities


class LeadStatus(StrEnum):
    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"
    UNQUALIFIED = "unqualified"
    DEFERRED = "deferred"


class LeadSource(StrEnum):
    WALK_IN = "walk_in"
    REFERRAL = "referral"
    PARTNER = "partner"
    PHONE = "phone"
    SOCIAL = "social"
    EMAIL = "email"
    WEBSITE = "website"
    AD = "ad"
    OTHER = "other"


class LeadType(StrEnum):
    BUYER = "buyer"
    SELLER = "seller"
    BOTH = "both"
    INVESTOR = "investor"
    RENTER = "renter"


class Timeline(StrEnum):
    """When they mean to move."""

    IMMEDIATE = "immediate"
    ONE_TO_THREE_MONTHS = "one_to_three_months"
    THREE_TO_SIX_MONTHS = "three_to_six_months"
    SIX_TO_TWELVE_MONTHS = "six_to_twelve_months"
    OVER_A_YEAR = "over_a_year"
    NO_PLANS = "no_plans"


class Temperature(StrEnum):
    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class FollowUp(StrEnum):
    """Where the next follow-up stands today (UTC)."""

    OVERDUE = "overdue"
    TODAY = "today"
    DUE = "due"  # overdue or today
    UPCOMING = "upcoming"
    NONE = "none"


def _key(said: Any) -> Any:
    """The key of a source, also as earlier clients spell it: Walk-in, Walk In."""
    if not isinstance(said, str):
        return said
    return said.strip().lower().replace("-", "_").replace(" ", "_")


Source = Annotated[LeadSource, BeforeValidator(_key)]

WANTED = "Where they want to buy, or have something to sell; routing goes by it"


class LeadFields(PersonFields):
    """What may be empty on a lead."""

    lead_type: LeadType | None = None
    budget: Money | None = None
    budget_range: Word | None = Field(None, description="As they said it, where no figure is known")
    budget_min: Money | None = None
    budget_max: Money | None = None
    timeline: Timeline | None = None
    city: Word | None = Field(None, description=WANTED)
    state: Word | None = None
    zip_code: Word | None = Field(None, description=WANTED)
    preferred_language: Language | None = Field(None, description="BCP 47: es, zh-Hant, pt-BR")
    next_follow_up: Day | None = None
    last_contact_date: Day | None = None
    status_reason: Line | None = None
    notes: Note | None = None


class LeadCreate(LeadFields, NewRecord):
    """A new lead; one that was spoken to already is entered as it stands."""

    lead_status: LeadStatus = LeadStatus.NEW
    lead_source: Source = LeadSource.OTHER
    tags: Tags = Field(default_factory=list)


class LeadPatch(LeadFields, RecordPatch):
    """Fields to change. null empties a field that may be empty."""

    lead_status: LeadStatus = UNSET
    lead_source: Source = UNSET
    tags: Tags = UNSET


class LeadMove(Move):
    """A move to another status; `converted` alone has a verb of its own."""

    status: LeadStatus
    next_follow_up: Day | None = UNSET


class ScorePart(Output):
    """What one thing known of a lead gives or takes."""

    part: Literal["source", "budget", "timeline", "activity", "decay"]
    points: int
    why: str


class Lead(LeadFields, WithActivities, RecordImage):
    """A lead as every reader and every screen gets it."""

    full_name: str
    phone_e164: str | None
    lead_status: LeadStatus
    allowed_transitions: list[LeadStatus]
    lead_source: LeadSource
    lead_score: int = Field(ge=0, le=100, description="The sum of score_parts")
    lead_temperature: Temperature = Field(description="hot from 70, warm from 40")
    score_parts: list[ScorePart]
    in_pond: bool = Field(description="Nobody's yet: its keeper is shown as owner")
    claimed_at: datetime | None
    assigned_at: datetime | None
    assignment_reason: str | None = Field(description="Which rule gave it to its owner, and why")
    routing_rule_id: UUID | None
    converted_to_client_id: UUID | None
    converted_to_escrow_id: UUID | None
    tags: list[str]


class LeadQuery(ListQuery):
    """Filters of the lead list."""

    sort: Literal[
        "created_at",
        "updated_at",
        "score",
        "next_follow_up",
        "last_contact_date",
        "first_name",
        "last_name",
        "lead_status",
        "display_id",
    ] = "created_at"
    status: Literal[
        "all", "new", "contacted", "qualified", "converted", "lost", "unqualified", "deferred"
    ] = "all"
    lead_status: LeadStatus | None = None
    lead_source: Source | None = None
    lead_type: LeadType | None = None
    is_private: bool | None = None
    temperature: Temperature | None = None
    min_score: Annotated[int, Field(ge=0, le=100)] | None = None
    max_score: Annotated[int, Field(ge=0, le=100)] | None = None
    follow_up: FollowUp | None = None
    in_pond: bool | None = None
    tag: Word | None = None


class LeadStats(BaseModel):
    """Rates in percent of the total."""

    total: int
    new: int
    contacted: int
    qualified: int
    converted: int
    lost: int
    unqualified: int
    deferred: int
    active: int = Field(description="new, contacted, qualified or deferred")
    hot: int
    warm: int
    cold: int
    inPond: int  # noqa: N815
    followUpsDue: int  # noqa: N815  # the seed's way of naming
    privateLeads: int  # noqa: N815
    publicLeads: int  # noqa: N815
    bySource: dict[LeadSource, int]  # noqa: N815
    conversionRate: Decimal  # noqa: N815
    qualificationRate: Decimal  # noqa: N815
