"""What a team says of who gets its leads: rules in their order, and what each agent takes."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from domains.kit.fields import Input, Money, Output, Version, Word
from domains.kit.people import Language
from domains.kit.record import UNSET
from domains.leads.models import LeadSource, LeadType, Source
from domains.leads.routing import Strategy

MOST_OPEN = 10_000


def _once(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


Once = AfterValidator(_once)
Sources = Annotated[list[Source], Field(max_length=20), Once]
Types = Annotated[list[LeadType], Field(max_length=20), Once]
Languages = Annotated[list[Language], Field(max_length=20), Once]
Territories = Annotated[list[Word], Field(max_length=200), Once]
Members = Annotated[list[UUID], Field(max_length=200), Once]
Number = Annotated[int, Field(ge=1, le=MOST_OPEN)]

FOR = "Empty: for all"


class RuleFields(BaseModel):
    """Which leads a rule is for, and when its turn is."""

    price_min: Money | None = None
    price_max: Money | None = None
    position: Number | None = Field(
        None, description="Rules are asked in this order; last, if null"
    )


class RuleCreate(RuleFields, Input):
    """A rule for new leads: the first one that is for a lead and has somebody for it decides."""

    name: Word
    strategy: Strategy
    enabled: bool = True
    sources: Sources = Field(default_factory=list, description=FOR)
    lead_types: Types = Field(default_factory=list, description=FOR)
    territories: Territories = Field(
        default_factory=list, description="ZIP codes and cities. Empty: all"
    )
    languages: Languages = Field(default_factory=list, description=FOR)
    agents: Members = Field(default_factory=list, description="In their turn. Empty: all agents")


class RulePatch(RuleFields, Input):
    """Fields to change."""

    name: Word = UNSET
    strategy: Strategy = UNSET
    enabled: bool = UNSET
    sources: Sources = UNSET
    lead_types: Types = UNSET
    territories: Territories = UNSET
    languages: Languages = UNSET
    agents: Members = UNSET
    position: Number = UNSET
    version: Version | None = None


class LeadRule(Output):
    """A rule as everybody in the team sees it. Whose turn it was last is no part of it."""

    id: UUID
    team_id: UUID
    name: str
    strategy: Strategy
    enabled: bool
    position: int
    sources: list[LeadSource]
    lead_types: list[LeadType]
    territories: list[str]
    languages: list[str]
    price_min: Decimal | None
    price_max: Decimal | None
    agents: list[UUID]
    version: int
    created_at: datetime
    updated_at: datetime


class AgentChange(Input):
    """What an agent takes. null: as many as come."""

    takes_leads: bool = UNSET
    capacity: Number | None = UNSET
    claim_limit: Number = UNSET
    territories: Territories = UNSET
    languages: Languages = UNSET
    version: Version | None = None


class LeadAgent(Output):
    """What a member takes of the team's leads. `id` is the user's."""

    id: UUID
    full_name: str
    takes_leads: bool
    capacity: int | None = Field(description="Open leads, up to which rules give more; null: any")
    claim_limit: int = Field(description="Leads claimed and not yet qualified, at most")
    territories: list[str]
    languages: list[str]
    version: int = Field(description="0: nothing was said yet")


class LoadedAgent(LeadAgent):
    """The same, with what the agent has of the leads that the asker sees."""

    open_leads: int
    open_claims: int
