"""Who is asking: the first argument of every verb."""

from dataclasses import dataclass
from enum import StrEnum
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


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in member of one team; the role comes from the database, never from the token."""

    user_id: UUID
    team_id: UUID
    role: Role
    name: str
