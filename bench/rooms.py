"""What it costs that many screens see a change, and that they only are there."""

import asyncio
from typing import Final

from bench import cost
from bench.audience import Audience, Author, write_for
from bench.jobs import Idle, Outcome, Room
from bench.meter import Meter

SETTLE_SECONDS: Final = 0.3
IDLE_SETTLE_SECONDS: Final = 1.0
WARM_WRITES: Final = 3
FEWEST: Final = 5  # writes of a phase


async def deliver(job: Room) -> Outcome:
    """What it costs the server that N screens see a change, without what the change itself costs.

    The same changes are made where nobody listens, and that is taken off.
    """
    target = job.target
    audience = Audience(job.holds.encode())
    with Meter(target) as entering:
        await audience.enter(target, job.enters, hello=job.hello, event=job.event)
    # Not before: while thousands enter, a server ends a connection that says nothing.
    silent = await Author.at(target.port, job.silent)
    loud = await Author.at(target.port, job.loud)
    await asyncio.sleep(SETTLE_SECONDS)
    await write_for(silent.write, None, 0, fewest=WARM_WRITES)
    await write_for(loud.write, audience, 0, fewest=WARM_WRITES)
    await asyncio.sleep(SETTLE_SECONDS)
    with Meter(target) as alone:
        base = len(await write_for(silent.write, None, job.seconds / 3, fewest=FEWEST))
    with Meter(target) as meter:
        last = await write_for(loud.write, audience, job.seconds, fewest=FEWEST)
    audience.check()
    for part in (audience, silent, loud):
        part.leave()
    deliveries = len(last) * len(audience.screens)
    per_write = alone.server / base
    return Outcome(
        values={
            "writes": len(last),
            "cpu_us": (meter.server - per_write * len(last)) * 1e6 / deliveries,
            "write_us": per_write * 1e6,
            "bytes": audience.bytes,
            "enter_us": entering.server * 1e6 / len(audience.screens),
            "load_share": meter.load / meter.wall,
        },
        last_ms=[round(seconds * 1e3, 3) for seconds in last],
    )


async def rest(job: Idle) -> Outcome:
    """What a connection that only is there takes of the server's memory, and all of its time.

    Measured on the second half of them: the first ones fill what the server had free since its
    start, and run code that takes some memory once for all.
    """
    target = job.target
    audience = Audience()
    half = len(job.enters) // 2
    await audience.enter(target, job.enters[:half], hello=job.hello, compress=job.compress)
    await asyncio.sleep(IDLE_SETTLE_SECONDS)
    before = cost.resident_bytes(target.pid)
    with Meter(target) as meter:
        await audience.enter(target, job.enters[half:], hello=job.hello, compress=job.compress)
    await asyncio.sleep(IDLE_SETTLE_SECONDS)
    count = len(job.enters) - half
    resident = cost.resident_bytes(target.pid)
    idle = Meter(target)
    if job.seconds:
        with idle:
            await asyncio.sleep(job.seconds)
    audience.leave()
    return Outcome(
        values={
            "bytes": (resident - before) / count,
            "resident_bytes": resident,
            "idle_share": idle.server / idle.wall if job.seconds else 0.0,
            "enter_us": meter.server * 1e6 / count,
            "compressed": float(audience.screens[0].compressed),
            "load_share": meter.load / meter.wall,
        }
    )
