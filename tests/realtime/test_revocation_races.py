"""However joins, removals, roles and bursts meet: nothing after a removal, and nobody wronged."""

import os

import pytest

from channels.room import waves
from tests.realtime.races import race

RUNS = int(os.environ.get("RACES", "2500"))
SEED = int(os.environ.get("RACES_SEED", "3"))


def test_in_no_interleaving_does_an_event_reach_somebody_removed_before_it() -> None:
    tally = race(SEED, RUNS)
    assert tally.faults == []
    assert (tally.leaked, tally.overseen, tally.stayed, tally.wronged) == (0, 0, 0, 0)
    assert tally.slowest < 2.2
    assert tally.runs == RUNS
    assert tally.denied > 0  # or the race that this is about was never run


def test_nor_while_a_wave_is_on_its_way_through_a_large_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every wave takes as many turns of the loop as there are members."""
    monkeypatch.setattr(waves, "SLICE", 1)
    tally = race(SEED + 1, RUNS // 5)
    assert tally.faults == []
