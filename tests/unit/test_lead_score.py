"""A lead's score: what it is the sum of, how it grows, and how it fades."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.leads.models import LeadSource, Timeline
from domains.leads.score import ACTIVITY, BUDGET, FLOOR, IDLE_DAYS, SOURCE, TIMELINE, score, worth

TODAY = date(2026, 6, 1)
money = st.none() | st.decimals(0, 5_000_000, places=2)
leads = st.fixed_dictionaries(
    {
        "lead_source": st.sampled_from(list(LeadSource)),
        "timeline": st.none() | st.sampled_from(list(Timeline)),
        "budget": money,
        "budget_min": money,
        "budget_max": money,
        "activity_points": st.integers(0, 9),
        "last_contact_date": st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 1)),
    }
)
days = st.dates(date(2026, 1, 1), TODAY)


def points(lead: Any, entered: date = TODAY, today: date = TODAY) -> int:
    return score(lead, entered, today).points


def test_every_source_and_timeline_has_its_points() -> None:
    assert SOURCE.keys() == set(LeadSource)
    assert TIMELINE.keys() == set(Timeline)


@pytest.mark.parametrize(
    ("lead", "parts"),
    [
        ({"lead_source": "other"}, [5, 0, 0, 0, 0]),
        (
            {
                "lead_source": "walk_in",
                "budget": Decimal(2_000_000),
                "timeline": "immediate",
                "activity_points": 5,
            },
            [30, 35, 30, 5, 0],
        ),
        ({"lead_source": "ad", "budget_min": Decimal("199999.99")}, [8, 5, 0, 0, 0]),
        ({"lead_source": "ad", "budget_min": Decimal(1), "budget_max": 10**6}, [8, 30, 0, 0, 0]),
        ({"lead_source": "ad", "budget": Decimal(0), "budget_max": 10**6}, [8, 0, 0, 0, 0]),
    ],
)
def test_a_score_shows_what_each_thing_gives(lead: Any, parts: list[int]) -> None:
    given = score(lead, TODAY, TODAY)
    assert [part.points for part in given.parts] == parts
    assert [part.part for part in given.parts] == [
        "source", "budget", "timeline", "activity", "decay"
    ]  # fmt: skip
    assert given.columns()["lead_score"] == sum(parts)
    assert all(part.why for part in given.parts)


@pytest.mark.parametrize(
    ("idle", "left"), [(0, 90), (7, 90), (8, 89), (17, 72), (57, 10), (999, 10)]
)
def test_a_score_fades_after_a_week_without_a_word(idle: int, left: int) -> None:
    lead = {
        "lead_source": "referral",
        "budget": Decimal(2_500_000),
        "timeline": "immediate",
    }
    assert points(lead, TODAY - timedelta(days=idle)) == left
    lead |= {"last_contact_date": TODAY}
    assert points(lead, TODAY - timedelta(days=idle)) == 90


@given(lead=leads, entered=days)
def test_a_score_is_between_0_and_100_and_the_sum_of_its_parts(lead: Any, entered: date) -> None:
    given_ = score(lead, entered, TODAY)
    assert 0 <= given_.points <= 100
    assert given_.points == sum(part["points"] for part in given_.columns()["score_parts"])
    *gains, decay = given_.parts
    assert all(part.points >= 0 for part in gains)
    assert decay.points <= 0


@given(lead=leads, entered=days, more=st.integers(0, 400))
def test_a_day_more_never_raises_a_score_and_never_takes_it_below_the_floor(
    lead: Any, entered: date, more: int
) -> None:
    base = sum(part.points for part in score(lead, entered, TODAY).parts[:-1])
    now, later = points(lead, entered), points(lead, entered, TODAY + timedelta(days=more))
    assert later <= now <= base
    assert later >= min(base, FLOOR)
    spoken = max(entered, lead["last_contact_date"] or entered)
    if spoken + timedelta(days=IDLE_DAYS) >= TODAY:
        assert now == base


@given(lead=leads, entered=days, more=money, activity=st.integers(0, 9))
def test_more_money_a_nearer_move_and_more_contact_never_lower_a_score(
    lead: Any, entered: date, more: Decimal | None, activity: int
) -> None:
    was = points(lead, entered)
    if more is not None and lead["budget"] is not None:
        assert points(lead | {"budget": lead["budget"] + more}, entered) >= was
    assert points(lead | {"activity_points": lead["activity_points"] + activity}, entered) >= was
    assert points(lead | {"last_contact_date": TODAY}, entered) >= was or (
        lead["last_contact_date"] is not None and lead["last_contact_date"] > TODAY
    )
    for nearer, further in zip(TIMELINE, list(TIMELINE)[1:], strict=False):
        assert points(lead | {"timeline": nearer}) >= points(lead | {"timeline": further})


def test_bands_fall_and_what_was_done_counts_up_to_five() -> None:
    assert list(BUDGET) == sorted(BUDGET, reverse=True)
    assert worth([]) == worth(["note"] * 9) == 0
    assert worth(["email", "call"]) == 3
    assert worth([*ACTIVITY] * 3) == 5
