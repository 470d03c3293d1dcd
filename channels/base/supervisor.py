"""Background tasks: each has a name, is counted, and is started again when it dies."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from channels.base.counters import Counters

log = logging.getLogger(__name__)

RESTART_SECONDS = 0.5  # long enough that a task which dies at once does not spin

Work = Callable[[], Coroutine[Any, Any, None]]


class Supervisor:
    """Owns every task of the live rooms, so that none is lost, leaked or silently dead."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Work) -> None:
        """Run `work` for as long as the node lives."""
        self._hold(self._forever(name, work), name)

    def spawn(self, name: str, errand: Work) -> None:
        """Run `errand` once; what it raises is logged."""
        self._hold(self._once(name, errand), name)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        _ = await asyncio.gather(*tasks, return_exceptions=True)

    def _hold(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(coroutine, name=name)
        self._tasks.add(task)
        self._counters.tasks += 1
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._counters.tasks -= 1

    async def _forever(self, name: str, work: Work) -> None:
        while True:
            await self._once(name, work)
            self._counters.task_restarts += 1
            log.error("task %s ended; starting it again", name)
            await asyncio.sleep(RESTART_SECONDS)

    async def _once(self, name: str, work: Work) -> None:
        try:
            await work()
        except Exception:
            log.exception("task %s failed", name)
