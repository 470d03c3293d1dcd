"""Nodes with presence, in this process or, run as a program, in one of their own.

Records are private where `Secrets` says so; their ids mean nothing to Postgres.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.redis_bus import RedisBus
from channels.gateway.feature import Feature
from channels.presence.presence import Presence
from channels.presence.store import PresenceStore
from channels.room.rooms import Rooms
from db.database import Database
from domains.kit.actor import Actor
from tests.presence_screens import PresenceScreen
from tests.realtime.nodes import Node, serving, token_of, until


@dataclass(slots=True)
class Secrets:
    """Which records are private, and whose."""

    owners: dict[str, UUID] = field(default_factory=dict)

    async def audience(self, who: Any, record: str) -> str | None:
        if record.startswith("nothing:"):
            return None
        owner = self.owners.get(record)
        audience = f"private:{owner}" if owner else "all"
        return audience if sees(who, audience) else None


def sees(who: Any, audience: str) -> bool:
    return audience in ("all", f"private:{who.user_id}")


@dataclass(frozen=True, slots=True)
class PresenceNode:
    node: Node
    presence: Presence
    store: PresenceStore

    @property
    def url(self) -> str:
        return self.node.url

    @property
    def counters(self) -> Counters:
        return self.node.counters


@asynccontextmanager
async def a_presence_node(
    db: Database, redis_url: str, secrets: Secrets | None = None
) -> AsyncIterator[PresenceNode]:
    counters = Counters()
    supervisor = Supervisor(counters)
    store = PresenceStore(redis_url, counters=counters, supervisor=supervisor)
    made: list[Presence] = []

    def features(rooms: Rooms) -> Sequence[Feature]:
        presence = Presence(
            store,
            rooms,
            record_audience=(secrets or Secrets()).audience,
            sees=sees,
            counters=counters,
            supervisor=supervisor,
        )
        made.append(presence)
        return made

    bus = RedisBus(redis_url, counters=counters, supervisor=supervisor)
    async with serving(db, bus, counters, supervisor, features) as node:
        (presence,) = made
        presence.start()
        try:
            yield PresenceNode(node, presence, store)
        finally:
            await node.gateway.close()
            await presence.close()


@asynccontextmanager
async def opening(
    session: aiohttp.ClientSession,
) -> AsyncIterator[Callable[..., PresenceScreen]]:
    """Makes screens, not yet connected; they leave in the end, and have seen nothing impossible."""
    made: list[PresenceScreen] = []
    async with AsyncExitStack() as stack:

        def opened(url: str, actor: Actor, inst: str | None = None) -> PresenceScreen:
            screen = PresenceScreen(session, url, token_of(actor), actor.team_id, inst=inst)
            stack.push_async_callback(screen.disconnect)
            made.append(screen)
            return screen

        yield opened
        assert [fault for screen in made for fault in screen.faults] == []


async def _main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = await Database.connect(os.environ["DATABASE_URL"])
    async with a_presence_node(db, os.environ["REDIS_URL"]) as here:
        await until(lambda: here.store.up)
        sys.stdout.write(f"running at {here.url}\n")
        sys.stdout.flush()
        await stop.wait()
    await db.close()


if __name__ == "__main__":
    asyncio.run(_main())
