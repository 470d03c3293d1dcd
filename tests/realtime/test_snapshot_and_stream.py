"""A list and the events after it are the whole truth, kept or read, on one node and on two."""

import os
import sys

from tests.realtime.reading_races import (
    Tally,
    kept_as_read,
    list_then_follow,
    write_here_read_there,
)

RUNS = int(os.environ.get("READING_RACES", "60"))
SEED = int(os.environ.get("FAULT_SEED", "5"))


def tell(tally: Tally, what: str) -> None:
    """What the fault suite prints."""
    sys.stdout.write(f"figure: {what}: {tally.runs}\nfigure: from the cache: {tally.hits}\n")


async def test_who_lists_among_writes_and_then_follows_ends_like_the_server(
    database_url: str,
) -> None:
    tally = await list_then_follow(database_url, SEED, RUNS)
    tell(tally, "lists followed")
    assert tally.faults == []
    assert tally.runs >= RUNS
    assert tally.replayed > 0  # or nothing was written in between, and nothing was tried
    assert tally.hits > 0


async def test_no_read_is_from_before_what_its_reader_names(database_url: str) -> None:
    tally = await write_here_read_there(database_url, SEED, RUNS)
    tell(tally, "writes read elsewhere")
    assert tally.faults == []
    assert tally.runs == RUNS
    assert tally.behind > 0  # who names nothing may be shown what was before
    assert tally.hits > 0


async def test_what_was_kept_is_what_would_be_read(database_url: str) -> None:
    tally = await kept_as_read(database_url, SEED, 2 * RUNS)
    assert tally.faults == []
    assert tally.hits > RUNS / 4
