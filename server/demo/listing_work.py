"""What an agent does with a listing: from the record as it was read to one request."""

from datetime import timedelta

from server.demo.acts import PREFIX, Act, Day, Record, money, move, place
from server.demo.escrow_work import new_escrow

LOWEST_SHARE = 0.8  # of the first asking price: nobody cuts below it
FALLS_THROUGH = 0.15
TERM_DAYS = 183
MADE_BY = "Demo, made by `simulate`: the home is real, the new listing and its price are built."
SHOWINGS = (
    "Lockbox at the side door; please switch the lights off.",
    "Call the office first: the sellers work from home.",
    "24 hours' notice, there is a dog in the house.",
    "Open house on Saturday, 11 to 1.",
    "Go and show; park in the street, not in the drive.",
)


def cut_price(listing: Record, day: Day) -> Act | None:
    if listing["listing_status"] != "active":
        return None  # a colleague has sold it meanwhile
    price = listing["list_price"]
    lower = round(price * day.rng.uniform(0.96, 0.99) / 500) * 500
    if lower >= price or lower < listing["original_list_price"] * LOWEST_SHARE:
        return None
    return Act(
        f"lowered {place(listing)} from {money(price)} to {money(lower)}",
        "POST",
        f"/listings/{listing['id']}/price",
        {
            "list_price": lower,
            "reason": f"{PREFIX}{listing['days_on_market']} days without an offer",
            "effective_date": day.on.isoformat(),
            "version": listing["version"],
        },
    )


def accept_offer(listing: Record, day: Day) -> Act | None:
    def enter_contract(sold: Record) -> Act:
        return new_escrow(sold, day)

    return move(
        listing,
        "active_under_contract",
        f"took an offer on {place(listing)}",
        then=enter_contract,
        purchase_contract_date=day.on.isoformat(),
    )


def finish_inspection(listing: Record, day: Day) -> Act | None:
    if day.rng.random() < FALLS_THROUGH:
        return move(listing, "active", f"put {place(listing)} back on the market")
    return move(listing, "pending", f"saw the inspection of {place(listing)} through")


def close_listing(listing: Record, day: Day) -> Act | None:
    paid = round(listing["list_price"] * day.rng.uniform(0.97, 1.03) / 500) * 500
    return move(
        listing,
        "closed",
        f"closed {place(listing)} at {money(paid)}",
        close_date=day.on.isoformat(),
        close_price=paid,
    )


def open_to_market(listing: Record, _: Day) -> Act | None:
    return move(listing, "active", f"brought {place(listing)} to market")


def rest(listing: Record, _: Day) -> Act | None:
    return move(listing, "hold", f"put {place(listing)} on hold")


def relist(listing: Record, day: Day) -> Act | None:
    """A home that was sold comes to market again, at what was paid for it or a little more."""
    paid = listing["close_price"] or listing["list_price"]
    asked = round(paid * day.rng.uniform(1, 1.1) / 1000) * 1000

    def go_to_market(fresh: Record) -> Act:
        body = {"listing_status": "active", "notes": MADE_BY, "version": fresh["version"]}
        says = f"brought {place(fresh)} to market"
        return Act(says, "PATCH", f"/listings/{fresh['id']}", body)

    return Act(
        f"signed a new listing of {place(listing)} at {money(asked)}",
        "POST",
        f"/listings/{listing['id']}/relist",
        {
            "list_price": asked,
            "listing_contract_date": day.on.isoformat(),
            "expiration_date": (day.on + timedelta(TERM_DAYS)).isoformat(),
        },
        go_to_market,
    )


def instruct(listing: Record, day: Day) -> Act | None:
    said = day.rng.choice([text for text in SHOWINGS if text != listing["showing_instructions"]])
    return Act(
        f"changed how {place(listing)} is shown: {said}",
        "PATCH",
        f"/listings/{listing['id']}",
        {"showing_instructions": said, "version": listing["version"]},
    )
