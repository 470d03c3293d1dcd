"""Background tasks: named, counted, restarted, and gone when told."""

import asyncio

import pytest

from channels.base import supervisor as module
from channels.base.counters import Counters
from channels.base.supervisor import Supervisor


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def supervisor(counters: Counters, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.01)
    return Supervisor(counters)


async def test_a_task_that_dies_is_started_again_and_the_log_says_so(
    supervisor: Supervisor, counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    lives = 0

    async def die() -> None:
        nonlocal lives
        lives += 1
        if lives < 4:
            raise ValueError("a bad day")
        _ = await asyncio.Event().wait()

    supervisor.start("mortal", die)
    await asyncio.sleep(0.1)
    assert (lives, counters.task_restarts, counters.tasks) == (4, 3, 1)
    assert "task mortal failed" in caplog.text
    assert "a bad day" in caplog.text
    await supervisor.close()
    assert counters.tasks == 0


async def test_a_task_that_returns_is_started_again(
    supervisor: Supervisor, counters: Counters
) -> None:
    async def leave() -> None:
        await asyncio.sleep(0)

    supervisor.start("leaver", leave)
    await asyncio.sleep(0.1)
    assert counters.task_restarts > 2
    await supervisor.close()


async def test_an_errand_that_fails_is_logged_and_over(
    supervisor: Supervisor, counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ValueError("a bad errand")

    supervisor.spawn("errand", fail)
    await asyncio.sleep(0.05)
    assert "a bad errand" in caplog.text
    assert (counters.tasks, counters.task_restarts) == (0, 0)


async def test_tasks_have_their_names(supervisor: Supervisor) -> None:
    async def wait() -> None:
        await asyncio.sleep(5)

    supervisor.start("head poll", wait)
    supervisor.spawn("an errand", wait)
    assert {"head poll", "an errand"} <= {task.get_name() for task in asyncio.all_tasks()}
    await supervisor.close()
