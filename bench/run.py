"""One run: every server on the same rows, measured by turns, round by round."""

import asyncio
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import cores, data, plan
from bench.jobs import Failed
from bench.plan import Measure, Part
from bench.report import Sample
from bench.servers import House, Load, Running, started
from bench.subjects import OURS, Subject
from db.embedded import attach

IDLE_SECONDS: Final = 30.0  # every connection is pinged at least once
WARM_SECONDS: Final = 1.0  # V8 compiles what it has seen often; it is not measured before


@dataclass(frozen=True, slots=True)
class Plan:
    parts: Sequence[Part]
    rounds: int
    seconds: float
    clients: Sequence[int]
    quick: bool = False

    def before(self) -> Iterator[Measure]:
        """What is run once and thrown away."""
        if not self.quick and Part.REST in self.parts:
            yield from plan.rest(WARM_SECONDS)
        if not self.quick and Part.ROOMS in self.parts:
            yield from plan.rooms(self.clients[:1], WARM_SECONDS)

    def by_turns(self) -> Iterator[Measure]:
        if Part.REST in self.parts:
            yield from plan.rest(self.seconds)
        if Part.ROOMS in self.parts:
            yield from plan.rooms(self.clients, self.seconds)
        if Part.HERD in self.parts:
            yield from plan.herd(max(self.clients))

    def fresh(self) -> Iterator[Measure]:
        """What needs a server that has done nothing before: memory once taken is kept."""
        most = max(self.clients)
        if Part.MEMORY in self.parts:
            yield from plan.memory(most)
        if Part.MEMORY in self.parts and not self.quick:
            yield from plan.memory_of_browsers(most)
            yield from plan.idle(2 * most, IDLE_SECONDS)
        if Part.PAUSE in self.parts:
            yield from plan.pause(most)


def measured(
    wanted: Plan, subjects: Sequence[Subject], folder: Path
) -> Generator[Sample, None, None]:
    """Each measure of every server in turn, so that a busy minute hits them all."""
    with _house(subjects, folder) as house, Load(house.cores) as load:
        if turns := list(wanted.by_turns()):
            with ExitStack() as stack:
                servers = [stack.enter_context(started(subject, house)) for subject in subjects]
                for measure in wanted.before():
                    for server in servers:
                        _sample(load, measure, server, 0)
                for number in range(wanted.rounds):
                    for measure in turns:
                        for server in _turned(servers, number):
                            yield _sample(load, measure, server, number)
        for measure in wanted.fresh():
            for subject in subjects:
                if measure.probed and not subject.python:
                    continue
                with started(subject, house, probed=measure.probed) as server:
                    yield _sample(load, measure, server, 0)


@contextmanager
def _house(subjects: Sequence[Subject], folder: Path) -> Iterator[House]:
    """A private Postgres and Redis, and in it a database for each server, made anew."""
    split = cores.split()
    logs = folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with cores.on(split.rest):
        private = attach(folder / "servers")
    with private:
        names = [subject.name for subject in subjects]
        databases = asyncio.run(data.prepare(private.database_url, names, ours=OURS))
        yield House(databases, private.redis_url, private.postgres_pid, split, logs)


def _turned(servers: list[Running], number: int) -> list[Running]:
    """Another one goes first in each round."""
    first = number % len(servers)
    return servers[first:] + servers[:first]


def _sample(load: Load, measure: Measure, server: Running, number: int) -> Sample:
    name = server.subject.name
    try:
        outcome = load.put(measure.job(server))
    except Failed as error:
        raise Failed(f"{name}, {measure.name}: {error}; see its log, {server.log}") from None
    return Sample(measure.part, measure.name, name, number, outcome.values, outcome.last_ms)
