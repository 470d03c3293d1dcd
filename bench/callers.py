"""REST load: a few keep-alive connections, each asking again as soon as it was answered."""

import asyncio
import itertools
import re
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final, cast

from typing_extensions import override

from bench.jobs import Calls, Failed, Outcome
from bench.meter import Meter, percentile

HEAD_END: Final = b"\r\n\r\n"
TAG: Final = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
NOT_MODIFIED: Final = 304
LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
WARM_SECONDS: Final = 0.3
GRACE_SECONDS: Final = 20.0
SHOWN: Final = 300  # bytes of an unexpected answer that are told


class Caller(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self) -> None:
        self.answered: Callable[[Caller], None] = lambda _: None
        self.lost: Callable[[], None] = lambda: None
        self.status = 0
        self.size = 0
        self.seconds = 0.0
        self.head = b""
        self._missing = -1
        self._sent = 0.0

    def send(self, request: bytes) -> None:
        self.head = b""
        self._missing = -1
        self.size = 0
        self._sent = perf_counter()
        self._transport.write(request)

    def close(self) -> None:
        self.lost = lambda: None
        self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._read_head(data)
        else:
            self._missing -= len(data)
        if not self._missing:
            self.seconds = perf_counter() - self._sent
            self.answered(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.lost()

    def _read_head(self, data: bytes) -> None:
        self.head += data
        end = self.head.find(HEAD_END)
        if end < 0:
            return
        self.status = int(self.head[9:12])
        length = LENGTH.search(self.head, 0, end)
        self.size = int(length[1]) if length and self.status != NOT_MODIFIED else 0
        self._missing = end + len(HEAD_END) + self.size - len(self.head)


class Crowd:
    """All callers together, for as long as they are told."""

    def __init__(self, status: int) -> None:
        self._status = status
        self._next: dict[Caller, itertools.cycle[bytes]] = {}
        self._until = 0.0
        self._busy = 0
        self._done: asyncio.Future[None]
        self.seconds: list[float] = []
        self.bytes = 0

    async def join(self, port: int, requests: Sequence[bytes]) -> None:
        loop = asyncio.get_running_loop()
        _, caller = await loop.create_connection(Caller, "127.0.0.1", port)
        caller.answered = self._answered
        caller.lost = self._lost
        self._next[caller] = itertools.cycle(requests)

    async def call(self, seconds: float) -> None:
        """Let everybody call for so long; the last answers are waited for."""
        self.seconds.clear()
        self.bytes = 0
        self._done = asyncio.get_running_loop().create_future()
        self._until = perf_counter() + seconds
        self._busy = len(self._next)
        for caller, requests in self._next.items():
            caller.send(next(requests))
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            await self._done

    def leave(self) -> None:
        for caller in self._next:
            caller.close()

    def know(self) -> None:
        """Name the tags of what was answered last, where there were any."""
        for caller, requests in self._next.items():
            found = TAG.search(caller.head)
            if found:
                named = b"\r\nIf-None-Match: " + found[1] + HEAD_END
                self._next[caller] = itertools.cycle([next(requests).replace(HEAD_END, named, 1)])
                self._status = NOT_MODIFIED

    def _answered(self, caller: Caller) -> None:
        if caller.status != self._status:
            self._fail(f"answered {caller.status}: {caller.head[:SHOWN]!r}")
            return
        self.seconds.append(caller.seconds)
        self.bytes += caller.size
        if perf_counter() < self._until:
            caller.send(next(self._next[caller]))
            return
        self._busy -= 1
        if not self._busy and not self._done.done():
            self._done.set_result(None)

    def _lost(self) -> None:
        self._fail("closed a connection")

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(Failed(f"the server {why}"))


async def call(job: Calls) -> Outcome:
    crowd = Crowd(job.status)
    for requests in job.callers:
        await crowd.join(job.target.port, [r.encode(job.target.port) for r in requests])
    await crowd.call(min(WARM_SECONDS, job.seconds))
    if job.knows:
        crowd.know()
    with Meter(job.target) as meter:
        await crowd.call(job.seconds)
    crowd.leave()
    count = len(crowd.seconds)
    return Outcome(
        values={
            "requests": count,
            "cpu_us": meter.server * 1e6 / count,
            "postgres_us": meter.postgres * 1e6 / count,
            "per_second": count / meter.wall,
            "bytes": crowd.bytes / count,
            "p50_ms": percentile(crowd.seconds, 50) * 1e3,
            "p95_ms": percentile(crowd.seconds, 95) * 1e3,
            "p99_ms": percentile(crowd.seconds, 99) * 1e3,
            "load_share": meter.load / meter.wall,
        }
    )
