"""The listing's definition: its state machine, its rules, its SQL."""

from collections.abc import Iterable

from domains.kit.actor import Right
from domains.kit.errors import Detail
from domains.kit.notes import NOTES
from domains.kit.resource import Record, Resource, Step, Transitions
from domains.kit.rules import not_before, percent, year_built
from domains.listings import showing
from domains.listings.market import derive
from domains.listings.models import (
    Listing,
    ListingCreate,
    ListingMove,
    ListingPatch,
    ListingQuery,
    ListingStats,
)

CONTRACT = ("list_price", "listing_contract_date", "expiration_date", "owner_id")

LISTED = Step(needs=CONTRACT, dated="on_market_date")
BACK = Step(needs=CONTRACT, dated="back_on_market_date")
SOLD = Step(needs=("purchase_contract_date",), dated="purchase_contract_date")
STILL_SOLD = Step(needs=("purchase_contract_date",))  # the same contract, a step further or back
CLOSED = Step(needs=("close_date", "close_price"), dated="close_date")
WITHDRAWN = Step(dated="withdrawn_date")
CANCELLED = Step(dated="cancellation_date")

TRANSITIONS: Transitions = {
    "incomplete": {"coming_soon": Step(), "active": LISTED, "cancelled": CANCELLED},
    "coming_soon": {"active": LISTED, "withdrawn": WITHDRAWN, "cancelled": CANCELLED},
    "active": {
        "active_under_contract": SOLD,
        "pending": SOLD,
        "hold": Step(),
        "withdrawn": WITHDRAWN,
        "expired": Step(),
        "cancelled": CANCELLED,
    },
    "active_under_contract": {
        "pending": STILL_SOLD,
        "active": BACK,
        "closed": CLOSED,
        "cancelled": CANCELLED,
    },
    "pending": {
        "closed": CLOSED,
        "active": BACK,
        "active_under_contract": STILL_SOLD,
        "cancelled": CANCELLED,
    },
    "hold": {"active": BACK, "withdrawn": WITHDRAWN, "expired": Step(), "cancelled": CANCELLED},
    "withdrawn": {"active": BACK, "expired": Step(), "cancelled": CANCELLED},
    "expired": {},
    "cancelled": {},
    "closed": {},
}
ENTRY = {"incomplete": Step(), "coming_soon": Step(), "active": LISTED}

STANDARD_STATUS = {
    "incomplete": "Incomplete",
    "coming_soon": "Coming Soon",
    "active": "Active",
    "active_under_contract": "Active Under Contract",
    "pending": "Pending",
    "hold": "Hold",
    "withdrawn": "Withdrawn",
    "closed": "Closed",
    "expired": "Expired",
    "cancelled": "Canceled",
}


def _check(listing: Record) -> Iterable[Detail]:
    started, ends = listing.get("listing_contract_date"), listing.get("expiration_date")
    if started is not None and ends is not None and ends <= started:
        yield {
            "field": "expiration_date",
            "message": f"is not after listing_contract_date ({started.isoformat()})",
            "code": "too_early",
            "with": ["listing_contract_date"],
        }
    yield from not_before(listing, "close_date", "listing_contract_date")
    yield from not_before(listing, "close_date", "purchase_contract_date")
    yield from not_before(listing, "purchase_contract_date", "listing_contract_date")
    area = listing.get("square_feet")
    if area and listing["list_price"] / area > 10_000:
        yield {
            "field": "list_price",
            "message": "is more than $10,000 a square foot",
            "code": "too_large",
            "with": ["square_feet"],
        }
    yield from year_built(listing)
    yield from showing.check(listing)


DAYS = (
    "(r.days_counted + CASE WHEN r.on_market_since IS NULL THEN 0"
    " ELSE greatest(0, current_date - r.on_market_since) END)"
)
STANDARD = " ".join(f"WHEN '{key}' THEN '{name}'" for key, name in STANDARD_STATUS.items())


