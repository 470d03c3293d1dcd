"""Two nodes on one Postgres that answer from what they kept; the second one's bus is late."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
from typing_extensions import override

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import MemoryBus, MemoryHub
from channels.room.log import PostgresLog
from channels.room.rooms import Rooms
from db.database import Database
from db.events import Event
from db.transaction import Operation
from domains.auth.tokens import Tokens
from domains.kit.actor import Actor
from domains.kit.cache import ReadCache
from domains.kit.endpoint import Call, Endpoint, Method
from domains.kit.policy import may_see
from server import catalogue, envelope

SECRET = "a secret for tests, longer than 32 bytes"
Path = Mapping[str, str]
NOWHERE: Path = {}
BUDGET = 16 * 1024 * 1024


class LateBus(MemoryBus):
    """Hears everything `late` seconds after the others, or up to twice as long: out of order."""

    def __init__(self, hub: MemoryHub, late: float, chance: random.Random) -> None:
        super().__init__(hub)
        self.late = late
        self._chance = chance

    @override
    def take(self, event: Event) -> None:
        if not self.late:
            super().take(event)
            return
        wait = self.late * self._chance.uniform(1, 2)
        asyncio.get_running_loop().call_later(wait, super().take, event)


@dataclass
class ReadingNode:
    db: Database
    rooms: Rooms
    bus: LateBus
    cache: ReadCache
    plain: dict[str, Endpoint]
    kept: dict[str, Endpoint] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = {name: self.cache.before(end) for name, end in self.plain.items()}

    async def read(
        self, name: str, by: Actor, params: Any = None, path: Path = NOWHERE, *, min_seq: int = 0
    ) -> Any:
        """The envelope that a reader gets."""
        return await self._ask(self.kept[name], by, params, path, min_seq)

    async def read_anew(
        self, name: str, by: Actor, params: Any = None, path: Path = NOWHERE
    ) -> Any:
        """The envelope without anything kept."""
        return await self._ask(self.plain[name], by, params, path, 0)

    async def _ask(
        self, endpoint: Endpoint, by: Actor, params: Any, path: Path, min_seq: int
    ) -> Any:
        asked = endpoint.params.model_validate(params or {}) if endpoint.params else None
        query = asked.model_dump_json(exclude_defaults=True) if asked else ""
        call = Call(by, path, asked, None, query=query, min_seq=min_seq)
        return orjson.loads(envelope.success(await endpoint.run(call)))

    async def write(self, name: str, by: Actor, body: Any = None, **path: str) -> Any:
        endpoint = self.plain[name]
        said = endpoint.body.model_validate_json(orjson.dumps(body)) if endpoint.body else None
        op = Operation(uuid4().hex, b"")
        return orjson.loads(envelope.success(await endpoint.run(Call(by, path, None, said, op=op))))


@asynccontextmanager
async def reading_nodes(
    database_url: str, seed: int, late: float
) -> AsyncIterator[tuple[ReadingNode, ReadingNode]]:
    hub, chance = MemoryHub(), random.Random(seed)
    async with AsyncExitStack() as stack:
        first = await _a_node(stack, database_url, LateBus(hub, 0, chance))
        second = await _a_node(stack, database_url, LateBus(hub, late, chance))
        yield first, second


async def _a_node(stack: AsyncExitStack, database_url: str, bus: LateBus) -> ReadingNode:
    db = await Database.connect(database_url, max_size=6)
    stack.push_async_callback(db.close)
    counters = Counters()
    supervisor = Supervisor(counters)
    stack.push_async_callback(supervisor.close)
    rooms = Rooms(PostgresLog(db), bus, counters=counters, supervisor=supervisor, sees=may_see)
    bus.start()
    rooms.start()
    stack.push_async_callback(rooms.close)
    db.announce = rooms.announce
    cache = ReadCache(rooms, envelope.success, budget=BUDGET)
    found = catalogue.endpoints(catalogue.services(db, Tokens([SECRET])))
    plain = {
        endpoint.name: endpoint
        for endpoint in found
        if endpoint.topics is not None or endpoint.method is not Method.GET
    }
    return ReadingNode(db, rooms, bus, cache, plain)
