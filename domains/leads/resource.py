"""The lead's definition: its state machine, its rules, its SQL."""

from collections.abc import Iterable, Mapping
from typing import Any

from db.transaction import Transaction
from domains.appointments.hidden import ABOUT, NOW
from domains.appointments.resource import APPOINTMENTS
from domains.kit.actor import LEADS as LEAD_ROLES
from domains.kit.actor import Actor
from domains.kit.errors import Conflict, Detail
from domains.kit.people import full_name, has_a_name
from domains.kit.phone import with_e164
from domains.kit.resource import Follower, Record, Resource, Step, Transitions
from domains.kit.rules import percent
from domains.leads.activities import ACTIVITIES
from domains.leads.following import derive
from domains.leads.models import (
    Lead,
    LeadCreate,
    LeadMove,
    LeadPatch,
    LeadQuery,
    LeadSource,
    LeadStats,
)
from domains.leads.score import HOT, WARM

# A deferred lead without a day to come back to would be a lost one.
DEFERRED = Step(needs=("next_follow_up",))
OVER = Step(reason=True)
AGAIN = Step(reason=True)
CONVERTED = Step(needs=("converted_to_client_id",))  # which POST /:id/convert alone sets
ENDS = {"lost": OVER, "unqualified": OVER, "deferred": DEFERRED}

TRANSITIONS: Transitions = {
    "new": {"contacted": Step(), **ENDS},
    "contacted": {"qualified": Step(), **ENDS},
    "qualified": {"converted": CONVERTED, **ENDS},
    "deferred": {"contacted": Step(), "lost": OVER, "unqualified": OVER},
    "lost": {"contacted": AGAIN, "deferred": DEFERRED},
    "unqualified": {"contacted": AGAIN, "deferred": DEFERRED},
    "converted": {},
}
ENTRY = {"new": Step(), "contacted": Step(), "qualified": Step(), "deferred": DEFERRED}


def _check(lead: Record) -> Iterable[Detail]:
    yield from has_a_name(lead)
    if lead.get("in_pond") and lead.get("is_private"):
        yield {
            "field": "is_private",
            "message": "is not for a lead in the pond, which is everybody's to claim",
            "code": "in_pond",
        }
    least, most = lead.get("budget_min"), lead.get("budget_max")
    if least is not None and most is not None and least > most:
        yield {
            "field": "budget_min",
            "message": "is more than budget_max",
            "code": "too_large",
            "with": ["budget_max"],
        }


