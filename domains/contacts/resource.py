"""The contact's definition: its states, its roles, its SQL."""

from collections.abc import Iterable, Mapping
from typing import Any

from domains.contacts.models import (
    Contact,
    ContactCreate,
    ContactMove,
    ContactPatch,
    ContactQuery,
    ContactRole,
    ContactStats,
    NewRole,
    RoleImage,
    RolePatch,
)
from domains.kit.child import Child
from domains.kit.errors import Detail
from domains.kit.people import has_a_name
from domains.kit.phone import e164, with_e164
from domains.kit.resource import Moment, Record, Resource, Step, Transitions
from domains.kit.rules import status_columns

# A merged contact is at its end: only taking the merge back brings it into another state.
TRANSITIONS: Transitions = {
    "active": {"inactive": Step()},
    "inactive": {"active": Step()},
    "merged": {},
}
ENTRY = {"active": Step(), "inactive": Step()}

ROLES = Child(
    name="role",
    plural="roles",
    table="contact_roles",
    parent="contact_id",
    image=RoleImage,
    create=NewRole,
    patch=RolePatch,
    order="c.is_primary DESC, c.created_at, c.id",
    sole="is_primary",
    once="role",
)


def _check(contact: Record) -> Iterable[Detail]:
    yield from has_a_name(contact, "company")


def _prepare(given: Mapping[str, Any]) -> Mapping[str, Any]:
    columns = with_e164(given)
    if columns.get("other_phones") is not None:
        columns["other_phones_e164"] = [e164(typed) for typed in columns["other_phones"]]
    return columns


def _derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    return status_columns("contact_status", before, after, moment)


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


IN_ROLE = (
    "EXISTS (SELECT FROM contact_roles AS c"
    " WHERE c.team_id = r.team_id AND c.contact_id = r.id AND c.role = {})"
)
HAS_ROLE = "EXISTS (SELECT FROM contact_roles AS c WHERE c.contact_id = r.id)"
EVERY_ROLE = ", ".join(f"('{role}')" for role in ContactRole)
# The ids are gathered once and joined: fourteen questions of each contact would be slow.
BY_ROLE = f"""(
    SELECT json_object_agg(v.role, coalesce(n.number, 0))
    FROM (VALUES {EVERY_ROLE}) AS v (role)
    LEFT JOIN (
        SELECT c.role, count(*) AS number
        FROM unnest(array_agg(r.id)) AS i (id)
        JOIN contact_roles AS c ON c.contact_id = i.id
        GROUP BY c.role
    ) AS n USING (role)
)"""

# As far as whoever may see this contact may see the other one.
DISTINCT = (
    "(SELECT coalesce(json_agg(d.id ORDER BY d.i), '[]')"
    " FROM unnest(r.distinct_from) WITH ORDINALITY AS d (id, i)"
    " JOIN contacts AS o ON o.id = d.id AND o.audience IN ('all', r.audience))"
)

CONTACTS = Resource(
    name="contact",
    plural="contacts",
    prefix="CTC",
    image=Contact,
    create=ContactCreate,
    patch=ContactPatch,
    move=ContactMove,
    query=ContactQuery,
    status="contact_status",
    transitions=TRANSITIONS,
    entry=ENTRY,
    label="r.full_name",
    successor="merged_into",
    computed={
        "distinct_from": DISTINCT,
        "primary_role": (
            "(SELECT c.role FROM contact_roles AS c WHERE c.contact_id = r.id AND c.is_primary)"
        ),
    },
    search=(
        "last_name",
        "first_name",
        "full_name",
        "company",
        "email",
        "phone_e164",
        "city",
        "license_number",
        "display_id",
    ),
    where={
        "role": IN_ROLE,
        "type": IN_ROLE,
        "tag": "r.tags @> ARRAY[{}::text]",
        "city": "lower(r.city) = lower({})",
        "email": "{} = ANY (r.other_emails || r.email)",
        "phone": "{} = ANY (r.other_phones_e164 || r.phone_e164)",
    },
    sorts={
        "full_name": ("r.full_name", "text"),
        "first_name": ("coalesce(r.first_name, '')", "text"),
        "last_name": ("coalesce(r.last_name, '')", "text"),
        "company": ("coalesce(r.company, '')", "text"),
        "contact_status": ("r.contact_status", "text"),
    },
    stats={
        "total": "count(*)",
        "active": _count("r.contact_status = 'active'"),
        "inactive": _count("r.contact_status = 'inactive'"),
        "merged": "coalesce(sum(cardinality(r.merged_from)), 0)",
        "withoutRole": _count(f"NOT {HAS_ROLE}"),
        "byRole": BY_ROLE,
    },
    stats_model=ContactStats,
    deeds={
        "merged": "merged another contact into {record}",
        "unmerged": "took a merge into {record} back",
        "told_apart": "noted that {record} is not the same as another contact",
        "told_apart many": "noted that {many} are not the same",
        "compared_again": "noted that {record} may be the same as another contact after all",
        "compared_again many": "noted that {many} may be the same after all",
        "deleted": "deleted {record}[, which is {merged_into} now]",
    },
    children=(ROLES,),
    check=_check,
    derive=_derive,
    prepare=_prepare,
)
