"""Whatever the bus does to messages, members see every event, in order, once."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.room import waves
from channels.room.rooms import POLL_SECONDS
from channels.room.standing import Mode
from db.errors import Unavailable
from tests.realtime.simulated import Ear, MemoryLog, Stage, an_actor, simulate

MAX_DELAY = 0.2
GENEROUS = POLL_SECONDS + 1.0  # a poll, the hold, a read

# For each event: after how long each of its copies arrives. None is a loss.
COPIES = st.lists(st.floats(0, MAX_DELAY), max_size=3)
# Long pauses are worth little, so most are short: that is where messages overtake each other.
PAUSES = st.floats(0, 0.05) | st.floats(0, 3)
EVENTS = st.lists(st.tuples(PAUSES, COPIES), min_size=1, max_size=40)
# When a member joins (after how many commits), and how much of the log it has by then.
JOINS = st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1)), min_size=1, max_size=5)
# After how many commits Postgres goes away, and after how many more it is back.
OUTAGE = st.none() | st.tuples(st.integers(0, 40), st.integers(1, 20))


@settings(max_examples=300, deadline=None)
@given(events=EVENTS, joins=JOINS, outage=OUTAGE)
def test_members_see_every_event_in_order_and_once(
    events: list[tuple[float, list[float]]],
    joins: list[tuple[int, float]],
    outage: tuple[int, int] | None,
) -> None:
    async def follow() -> None:
        log = MemoryLog(uuid4())
        stage = Stage(log, lambda event: events[event.seq - 1][1]).start()
        ears: list[tuple[int, Ear]] = []
        joining: list[asyncio.Task[None]] = []

        async def join(share: float) -> None:
            since, ear = log.position(int(share * log.head.seq)), Ear(an_actor(log.team_id))
            while not ear.standings:  # as a client that is told to try again
                try:
                    await stage.join(since, ear)
                except Unavailable:
                    await asyncio.sleep(0.5)
            assert ear.mode in (Mode.LIVE, Mode.REPLAY)
            ears.append((since.seq, ear))

        for number, (pause, _) in enumerate(events):
            log.away = outage is not None and outage[0] <= number < sum(outage)
            joining += [asyncio.create_task(join(share)) for at, share in joins if at == number]
            await asyncio.sleep(pause)
            stage.commit()
        log.away = False
        await asyncio.gather(*joining)
        await asyncio.sleep(GENEROUS)
        for since, ear in ears:
            assert ear.seqs == list(range(since + 1, log.head.seq + 1))
            assert [event["h"] for event in ear.events] == [event.h for event in log.events[since:]]
            assert not ear.closed
        await stage.supervisor.close()

    simulate(follow())


def test_messages_that_swap_places_cost_no_read() -> None:
    async def swap() -> None:
        late = {2: 0.02, 4: 0.02}
        stage = Stage(MemoryLog(uuid4()), lambda event: (late.get(event.seq, 0.0),))
        ear = await stage.join(stage.log.head)
        stage.commit(5)
        await asyncio.sleep(0.1)
        assert ear.seqs == [1, 2, 3, 4, 5]
        assert stage.log.reads == []
        await stage.supervisor.close()

    simulate(swap())


def test_what_arrives_during_a_repair_waits_for_no_poll() -> None:
    async def arrive() -> None:
        lost = {1, 5}
        stage = Stage(MemoryLog(uuid4()), lambda event: () if event.seq in lost else (0.0,))
        ear = await stage.join(stage.log.head)
        stage.log.delay = 0.2
        stage.commit(2)
        await asyncio.sleep(0.1)  # event 1 is being read, and what the read sees is fixed
        stage.log.frozen = 2
        stage.commit(4)
        await asyncio.sleep(0.15)
        assert ear.seqs == [1, 2, 3, 4]
        stage.log.frozen = None
        await asyncio.sleep(0.3)
        assert ear.seqs == [1, 2, 3, 4, 5, 6]
        await stage.supervisor.close()

    simulate(arrive())


def test_what_is_committed_while_a_room_opens_waits_for_no_poll() -> None:
    async def open_room() -> None:
        stage = Stage(MemoryLog(uuid4()))
        stage.log.delay = 0.2
        joining = asyncio.create_task(stage.join(stage.log.head))
        await asyncio.sleep(0.1)  # subscribed, and the head is being read
        stage.log.frozen = 0
        stage.commit()
        ear = await joining
        await asyncio.sleep(0.1)
        assert ear.seqs == [1]
        await stage.supervisor.close()

    simulate(open_room())


def test_a_bus_that_goes_down_is_answered_by_a_poll_at_once() -> None:
    async def go_down() -> None:
        stage = Stage(MemoryLog(uuid4()), lambda _: ()).start()
        ear = await stage.join(stage.log.head)
        await asyncio.sleep(0.1)
        stage.commit()
        await stage.bus.close()
        await asyncio.sleep(0.1)
        assert ear.seqs == [1]
        await stage.supervisor.close()

    simulate(go_down())


def test_a_burst_leaves_as_one_frame() -> None:
    async def burst() -> None:
        stage = Stage(MemoryLog(uuid4()))
        ears = [await stage.join(stage.log.head) for _ in range(3)]
        stage.commit(10)
        await asyncio.sleep(0.01)
        assert [len(ear.packets) for ear in ears] == [1, 1, 1]
        assert ears[0].packets[0] is ears[1].packets[0] is ears[2].packets[0]
        assert ears[0].seqs == list(range(1, 11))
        await stage.supervisor.close()

    simulate(burst())


def test_who_joins_between_an_event_and_its_frame_gets_it_once() -> None:
    async def join_between() -> None:
        stage = Stage(MemoryLog(uuid4()))
        early = await stage.join(stage.log.head)
        stage.rooms.heard(stage.log.commit())  # dispatched; its frame leaves at the end of the tick
        late = await stage.join(stage.log.head)
        behind = await stage.join(stage.log.position(0))
        await asyncio.sleep(0.01)
        assert (early.seqs, late.seqs, behind.seqs) == ([1], [], [1])
        assert (late.mode, behind.mode) == (Mode.LIVE, Mode.REPLAY)
        await stage.supervisor.close()

    simulate(join_between())


def test_a_replay_ends_where_the_log_stands_now() -> None:
    async def replay_twice() -> None:
        stage = Stage(MemoryLog(uuid4()))
        await stage.join(stage.log.head)
        start = stage.log.head
        stage.commit(3)
        await asyncio.sleep(0.01)
        first, same = await stage.join(start), await stage.join(start)
        stage.commit()
        await asyncio.sleep(0.01)
        second = await stage.join(start)
        await asyncio.sleep(0.01)
        assert first.packets[0] is same.packets[0]
        assert first.seqs == same.seqs == second.seqs == [1, 2, 3, 4]
        await stage.supervisor.close()

    simulate(replay_twice())


def test_those_who_return_together_share_one_read_from_where_the_first_left() -> None:
    async def return_together() -> None:
        stage = Stage(MemoryLog(uuid4()))
        for _ in range(40):
            stage.log.commit()
        lefts = [30, 10, 20, 1, 0]
        ears = await asyncio.gather(*(stage.join(stage.log.position(left)) for left in lefts))
        await asyncio.sleep(0.01)
        for left, ear in zip(lefts, ears, strict=True):
            assert ear.seqs == list(range(left + 1, 41))
        assert stage.counters.range_reads == 1
        await stage.supervisor.close()

    simulate(return_together())


def test_a_large_room_is_served_in_slices_between_which_others_get_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waves, "SLICE", 2)

    async def serve() -> None:
        stage = Stage(MemoryLog(uuid4()))
        ears = [await stage.join(stage.log.head) for _ in range(5)]
        seen: list[int] = []
        stage.rooms.heard(stage.log.commit())
        for _ in range(5):
            seen.append(sum(map(len, (ear.packets for ear in ears))))
            await asyncio.sleep(0)
        assert seen == [0, 2, 4, 5, 5]
        await stage.supervisor.close()

    simulate(serve())


def test_what_comes_while_a_wave_is_on_its_way_leaves_as_one_frame_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waves, "SLICE", 1)

    async def serve() -> None:
        stage = Stage(MemoryLog(uuid4()))
        ears = [await stage.join(stage.log.head) for _ in range(4)]
        stage.rooms.heard(stage.log.commit())
        await asyncio.sleep(0)
        for _ in range(3):
            stage.rooms.heard(stage.log.commit())
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert [ear.seqs for ear in ears] == [[1, 2, 3, 4]] * 4
        assert [len(ear.packets) for ear in ears] == [2] * 4
        await stage.supervisor.close()

    simulate(serve())


def test_who_comes_goes_or_resumes_while_a_wave_is_on_its_way_misses_and_doubles_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waves, "SLICE", 1)

    async def serve() -> None:
        stage = Stage(MemoryLog(uuid4()))
        start = stage.log.head
        ears = [await stage.join(start) for _ in range(4)]
        stage.commit(2)
        await asyncio.sleep(0)
        late, behind = await stage.join(stage.log.head), await stage.join(start)
        assert ears[3].seqs == []
        await stage.join(start, ears[3])
        stage.rooms.leave(ears[2].member)
        ears[2].member.gone = True
        stage.rooms.heard(stage.log.commit())
        stage.rooms.beat()
        await asyncio.sleep(0.01)
        for ear in (ears[0], ears[1], ears[3], behind):
            assert ear.seqs == [1, 2, 3]
        assert late.seqs == [3]
        assert ears[2].seqs == []
        assert all(
            '2["hb"' in str(ear.packets[-1].data) for ear in (ears[0], ears[3], late, behind)
        )
        await stage.supervisor.close()

    simulate(serve())


def test_each_event_is_measured_when_the_last_of_the_room_was_given_it() -> None:
    async def measure() -> None:
        log = MemoryLog(uuid4())
        seconds: list[float] = []
        stage = Stage(log)
        stage.rooms._on_screen = seconds.append
        await stage.join(log.head)
        committed = datetime.now(UTC) - timedelta(seconds=2)
        event = log.commit()
        wire = json.dumps({"t": "x", "s": 1, "h": event.h, "at": committed.isoformat(), "k": "x"})
        stage.rooms.heard(replace(event, wire=wire.replace(": ", ":").encode()))
        stage.rooms.heard(log.commit())  # one that says no time is not measured
        await asyncio.sleep(0.01)
        assert len(seconds) == 1
        assert 2 <= seconds[0] < 3
        await stage.supervisor.close()

    simulate(measure())
