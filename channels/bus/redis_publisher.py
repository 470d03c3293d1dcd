"""Publishing to Redis so that no writer ever waits for it, or fails because of it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from channels.base.counters import Counters
from channels.bus.redis_connection import FAULTS, RedisConnection

log = logging.getLogger(__name__)

TIMEOUT = 0.2  # seconds for Redis to answer a batch; the head poll is nearly as fast
BATCH = 128
MAX_QUEUED = 10_000
MAX_QUEUED_BYTES = 8 * 1024 * 1024
MIN_PAUSE, MAX_PAUSE = 0.1, 1.0  # between probes while Redis is away


class Publisher:
    """A bounded queue, one task that empties it in pipelined batches, and a circuit breaker.

    While the breaker is open nothing is queued: those events reach the nodes by their head polls,
    and a flood of stale ones after Redis is back would help nobody.
    """

    def __init__(self, url: str, *, counters: Counters, on_down: Callable[[], None]) -> None:
        self.up = True
        self._connection = RedisConnection(url)
        self._counters = counters
        self._on_down = on_down
        self._queue: deque[tuple[str, bytes]] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._pause = MIN_PAUSE

    def publish(self, channel: str, message: bytes) -> None:
        full = len(self._queue) >= MAX_QUEUED or self._queued_bytes >= MAX_QUEUED_BYTES
        if full or not self.up:
            self._counters.publish_dropped += 1
            return
        self._queue.append((channel, message))
        self._queued_bytes += len(message)
        self._wake.set()

    async def run(self) -> None:
        try:
            while True:
                await self._send(self._take())
                if not self.up:
                    await asyncio.sleep(self._pause)
                elif not self._queue:
                    self._wake.clear()
                    _ = await self._wake.wait()
        finally:
            await self._connection.close()

    def _take(self) -> list[tuple[str, bytes]]:
        batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        self._queued_bytes -= sum(len(message) for _, message in batch)
        return batch

    async def _send(self, batch: list[tuple[str, bytes]]) -> None:
        """Publish a batch; with an empty one, only see whether Redis is there."""
        commands: list[tuple[str | bytes, ...]] = [("PUBLISH", *each) for each in batch]
        commands = commands or [("PING",)]
        try:
            await self._connection.open()
            async with asyncio.timeout(TIMEOUT):
                await self._connection.send(*commands)
                for _ in commands:
                    await self._connection.receive()
        except FAULTS as error:
            await self._failed(len(batch), error)
            return
        self._counters.published += len(batch)
        if not self.up:
            log.info("Redis takes events again")
        self.up = True
        self._pause = MIN_PAUSE

    async def _failed(self, lost: int, error: Exception) -> None:
        self._counters.publish_failed += lost
        self._counters.publish_dropped += len(self._queue)
        self._queue.clear()
        self._queued_bytes = 0
        await self._connection.close()
        self._pause = min(self._pause * 2, MAX_PAUSE)
        if self.up:
            self.up = False
            log.warning("Redis does not take events: %s; Postgres alone carries them", error)
            self._on_down()
