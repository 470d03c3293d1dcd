"""Teams, members and invitations as they are shown and asked for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from domains.kit.actor import Right, Role
from domains.kit.email import Email
from domains.kit.fields import Input, Output, Query, Search, Version, Word
from domains.kit.record import UNSET
from domains.kit.zone import TimeZone

# What a member may be; brokers are a brokerage's, and administrators an operator's to make.
MEMBER_ROLES = frozenset(Role) - {Role.SYSTEM_ADMIN, Role.BROKER}


def _a_member_s(role: Role) -> Role:
    if role not in MEMBER_ROLES:
        raise ValueError(f"nobody is made a {role} by being a member")
    return role


GivenRole = Annotated[Role, Field(strict=False), AfterValidator(_a_member_s)]

_STRENGTH = {role: strength for strength, role in enumerate(reversed(Role))}


def may_grant(giver: Role, role: Role) -> bool:
    """Nobody hands out more than they have."""
    return _STRENGTH[giver] >= _STRENGTH[role]


AS_THE_ROLE = "null: as the role brings it"


class BrokerageName(Output):
    id: UUID
    name: str


class TeamImage(Output):
    """The team as everybody in it sees it, live too."""

    id: UUID
    name: str
    time_zone: str
    brokerage: BrokerageName | None
    version: int
    created_at: datetime
    updated_at: datetime


class Team(TeamImage):
    role: Role = Field(description="What you are in it")
    members: int


class TeamPatch(Input):
    name: Word = UNSET
    time_zone: TimeZone = UNSET
    version: Version | None = None


class NewTeam(Input):
    """A team of one's brokerage; `owner_id` is one of its people, or brokers invite one."""

    name: Word
    time_zone: TimeZone | None = None
    owner_id: Annotated[UUID, Field(strict=False)] | None = None


class TeamsQuery(Query):
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    search: Search | None = None


class ActsAs(Output):
    """What somebody may do in the team, by all that they are: a broker may be a member, too."""

    role: Role
    rights: list[str]


class Member(Output):
    """A member as the whole team sees it, live too. `id` is the user's."""

    id: UUID
    user_id: UUID
    full_name: str
    role: Role
    rights: list[Right] = Field(description="What the role and the permissions below come to")
    can_delete: bool | None = Field(description=AS_THE_ROLE)
    can_edit_team_data: bool | None = Field(description=AS_THE_ROLE)
    can_view_financials: bool | None = Field(description=AS_THE_ROLE)
    can_manage_team: bool | None = Field(description=AS_THE_ROLE)
    version: int
    joined_at: datetime
    removed_at: datetime | None
    acts_as: ActsAs | None = Field(description="null for one who is out")


class MemberContact(Member):
    """One member with the address, which the log never holds; null for a viewer."""

    email: str | None


class RoleChange(Input):
    role: GivenRole


class Permissions(Input):
    """What to change of a member's permissions; null is what the role brings."""

    can_delete: bool | None = UNSET
    can_edit_team_data: bool | None = UNSET
    can_view_financials: bool | None = UNSET
    can_manage_team: bool | None = UNSET
    version: Version | None = None


class InvitationRequest(Input):
    email: Email
    role: GivenRole


class Inviter(Output):
    id: UUID
    name: str


class Invitation(Output):
    id: UUID
    email: str
    role: Role
    invited_by: Inviter
    created_at: datetime
    expires_at: datetime


class NewInvitation(Invitation):
    """With its token, shown this once: send it to the person invited, and nobody else."""

    token: str
