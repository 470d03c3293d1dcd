"""Who is asking: the first argument of every verb."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self
from uuid import UUID


class Role(StrEnum):
    """What somebody is in a team, strongest first."""

    SYSTEM_ADMIN = "system_admin"
    BROKER = "broker"
    OWNER = "owner"
    LEAD = "lead"
    COORDINATOR = "coordinator"
    AGENT = "agent"
    VIEWER = "viewer"


ABOVE: Final = frozenset({Role.SYSTEM_ADMIN, Role.BROKER, Role.OWNER})  # nobody takes from them
LEADS: Final = ABOVE | {Role.LEAD}
WRITERS: Final = LEADS | {Role.COORDINATOR, Role.AGENT}
EVERYONE: Final = frozenset(Role)


class Right(StrEnum):
    """What a member may do or see beyond what every one of the same role may."""

    ACCESS_CODES = "access_codes"  # see the codes of lockboxes and gates
    DELETE = "delete"  # delete what others own, and bring it back
    EDIT_TEAM_DATA = "edit_team_data"  # change what others own
    FINANCIALS = "financials"  # see and set commissions
    MANAGE_TEAM = "manage_team"  # invite, remove, give roles and permissions


SHOWING: Final = frozenset({Right.ACCESS_CODES, Right.FINANCIALS})  # what makes one see more

_ALL: Final = frozenset(Right)
_WRITER: Final = frozenset({Right.ACCESS_CODES, Right.EDIT_TEAM_DATA, Right.FINANCIALS})

# What a role brings where nobody said otherwise of a member; member_rights in Postgres agrees.
RIGHTS: Final[Mapping[Role, frozenset[str]]] = {
    **dict.fromkeys(LEADS, _ALL),
    Role.COORDINATOR: _WRITER,
    Role.AGENT: _WRITER,
    Role.VIEWER: frozenset({Right.FINANCIALS}),
}

AS_THE_ROLE: Final[frozenset[str]] = frozenset({"*"})

# The row of `users` that is nobody's: what jobs write is written by it.
SYSTEM: Final = UUID("00000000-0000-4000-8000-686f6d650000")


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in member of one team; role and rights come from the database, not from the token.

    Without `rights` they are those of the role.
    """

    user_id: UUID
    team_id: UUID
    role: Role
    name: str
    rights: frozenset[str] = field(default=AS_THE_ROLE, kw_only=True)

    def __post_init__(self) -> None:
        if self.rights is AS_THE_ROLE:
            object.__setattr__(self, "rights", RIGHTS[self.role])

    @classmethod
    def system(cls, team_id: UUID) -> Self:
        """Homeroom itself, which may do all that an owner may; it owns no records."""
        return cls(SYSTEM, team_id, Role.OWNER, "Homeroom")
