"""Days on market and prices, as they follow from the moves of a listing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kit.resource import Moment
from domains.listings.market import SHOWN, derive
from domains.listings.resource import TRANSITIONS

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
START = date(2026, 1, 1)
BLANK: Mapping[str, Any] = {
    "listing_status": "incomplete",
    "list_price": Decimal(500000),
    "on_market_date": None,
    "on_market_since": None,
    "days_counted": 0,
}


@dataclass
class Story:
    """One listing's life, day by day."""

    listing: dict[str, Any]

    @classmethod
    def new(cls) -> "Story":
        listing = dict(BLANK)
        listing |= derive(None, listing, Moment(NOW, START))
        return cls(listing)

    def on(self, day: int, **changes: Any) -> "Story":
        """Change the listing as of this day after the start."""
        after = {**self.listing, **changes}
        moment = Moment(NOW, START + timedelta(day))
        self.listing = {**after, **derive(self.listing, after, moment)}
        return self

    def becomes(self, status: str, day: int) -> "Story":
        return self.on(day, listing_status=status)

    def days(self, day: int) -> int:
        """What the list shows on this day."""
        since = self.listing["on_market_since"]
        running = 0 if since is None else max(0, (START + timedelta(day) - since).days)
        return int(self.listing["days_counted"]) + running


def test_days_count_from_the_day_it_came_to_market() -> None:
    story = Story.new().becomes("active", 3)
    assert [story.days(day) for day in (3, 4, 13)] == [0, 1, 10]
    assert story.listing["on_market_date"] == START + timedelta(3)


def test_a_draft_or_a_coming_soon_counts_no_day() -> None:
    assert Story.new().days(30) == 0
    assert Story.new().becomes("coming_soon", 1).days(30) == 0


def test_a_hold_stops_the_count_and_back_on_market_takes_it_up() -> None:
    story = Story.new().becomes("active", 0).becomes("hold", 10)
    assert story.days(40) == 10
    story.becomes("active", 40)
    assert story.days(40) == 10
    assert story.days(45) == 15
    assert story.listing["major_change_type"] == "Back On Market"
    assert story.listing["on_market_date"] == START


def test_a_contract_still_shown_goes_on_counting_and_a_pending_one_does_not() -> None:
    story = Story.new().becomes("active", 0).becomes("active_under_contract", 10)
    assert story.days(20) == 20
    assert story.becomes("pending", 20).days(50) == 20
    assert story.becomes("active", 50).days(51) == 21


def test_leaving_the_market_is_dated_and_coming_back_undoes_it() -> None:
    story = Story.new().becomes("active", 0).becomes("withdrawn", 10)
    assert story.listing["off_market_date"] == START + timedelta(10)
    assert story.becomes("active", 20).listing["off_market_date"] is None


def test_days_to_come_are_not_counted_ahead() -> None:
    story = Story.new().becomes("active", 0).becomes("withdrawn", 10_000)
    assert story.days(20_000) == (NOW.date() - START).days


def test_a_day_before_the_run_began_takes_none_away() -> None:
    assert Story.new().becomes("active", 10).becomes("hold", 5).days(99) == 0


def test_putting_the_market_date_right_puts_the_count_right() -> None:
    story = Story.new().becomes("active", 10).on(12, on_market_date=START)
    assert story.days(12) == 12
    story.becomes("hold", 12).becomes("active", 20)
    story.on(21, on_market_date=START + timedelta(5))  # the first run is over: it stands as it was
    assert story.days(22) == 14


def test_a_contract_that_falls_through_leaves_its_dates_behind() -> None:
    story = Story.new().becomes("active", 0)
    story.on(5, listing_status="active_under_contract", purchase_contract_date=date(2026, 1, 6))
    assert story.listing["contingent_date"] == date(2026, 1, 6)
    story.becomes("active", 9)
    assert story.listing["purchase_contract_date"] is None
    assert story.listing["contingent_date"] is None


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("active", "New Listing"),
        ("active_under_contract", "Active Under Contract"),
        ("pending", "Pending"),
        ("hold", "Hold"),
        ("withdrawn", "Withdrawn"),
        ("expired", "Expired"),
        ("cancelled", "Canceled"),
    ],
)
def test_a_move_is_named_as_reso_names_it(status: str, name: str) -> None:
    story = Story.new().becomes("active", 0).becomes(status, 1)
    assert story.listing["major_change_type"] == name
    assert story.listing["major_change_timestamp"] == NOW


def test_a_listing_withdrawn_before_it_was_ever_shown_is_new_when_it_comes() -> None:
    story = Story.new().becomes("coming_soon", 0).becomes("withdrawn", 1).becomes("active", 2)
    assert story.listing["major_change_type"] == "New Listing"
    assert story.listing["on_market_date"] == START + timedelta(2)


def test_a_new_price_keeps_the_old_one_and_the_first_one() -> None:
    story = Story.new().becomes("active", 0)
    story.on(5, list_price=Decimal(490000)).on(9, list_price=Decimal(480000))
    told = {name: story.listing[name] for name in story.listing if "price" in name}
    assert told == {
        "list_price": Decimal(480000),
        "previous_list_price": Decimal(490000),
        "original_list_price": Decimal(500000),
        "price_change_date": START + timedelta(9),
        "price_change_timestamp": NOW,
    }
    assert story.listing["major_change_type"] == "Price Change"


def test_the_price_of_a_draft_is_nobody_s_news() -> None:
    story = Story.new().on(1, list_price=Decimal(1))
    assert story.listing["original_list_price"] == Decimal(1)
    assert "previous_list_price" not in story.listing


def test_a_change_of_neither_price_nor_status_derives_nothing() -> None:
    listing = Story.new().becomes("active", 0).listing
    assert derive(listing, {**listing, "notes": "x"}, Moment(NOW)) == {}


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=20))
def test_the_count_is_the_number_of_days_shown_whatever_the_story(
    steps: list[tuple[int, int]],
) -> None:
    story, day, shown = Story.new(), 0, 0
    for choice, wait in steps:
        allowed = list(TRANSITIONS[story.listing["listing_status"]])
        if not allowed:
            break
        story.becomes(allowed[choice % len(allowed)], day)
        day += wait
        shown += wait if story.listing["listing_status"] in SHOWN else 0
        if day > (NOW.date() - START).days:
            break
        assert story.days(day) == shown
