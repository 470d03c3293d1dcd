"""Postgres restored to an earlier state: exactly those who saw what is gone start over."""

import asyncio
from uuid import uuid4

import pytest

from channels.room.standing import Mode
from channels.sockets.members import Close
from db.events import Event
from tests.realtime.simulated import Ear, MemoryLog, Stage, simulate

KEPT = 6  # of ten events


async def at_ten(stage: Stage) -> Ear:
    """Ten events, and a member that saw them all."""
    ear = await stage.join(stage.log.head)
    stage.commit(10)
    await asyncio.sleep(0.1)
    assert ear.seqs == list(range(1, 11))
    return ear


@pytest.mark.parametrize("written_since", [0, 2, 4, 5, 9])
@pytest.mark.parametrize("postgres_was_missed", [True, False])
@pytest.mark.parametrize("bus_works", [True, False])
def test_a_restored_log_is_noticed_and_nothing_of_it_is_mixed_in(
    written_since: int, *, postgres_was_missed: bool, bus_works: bool
) -> None:
    def route(event: Event) -> tuple[float, ...]:
        return (0.0,) if bus_works or event.h in old else ()

    log = MemoryLog(uuid4())
    old: set[str] = set()

    async def restore() -> None:
        nonlocal old
        stage = Stage(log, lambda _: (0.0,)).start()
        ear = await at_ten(stage)
        lost, kept = log.position(10), log.position(5)
        old = {event.h for event in log.events}
        stage.bus._hub.route = route
        log.away = True
        await asyncio.sleep(3 if postgres_was_missed else 0.01)
        log.restore(KEPT, "another past")
        stage.commit(written_since)
        log.away = False
        await asyncio.sleep(3)

        assert ear.seqs == list(range(1, 11))
        assert ear.closed == [Close.RESTORED]
        assert stage.counters.rewinds == 1

        affected, spared = await stage.join(lost), await stage.join(kept)
        assert (affected.mode, spared.mode) == (Mode.RESYNC, Mode.REPLAY)
        stage.bus._hub.route = lambda _: (0.0,)
        stage.commit()
        await asyncio.sleep(0.1)
        assert spared.seqs == list(range(6, log.head.seq + 1))
        assert affected.seqs == [log.head.seq]
        await stage.supervisor.close()

    simulate(restore())


def test_after_an_outage_nothing_goes_out_before_the_past_is_confirmed() -> None:
    """The new log is past ours already, and of its messages only the one next to ours arrives."""

    async def restore() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        ear = await at_ten(stage)
        stage.log.away = True
        await asyncio.sleep(3)
        stage.log.restore(KEPT, "another past")
        for _ in range(11 - KEPT):
            last = stage.log.commit()
        assert last.seq == 11
        stage.bus.publish(last)
        await asyncio.sleep(0.1)
        stage.log.away = False
        await asyncio.sleep(3)
        assert ear.seqs == list(range(1, 11))
        assert ear.closed == [Close.RESTORED]
        await stage.supervisor.close()

    simulate(restore())


def test_another_timeline_makes_every_room_confirm_its_past() -> None:
    """The standby that took over had everything: nobody is disturbed."""

    async def fail_over() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        ear = await at_ten(stage)
        await asyncio.sleep(3)
        reads = len(stage.log.reads)
        stage.log.history = "00000002"
        await asyncio.sleep(3)
        assert stage.counters.timeline_changes == 1
        assert len(stage.log.reads) == reads + 1
        stage.commit()
        await asyncio.sleep(0.1)
        assert ear.seqs == list(range(1, 12))
        assert ear.closed == []
        await stage.supervisor.close()

    simulate(fail_over())


@pytest.mark.parametrize("held", [False, True])
def test_an_event_that_does_not_follow_goes_to_nobody(*, held: bool) -> None:
    """No poll failed, and of the new log's messages none arrived that would have told."""

    async def restore() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        ear = await at_ten(stage)
        stage.log.restore(KEPT, "another past")
        for _ in range(12 - KEPT):
            stage.log.commit()
        eleventh, twelfth = stage.log.events[10:]
        for event in (twelfth, eleventh) if held else (eleventh, twelfth):
            stage.bus.publish(event)
        await asyncio.sleep(0.2)
        assert ear.seqs == list(range(1, 11))
        assert ear.closed == [Close.RESTORED]
        assert stage.counters.unchained >= 1
        await stage.supervisor.close()

    simulate(restore())


def test_a_message_of_a_past_that_is_no_more_does_no_harm() -> None:
    """It was under way while the log went back; what follows here is what Postgres has."""

    async def restore() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        ear = await at_ten(stage)
        stray = MemoryLog(stage.log.team_id, "a past that was lost")
        for _ in range(11):
            stray.commit()
        stage.bus.publish(stray.events[10])
        await asyncio.sleep(0.1)
        assert ear.seqs == list(range(1, 11))
        stage.commit(3)
        await asyncio.sleep(0.2)
        assert [seen["h"] for seen in ear.events] == [event.h for event in stage.log.events]
        assert ear.closed == []
        await stage.supervisor.close()

    simulate(restore())


def test_who_joins_while_the_log_goes_back_joins_the_log_that_is() -> None:
    async def restore() -> None:
        stage = Stage(MemoryLog(uuid4()))
        for _ in range(20):
            stage.log.commit()
        await stage.join(stage.log.head)
        stage.log.delay = 0.2
        joining = asyncio.create_task(stage.join(stage.log.position(3)))
        await asyncio.sleep(0.1)  # what it missed is being read
        stage.log.restore(KEPT, "another past")
        for _ in range(20):
            event = stage.log.commit()
        stage.rooms.heard(stage.log.events[19])
        ear = await joining
        stage.commit()
        await asyncio.sleep(0.5)
        assert stage.counters.rewinds == 1
        assert [seen["h"] for seen in ear.events] == [e.h for e in stage.log.events[3:]]
        assert event.seq == 26
        await stage.supervisor.close()

    simulate(restore())
