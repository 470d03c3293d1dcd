"""A whole room that is cut off and comes back at once."""

import asyncio
import gc
import json
import re
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

from bench.audience import Audience, Author
from bench.jobs import Failed, Herd, Outcome
from bench.meter import Meter
from bench.screens import Screen

AT_ONCE: Final = 4000  # a listening socket keeps 4,096 waiting
SECONDS: Final = 120.0
SEQ: Final = re.compile(rb'"s":(\d+)')
RETRY: Final = re.compile(r'"retry_ms":(\d+)')
SETTLE_SECONDS: Final = 3.0  # presence tells of a herd for a moment


@dataclass(slots=True)
class Returned:
    """What one screen that came back was given."""

    frames: list[bytes] = field(default_factory=list)

    def numbers(self) -> list[int]:
        return [int(found) for frame in self.frames for found in SEQ.findall(frame)]


async def come_back(job: Herd) -> Outcome:
    """Seconds from the cut until the last screen is in the room again, with all it has missed."""
    target = job.target
    audience = Audience()
    await audience.enter(target, job.enters, hello=job.hello)
    place = _place(audience.screens[-1].greeting) if job.resumes else None
    await _miss(job)
    await asyncio.sleep(SETTLE_SECONDS)
    gate = asyncio.Semaphore(AT_ONCE)
    loop = asyncio.get_running_loop()
    back: list[Screen] = []
    given: list[Returned] = []
    complete = f'"s":{place["s"] + job.missed},'.encode() if place else b""

    sent_away = 0

    async def one(auth: dict[str, Any]) -> None:
        nonlocal sent_away
        while (retry_ms := await enter(auth)) is not None:
            sent_away += 1
            await asyncio.sleep(retry_ms / 1000)

    async def enter(auth: dict[str, Any]) -> int | None:
        """None once it is back; where it is sent away, how long to stay away."""
        returned = Returned()
        async with gate:
            _, screen = await loop.create_connection(
                lambda: Screen(
                    target.port,
                    auth | ({"subs": [place]} if place else {}),
                    hello=job.hello.encode(),
                    event=job.event.encode(),
                    saw=returned.frames.append,
                    until=complete,
                ),
                "127.0.0.1",
                target.port,
            )
            try:
                await screen.entered
            except Failed as refusal:
                if retry := RETRY.search(str(refusal)):
                    return int(retry[1])
                raise
            back.append(screen)
            given.append(returned)
            return None

    began = perf_counter()
    with Meter(target) as meter:
        audience.leave()
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*map(one, job.enters))
        seconds = perf_counter() - began
    await asyncio.sleep(SETTLE_SECONDS)
    if place:
        expected = list(range(place["s"] + 1, place["s"] + job.missed + 1))
        wrong = sum(each.numbers() != expected for each in given)
        if wrong:
            raise Failed(f"{wrong} screens did not get just what they had missed")
    for screen in back:
        screen.close()
    gc.unfreeze()
    return Outcome(
        values={
            "seconds": seconds,
            "enter_us": meter.server * 1e6 / len(back),
            "sent_away": sent_away,
            "load_share": meter.load / meter.wall,
        }
    )


async def _miss(job: Herd) -> None:
    author = await Author.at(job.target.port, job.loud)
    for _ in range(job.missed):
        await author.write()
    author.leave()


def _place(greeting: bytes) -> dict[str, Any]:
    hello = json.loads(greeting[2:])[1]
    team = hello["teams"][0]
    return {"team": team["team"], "s": team["head"], "h": team["h"]}
