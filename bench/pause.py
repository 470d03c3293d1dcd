"""How long a full garbage collection stops the server while many screens are there."""

import asyncio
import json
import os
import signal
from time import monotonic
from typing import Final

from bench.audience import Audience
from bench.jobs import Failed, Outcome, Pause

SETTLE_SECONDS: Final = 1.0
PATIENCE: Final = 30.0


async def collect(job: Pause) -> Outcome:
    """Ask bench/probe.py, inside the server, to collect, and read what it saw."""
    os.kill(job.target.pid, signal.SIGUSR1)  # counts what is there without screens
    audience = Audience()
    await audience.enter(job.target, job.enters, hello=job.hello)
    await asyncio.sleep(SETTLE_SECONDS)
    job.file.unlink(missing_ok=True)
    os.kill(job.target.pid, signal.SIGUSR2)
    deadline = monotonic() + PATIENCE
    while not job.file.exists():
        if monotonic() > deadline:
            raise Failed("the server did not collect")
        await asyncio.sleep(0.1)
    told = json.loads(job.file.read_text())
    audience.leave()
    screens = len(audience.screens)
    return Outcome(
        values={
            "pause_ms": told["milliseconds"],
            "objects": (told["objects"] - told["objects_before"]) / screens,
            "load_share": 0.0,
        }
    )
