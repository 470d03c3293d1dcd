"""Which core is measured and which do the rest, so that load and database do not disturb."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """Empty sets where processes cannot be pinned; every process then runs where it likes."""

    measured: frozenset[int] = frozenset()
    rest: frozenset[int] = frozenset()

    @property
    def pinned(self) -> bool:
        return bool(self.measured)


def split() -> Cores:
    """The last core for the server under measurement: the first ones serve interrupts."""
    if sys.platform == "linux":
        cores = os.sched_getaffinity(0)
        if len(cores) > 1:
            last = max(cores)
            return Cores(frozenset({last}), frozenset(cores - {last}))
    return Cores()


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Processes started meanwhile stay on these cores, with all their threads, from birth."""
    if sys.platform == "linux" and cores:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)
    else:
        yield