def _count(status: str) -> str:
    return f"count(*) FILTER (WHERE r.listing_status = '{status}')"


TIME_ZONE = "coalesce(r.time_zone, property_time_zone(r.zip_code, r.state))"

LISTINGS = Resource(
    name="listing",
    plural="listings",
    prefix="LST",
    image=Listing,
    create=ListingCreate,
    patch=ListingPatch,
    move=ListingMove,
    query=ListingQuery,
    status="listing_status",
    transitions=TRANSITIONS,
    entry=ENTRY,
    kinds={"list_price": "price_changed"},
    label="coalesce(nullif(r.display_address, ''), r.property_address)",
    computed={
        "standard_status": f"(CASE r.listing_status {STANDARD} END)",
        "days_on_market": DAYS,
        "effective_time_zone": TIME_ZONE,
        "cumulative_days_on_market": f"({DAYS} + r.days_before_relist)",
    },
    search=("property_address", "display_address", "city", "display_id", "mls_number", "zip_code"),
    where={
        "property_type": "r.property_type = {}",
        "client_id": "r.client_ids @> ARRAY[{}::uuid]",
        "min_price": "r.list_price >= {}",
        "max_price": "r.list_price <= {}",
        "min_days_on_market": f"{DAYS} >= {{}}",
        "max_days_on_market": f"{DAYS} <= {{}}",
        "start_date": "coalesce(r.expiration_date, 'infinity') >= {}",
        "end_date": "coalesce(r.listing_contract_date, r.created_at::date) <= {}",
        "closing_start": "r.close_date >= {}",
        "closing_end": "r.close_date <= {}",
    },
    sorts={
        "list_price": ("r.list_price", "numeric"),
        "listing_date": ("coalesce(r.listing_contract_date, '-infinity'::date)", "date"),
        "listing_contract_date": ("coalesce(r.listing_contract_date, '-infinity'::date)", "date"),
        "close_date": ("coalesce(r.close_date, '-infinity'::date)", "date"),
        "days_on_market": (DAYS, "integer"),
        "property_address": ("r.property_address", "text"),
        "bedrooms": ("coalesce(r.bedrooms, -1)", "numeric"),
        "square_feet": ("coalesce(r.square_feet, -1)", "integer"),
        "listing_status": ("r.listing_status", "text"),
    },
    stats={
        "total": "count(*)",
        "comingSoon": _count("coming_soon"),
        "active": _count("active"),
        "pending": (
            "count(*) FILTER (WHERE r.listing_status IN ('pending', 'active_under_contract'))"
        ),
        "sold": _count("closed"),
        "expired": _count("expired"),
        "cancelled": _count("cancelled"),
        "withdrawn": _count("withdrawn"),
        "avgListPrice": "coalesce(round(avg(r.list_price), 2), 0)",
        "avgSoldPrice": (
            "coalesce(round(avg(r.close_price) FILTER (WHERE r.listing_status = 'closed'), 2), 0)"
        ),
        "totalActiveInventory": (
            "coalesce(sum(r.list_price) FILTER (WHERE r.listing_status = 'active'), 0)"
        ),
        "totalSoldVolume": (
            "coalesce(sum(r.close_price) FILTER (WHERE r.listing_status = 'closed'), 0)"
        ),
        "avgDaysOnMarket": (
            f"coalesce(round(avg({DAYS}) FILTER (WHERE r.on_market_date IS NOT NULL), 1), 0)"
        ),
        "activePercentage": percent(_count("active")),
    },
    stats_model=ListingStats,
    home={"total": "total", "active": "active", "inventoryValue": "totalActiveInventory"},
    links={"client_ids": "clients"},
    guarded=dict.fromkeys(
        ("commission_type", "listing_commission", "buyer_commission"), Right.FINANCIALS
    ),
    reasons={"list_price": "price_change_reason"},
    children=(NOTES,),
    check=_check,
    derive=derive,
)
