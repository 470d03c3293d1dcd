"""Teams, members and invitations as they are shown and asked for."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domains.kit.actor import Right, Role
from domains.kit.email import Email
from domains.kit.fields import Input, Output

GivenRole = Annotated[Role, Field(strict=False)]

_STRENGTH = {role: strength for strength, role in enumerate(reversed(Role))}


def may_grant(giver: Role, role: Role) -> bool:
    """Nobody hands out more than they have."""
    return _STRENGTH[giver] >= _STRENGTH[role]


AS_THE_ROLE = "null: as the role brings it"


class Team(Output):
    id: UUID
    name: str
    role: Role = Field(description="What you are in it")
    members: int
    created_at: datetime


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


class MemberContact(Member):
    """One member with the address, which the log never holds; null for a viewer."""

    email: str | None


class RoleChange(Input):
    role: GivenRole


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
