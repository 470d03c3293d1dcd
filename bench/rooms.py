"""Load on a room: many screens, one writer, and the count of who saw what when."""

import asyncio
import gc
import itertools
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from bench import cost
from bench.callers import Caller
from bench.jobs import Failed, Idle, Outcome, Request, Room, Target
from bench.meter import Meter
from bench.screens import Screen

AT_ONCE: Final = 50  # connections being made
ENTER_SECONDS: Final = 90.0
SEEN_SECONDS: Final = 30.0  # for all screens to see one change
SETTLE_SECONDS: Final = 0.3
IDLE_SETTLE_SECONDS: Final = 1.0
WARM_WRITES: Final = 3
FEWEST, MOST = 5, 400  # writes of a phase


class Audience:
    """The screens of one room, and how many of them have yet to see the change on its way."""

    def __init__(self, holds: bytes = b"") -> None:
        self.screens: list[Screen] = []
        self.last = 0.0
        self.bytes = 0
        self._holds = holds
        self._odd = b""
        self._missing = 0
        self._all = asyncio.Event()

    def expect(self) -> None:
        self._missing = len(self.screens)
        self._all.clear()

    def saw(self, message: bytes) -> None:
        self._missing -= 1
        if not self._missing:
            if self._holds not in message:
                self._odd = message
            self.last = perf_counter()
            self.bytes = len(message)
            self._all.set()

    async def all_saw(self) -> None:
        try:
            async with asyncio.timeout(SEEN_SECONDS):
                await self._all.wait()
        except TimeoutError:
            raise Failed(f"{self._missing} screens never saw a change") from None
        if self._odd:
            raise Failed(f"the screens saw something else: {self._odd[:300]!r}")

    def check(self) -> None:
        """Everybody saw every change, once."""
        counts = {screen.count for screen in self.screens}
        if len(counts) > 1 or self._missing:
            raise Failed(f"the screens saw different numbers of changes: {sorted(counts)}")

    async def enter(
        self,
        target: Target,
        enters: Sequence[dict[str, Any]],
        *,
        hello: str,
        event: str = "",
        compress: bool = False,
    ) -> None:
        gate = asyncio.Semaphore(AT_ONCE)
        loop = asyncio.get_running_loop()

        async def one(auth: dict[str, Any]) -> None:
            async with gate:
                _, screen = await loop.create_connection(
                    lambda: Screen(
                        target.port,
                        auth,
                        hello=hello.encode(),
                        event=event.encode(),
                        saw=self.saw,
                        compress=compress,
                    ),
                    "127.0.0.1",
                    target.port,
                )
                self.screens.append(screen)
                await screen.entered

        async with asyncio.timeout(ENTER_SECONDS):
            await asyncio.gather(*map(one, enters))
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # a collection that walks all screens would look like a slow server

    def leave(self) -> None:
        for screen in self.screens:
            screen.close()


class Author:
    """Writes by REST, one change at a time."""

    def __init__(self, caller: Caller, requests: Sequence[bytes]) -> None:
        self._caller = caller
        self._requests = itertools.cycle(requests)

    @classmethod
    async def at(cls, port: int, requests: Sequence[Request]) -> "Author":
        """Begin with the last of the requests, so that the first of them changes something."""
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(Caller, "127.0.0.1", port)
        encoded = [request.encode(port) for request in requests]
        author = cls(caller, encoded[-1:] + encoded[:-1])
        await author.write()
        return author

    async def write(self) -> float:
        """Write the next change; the moment it was sent."""
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._caller.answered = lambda _: answered.set_result(None)
        self._caller.lost = lambda: answered.set_exception(Failed("the writer was cut off"))
        sent = perf_counter()
        self._caller.send(next(self._requests))
        async with asyncio.timeout(SEEN_SECONDS):
            await answered
        if self._caller.status != 200:
            raise Failed(f"a write was answered {self._caller.head!r}")
        return sent

    def leave(self) -> None:
        self._caller.close()


async def deliver(job: Room) -> Outcome:
    """What it costs the server that N screens see a change, without what the change itself costs.

    The same changes are made where nobody listens, and that is taken off.
    """
    target = job.target
    audience = Audience(job.holds.encode())
    silent = await Author.at(target.port, job.silent)
    loud = await Author.at(target.port, job.loud)
    with Meter(target) as entering:
        await audience.enter(target, job.enters, hello=job.hello, event=job.event)
    await _write(silent, None, 0, fewest=WARM_WRITES)
    await _write(loud, audience, 0, fewest=WARM_WRITES)
    await asyncio.sleep(SETTLE_SECONDS)
    with Meter(target) as alone:
        base = len(await _write(silent, None, job.seconds / 3))
    with Meter(target) as meter:
        last = await _write(loud, audience, job.seconds)
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
    """What a connection that only is there takes of the server's memory.

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
    each = (cost.resident_bytes(target.pid) - before) / count
    audience.leave()
    return Outcome(
        values={
            "bytes": each,
            "enter_us": meter.server * 1e6 / count,
            "compressed": float(audience.screens[0].compressed),
            "load_share": meter.load / meter.wall,
        }
    )


async def _write(
    author: Author, audience: Audience | None, seconds: float, *, fewest: int = FEWEST
) -> list[float]:
    """Write for so long, but FEWEST to MOST changes; seconds until the last screen saw each."""
    last: list[float] = []
    until = perf_counter() + seconds
    while len(last) < fewest or (perf_counter() < until and len(last) < MOST):
        if audience:
            audience.expect()
        sent = await author.write()
        if audience:
            await audience.all_saw()
        last.append((audience.last if audience else perf_counter()) - sent)
    return last
