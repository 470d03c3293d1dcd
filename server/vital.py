"""A supervisor that remembers which tasks must live for as long as the process does."""

import asyncio

from typing_extensions import override

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor, Work


class VitalTasks(Supervisor):
    def __init__(self, counters: Counters) -> None:
        super().__init__(counters)
        self._vital: set[str] = set()

    @override
    def start(self, name: str, work: Work) -> None:
        self._vital.add(name)
        super().start(name, work)

    def dead(self) -> list[str]:
        """Those whose supervising loop itself has ended: nothing will start them again."""
        running = {task.get_name() for task in asyncio.all_tasks()}
        return sorted(self._vital - running)
