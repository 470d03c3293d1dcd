"""Reads the clocks around a stretch of load: the server's, Postgres's, its own, the wall's."""

import math
from collections.abc import Sequence
from time import perf_counter, process_time
from typing import Self

from bench import cost
from bench.jobs import Target


class Meter:
    """Seconds spent while it was open; the server's are read nearest to the load."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.server = self.postgres = self.load = self.wall = 0.0

    def __enter__(self) -> Self:
        self.postgres = -cost.family_seconds(self._target.postgres_pid)
        self.load = -process_time()
        self.wall = -perf_counter()
        self.server = -cost.cpu_seconds(self._target.pid)
        return self

    def __exit__(self, *_: object) -> None:
        self.server += cost.cpu_seconds(self._target.pid)
        self.wall += perf_counter()
        self.load += process_time()
        self.postgres += cost.family_seconds(self._target.postgres_pid)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
