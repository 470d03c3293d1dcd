"""The escrow's definition: its state machine, its rules, its SQL."""

from collections.abc import Iterable, Mapping
from typing import Any

from domains.escrows.models import (
    Escrow,
    EscrowCreate,
    EscrowMove,
    EscrowPatch,
    EscrowQuery,
    EscrowStats,
)
from domains.kit.actor import LEADS, Right
from domains.kit.errors import Detail
from domains.kit.notes import NOTES
from domains.kit.resource import Moment, Record, Resource, Step, Transitions
from domains.kit.rules import not_after, not_before, percent, status_columns, year_built

SETTLED = frozenset({"satisfied", "waived", "removed"})


def _contingencies_settled(record: Record) -> Iterable[Detail]:
    """Every contingency is removed, waived or satisfied."""
    # In California a passed date removes nothing: each must be signed away before the close.
    for contingency in record["contingencies"]:
        if contingency["status"] not in SETTLED:
            yield {
                "field": "contingencies",
                "message": f"the {contingency['type']} contingency is not removed or waived",
                "code": "contingency_open",
            }


OPENED = Step(needs=("acceptance_date", "buyers", "sellers"), dated="acceptance_date")
CLOSED = Step(
    needs=("recorded_date", "close_price"), dated="recorded_date", guard=_contingencies_settled
)
CANCELLED = Step(needs=("deposit_disposition",), reason=True)
REOPENED = Step(reason=True, roles=LEADS)

TRANSITIONS: Transitions = {
    "pending": {"active": OPENED, "cancelled": CANCELLED},
    "active": {"closed": CLOSED, "cancelled": CANCELLED},
    "closed": {"active": REOPENED},
    "cancelled": {"active": REOPENED},
}
# A deal that is already under way, or over, may be entered as it stands: with all that it needs.
ENTRY = {"pending": Step(), "active": OPENED, "closed": CLOSED, "cancelled": CANCELLED}


def _check(escrow: Record) -> Iterable[Detail]:
    price, deposit = escrow["purchase_price"], escrow.get("earnest_money_deposit")
    if deposit is not None and deposit > price:
        yield {
            "field": "earnest_money_deposit",
            "message": "is more than the purchase price",
            "code": "too_large",
            "with": ["purchase_price"],
        }
    loan = escrow.get("loan_amount")
    if loan is not None and loan > price * 2:
        yield {
            "field": "loan_amount",
            "message": "is more than twice the purchase price",
            "code": "too_large",
            "with": ["purchase_price"],
        }
    yield from not_before(escrow, "closing_date", "acceptance_date")
    yield from not_before(escrow, "recorded_date", "acceptance_date")
    for name in (
        "inspection_contingency_date",
        "appraisal_contingency_date",
        "loan_contingency_date",
        "all_contingency_removal_date",
    ):
        yield from not_after(escrow, name, "closing_date")
    yield from year_built(escrow)


def _prepare(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The seed's buyer_name and seller_name are the only name of their list."""
    columns = dict(given)
    for single, several in (("buyer_name", "buyers"), ("seller_name", "sellers")):
        name = columns.pop(single, None)
        if name is not None and not columns.get(several):
            columns[several] = [name]
    return columns


def _derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    return status_columns("escrow_status", before, after, moment)


ACTIVE = "count(*) FILTER (WHERE r.escrow_status = 'active')"
CLOSED_COUNT = "count(*) FILTER (WHERE r.escrow_status = 'closed')"

ESCROWS = Resource(
    name="escrow",
    plural="escrows",
    prefix="ESC",
    image=Escrow,
    create=EscrowCreate,
    patch=EscrowPatch,
    move=EscrowMove,
    query=EscrowQuery,
    status="escrow_status",
    transitions=TRANSITIONS,
    entry=ENTRY,
    label="coalesce(nullif(r.display_address, ''), r.property_address)",
    computed={
        "standard_status": (
            "(CASE r.escrow_status WHEN 'closed' THEN 'Closed' WHEN 'cancelled' THEN 'Canceled'"
            " ELSE 'Pending' END)"
        ),
        "buyer_name": "r.buyers[1]",
        "seller_name": "r.sellers[1]",
    },
    search=(
        "property_address",
        "display_address",
        "city",
        "zip_code",
        "display_id",
        "escrow_number",
        "mls_number",
        "buyers",
        "sellers",
    ),
    where={
        "property_type": "r.property_type = {}",
        "client_id": "r.client_ids @> ARRAY[{}::uuid]",
        "min_price": "r.purchase_price >= {}",
        "max_price": "r.purchase_price <= {}",
        "start_date": "r.closing_date >= {}",
        "end_date": "coalesce(r.acceptance_date, r.closing_date) <= {}",
        "closing_start": "r.closing_date >= {}",
        "closing_end": "r.closing_date <= {}",
    },
    sorts={
        "closing_date": ("r.closing_date", "date"),
        "acceptance_date": ("coalesce(r.acceptance_date, '-infinity'::date)", "date"),
        "property_address": ("r.property_address", "text"),
        "purchase_price": ("r.purchase_price", "numeric"),
        "escrow_status": ("r.escrow_status", "text"),
    },
    stats={
        "total": "count(*)",
        "active": ACTIVE,
        "pending": "count(*) FILTER (WHERE r.escrow_status = 'pending')",
        "closed": CLOSED_COUNT,
        "cancelled": "count(*) FILTER (WHERE r.escrow_status = 'cancelled')",
        "activeVolume": (
            "coalesce(sum(r.purchase_price) FILTER (WHERE r.escrow_status = 'active'), 0)"
        ),
        "closedVolume": (
            "coalesce(sum(coalesce(r.close_price, r.purchase_price))"
            " FILTER (WHERE r.escrow_status = 'closed'), 0)"
        ),
        "totalCommission": (
            "coalesce(sum(coalesce(r.gross_commission,"
            " round(coalesce(r.close_price, r.purchase_price) * r.commission_percentage / 100, 2)))"
            " FILTER (WHERE r.escrow_status <> 'cancelled'), 0)"
        ),
        "activePercentage": percent(ACTIVE),
        "closedPercentage": percent(CLOSED_COUNT),
    },
    stats_model=EscrowStats,
    home={"total": "total", "active": "active", "volume": "activeVolume"},
    links={"client_ids": "clients"},
    children=(NOTES,),
    guarded=dict.fromkeys(
        ("commission_type", "commission_percentage", "gross_commission", "net_commission"),
        Right.FINANCIALS,
    ),
    guarded_stats={"totalCommission": Right.FINANCIALS},
    check=_check,
    derive=_derive,
    prepare=_prepare,
)
