"""Who is asking: the first argument of every verb."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self
from uuid import UUID


class Role(StrEnum):
    """What a member may do in a team, strongest first."""

    OWNER = "owner"
    LEAD = "lead"
    AGENT = "agent"
    VIEWER = "viewer"


EVERYONE = frozenset(Role)
WRITERS = frozenset({Role.OWNER, Role.LEAD, Role.AGENT})
LEADS = frozenset({Role.OWNER, Role.LEAD})


# The row of `users` that is nobody's: what jobs write is written by it.
SYSTEM: Final = UUID("00000000-0000-4000-8000-686f6d650000")


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in member of one team; the role comes from the database, never from the token."""

    user_id: UUID
    team_id: UUID
    role: Role
    name: str

    @classmethod
    def system(cls, team_id: UUID) -> Self:
        """Homeroom itself, which may do all that an owner may; it owns no records."""
        return cls(SYSTEM, team_id, Role.OWNER, "Homeroom")
