"""The client's definition: its state machine, its rules, its SQL."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from domains.clients.models import (
    Client,
    ClientCreate,
    ClientMove,
    ClientPatch,
    ClientQuery,
    ClientStats,
)
from domains.kit.actor import Right
from domains.kit.errors import Detail
from domains.kit.notes import NOTES
from domains.kit.people import has_a_name
from domains.kit.phone import with_e164
from domains.kit.resource import Moment, Record, Resource, Step, Transitions
from domains.kit.rules import percent, status_columns


def _agreement_is_over(client: Record) -> Iterable[Detail]:
    # An agreement that is ended before its day was cancelled; the record should say so.
    end = client.get("agreement_end_date")
    if end is not None and end > datetime.now(UTC).date():
        yield {
            "field": "agreement_end_date",
            "message": "is still to come; an agreement that ends before its day is cancelled",
            "code": "too_late",
        }


ACTIVE = Step()
INACTIVE = Step()
CLOSED = Step()
EXPIRED = Step(needs=("agreement_end_date",), guard=_agreement_is_over)
CANCELLED = Step(reason=True)

TRANSITIONS: Transitions = {
    "active": {
        "inactive": INACTIVE,
        "closed": CLOSED,
        "expired": EXPIRED,
        "cancelled": CANCELLED,
    },
    "inactive": {
        "active": ACTIVE,
        "closed": CLOSED,
        "expired": EXPIRED,
        "cancelled": CANCELLED,
    },
    "closed": {"active": ACTIVE},
    "expired": {"active": ACTIVE, "closed": CLOSED},
    "cancelled": {"active": ACTIVE},
}
# A book of clients is brought along from elsewhere, past ones among them.
ENTRY = {
    "active": ACTIVE,
    "inactive": INACTIVE,
    "closed": CLOSED,
    "expired": EXPIRED,
    "cancelled": CANCELLED,
}


def _check(client: Record) -> Iterable[Detail]:
    yield from has_a_name(client, "entity_name")
    if client.get("entity_name") and client["entity_type"] == "individual":
        yield {
            "field": "entity_name",
            "message": "is the name of an entity; say in entity_type what it is",
            "code": "contradiction",
            "with": ["entity_type"],
        }
    least, most = client.get("budget_min"), client.get("budget_max")
    if least is not None and most is not None and least > most:
        yield {
            "field": "budget_max",
            "message": f"is less than budget_min ({least})",
            "code": "too_small",
            "with": ["budget_min"],
        }
    start, end = client.get("agreement_start_date"), client.get("agreement_end_date")
    if start is not None and end is not None and end <= start:
        yield {
            "field": "agreement_end_date",
            "message": f"is not after agreement_start_date ({start.isoformat()})",
            "code": "too_early",
            "with": ["agreement_start_date"],
        }


def _derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    return status_columns("client_status", before, after, moment)


AGREEMENT = """(CASE
    WHEN r.agreement_start_date IS NULL AND r.agreement_end_date IS NULL THEN 'none'
    WHEN r.client_status = 'cancelled' THEN 'cancelled'
    WHEN r.agreement_end_date < current_date THEN 'expired'
    WHEN r.agreement_start_date > current_date THEN 'upcoming'
    ELSE 'in_force' END)"""

# Escrows that whoever may see the client may see too: a client is shown alike to all its readers.
DEALS = """
    SELECT count(*) FILTER (WHERE e.escrow_status <> 'cancelled') AS escrow_count,
        coalesce(sum(coalesce(e.close_price, e.purchase_price))
            FILTER (WHERE e.escrow_status = 'closed'), 0) AS closed_value,
        coalesce(sum(e.purchase_price)
            FILTER (WHERE e.escrow_status IN ('pending', 'active')), 0) AS pending_value
    FROM escrows AS e
    WHERE e.client_ids @> ARRAY[r.id] AND e.team_id = r.team_id AND e.deleted_at IS NULL
        AND e.audience IN ('all', r.audience)
"""


# The leads they came from, likewise as far as whoever sees the client may see them.
ORIGIN = """
    SELECT coalesce(array_agg(l.id ORDER BY l.created_at, l.id), '{}') AS lead_ids
    FROM leads AS l
    WHERE l.converted_to_client_id = r.id AND l.team_id = r.team_id AND l.deleted_at IS NULL
        AND l.audience IN ('all', r.audience)
"""


def _count(column: str, value: str) -> str:
    return f"count(*) FILTER (WHERE r.{column} = '{value}')"


CLIENTS = Resource(
    name="client",
    plural="clients",
    prefix="CLT",
    image=Client,
    create=ClientCreate,
    patch=ClientPatch,
    move=ClientMove,
    query=ClientQuery,
    status="client_status",
    transitions=TRANSITIONS,
    entry=ENTRY,
    label="r.full_name",
    computed={
        "agreement_status": AGREEMENT,
        "lead_ids": "origin.lead_ids",
        "escrow_count": "deals.escrow_count",
        "lifetime_value": "(deals.closed_value + deals.pending_value)",
        "closed_value": "deals.closed_value",
        "pending_value": "deals.pending_value",
    },
    beside={"deals": DEALS, "origin": ORIGIN},
    shows=("escrow", "lead"),
    search=("last_name", "first_name", "full_name", "email", "phone_e164", "city", "display_id"),
    where={
        "client_type": "r.client_type = {}",
        "tags": "r.tags @> string_to_array({}::text, ',')",
    },
    sorts={
        "first_name": ("coalesce(r.first_name, '')", "text"),
        "last_name": ("coalesce(r.last_name, '')", "text"),
        "full_name": ("r.full_name", "text"),
        "email": ("coalesce(r.email, '')", "text"),
        "status": ("r.client_status", "text"),
        "client_type": ("r.client_type", "text"),
    },
    stats={
        "total": "count(*)",
        "active": _count("client_status", "active"),
        "inactive": _count("client_status", "inactive"),
        "buyers": _count("client_type", "buyer"),
        "sellers": _count("client_type", "seller"),
        "both": _count("client_type", "both"),
        "activePercentage": percent(_count("client_status", "active")),
    },
    stats_model=ClientStats,
    links={"representative_contact_id": "contacts"},
    home={"total": "total", "active": "active"},
    unique=("email",),
    guarded={"commission": Right.FINANCIALS},
    children=(NOTES,),
    check=_check,
    derive=_derive,
    prepare=with_e164,
)
