"""The time all nodes share, on a machine whose clock is wrong, jumps, or asks a slow Postgres."""

import pytest

from db.clock import SLOW_SECONDS, PostgresClock

NOON = 1_795_348_800.0  # by Postgres


class Machine:
    """Its ticks go on evenly; its wall clock says what it was set to."""

    def __init__(self) -> None:
        self.ticks = 50.0
        self.wall = NOON - 600
        self.answer_takes = 0.0
        self.told_wrong = 0.0
        self.clock = PostgresClock(self.ask, tick=lambda: self.ticks, wall=lambda: self.wall)

    async def ask(self) -> float:
        self.pass_time(self.answer_takes / 2)
        told = NOON + self.ticks - 50.0 + self.told_wrong
        self.pass_time(self.answer_takes / 2)
        return told

    def pass_time(self, seconds: float) -> None:
        self.ticks += seconds
        self.wall += seconds


async def test_until_it_has_looked_the_time_is_the_machine_s() -> None:
    machine = Machine()
    assert machine.clock.now() == NOON - 600
    assert machine.clock.offset == 0


async def test_it_tells_postgres_s_time_and_how_wrong_the_machine_is() -> None:
    machine = Machine()
    machine.answer_takes = 0.5
    await machine.clock.look()
    assert machine.clock.now() == NOON + 0.5
    assert machine.clock.offset == -600
    assert machine.clock.utc().timestamp() == NOON + 0.5


async def test_setting_the_machine_s_clock_moves_nothing_but_the_offset() -> None:
    machine = Machine()
    await machine.clock.look()
    machine.wall += 86_400
    machine.pass_time(10)
    assert machine.clock.now() == NOON + 10
    assert machine.clock.offset == 86_400 - 600


@pytest.mark.parametrize("slowly", [SLOW_SECONDS + 0.1, 60.0])
async def test_a_vague_answer_does_not_replace_a_better_one(slowly: float) -> None:
    machine = Machine()
    await machine.clock.look()
    machine.answer_takes = slowly
    machine.told_wrong = 400.0
    await machine.clock.look()
    assert machine.clock.now() == NOON + slowly