async def _settle(
    tx: Transaction, actor: Actor, before: Record | None, after: Record, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Leads of the team give out of the pond; who takes for himself claims it, and that counts."""
    del tx, given
    takes = after["owner_id"] == actor.user_id and actor.role not in LEAD_ROLES
    if takes and before is not None and before["in_pond"] and before["owner_id"] != actor.user_id:
        raise Conflict("This lead is in the pond; claim it")
    return {}


TEMPERATURE = (
    f"(CASE WHEN r.lead_score >= {HOT} THEN 'hot' WHEN r.lead_score >= {WARM} THEN 'warm'"
    " ELSE 'cold' END)"
)
# A parameter that several cases look at has one type in all of them.
FOLLOW_UP = (
    "(CASE {}::text WHEN 'overdue' THEN r.next_follow_up < current_date"
    " WHEN 'today' THEN r.next_follow_up = current_date"
    " WHEN 'due' THEN r.next_follow_up <= current_date"
    " WHEN 'upcoming' THEN r.next_follow_up > current_date"
    " ELSE r.next_follow_up IS NULL END)"
)


APPOINTMENTS_ABOUT = Follower(APPOINTMENTS, of=ABOUT, audience="lead_audience", now=NOW)


def _if_shown(table: str, column: str) -> str:
    """An id that the lead names, but where whoever may see the lead may not see that record."""
    return (
        f"(CASE WHEN NOT EXISTS (SELECT FROM {table} AS x WHERE x.id = r.{column}"
        f" AND x.audience NOT IN ('all', r.audience)) THEN r.{column} END)"
    )


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _status(*statuses: str) -> str:
    return _count(" OR ".join(f"r.lead_status = '{status}'" for status in statuses))


BY_SOURCE = ", ".join(f"'{key}', " + _count(f"r.lead_source = '{key}'") for key in LeadSource)

LEADS = Resource(
    name="lead",
    plural="leads",
    prefix="LEAD",
    image=Lead,
    create=LeadCreate,
    patch=LeadPatch,
    move=LeadMove,
    query=LeadQuery,
    status="lead_status",
    transitions=TRANSITIONS,
    entry=ENTRY,
    kinds={"owner_id": "assigned"},
    label=full_name(),
    computed={
        "full_name": full_name(),
        "lead_temperature": TEMPERATURE,
        "converted_to_client_id": _if_shown("clients", "converted_to_client_id"),
        "converted_to_escrow_id": _if_shown("escrows", "converted_to_escrow_id"),
    },
    shows=("client", "escrow"),
    children=(ACTIVITIES,),
    followers=(APPOINTMENTS_ABOUT,),
    search=("last_name", "first_name", "email", "phone", "phone_e164", "city", "display_id"),
    where={
        "lead_status": "r.lead_status = {}",
        "lead_source": "r.lead_source = {}",
        "lead_type": "r.lead_type = {}",
        "is_private": "r.is_private = {}",
        "temperature": f"{TEMPERATURE} = {{}}",
        "min_score": "r.lead_score >= {}",
        "max_score": "r.lead_score <= {}",
        "follow_up": FOLLOW_UP,
        "in_pond": "r.in_pond = {}",
        "tag": "r.tags @> ARRAY[{}::text]",
    },
    sorts={
        "score": ("r.lead_score", "integer"),
        "next_follow_up": ("coalesce(r.next_follow_up, 'infinity'::date)", "date"),
        "last_contact_date": ("coalesce(r.last_contact_date, '-infinity'::date)", "date"),
        "first_name": ("coalesce(r.first_name, '')", "text"),
        "last_name": ("coalesce(r.last_name, '')", "text"),
        "lead_status": ("r.lead_status", "text"),
    },
    stats={
        "total": "count(*)",
        **{
            status: _status(status)
            for status in (
                "new",
                "contacted",
                "qualified",
                "converted",
                "lost",
                "unqualified",
                "deferred",
            )
        },
        "active": _status("new", "contacted", "qualified", "deferred"),
        "hot": _count(f"{TEMPERATURE} = 'hot'"),
        "warm": _count(f"{TEMPERATURE} = 'warm'"),
        "cold": _count(f"{TEMPERATURE} = 'cold'"),
        "inPond": _count("r.in_pond"),
        "followUpsDue": _count("r.next_follow_up <= current_date"),
        "privateLeads": _count("r.is_private"),
        "publicLeads": _count("NOT r.is_private"),
        "bySource": f"json_build_object({BY_SOURCE})",
        "conversionRate": percent(_status("converted")),
        "qualificationRate": percent(_status("qualified", "converted")),
    },
    stats_model=LeadStats,
    reasons={"owner_id": "assignment_reason"},
    home={"total": "total", "active": "active"},
    kpis={"conversionRate": "conversionRate"},
    titles={"lead_source": "source", "owner_id": "owner"},
    deeds={
        "claimed": "claimed {record} from the pond",
        "released": "put {record} into the pond[: {assignment_reason}]",
        "released many": "put {many} into the pond",
        "assigned": "gave {record} to {owner_id}[: {assignment_reason}]",
        "converted": "made a client of {record}",
        "decayed": "saw the score of {record} fade to {lead_score}",
        "decayed many": "saw the scores of {many} fade",
    },
    check=_check,
    derive=derive,
    prepare=with_e164,
    settle=_settle,
)
