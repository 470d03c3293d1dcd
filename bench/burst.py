"""What it costs that many screens see many changes which were made at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Final
from uuid import UUID

from bench.audience import Audience, Author, Write, write_for
from bench.jobs import Burst, Log, Outcome
from bench.meter import Meter
from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.redis_bus import RedisBus
from db.database import Database
from db.transaction import Answer, Draft, Transaction, Writer

SETTLE_SECONDS: Final = 0.3
WARM: Final = 2
FEWEST, MOST = 3, 100  # bursts of a phase
PAD: Final = "x" * 20  # makes an event of ours about 380 bytes on the wire


async def deliver(job: Burst) -> Outcome:
    """Server CPU for each event on each screen, without what the change itself costs."""
    target = job.target
    audience = Audience(job.holds.encode(), events=job.events)
    alone = 0.0
    with Meter(target) as entering:
        await audience.enter(target, job.enters, hello=job.hello, event=job.event)
    async with _author(job) as write:
        await asyncio.sleep(SETTLE_SECONDS)
        await write_for(write, audience, 0, fewest=WARM)
        await asyncio.sleep(SETTLE_SECONDS)
        if job.silent:
            silent = await Author.at(target.port, job.silent)
            with Meter(target) as meter:
                base = len(
                    await write_for(silent.write, None, job.seconds / 3, fewest=FEWEST, most=MOST)
                )
            alone = meter.server / base
            silent.leave()
        with Meter(target) as meter:
            last = await write_for(write, audience, job.seconds, fewest=FEWEST, most=MOST)
    audience.check()
    audience.leave()
    deliveries = len(last) * len(audience.screens) * job.events
    return Outcome(
        values={
            "writes": len(last),
            "cpu_us": (meter.server - alone * len(last)) * 1e6 / deliveries,
            "write_us": alone * 1e6,
            "bytes": audience.bytes,
            "enter_us": entering.server * 1e6 / len(audience.screens),
            "load_share": meter.load / meter.wall,
        },
        last_ms=[round(seconds * 1e3, 3) for seconds in last],
    )


@asynccontextmanager
async def _author(job: Burst) -> AsyncIterator[Write]:
    if job.log is None:
        author = await Author.at(job.target.port, job.loud)
        yield author.write
        author.leave()
        return
    async with _another_node(job.log, job.events) as write:
        yield write


@asynccontextmanager
async def _another_node(log: Log, events: int) -> AsyncIterator[Write]:
    """Commit as a node of ours does, and tell the others over Redis."""
    counters = Counters()
    supervisor = Supervisor(counters)
    bus = RedisBus(log.redis_url, counters=counters, supervisor=supervisor)
    db = await Database.connect(log.database_url, min_size=1, max_size=2)
    db.announce = bus.publish
    bus.start()
    count = 0

    async def write() -> float:
        nonlocal count
        count += 1
        sent = perf_counter()
        await db.write(Writer(log.team_id, log.user_id), lambda tx: _change(tx, events, count))
        return sent

    await write()
    try:
        yield write
    finally:
        await bus.close()
        await supervisor.close()
        await db.close()


async def _change(tx: Transaction, events: int, version: int) -> Answer:
    for number in range(events):
        data = json.dumps({"number": number, "pad": PAD})
        tx.append(Draft("bench.changed", "bench", _id(number), version, data))
    return Answer("null")


def _id(number: int) -> UUID:
    return UUID(int=number + 1)
