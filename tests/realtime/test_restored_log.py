"""Postgres restored to an earlier state: exactly those who saw what is gone start over."""

import asyncio
from uuid import uuid4

import pytest

from channels.bus import MemoryBus, MemoryHub
from channels.counters import Counters
from channels.members import Close
from channels.rooms import Rooms
from channels.standing import Mode, Standing
from channels.supervisor import Supervisor
from db.events import Head
from tests.realtime.simulated import Ear, MemoryLog, an_actor, simulate


class Scene:
    """Ten events, one member that saw them all, and then a backup from after the sixth."""

    def __init__(self) -> None:
        self.log = MemoryLog(uuid4())
        self.counters = Counters()
        self.supervisor = Supervisor(self.counters)
        self.bus = MemoryBus(MemoryHub())
        self.rooms = Rooms(self.log, self.bus, counters=self.counters, supervisor=self.supervisor)
        self.bus.start()
        self.rooms.start()

    async def at_ten(self) -> Ear:
        ear = Ear(an_actor(self.log.team_id))
        await self.join(ear, self.log.head)
        for _ in range(10):
            self.bus.publish(self.log.commit())
        await asyncio.sleep(0.1)
        assert ear.seqs == list(range(1, 11))
        return ear

    async def join(self, ear: Ear, since: Head | None) -> Standing:
        told: list[Standing] = []
        await self.rooms.join(self.log.team_id, ear.member, since, told.append)
        return told[0]


@pytest.mark.parametrize("written_since", [0, 2, 4, 9])
@pytest.mark.parametrize("postgres_was_missed", [True, False])
def test_a_restored_log_is_noticed_and_nothing_of_it_is_mixed_in(
    written_since: int, *, postgres_was_missed: bool
) -> None:
    async def restore() -> None:
        scene = Scene()
        ear = await scene.at_ten()
        lost, kept = scene.log.position(10), scene.log.position(5)
        scene.log.away = True
        await asyncio.sleep(3 if postgres_was_missed else 0.01)
        scene.log.restore(6, "another past")
        for _ in range(written_since):
            scene.bus.publish(scene.log.commit())
        scene.log.away = False
        await asyncio.sleep(3)

        assert ear.seqs == list(range(1, 11))
        assert ear.closed == [Close.RESTORED]
        assert scene.counters.rewinds == 1

        affected, spared = Ear(ear.member.who), Ear(ear.member.who)
        assert (await scene.join(affected, lost)).mode is Mode.RESYNC
        assert (await scene.join(spared, kept)).mode is Mode.REPLAY
        scene.bus.publish(scene.log.commit())
        await asyncio.sleep(0.1)
        assert spared.seqs == list(range(6, scene.log.head.seq + 1))
        assert affected.seqs == [scene.log.head.seq]
        await scene.supervisor.close()

    simulate(restore())
