"""What follows from a change of a listing: prices, contract dates, days on market."""

from collections.abc import Mapping
from typing import Any

from domains.kit.resource import Moment, Record
from domains.kit.rules import status_columns

# Days on market are counted while the property is shown.
SHOWN = frozenset({"active", "active_under_contract"})
UNDER_CONTRACT = frozenset({"active_under_contract", "pending"})

# RESO's MajorChangeType
CHANGES = {
    "coming_soon": "Coming Soon",
    "active": "New Listing",
    "active_under_contract": "Active Under Contract",
    "pending": "Pending",
    "hold": "Hold",
    "withdrawn": "Withdrawn",
    "closed": "Closed",
    "expired": "Expired",
    "cancelled": "Canceled",
}


def derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    """The columns that a new or changed listing sets beside those that were sent."""
    return {**_price(before, after, moment), **_status(before, after, moment)}


def _price(before: Record | None, after: Record, moment: Moment) -> dict[str, Any]:
    price = after["list_price"]
    if before is None:
        return {"original_list_price": price}
    if price == before["list_price"]:
        return {}
    if before["listing_status"] == "incomplete":
        # Nobody has seen the old price: it was a draft, not a reduction.
        return {"original_list_price": price}
    return {
        "previous_list_price": before["list_price"],
        "price_change_date": moment.day,
        "price_change_timestamp": moment.now,
        "major_change_type": "Price Change",
        "major_change_timestamp": moment.now,
    }


def _status(before: Record | None, after: Record, moment: Moment) -> dict[str, Any]:
    columns = dict(status_columns("listing_status", before, after, moment))
    if not columns:
        return _corrected_start(before, after)
    old, new = before["listing_status"] if before else "incomplete", after["listing_status"]
    if new in CHANGES:
        shown = before is not None and before["on_market_date"] is not None
        back = new == "active" and shown and old not in {"incomplete", "coming_soon"}
        columns["major_change_type"] = "Back On Market" if back else CHANGES[new]
        columns["major_change_timestamp"] = moment.now
    if new == "pending":
        columns["pending_timestamp"] = moment.now
    if new == "active_under_contract" and after.get("contingent_date") is None:
        columns["contingent_date"] = after.get("purchase_contract_date")
    if new == "active" and old in UNDER_CONTRACT:
        # The contract fell through: the next one needs dates of its own.
        columns |= {"purchase_contract_date": None, "contingent_date": None}
    return columns | _market_days(before, after, old, new, moment)


def _corrected_start(before: Record | None, after: Record) -> dict[str, Any]:
    """The first run of days began on the market date, also when that date is put right later."""
    start = after["on_market_date"]
    if before is None or start is None or before["on_market_since"] in (None, start):
        return {}
    first = before["on_market_since"] == before["on_market_date"]
    return {"on_market_since": start} if first else {}


def _market_days(
    before: Record | None, after: Record, old: str, new: str, moment: Moment
) -> dict[str, Any]:
    """Close the running count when the property is no longer shown, and start it when it is."""
    columns: dict[str, Any] = {}
    if new in SHOWN and old not in SHOWN:
        columns |= {"on_market_since": moment.day, "off_market_date": None}
        if after.get("on_market_date") is None:
            columns["on_market_date"] = moment.day
    elif old in SHOWN and new not in SHOWN:
        columns |= {"on_market_since": None, "off_market_date": moment.day}
        if before and before["on_market_since"]:
            last = min(moment.day, moment.now.date())  # days to come are not counted ahead
            run = (last - before["on_market_since"]).days
            columns["days_counted"] = before["days_counted"] + max(0, run)
    return columns
