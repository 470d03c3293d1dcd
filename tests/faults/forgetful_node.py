"""A real server that forgets to publish: a seeded share of its events, all after SIGUSR1.

Run as a program: FORGET_SEED seeds the chance.
"""

import os
import random
import signal
import sys

from typing_extensions import override

from channels.bus.redis_bus import RedisBus
from db.events import Event
from server import lifespan
from server.cli import main

SHARE = 0.03
chance = random.Random(os.environ["FORGET_SEED"])
forgotten: list[bool] = []


class ForgetfulBus(RedisBus):
    @override
    def publish(self, event: Event) -> None:
        if not forgotten and chance.random() >= SHARE:
            super().publish(event)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda *_: forgotten.append(True))
    vars(lifespan)["RedisBus"] = ForgetfulBus  # the one seam: what the server builds
    sys.exit(main(["run"]))
