"""The load generator, a process of its own: a job per line in, its outcome out.

bench/servers.py starts it on another core than the server's. Its own share of that core is part of
every outcome, so that a generator at its limit is seen.
"""

import asyncio
import sys
from typing import Any

import uvloop
from pydantic import TypeAdapter

from bench import burst, callers, herd, pause, rooms
from bench.jobs import Burst, Calls, Failed, Herd, Job, Outcome, Pause, Room

JOBS: TypeAdapter[Any] = TypeAdapter(Job)


async def perform(job: Job) -> Outcome:
    match job:
        case Calls():
            return await callers.call(job)
        case Room():
            return await rooms.deliver(job)
        case Burst():
            return await burst.deliver(job)
        case Herd():
            return await herd.come_back(job)
        case Pause():
            return await pause.collect(job)
        case _:
            return await rooms.rest(job)


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin.buffer:
            try:
                outcome = runner.run(perform(JOBS.validate_json(line)))
            except (Failed, OSError, TimeoutError) as error:
                outcome = Outcome(failed=str(error) or repr(error))
            sys.stdout.write(f"{outcome.model_dump_json()}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
