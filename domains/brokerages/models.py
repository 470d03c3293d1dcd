"""Brokerages and their brokers as they are shown and asked for."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domains.kit.email import Email
from domains.kit.fields import Input, Output, Version, Word
from domains.kit.record import UNSET
from domains.teams.models import ActsAs

Id = Annotated[UUID, Field(strict=False)]


class NewBrokerage(Input):
    """A company of teams; who founds it is its first broker, and their team its first."""

    name: Word
    license_number: Word | None = None
    license_state: Word | None = None


class BrokeragePatch(Input):
    name: Word = UNSET
    license_number: Word | None = UNSET
    license_state: Word | None = UNSET
    version: Version | None = None


class TeamName(Output):
    id: UUID
    name: str


class Brokerage(Output):
    """A brokerage as all its teams see it."""

    id: UUID
    name: str
    license_number: str | None
    license_state: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    teams: list[TeamName]


class Broker(Output):
    """A broker as one of the teams sees them. `id` is the user's."""

    id: UUID
    user_id: UUID
    full_name: str
    role: Literal["broker"]
    brokerage_id: UUID
    version: int
    joined_at: datetime
    removed_at: datetime | None
    acts_as: ActsAs | None


class BrokerInvitation(Input):
    email: Email


class BrokerageChoice(Input):
    brokerage_id: Id


class TeamOffer(Input):
    team_id: Id


class Move(Output):
    """What became of the wish that a team be of a brokerage: it waits for the other side, or is."""

    brokerage_id: UUID
    team_id: UUID
    status: Literal["asked", "joined"]


class WaitingMove(Output):
    brokerage_id: UUID
    team_id: UUID
    team_name: str | None = Field(description="Once its owner asked; null for one we asked")
    asked_by: Literal["team", "brokerage"]
    asked_at: datetime
