"""The fault suite's own arithmetic: an oracle that cannot fail would prove nothing."""

from tests.faults.figures import Mark, Verdict, percentile
from tests.faults.office import same


def test_a_mark_fails_above_its_bound_and_below_it() -> None:
    assert Mark("lost", 0, most=0).passed
    assert not Mark("lost", 1, most=0).passed
    assert not Mark("events", 0, least=1).passed
    assert "FAILED" in Mark("lost", 1, most=0).text()


def test_a_soft_mark_is_told_as_missed_and_fails_nothing() -> None:
    mark = Mark("writes a second", 120, least=300, soft=True)
    assert mark.passed
    assert "missed" in mark.text()


def test_a_row_that_broke_has_failed_whatever_its_marks_say() -> None:
    verdict = Verdict("1", "a row", 1, "short")
    verdict.mark("lost", 0, most=0)
    assert verdict.passed
    verdict.broke = "TimeoutError"
    assert not verdict.passed


def test_a_screen_with_a_stale_a_missing_or_a_surplus_record_is_not_the_same() -> None:
    old, new = {"version": 1}, {"version": 2}
    assert same({("escrow", "a"): new}, {("escrow", "a"): dict(new)}, {})
    assert not same({("escrow", "a"): old}, {("escrow", "a"): new}, {})
    assert not same({}, {("escrow", "a"): new}, {})
    assert not same({("escrow", "a"): new}, {}, {})


def test_a_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 99) == 0
    assert percentile([3, 1, 2], 50) == 2
