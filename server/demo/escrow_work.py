"""What an agent does with an escrow: from the record as it was read to one request."""

from datetime import timedelta

from server.demo.acts import PREFIX, Act, Day, Record, money, move, place
from server.demo.deals import CONTINGENCY_DAYS

ESCROW_DAYS = 35
SETTLED = frozenset({"satisfied", "waived", "removed"})
WAIVED_SHARE = 0.1
KEPT_NOTES = 3  # of ours; a record that is worked on for hours must not grow for ever
REMARKS = (
    "the walkthrough is booked",
    "sellers ask for two more days to move out",
    "buyer's agent asks for the roof's papers",
    "left a message with the lender",
    "title report has come in",
    "keys are with the office",
)
MADE_BY = "Demo, made by `simulate`: the home is real, the contract and its people are built."
# fmt: off
PROPERTY = (
    "property_address", "display_address", "city", "state", "zip_code", "county", "latitude",
    "longitude", "apn", "property_type", "bedrooms", "bathrooms", "square_feet", "lot_size",
    "year_built", "stories",
)
# fmt: on


def remark(escrow: Record, day: Day) -> Act | None:
    lines = (escrow["notes"] or "").splitlines()
    ours = [line for line in lines if line.startswith(PREFIX)][-KEPT_NOTES + 1 :]
    kept = [line for line in lines if not line.startswith(PREFIX)] + ours
    text = day.rng.choice([text for text in REMARKS if text not in "".join(ours)])
    notes = "\n".join([*kept, f"{PREFIX}{text} ({day.on.isoformat()})"])
    return Act(
        f"noted on {place(escrow)}: {text}",
        "PATCH",
        f"/escrows/{escrow['id']}",
        {"notes": notes, "version": escrow["version"]},
    )


def open_escrow(escrow: Record, _: Day) -> Act | None:
    return move(escrow, "active", f"opened escrow on {place(escrow)}", plural="escrows")


def settle(escrow: Record, day: Day) -> Act | None:
    """Sign the next contingency away; when none is left, record the deed."""
    open_ones = [c for c in escrow["contingencies"] if c["status"] not in SETTLED]
    if not open_ones:
        return move(
            escrow,
            "closed",
            f"recorded the deed of {place(escrow)}",
            plural="escrows",
            recorded_date=day.on.isoformat(),
            close_price=escrow["purchase_price"],
        )
    done = {**open_ones[0], "status": "waived" if day.rng.random() < WAIVED_SHARE else "removed"}
    left = [done if c is open_ones[0] else c for c in escrow["contingencies"]]
    return Act(
        f"{done['status']} the {done['type']} contingency of {place(escrow)}",
        "PATCH",
        f"/escrows/{escrow['id']}",
        {"contingencies": left, "version": escrow["version"]},
    )


def new_escrow(listing: Record, day: Day) -> Act:
    """The contract behind an accepted offer; the parties are plainly nobody."""
    price = round(listing["list_price"] * day.rng.uniform(0.98, 1.02) / 500) * 500
    number = day.rng.randrange(1000, 10_000)
    due = {kind: (day.on + timedelta(days)).isoformat() for kind, days in CONTINGENCY_DAYS.items()}
    return Act(
        f"entered the contract on {place(listing)} at {money(price)}",
        "POST",
        "/escrows",
        {
            **{name: listing[name] for name in PROPERTY},
            "is_private": listing["is_private"],
            "purchase_price": price,
            "earnest_money_deposit": round(price * 0.02),
            "commission_type": "percentage",
            "commission_percentage": 2.5,
            "representation_type": "seller",
            "acceptance_date": day.on.isoformat(),
            "closing_date": (day.on + timedelta(ESCROW_DAYS)).isoformat(),
            "buyers": [f"Demo Buyer S{number}"],
            "sellers": [f"Demo Seller S{number}"],
            "escrow_number": f"DEMO-S{number}",
            "contingencies": [{"type": kind, "due_date": day} for kind, day in due.items()],
            "notes": MADE_BY,
        },
    )
