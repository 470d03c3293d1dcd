"""Whatever the bus does to messages, members see every event, in order, once."""

import asyncio
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.bus import MemoryBus, MemoryHub
from channels.counters import Counters
from channels.rooms import POLL_SECONDS, Rooms
from channels.standing import Mode, Standing
from channels.supervisor import Supervisor
from db.errors import Unavailable
from db.events import Event
from tests.realtime.simulated import Ear, MemoryLog, an_actor, simulate

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
    simulate(_follow(events, joins, outage))


async def _follow(
    events: list[tuple[float, list[float]]],
    joins: list[tuple[int, float]],
    outage: tuple[int, int] | None,
) -> None:
    log = MemoryLog(uuid4())
    copies: dict[int, list[float]] = {}

    def route(event: Event) -> list[float]:
        return copies[event.seq]

    counters = Counters()
    supervisor = Supervisor(counters)
    bus = MemoryBus(MemoryHub(route))
    rooms = Rooms(log, bus, counters=counters, supervisor=supervisor)
    bus.start()
    rooms.start()
    ears: list[tuple[int, Ear]] = []
    joining: list[asyncio.Task[None]] = []

    async def join(share: float) -> None:
        ear = Ear(an_actor(log.team_id))
        since = log.position(int(share * log.head.seq))
        told: list[Standing] = []
        while not told:  # as a client that is told to try again
            try:
                await rooms.join(log.team_id, ear.member, since, told.append)
            except Unavailable:
                await asyncio.sleep(0.5)
        assert told[0].mode in (Mode.LIVE, Mode.REPLAY)
        ears.append((since.seq, ear))

    for number, (pause, delays) in enumerate(events):
        log.away = outage is not None and outage[0] <= number < sum(outage)
        joining += [asyncio.create_task(join(share)) for when, share in joins if when == number]
        await asyncio.sleep(pause)
        event = log.commit()
        copies[event.seq] = delays
        bus.publish(event)
    log.away = False
    await asyncio.gather(*joining)
    await asyncio.sleep(GENEROUS)
    for since, ear in ears:
        assert ear.seqs == list(range(since + 1, log.head.seq + 1))
        assert [event["h"] for event in ear.events] == [event.h for event in log.events[since:]]
        assert not ear.closed
    await supervisor.close()


def test_messages_that_swap_places_cost_no_read() -> None:
    async def swap() -> None:
        log, counters = MemoryLog(uuid4()), Counters()
        late = {2: 0.02, 4: 0.02}
        hub = MemoryHub(lambda event: (late.get(event.seq, 0.0),))
        bus, supervisor = MemoryBus(hub), Supervisor(counters)
        rooms = Rooms(log, bus, counters=counters, supervisor=supervisor)
        bus.start()
        ear = Ear(an_actor(log.team_id))
        await rooms.join(log.team_id, ear.member, log.head, lambda _: None)
        for _ in range(5):
            bus.publish(log.commit())
        await asyncio.sleep(0.1)
        assert ear.seqs == [1, 2, 3, 4, 5]
        assert log.reads == []
        await supervisor.close()

    simulate(swap())


def test_a_burst_leaves_as_one_frame() -> None:
    async def burst() -> None:
        log, counters = MemoryLog(uuid4()), Counters()
        bus, supervisor = MemoryBus(MemoryHub()), Supervisor(counters)
        rooms = Rooms(log, bus, counters=counters, supervisor=supervisor)
        bus.start()
        ears = [Ear(an_actor(log.team_id)) for _ in range(3)]
        for ear in ears:
            await rooms.join(log.team_id, ear.member, log.head, lambda _: None)
        for _ in range(10):
            bus.publish(log.commit())
        await asyncio.sleep(0.01)
        assert [len(ear.packets) for ear in ears] == [1, 1, 1]
        assert ears[0].packets[0] is ears[1].packets[0] is ears[2].packets[0]
        assert ears[0].seqs == list(range(1, 11))
        await supervisor.close()

    simulate(burst())
