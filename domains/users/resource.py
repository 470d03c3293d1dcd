"""How people are read: as records of each team, like any other; they change themselves."""

from domains.kit.actor import Role
from domains.kit.fields import Input
from domains.kit.resource import Resource
from domains.users.models import ProfilePatch, TeamUser, UserQuery, UserStats


def _count(role: Role) -> str:
    return f"count(*) FILTER (WHERE r.role = '{role}')"


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
    line="search_line(ARRAY[r.full_name, r.title, r.license_number, r.phone_e164])",
    once="r.home",
)
