"""The judgment of a returning screen, case by case."""

from uuid import uuid4

import pytest

from channels.room.history import RING_BYTES, RING_EVENTS, History
from channels.room.standing import REPLAY_BYTES, REPLAY_EVENTS, Mode, Standing, stand
from db.events import Event, Head
from tests.realtime.simulated import GENESIS, MemoryLog


def a_log(events: int) -> MemoryLog:
    log = MemoryLog(uuid4())
    for _ in range(events):
        log.commit()
    return log


def a_history(log: MemoryLog, after: int, last: int | None = None) -> History:
    return History(log.position(after), log.events[after:last])


def judged(log: MemoryLog, since: Head | None, *histories: History) -> Standing | None:
    return stand(log.team_id, since, log.head, histories)


def test_a_screen_at_the_head_is_live() -> None:
    log = a_log(5)
    standing = judged(log, log.head, a_history(log, 5))
    assert standing == Standing(log.team_id, Mode.LIVE, log.head)
    assert standing.told == {
        "team": str(log.team_id),
        "head": 5,
        "h": log.head.h,
        "mode": "live",
    }


def test_a_screen_at_the_head_of_another_past_resyncs() -> None:
    log = a_log(5)
    standing = judged(log, Head(5, "f" * 32), a_history(log, 0))
    assert standing
    assert standing.mode is Mode.RESYNC


def test_a_screen_without_state_gets_a_snapshot() -> None:
    log = a_log(5)
    standing = judged(log, None, a_history(log, 0))
    assert standing
    assert standing.mode is Mode.SNAPSHOT


@pytest.mark.parametrize("since", [0, 1, 2, 4])
def test_what_the_ring_covers_is_replayed(since: int) -> None:
    log = a_log(5)
    standing = judged(log, log.position(since), a_history(log, 0))
    assert standing
    assert standing.mode is Mode.REPLAY
    assert [event.seq for event in standing.missed] == list(range(since + 1, 6))
    assert (standing.told["from"], standing.told["to"]) == (since + 1, 5)


def test_what_was_read_and_the_ring_make_one_replay() -> None:
    log = a_log(9)
    standing = judged(log, log.position(2), a_history(log, 2, 6), a_history(log, 5))
    assert standing
    assert [event.seq for event in standing.missed] == [3, 4, 5, 6, 7, 8, 9]


def test_what_was_read_beyond_the_head_is_left_to_come_live() -> None:
    log = a_log(9)
    head = log.position(6)
    standing = stand(log.team_id, log.position(2), head, [a_history(log, 2), History(head, [])])
    assert standing
    assert [event.seq for event in standing.missed] == [3, 4, 5, 6]


def test_a_hole_between_what_was_read_and_the_ring_decides_nothing() -> None:
    log = a_log(9)
    assert judged(log, log.position(2), a_history(log, 2, 4), a_history(log, 5)) is None


def test_a_screen_older_than_all_histories_needs_a_read() -> None:
    log = a_log(9)
    assert judged(log, log.position(2), a_history(log, 5)) is None


def test_a_screen_ahead_of_this_node_needs_a_look_at_postgres() -> None:
    log = a_log(9)
    assert judged(log, Head(10, "f" * 32), a_history(log, 0)) is None


@pytest.mark.parametrize("since", [1, 3, 8])
def test_another_past_below_the_head_resyncs(since: int) -> None:
    log = a_log(9)
    standing = judged(log, Head(since, "f" * 32), a_history(log, 0))
    assert standing
    assert standing.mode is Mode.RESYNC


def test_before_the_first_event_there_is_no_past_to_differ() -> None:
    log = a_log(3)
    standing = judged(log, Head(0, "whatever"), History(Head(0, ""), log.events))
    assert standing
    assert standing.mode is Mode.REPLAY


def test_more_than_the_replay_takes_is_a_snapshot() -> None:
    log = a_log(REPLAY_EVENTS + 1)
    just = judged(log, log.position(1), a_history(log, 0))
    beyond = judged(log, log.position(0), a_history(log, 0))
    assert just
    assert just.mode is Mode.REPLAY
    assert beyond
    assert beyond.mode is Mode.SNAPSHOT


def test_more_bytes_than_the_replay_takes_are_a_snapshot() -> None:
    log = a_log(1)
    large = [
        Event(log.team_id, seq, "0" * 32, "note.created", uuid4(), "all", b"x" * 60_000)
        for seq in range(1, 11)
    ]
    assert sum(len(event.wire) for event in large) > REPLAY_BYTES
    history = History(Head(0, GENESIS), large)
    standing = stand(log.team_id, Head(0, GENESIS), Head(10, "0" * 32), [history])
    assert standing
    assert standing.mode is Mode.SNAPSHOT


def test_the_ring_lets_go_of_the_oldest() -> None:
    log = a_log(RING_EVENTS + 10)
    ring = History(Head(0, GENESIS))
    for event in log.events:
        ring.append(event)
    assert len(ring) == RING_EVENTS
    assert ring.base == log.position(10)
    assert not ring.covers(9)
    assert ring.covers(10)
    assert ring.hash_at(10) == log.position(10).h
    assert ring.between(10, 12) == log.events[10:12]


def test_the_ring_is_bounded_in_bytes() -> None:
    team_id, ring = uuid4(), History(Head(0, GENESIS))
    for seq in range(1, 101):
        ring.append(Event(team_id, seq, "0" * 32, "k.c", uuid4(), "all", b"x" * 16_384))
    assert len(ring) == RING_BYTES // 16_384
    assert ring.last.seq == 100
