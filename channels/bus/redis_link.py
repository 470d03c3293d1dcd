"""Commands to Redis on one connection, answered in order; those of one tick travel together."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from channels.bus.redis_connection import FAULTS, RedisConnection

log = logging.getLogger(__name__)

TIMEOUT = 1.0  # seconds for Redis to answer a batch
BATCH = 128
MAX_QUEUED = 10_000
MIN_PAUSE, MAX_PAUSE = 0.1, 1.0  # between attempts to connect

Command = tuple[str | bytes, ...]
Exchange = Callable[[list[Command]], Awaitable[list[Any]]]


class Away(Exception):
    """Redis did not answer; whether it did what was asked is not known."""


class RedisLink:
    """`prepare` talks first on every new connection; then `on_up` is called, and `on_down` after.

    An error reply ends the connection like any other fault: nothing here asks for one.
    """

    def __init__(
        self,
        url: str,
        *,
        prepare: Callable[[Exchange], Awaitable[None]],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self.up = False
        self._connection = RedisConnection(url)
        self._prepare = prepare
        self._on_up = on_up
        self._on_down = on_down
        self._queue: deque[tuple[Command, asyncio.Future[Any]]] = deque()
        self._batch: list[tuple[Command, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._pause = MIN_PAUSE

    async def call(self, *command: str | bytes) -> Any:
        """The reply, or Away."""
        if not self.up or len(self._queue) >= MAX_QUEUED:
            raise Away
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append((command, answer))
        self._wake.set()
        return await answer

    async def run(self) -> None:
        while True:
            try:
                await self._session()
            except FAULTS as error:
                if self.up:
                    log.warning("Redis does not answer: %s", error)
            finally:
                was_up, self.up = self.up, False
                self._fail()
                await self._connection.close()
            if was_up:
                self._on_down()
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, MAX_PAUSE)

    async def _session(self) -> None:
        await self._connection.open()
        await self._prepare(self._exchange)
        self.up = True
        self._pause = MIN_PAUSE
        self._on_up()
        while True:
            if not self._queue:
                self._wake.clear()
                _ = await self._wake.wait()
            self._batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            replies = await self._exchange([command for command, _ in self._batch])
            for (_, answer), reply in zip(self._batch, replies, strict=True):
                if not answer.done():
                    answer.set_result(reply)
            self._batch = []

    async def _exchange(self, commands: list[Command]) -> list[Any]:
        async with asyncio.timeout(TIMEOUT):
            await self._connection.send(*commands)
            return [await self._connection.receive() for _ in commands]

    def _fail(self) -> None:
        for _, answer in [*self._batch, *self._queue]:
            if not answer.done():
                answer.set_exception(Away())
        self._batch = []
        self._queue.clear()
