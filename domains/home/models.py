"""What may be asked of the cards, and what they show."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domains.kit.fields import Output, Person
from domains.kit.scope import Scoped


class CardQuery(Scoped):
    """Whose records count: mine, one person's, the team's."""


Section = dict[str, Decimal | None]


class Home(BaseModel):
    """Figures by kind of record, and rates in percent; null where the reader may not know."""

    model_config = ConfigDict(extra="allow", frozen=True)

    escrows: Section = Field(description="total, active, volume")
    listings: Section = Field(description="total, active, inventoryValue")
    clients: Section = Field(description="total, active")
    leads: Section = Field(description="total, active")
    kpis: Section = Field(
        description="conversionRate: leads that became clients, of all;"
        " showRate: appointments completed, of those completed or not shown up to"
    )


class Period(StrEnum):
    DAY = "1_day"
    MONTH = "1_month"
    YEAR = "1_year"
    TO_DATE = "ytd"


class ManagerQuery(CardQuery):
    period: Period = Period.MONTH


class Deadline(Output):
    """Something of an open escrow that is due."""

    id: UUID = Field(description="of the escrow")
    display_id: str
    label: str
    what: str = Field(description="closing, or a contingency")
    due: date
    owner: Person


class FollowUp(Output):
    """A lead to be called."""

    id: UUID
    display_id: str
    label: str
    due: date
    owner: Person


class ManagerCard(Output):
    """What a team lead looks at first."""

    period: Period
    since: date
    managed_count: int = Field(description="escrows that are pending or active")
    closed_count: int = Field(description="escrows recorded in the period")
    due_in_48h: int = Field(description="deadlines from today through the second working day")
    overdue_count: int = Field(description="deadlines that passed with nothing said")
    docs_pending: int | None = Field(description="null: no documents are kept")
    compliance_rate: Decimal | None = Field(
        description="recorded on or before the closing date, in percent of all that was recorded in"
        " the period or should have been; null where there is none"
    )
    deadlines_48h: list[Deadline] = Field(description="the first ten")
    follow_ups_needed: list[FollowUp] = Field(description="the first ten")
    follow_ups_count: int
    reminders_sent_today: int
