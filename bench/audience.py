"""Many screens in one room, and somebody who writes: who saw what when."""

import asyncio
import gc
import itertools
from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import Any, Final

from bench.callers import Caller
from bench.jobs import Failed, Request, Target
from bench.screens import Screen

AT_ONCE: Final = 50  # connections being made
ENTER_SECONDS: Final = 90.0
MOST: Final = 400  # writes of a phase
SEEN_SECONDS: Final = 30.0  # for all screens to see one change

Write = Callable[[], Awaitable[float]]  # makes a change; the moment it was sent


class Audience:
    """The screens of one room, and how many of them have yet to see the change on its way."""

    def __init__(self, holds: bytes = b"", *, events: int = 0) -> None:
        """With `events`, so many of them are expected of each screen, each with `holds` in it."""
        self.screens: list[Screen] = []
        self.last = 0.0
        self.bytes = 0
        self._holds = holds
        self._events = events
        self._odd = b""
        self._missing = 0
        self._all = asyncio.Event()

    def expect(self) -> None:
        self._missing = len(self.screens) * (self._events or 1)
        self._all.clear()

    def saw(self, message: bytes) -> None:
        self._missing -= message.count(self._holds) if self._events else 1
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
        """Everybody saw every change, once; how many came in one message is the server's affair."""
        counts = {0} if self._events else {screen.count for screen in self.screens}
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
        self._caller.lost = lambda: _fail(answered, "the writer was cut off")
        sent = perf_counter()
        self._caller.send(next(self._requests))
        async with asyncio.timeout(SEEN_SECONDS):
            await answered
        if self._caller.status != 200:
            raise Failed(f"a write was answered {self._caller.head!r}")
        return sent

    def leave(self) -> None:
        self._caller.close()


def _fail(answered: asyncio.Future[None], why: str) -> None:
    if not answered.done():
        answered.set_exception(Failed(why))


async def write_for(
    write: Write, audience: Audience | None, seconds: float, *, fewest: int, most: int = MOST
) -> list[float]:
    """Write for so long, but `fewest` to `most` times; seconds until the last screen saw each."""
    last: list[float] = []
    until = perf_counter() + seconds
    while len(last) < fewest or (perf_counter() < until and len(last) < most):
        if audience:
            audience.expect()
        sent = await write()
        if audience:
            await audience.all_saw()
        last.append((audience.last if audience else perf_counter()) - sent)
    return last
