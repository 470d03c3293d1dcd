"""The demo's stories: real at their ends, believable on the way, the same in every run."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from server.demo.circle import MADE_UP
from server.demo.deals import CONTINGENCY_DAYS
from server.demo.homes import Story
from server.demo.people import AWAY, HOME, TEAMS, sales_of
from server.demo.places import PLACES
from server.demo.sales import Source, read_sales
from server.demo.story import stories
from server.demo.timeline import LIVE_FROM, asking_prices, days_forward, is_live

TODAY = date(2026, 3, 4)
SALES = read_sales()
LIVE_STATUSES = {"active", "coming_soon", "active_under_contract", "pending", "hold"}
MOVES = {
    ("incomplete", "coming_soon"),
    ("coming_soon", "active"),
    ("active", "active_under_contract"),
    ("active", "hold"),
    ("active", "withdrawn"),
    ("active", "cancelled"),
    ("active_under_contract", "active"),
    ("active_under_contract", "pending"),
    ("pending", "closed"),
}

days = pytest.mark.parametrize("today", [TODAY + timedelta(days=11 * n) for n in range(8)], ids=str)


def told(entity: str, today: date = TODAY) -> list[Story]:
    return [s for team in TEAMS for s in stories(team, SALES, today) if s.entity == entity]


def now(story: Story) -> dict[str, Any]:
    """The record as its steps leave it."""
    return {name: value for step in story.steps for name, value in step.body.items()}


def statuses(story: Story) -> list[str]:
    name = f"{story.entity}_status"
    return [step.body[name] for step in story.steps if name in step.body]


def test_the_sales_are_a_few_hundred_and_each_parcel_and_day_comes_once() -> None:
    assert len(sales_of(HOME, SALES)) == 320
    assert len(sales_of(AWAY, SALES)) == 14
    assert len({sale.key for sale in SALES}) == len(SALES)


def test_every_sale_has_a_place_in_king_county() -> None:
    assert {sale.zip_code for sale in SALES} <= PLACES.keys()
    assert all(47.1 < sale.latitude < 47.8 and -122.6 < sale.longitude < -121.6 for sale in SALES)


def test_some_parcels_were_sold_more_than_once() -> None:
    times = Counter(sale.parcel for sale in SALES if sale.source is Source.SEATTLE)
    assert len(times) == 40
    assert set(times.values()) == {2}


def test_the_same_day_tells_the_same_stories() -> None:
    assert stories(HOME, SALES, TODAY) == stories(HOME, read_sales(), TODAY)


def test_another_seed_tells_other_stories_of_the_same_sales() -> None:
    ours, others = stories(HOME, SALES, TODAY), stories(HOME, SALES, TODAY, "another")
    assert ours != others
    assert [s.key for s in ours if s.entity == "listing"] == [
        s.key for s in others if s.entity == "listing"
    ]


def test_a_sale_left_out_changes_no_other_homes_prices_and_days() -> None:
    def prices(sales: Any) -> dict[str, list[tuple[date, Any]]]:
        return {
            s.key: [
                (step.on, step.body["list_price"]) for step in s.steps if "list_price" in step.body
            ]
            for s in stories(HOME, sales, TODAY)
            if s.entity == "listing"
        }

    fewer = prices(SALES[1:])
    assert fewer.items() <= prices(SALES).items()


@days
def test_one_listing_that_is_not_on_the_market_yet_is_kept_quiet(today: date) -> None:
    (quiet,) = [s for s in stories(HOME, SALES, today) if now(s).get("is_private")]
    assert now(quiet)["listing_status"] in {"incomplete", "coming_soon"}


@days
def test_a_closed_listing_keeps_the_sales_own_day_and_price(today: date) -> None:
    by_key = {sale.key: sale for sale in SALES}
    closed = [s for s in told("listing", today) if now(s)["listing_status"] == "closed"]
    assert len(closed) > 230
    for story in closed:
        sale, record = by_key[story.key], now(story)
        assert (record["close_date"], record["close_price"]) == (sale.sale_date, sale.price)
        assert not is_live(sale)


@days
def test_sixty_to_ninety_listings_are_live_in_every_kind_of_state(today: date) -> None:
    count = Counter(
        now(s)["listing_status"] for s in stories(HOME, SALES, today) if s.entity == "listing"
    )
    assert 60 <= sum(count[status] for status in LIVE_STATUSES) <= 90
    assert min(count[status] for status in LIVE_STATUSES) >= 3
    assert count["active"] >= 12


@days
def test_every_listing_moves_only_along_the_machine(today: date) -> None:
    for story in told("listing", today):
        seen = statuses(story)
        assert seen[0] in {"incomplete", "coming_soon", "active"}
        assert set(pairwise(seen)) <= MOVES


@days
def test_no_story_runs_ahead_of_today_or_backwards(today: date) -> None:
    for entity in ("listing", "escrow"):
        for story in told(entity, today):
            when = [step.on for step in story.steps]
            assert when == sorted(when)
            assert when[-1] <= today


def test_live_stock_is_moved_by_whole_weeks_and_the_fewest_that_reach_tomorrow() -> None:
    for n in range(14):
        today = TODAY + timedelta(days=n)
        moved = days_forward(today)
        assert moved % 7 == 0
        assert today < LIVE_FROM + timedelta(moved) <= today + timedelta(days=7)


def test_moved_records_say_so_and_the_others_say_what_was_built() -> None:
    moved = f"moved forward by {days_forward(TODAY):,} days"
    by_key = {sale.key: sale for sale in SALES}
    for story in told("listing"):
        notes = now(story)["notes"]
        assert f"${by_key[story.key].price:,}" in notes
        assert (moved in notes) == is_live(by_key[story.key])
        assert "built" in notes


def test_asking_prices_only_fall_and_end_near_what_was_paid() -> None:
    for market_days, cuts in ((5, 0), (18, 1), (44, 1), (45, 2), (75, 2)):
        for n in range(200):
            asked = asking_prices(Decimal(90_000 + n * 20_000), market_days, Random(n))
            assert len(asked) == cuts + 1
            assert asked == sorted(asked, reverse=True)
            assert len(set(asked)) == len(asked)


def test_a_price_is_cut_only_while_the_home_is_for_sale() -> None:
    for story in told("listing"):
        status = ""
        for step in story.steps:
            status = step.body.get("listing_status", status)
            if "list_price" in step.body and step is not story.steps[0]:
                assert status == "active"


@days
def test_every_home_under_contract_has_its_escrow(today: date) -> None:
    escrows = told("escrow", today)
    assert 60 <= len([s for s in stories(HOME, SALES, today) if s.entity == "escrow"]) <= 85
    opened = {s.key.rsplit(" ", 1)[0] for s in escrows if statuses(s)[-1] != "cancelled"}
    for story in told("listing", today):
        if now(story)["listing_status"] in {"active_under_contract", "pending"}:
            assert story.key in opened


@days
def test_an_escrow_closes_only_with_every_contingency_removed(today: date) -> None:
    seen: Counter[str] = Counter()
    for story in told("escrow", today):
        record = now(story)
        seen[record["escrow_status"]] += 1
        states = {c["type"]: c["status"] for c in record["contingencies"]}
        assert states.keys() == CONTINGENCY_DAYS.keys()
        if record["escrow_status"] == "closed":
            assert set(states.values()) == {"removed"}
            assert record["recorded_date"] == record["closing_date"]
            assert record["close_price"] == record["purchase_price"]
        if record["escrow_status"] == "cancelled":
            assert record["status_reason"]
            assert record["deposit_disposition"]
    assert min(seen[status] for status in ("pending", "active", "closed", "cancelled")) >= 1


def test_money_of_an_escrow_adds_up() -> None:
    for story in told("escrow"):
        record = now(story)
        price = record["purchase_price"]
        assert record["down_payment"] + record["loan_amount"] == price
        assert Decimal("0.009") < record["earnest_money_deposit"] / price < Decimal("0.031")


def test_nobody_in_an_escrow_could_be_taken_for_a_real_person() -> None:
    for story in told("escrow"):
        record = now(story)
        names = [*record["buyers"], *record["sellers"], record["escrow_officer_name"]]
        assert all(name.startswith("Demo ") for name in names)
        assert record["escrow_officer_phone"].startswith("206-555-01")
        assert record["loan_officer_email"].endswith(".example")


def test_the_two_teams_share_no_parcel() -> None:
    ours, theirs = ({sale.parcel for sale in sales_of(team, SALES)} for team in TEAMS)
    assert not ours & theirs


def test_each_agent_has_a_good_share_of_the_listings() -> None:
    share = Counter(s.steps[0].who.email for s in stories(HOME, SALES, TODAY))
    assert set(share) == {person.email for person in HOME.people}
    assert min(share.values()) >= 30


def planned(today: date) -> list[Story]:
    whole = stories(HOME, SALES, today, plans=True)
    assert whole[: len(stories(HOME, SALES, today))] == stories(HOME, SALES, today)
    return whole[len(stories(HOME, SALES, today)) :]


def starts(story: Story) -> tuple[str, date, str]:
    (step,) = story.steps
    return step.who.email, step.body["appointment_date"], step.body["start_time"]


@days
def test_the_next_two_weeks_have_appointments_from_tomorrow_on(today: date) -> None:
    told = planned(today)
    assert all(story.entity == "appointment" for story in told)
    assert all(story.steps[0].on == today for story in told)
    ahead = Counter((story.steps[0].body["appointment_date"] - today).days for story in told)
    assert 1 in ahead
    assert set(ahead) <= set(range(1, 15))
    assert 20 <= ahead.total() <= 45
    assert len({story.steps[0].who for story in told}) == 3
    assert all(MADE_UP in story.steps[0].body["description"] for story in told)


@days
def test_who_is_asked_for_twice_has_a_reason_and_one_tour_has_its_stops(today: date) -> None:
    told = planned(today)
    twice = [at for at, number in Counter(map(starts, told)).items() if number > 1]
    (both,) = [[story for story in told if starts(story) == at] for at in twice]
    assert [("overlap_reason" in story.steps[0].body) for story in both] == [False, True]
    (tour,) = [story for story in told if "stops" in story.steps[0].body]
    body = tour.steps[0].body
    assert len(body["stops"]) == len(body["showings"]) == 3
