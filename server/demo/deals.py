"""The demo's escrows: on homes under contract, on the newest closed ones, on buyers who went."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from server.demo import words
from server.demo.homes import Home, Step, Story, property_of

CLOSED_DEALS = 26  # the newest closed sales of a team that get their escrow told
OPEN_AFTER = (1, 3)  # days from acceptance until the escrow is open
EARNEST_SHARES = ("0.01", "0.015", "0.02", "0.03")
DOWN_SHARES = ("0.05", "0.10", "0.20", "0.25")
SIDE_PERCENT = ("2.5", "2.5", "3")
NET_SHARE = Decimal("0.9")
CENT = Decimal("0.01")
SOURCES = ("Referral", "Open house", "Past client", "Website", "Sign call")
CONTINGENCY_DAYS = {"inspection": 10, "appraisal": 17, "loan": 21}
LATE_SHARE = 0.15  # of the contingencies are removed some days after they were due
LATE_DAYS = (2, 5)
CANCELLED_BECAUSE = ("Buyer's loan was refused (built)", "Inspection found too much (built)")


@dataclass(frozen=True, slots=True)
class Deal:
    """One buyer's contract; `closed` is the agreed closing, `lost` the day this buyer went away."""

    home: Home
    label: str
    accepted: date
    closed: date
    lost: date | None = None


def deals(homes: list[Home]) -> Iterator[Story]:
    for home in homes:
        setback = home.timeline.setback
        if setback and home.timeline.moved_days and setback.accepted <= home.today:
            closing = setback.accepted + timedelta(35)
            yield _story(Deal(home, f"{home.number}A", setback.accepted, closing, setback.back))
    for home in _with_escrow(homes):
        line = home.timeline
        yield _story(Deal(home, str(home.number), line.accepted, line.closed))


def _with_escrow(homes: list[Home]) -> Iterator[Home]:
    closed = [home for home in homes if home.timeline.closed <= home.today]
    newest = sorted(closed, key=lambda home: home.timeline.closed)[-CLOSED_DEALS:]
    yield from newest
    for home in homes:
        if home.timeline.accepted <= home.today < home.timeline.closed:
            yield home


def _story(deal: Deal) -> Story:
    return Story("escrow", f"{deal.home.sale.key} {deal.label}", deal.home.told(_life(deal)))


def _life(deal: Deal) -> Iterator[Step]:
    rng = deal.home.rng(deal.label)
    agent = deal.home.agent
    opened = deal.accepted + timedelta(rng.randint(*OPEN_AFTER))
    due = {kind: deal.accepted + timedelta(days) for kind, days in CONTINGENCY_DAYS.items()}
    removed = {
        kind: day + timedelta(rng.randint(*LATE_DAYS) if rng.random() < LATE_SHARE else 0)
        for kind, day in due.items()
    }
    because = rng.choice(CANCELLED_BECAUSE)

    def states(today: date) -> list[dict[str, Any]]:
        return [
            {
                "type": kind,
                "due_date": day,
                "status": "removed" if removed[kind] <= today else "pending",
            }
            for kind, day in due.items()
        ]

    yield Step(
        deal.accepted,
        agent,
        _contract(deal) | {"escrow_status": "pending", "contingencies": states(deal.accepted)},
    )
    yield Step(opened, agent, {"escrow_status": "active"})
    for day in sorted({day for day in removed.values() if deal.lost is None or day < deal.lost}):
        done = {"all_contingency_removal_date": day} if day == max(removed.values()) else {}
        yield Step(day, agent, {"contingencies": states(day), **done})
    if deal.lost:
        yield Step(
            deal.lost,
            agent,
            {
                "escrow_status": "cancelled",
                "status_reason": because,
                "deposit_disposition": "released_to_buyer",
            },
        )
        return
    yield Step(
        deal.closed,
        agent,
        {
            "escrow_status": "closed",
            "recorded_date": deal.closed,
            "actual_coe_date": deal.closed,
            "close_price": deal.home.sale.price,
        },
    )


def _contract(deal: Deal) -> dict[str, Any]:
    """What was signed. The price is the sale's own; money around it follows the stated shares."""
    home, rng = deal.home, deal.home.rng(f"{deal.label} money")
    price = home.sale.price
    down = _rounded(price * Decimal(rng.choice(DOWN_SHARES)), to=1_000)
    percent = Decimal(rng.choice(SIDE_PERCENT))
    gross = (price * percent / 100).quantize(CENT)
    return {
        **property_of(home.sale),
        "purchase_price": price,
        "earnest_money_deposit": _rounded(price * Decimal(rng.choice(EARNEST_SHARES)), to=500),
        "down_payment": down,
        "loan_amount": price - down,
        "commission_type": "percentage",
        "commission_percentage": percent,
        "gross_commission": gross,
        "net_commission": (gross * NET_SHARE).quantize(CENT),
        "representation_type": "dual" if rng.random() < 0.1 else "seller",
        "acceptance_date": deal.accepted,
        "closing_date": deal.closed,
        "emd_date": deal.accepted + timedelta(3),
        "inspection_contingency_date": deal.accepted + timedelta(CONTINGENCY_DAYS["inspection"]),
        "appraisal_contingency_date": deal.accepted + timedelta(CONTINGENCY_DAYS["appraisal"]),
        "loan_contingency_date": deal.accepted + timedelta(CONTINGENCY_DAYS["loan"]),
        "lead_source": rng.choice(SOURCES),
        **_parties(deal),
        "notes": words.provenance(home.sale, home.timeline.moved_days),
    }


def _parties(deal: Deal) -> dict[str, Any]:
    """Invented, and plainly so: nobody is called Demo Buyer 12, and 555-01xx rings nowhere."""
    number = deal.label
    desk = deal.home.number % 4 + 1
    return {
        "buyers": [f"Demo Buyer {number}"],
        "sellers": [f"Demo Seller {deal.home.number}"],
        "listing_agent": deal.home.agent.full_name,
        "selling_agent": f"Demo Selling Agent {desk}",
        "escrow_number": f"DEMO-{number:>04}",
        "escrow_company": f"Demo Escrow Office {desk}",
        "escrow_officer_name": f"Demo Escrow Officer {desk}",
        "escrow_officer_email": f"officer{desk}@escrow.example",
        "escrow_officer_phone": f"206-555-010{desk}",
        "loan_officer_name": f"Demo Loan Officer {desk}",
        "loan_officer_email": f"officer{desk}@loans.example",
        "loan_officer_phone": f"206-555-011{desk}",
        "title_company": f"Demo Title Company {desk}",
    }


def _rounded(amount: Decimal, *, to: int) -> Decimal:
    return Decimal(round(amount / to) * to)
