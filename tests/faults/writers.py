"""Agents who write by REST at a given pace, and remember what they were promised."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.realtime.storm_writers import EXPECTED, METHODS, Book, Write, next_write

GIVE_UP_SECONDS = 60.0
RETRY_SECONDS = 0.2
PATIENCE = 15.0


@dataclass(slots=True)
class Promise:
    """A write that was answered: its operation and its place in the log."""

    op: str
    seq: int


@dataclass(slots=True)
class Writers:
    """`url` says which node to ask next, `token` with what; both may change under way."""

    session: aiohttp.ClientSession
    url: Callable[[], str]
    token: Callable[[], str]
    seed: int
    book: Book = field(default_factory=Book)
    promises: list[Promise] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)  # answers nobody may get, and lost ones
    waits: list[tuple[float, float]] = field(default_factory=list)  # when answered, after how long
    abandoned: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, agents: int, a_second: float) -> None:
        """Write until `stop`, all agents together so many times a second."""
        await asyncio.gather(*(self._agent(n, agents / a_second) for n in range(agents)))

    def stop(self) -> None:
        self.stopped.set()

    async def _agent(self, number: int, pause: float) -> None:
        chance = random.Random(f"{self.seed} {number}")
        await asyncio.sleep(chance.uniform(0, pause))
        while not self.stopped.is_set():
            began = time.monotonic()
            await self.insist(next_write(chance, self.book))
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))

    async def insist(self, write: Write) -> Any:
        """Send it until it is answered, under one key; None when nobody ever did."""
        until = time.monotonic() + GIVE_UP_SECONDS
        began = time.monotonic()
        while time.monotonic() < until:
            envelope = await self._send(write)
            if envelope is not None:
                self.waits.append((time.time(), time.monotonic() - began))
                self._note(write, envelope)
                return envelope
            await asyncio.sleep(RETRY_SECONDS)
        self.abandoned += 1
        return None

    async def _send(self, write: Write) -> Any:
        method, path = METHODS[write.verb]
        headers = {"Authorization": f"Bearer {self.token()}", "Idempotency-Key": write.op}
        try:
            async with self.session.request(
                method,
                f"{self.url()}/v1/{write.domain}{path.format(id=write.id)}",
                json=write.body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=PATIENCE),
            ) as answer:
                if answer.status >= 500:
                    self.faults[str(answer.status)] += 1
                    return None
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.faults[type(error).__name__] += 1
            return None

    def _note(self, write: Write, envelope: Any) -> None:
        if envelope["success"]:
            self.book.written += 1
            seq = (envelope.get("meta") or {}).get("seq")
            if seq is not None:
                self.promises.append(Promise(write.op, seq))
            if write.verb == "create":
                self.book.ids[write.domain].append(envelope["data"]["id"])
        elif envelope["error"]["code"] in EXPECTED:
            self.book.refused += 1
        else:
            self.book.unexpected.append((write, envelope["error"]))
