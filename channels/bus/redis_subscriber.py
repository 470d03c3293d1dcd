"""Hearing from Redis: one subscribed connection per node that knows when it has gone deaf."""

import asyncio
import logging
import random
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.redis_connection import FAULTS, RedisConnection

log = logging.getLogger(__name__)

QUIET_SECONDS = (
    1.0  # without a word from Redis, ask; without an answer for as long again, reconnect
)
CONFIRM_SECONDS = 0.5
CHANNELS_PER_COMMAND = 512
MESSAGES_PER_TURN = 256  # before others on the loop have theirs
MIN_PAUSE, MAX_PAUSE = 0.05, 1.0  # between attempts to connect


class Ear(Protocol):
    """Who hears; without waiting."""

    def hear(self, channel: str, data: bytes) -> None: ...

    def subscribed(self, team_id: UUID) -> None:
        """From here on the team's messages arrive; those before may have been missed."""

    def deaf(self) -> None: ...


class Subscriber:
    """Keeps the channels asked for equal to those wanted, over any number of reconnects.

    Each team's channel is named `prefix` and its id; `beside` is one that is always listened to.
    """

    def __init__(
        self,
        url: str,
        ear: Ear,
        *,
        prefix: str,
        counters: Counters,
        supervisor: Supervisor,
        beside: str | None = None,
    ) -> None:
        self.up = False
        self._ear = ear
        self._prefix = prefix
        self._beside = beside
        self._connection = RedisConnection(url)
        self._counters = counters
        self._supervisor = supervisor
        self._wanted: set[UUID] = set()
        self._asked: set[UUID] = set()
        self._confirmed: set[UUID] = set()
        self._waiting: dict[UUID, asyncio.Future[None]] = {}
        self._asking = False
        self._pause = MIN_PAUSE

    async def subscribe(self, team_id: UUID) -> None:
        self._wanted.add(team_id)
        self._ask_soon()
        if self.up and team_id not in self._confirmed:
            new: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            confirmed = self._waiting.setdefault(team_id, new)
            with suppress(TimeoutError):
                async with asyncio.timeout(CONFIRM_SECONDS):
                    await asyncio.shield(confirmed)

    def unsubscribe(self, team_id: UUID) -> None:
        self._wanted.discard(team_id)
        self._ask_soon()

    async def run(self) -> None:
        while True:
            try:
                await self._session()
            except FAULTS as error:
                if self.up:
                    log.warning("Redis is gone: %s; nothing comes on %s", error, self._prefix)
            finally:
                was_up, self.up = self.up, False
                await self._end()
            if was_up:
                self._ear.deaf()
            await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))
            self._pause = min(self._pause * 2, MAX_PAUSE)

    async def _session(self) -> None:
        await self._connection.open()
        await self._connection.send(("PING",))
        if self._beside:
            await self._connection.send(("SUBSCRIBE", self._beside))
        await self._ask()
        asked = True
        turn = 0
        while True:
            message = await self._connection.receive(QUIET_SECONDS)
            if message is not None:
                asked = False
                self._take(message)
            elif asked:
                raise TimeoutError("Redis is silent")
            else:
                asked = True
                await self._connection.send(("PING",))
            turn += 1
            if turn % MESSAGES_PER_TURN == 0:
                await asyncio.sleep(0)

    async def _end(self) -> None:
        self._asked.clear()
        self._confirmed.clear()
        for waiting in self._waiting.values():
            waiting.set_result(None)
        self._waiting.clear()
        await self._connection.close()

    def _take(self, message: object) -> None:
        if not self.up:
            self.up = True
            self._pause = MIN_PAUSE
            self._counters.bus_connects += 1
            log.info("hearing from Redis on %s", self._prefix)
            self._ask_soon()
        match message:
            case [b"message", bytes(channel), bytes(data)]:
                self._ear.hear(channel.decode(), data)
            case [b"subscribe", bytes(channel), _] if channel.decode() != self._beside:
                self._confirm(UUID(channel.decode().removeprefix(self._prefix)))

    def _confirm(self, team_id: UUID) -> None:
        self._confirmed.add(team_id)
        waiting = self._waiting.pop(team_id, None)
        if waiting:
            waiting.set_result(None)
        self._ear.subscribed(team_id)

    def _ask_soon(self) -> None:
        """Ask once for everything that is wanted in this tick."""
        if self.up and not self._asking:
            self._asking = True
            self._supervisor.spawn("subscribe", self._ask_now)

    async def _ask_now(self) -> None:
        self._asking = False
        with suppress(*FAULTS):  # the reader sees it too, and starts over
            await self._ask()

    async def _ask(self) -> None:
        new, old = self._wanted - self._asked, self._asked - self._wanted
        self._asked = set(self._wanted)
        self._confirmed -= old
        for verb, teams in (("SUBSCRIBE", list(new)), ("UNSUBSCRIBE", list(old))):
            for start in range(0, len(teams), CHANNELS_PER_COMMAND):
                some = teams[start : start + CHANNELS_PER_COMMAND]
                await self._connection.send(
                    (verb, *(f"{self._prefix}{team_id}" for team_id in some))
                )
