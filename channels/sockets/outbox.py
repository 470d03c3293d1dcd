"""What a client is still owed that cannot be written to at once: its only queue, and its bounds."""

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import override

MAX_PACKETS = 512
MAX_BYTES = 1024 * 1024
MAX_AGE = 10.0  # seconds without any progress while something is owed

# What a writer or a polling answer takes at once. Official clients refuse a polling answer of more
# than 16 packets, and small batches make `owed_since` tell progress from standstill.
BATCH_PACKETS = 16
BATCH_BYTES = 64 * 1024

CONTROL_BYTES = 64  # what a packet without text (open, ping, close) is taken to weigh


def _stay() -> None:
    """Nothing to cut: the client is polling."""


class Outbox(asyncio.Queue[Any]):
    """engine.io's send queue of one client, which also knows how much it holds and for how long.

    engine.io takes one batch with `get` and `get_nowait`, sends it, and comes back with `get`.
    Until then the batch in its hand counts as owed. None in the queue ends the writer.
    """

    @override
    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self.owed_bytes = 0
        self.owed_since: float | None = None
        self.close_code = 1000
        self.close_reason = ""
        # Set by the transport: drops the connection without waiting for the client.
        self.abort: Callable[[], None] = _stay
        self._hand_packets = 0
        self._hand_bytes = 0

    @override
    def _put(self, item: Any) -> None:
        super()._put(item)
        self.owed_bytes += _weight(item)
        if self.owed_since is None:
            self.owed_since = _now()

    @override
    def _get(self) -> Any:
        item = super()._get()
        self._hand_packets += 1
        self._hand_bytes += _weight(item)
        return item

    @override
    async def get(self) -> Any:
        self._sent()
        return await super().get()

    @override
    def get_nowait(self) -> Any:
        if self._hand_packets >= BATCH_PACKETS or self._hand_bytes >= BATCH_BYTES:
            raise asyncio.QueueEmpty
        return super().get_nowait()

    @property
    def overdue(self) -> bool:
        """Whether this client is too slow to be waited for."""
        return (
            self.qsize() > MAX_PACKETS
            or self.owed_bytes > MAX_BYTES
            or (self.owed_since is not None and _now() - self.owed_since > MAX_AGE)
        )

    def end(self, code: int, reason: str) -> None:
        """Let the writer send what is queued, then close with this code."""
        self.close_code = code
        self.close_reason = reason
        self.put_nowait(None)

    def drain(self) -> list[Any]:
        """What is queued, taken off; whoever waits for it gets the end instead."""
        packets = []
        while not self.empty():
            packet = super()._get()
            if packet is not None:
                packets.append(packet)
        self.owed_bytes = self._hand_bytes
        self.put_nowait(None)
        return packets

    def give_up(self) -> None:
        """Forget what is queued; it will not be read."""
        while not self.empty():
            super()._get()
        self.owed_bytes = self._hand_bytes

    def _sent(self) -> None:
        """The batch in hand has left."""
        self.owed_bytes -= self._hand_bytes
        self._hand_packets = self._hand_bytes = 0
        self.owed_since = None if self.empty() else _now()


def _weight(item: Any) -> int:
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str) else CONTROL_BYTES


def _now() -> float:
    return asyncio.get_running_loop().time()
