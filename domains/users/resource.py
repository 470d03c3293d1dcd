"""How people are read: as records of each team, like any other; they change themselves."""

from dataclasses import replace

from domains.kit.actor import Role
from domains.kit.fields import Input
from domains.kit.resource import Resource
from domains.users.models import ProfilePatch, TeamUser, UserQuery, UserStats


def _count(role: Role) -> str:
    return f"count(*) FILTER (WHERE r.role = '{role}')"


KNOWN_BY = "r.full_name, r.title, r.license_number, r.phone_e164"
EMAIL = "(SELECT u.email FROM users AS u WHERE u.id = r.id)"

# Nobody is made, moved, archived or deleted here: people come by invitation and leave a team.
USERS = Resource(
    name="user",
    plural="users",
    prefix="USR",
    source="team_users",
    image=TeamUser,
    create=Input,
    patch=ProfilePatch,
    move=Input,
    query=UserQuery,
    status="status",
    transitions={},
    entry={},
    computed={},
    search=("full_name", "title", "license_number", "phone_e164"),
    where={
        "role": "r.role = {}",
        "member_type": "r.member_type = {}",
        "license_state": "r.license_state = {}",
        "specialty": "{} = ANY (r.specialties)",
        "language": "{} = ANY (r.languages)",
    },
    sorts={
        "full_name": ("lower(r.full_name)", "text"),
        "role": ("r.role", "text"),
        "joined_at": ("r.joined_at", "timestamptz"),
    },
    stats={
        "total": "count(*)",
        "active": "count(*) FILTER (WHERE r.status = 'active')",
        "disabled": "count(*) FILTER (WHERE r.status = 'disabled')",
        "brokers": _count(Role.BROKER),
        "owners": _count(Role.OWNER),
        "leads": _count(Role.LEAD),
        "coordinators": _count(Role.COORDINATOR),
        "agents": _count(Role.AGENT),
        "viewers": _count(Role.VIEWER),
    },
    stats_model=UserStats,
    shows=("broker",),
    label="r.full_name",
    # They are few in a team: their lines need no column and no index.
    line=f"search_line(ARRAY[{KNOWN_BY}])",
    once="r.home",
)
# For those who are shown the address that a colleague signs in with, and so may look for it.
USERS_BY_EMAIL = replace(
    USERS,
    computed={"email": EMAIL},
    search=(*USERS.search, "email"),
    line=f"search_line(ARRAY[{KNOWN_BY}, {EMAIL}])",
)


def users_for(role: Role) -> Resource:
    """The definition that somebody of this role reads people by."""
    return USERS if role is Role.VIEWER else USERS_BY_EMAIL
