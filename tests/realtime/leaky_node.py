"""A real server process whose bus loses, doubles and delays a seeded share of what it publishes.

Run as a program: LEAK_SEED seeds the chance. Its rings are short, so that Postgres has its share.
"""

import asyncio
import os
import random
import sys

from typing_extensions import override

from channels.bus.redis_bus import RedisBus
from channels.room import history
from db.events import Event
from server import lifespan
from server.cli import main

LOST, DOUBLED, LATE = 0.10, 0.05, 0.05
MAX_DELAY = 0.2
RING_EVENTS = 24

chance = random.Random(os.environ["LEAK_SEED"])


class LeakyBus(RedisBus):
    @override
    def publish(self, event: Event) -> None:
        fate = chance.random()
        if fate < LOST:
            self._publisher._counters.publish_dropped += 1
            return
        if fate < LOST + DOUBLED:
            super().publish(event)
        if fate > 1 - LATE:
            delay = chance.uniform(0, MAX_DELAY)
            asyncio.get_running_loop().call_later(delay, super().publish, event)
        else:
            super().publish(event)


if __name__ == "__main__":
    history.RING_EVENTS = RING_EVENTS
    vars(lifespan)["RedisBus"] = LeakyBus  # the one seam: what the server builds
    sys.exit(main(["run"]))
