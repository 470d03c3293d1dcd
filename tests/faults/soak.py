"""`./run soak`: one random fault after another for as long as told, and the oracle in between.

Two nodes, a team that writes all the time. After each round of faults writing stops for a moment
and every screen must equal the log. The seed repeats the order of what happens.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import uvloop
from redis.asyncio import Redis

from tests.faults.figures import Verdict
from tests.faults.nodes import end_with_us
from tests.faults.office import Office, Scale, opened

Fault = Callable[[Office], Awaitable[None]]
ROUND = 6  # faults between two judgments
CLIENTS, WRITES = 60, 20.0


async def redis_dies(office: Office) -> None:
    office.redis.kill()
    await asyncio.sleep(office.chance.uniform(0.2, 6))
    await office.restart_redis()


async def redis_freezes(office: Office) -> None:
    await _frozen(office, [office.redis.pid])


async def redis_forgets(office: Office) -> None:
    async with Redis.from_url(office.redis.url) as redis:
        await redis.flushall()


async def subscribers_go(office: Office) -> None:
    async with Redis.from_url(office.redis.url) as redis:
        await redis.client_kill_filter(_type="pubsub")


async def postgres_restarts(office: Office) -> None:
    await asyncio.to_thread(office.postgres.stop)
    await asyncio.sleep(office.chance.uniform(0.2, 3))
    await office.restart_postgres()


async def postgres_crashes(office: Office) -> None:
    await asyncio.to_thread(office.postgres.kill)
    await asyncio.sleep(office.chance.uniform(0.2, 3))
    await office.restart_postgres()


async def sessions_end(office: Office) -> None:
    await office.db.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'homeroom' AND pid <> pg_backend_pid()"
    )


async def node_dies(office: Office) -> None:
    node = office.chance.choice(office.nodes)
    await node.kill()
    await asyncio.sleep(office.chance.uniform(0.1, 3))
    await node.start()


async def node_is_deployed(office: Office) -> None:
    node = office.chance.choice(office.nodes)
    await node.stop()
    await node.start()


async def node_freezes(office: Office) -> None:
    await _frozen(office, [office.chance.choice(office.nodes).pid])


async def everybody_is_cut_off(office: Office) -> None:
    for client in office.clients:
        client.cut()


async def _frozen(office: Office, pids: Sequence[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(office.chance.uniform(0.5, 8))
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


FAULTS: list[Fault] = [
    redis_dies,
    redis_freezes,
    redis_forgets,
    subscribers_go,
    postgres_restarts,
    postgres_crashes,
    sessions_end,
    node_dies,
    node_is_deployed,
    node_freezes,
    everybody_is_cut_off,
]


async def soak(office: Office, minutes: float) -> list[Verdict]:
    """Rounds of faults until the time is over; a verdict for each round."""
    verdicts: list[Verdict] = []
    until = time.monotonic() + minutes * 60
    await office.people(CLIENTS)
    while time.monotonic() < until and all(verdict.passed for verdict in verdicts):
        number = len(verdicts) + 1
        began = time.monotonic()
        happened: Counter[str] = Counter()
        async with office.written(WRITES) as writers:
            for _ in range(ROUND):
                await asyncio.sleep(office.chance.uniform(0.5, 3))
                fault = office.chance.choice(FAULTS)
                happened[fault.__name__] += 1
                await fault(office)
            await asyncio.sleep(3)
        settled = await office.settle()
        title = ", ".join(f"{name} {times}" for name, times in happened.items())
        verdict = Verdict(str(number), title, office.seed, str(Scale(CLIENTS, WRITES, 0)))
        verdict.mark("settled after", settled, most=30, unit="s")
        verdict.mark("writes given up", writers.abandoned, most=0)
        await office.judge(verdict)
        verdict.seconds = time.monotonic() - began
        verdicts.append(verdict)
        sys.stdout.write(f"{verdict.text()}\n")
        sys.stdout.flush()
    return verdicts


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./run soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(argv)
    end_with_us()
    folder = Path(tempfile.mkdtemp(prefix="homeroom-soak-"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        verdicts = runner.run(_perform(folder, options.seed, options.minutes))
    passed = all(verdict.passed for verdict in verdicts)
    if passed:
        shutil.rmtree(folder, ignore_errors=True)
    told = "all passed" if passed else f"FAILED; the logs: {folder}"
    sys.stdout.write(f"soak: {len(verdicts)} rounds, seed {options.seed}: {told}\n")
    return 0 if passed else 1


async def _perform(folder: Path, seed: int, minutes: float) -> list[Verdict]:
    async with opened(folder, seed) as office:
        return await soak(office, minutes)


if __name__ == "__main__":
    sys.exit(main())
