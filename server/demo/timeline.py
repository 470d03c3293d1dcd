"""How one sale came about: real day and price at its end, the way there built by stated rules.

Every rule's number is here, and SOURCE.md says the rules in words. A draw depends on the seed and
on the sale alone, so that one more row in sales.csv changes no other row's story.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from server.demo.sales import Sale, Source

# King County's sales from this day on become live stock: they are moved forward by whole weeks,
# the fewest that put this day after today, so that a Friday's closing stays on a Friday.
LIVE_FROM = date(2015, 3, 1)

ESCROW_DAYS = (28, 45)
MARKET_DAYS = (4, 75, 12)  # shortest, longest, most frequent
INSPECTION_DAYS = 10
APPRAISAL_DAYS = 17
LOAN_DAYS = 21
SIGNED_BEFORE = (2, 6)  # days from the listing agreement to its first day on the market
LAST_START = 12  # live stock comes to market no more than this many days from today

CUT_AFTER_DAYS = (18, 45)  # that long on the market: one price cut, two
CUT = (0.02, 0.05)
SALE_TO_LIST = ((0.985, 1.05), (0.96, 1.0), (0.94, 0.99))  # after no cut, one, two
COMING_SOON_DAYS = (8, 18)
COMING_SOON_SHARE = 0.25  # and every home that is not on the market yet
FELL_THROUGH_SHARE = 0.2  # of those that took FELL_THROUGH_AFTER days or more to find a buyer
FELL_THROUGH_AFTER = 35


@dataclass(frozen=True, slots=True)
class Cut:
    on: date
    price: Decimal


@dataclass(frozen=True, slots=True)
class Setback:
    """A first buyer who went away again."""

    accepted: date
    back: date


@dataclass(frozen=True, slots=True)
class Timeline:
    moved_days: int  # 0: the sale's own dates
    signed: date
    announced: date | None  # coming soon from here
    listed: date
    first_price: Decimal
    cuts: tuple[Cut, ...]
    setback: Setback | None
    accepted: date
    inspected: date
    closed: date

    @property
    def last_price(self) -> Decimal:
        return self.cuts[-1].price if self.cuts else self.first_price


def timeline(sale: Sale, today: date, rng: Random) -> Timeline:
    moved = days_forward(today) if is_live(sale) else 0
    closed = sale.sale_date + timedelta(moved)
    accepted = closed - timedelta(rng.randint(*ESCROW_DAYS))
    listed = accepted - timedelta(round(rng.triangular(*MARKET_DAYS)))
    latest_start = today + timedelta(rng.randint(1, LAST_START))
    if is_live(sale):
        listed = min(listed, latest_start)
    soon = listed - timedelta(rng.randint(*COMING_SOON_DAYS))
    announced = soon if rng.random() < COMING_SOON_SHARE or listed > today else None
    signed = (announced or listed) - timedelta(rng.randint(*SIGNED_BEFORE))
    prices = asking_prices(sale.price, (accepted - listed).days, rng)
    return Timeline(
        moved_days=moved,
        signed=min(signed, today) if is_live(sale) else signed,
        announced=announced,
        listed=listed,
        first_price=prices[0],
        cuts=_cuts(listed, accepted, prices),
        setback=_setback(listed, accepted) if rng.random() < FELL_THROUGH_SHARE else None,
        accepted=accepted,
        inspected=accepted + timedelta(INSPECTION_DAYS),
        closed=closed,
    )


def is_live(sale: Sale) -> bool:
    return sale.source is Source.KING_COUNTY and sale.sale_date >= LIVE_FROM


def days_forward(today: date) -> int:
    return ((today - LIVE_FROM).days // 7 + 1) * 7


def asking_prices(price: Decimal, market_days: int, rng: Random) -> list[Decimal]:
    """What was asked, first to last: worked back from what the buyer really paid."""
    cuts = sum(market_days >= days for days in CUT_AFTER_DAYS)
    asked = float(price) / rng.uniform(*SALE_TO_LIST[cuts])
    prices = [round_price(asked)]
    for _ in range(cuts):
        asked /= 1 - rng.uniform(*CUT)
        prices.insert(0, round_price(asked))
    return prices


def round_price(asked: float) -> Decimal:
    """$449,950 or $1,275,000: the way asking prices are written."""
    if asked < 1_000_000:
        return Decimal(round(asked / 1_000) * 1_000 - 50)
    return Decimal(round(asked / 5_000) * 5_000)


def _cuts(listed: date, accepted: date, prices: list[Decimal]) -> tuple[Cut, ...]:
    days = (accepted - listed).days
    later = enumerate(prices[1:], start=1)
    return tuple(Cut(listed + timedelta(days * n // len(prices)), price) for n, price in later)


def _setback(listed: date, accepted: date) -> Setback | None:
    """After the last cut and before the buyer who stayed."""
    days = (accepted - listed).days
    if days < FELL_THROUGH_AFTER:
        return None
    return Setback(listed + timedelta(days * 7 // 10), listed + timedelta(days * 9 // 10))
