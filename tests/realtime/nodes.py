"""A node with the real rooms, bus and sockets, and verbs of its own in place of the domains."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson
from aiohttp import web

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import Bus
from channels.gateway.feature import Feature
from channels.gateway.gateway import Gateway
from channels.room.log import PostgresLog
from channels.room.rooms import Rooms
from db.database import Database
from db.errors import Unavailable
from db.transaction import Answer, Draft, Transaction, Writer
from domains.auth.authenticator import Bearer
from domains.kit.actor import Actor, Role
from domains.kit.errors import TokenExpired, Unauthenticated
from domains.kit.policy import may_see
from server.origins import allows
from server.runner import Runner
from server.settings import SocketTransport
from server.socket_driver import DRIVERS, mount

# CI runs the core of these tests once more with `stock`.
TRANSPORT = SocketTransport(os.environ.get("SOCKET_TRANSPORT", "direct"))


def token_of(actor: Actor, *, as_of: int = 0) -> str:
    """A token of somebody whose membership was read when the log had so many events."""
    return f"seen {as_of} {actor.user_id} {actor.team_id} {actor.name}"


def bearer(actor: Actor, *, as_of: int = 0) -> Bearer:
    """The actor by a token that is good for an hour, in a session of their own."""
    end = time.time() + 3600
    return Bearer(
        actor.user_id, actor.team_id, actor.role, actor.name, actor.user_id, end, as_of, epoch=0
    )


async def authenticate(token: str) -> Bearer:
    """The token is the person: these tests are not about signing in."""
    match token.split(" ", 2):
        case ["expired"]:
            raise TokenExpired("Sign in again")
        case ["away"]:
            raise Unavailable("Postgres is not answering")
        case ["broken"]:
            raise RuntimeError("a fault of ours")
        case ["slow", *rest]:
            await asyncio.sleep(0.3)
            return await authenticate(" ".join(rest))
        case ["seen", as_of, whom]:
            user, team, name = whom.split(" ", 2)
            return bearer(Actor(UUID(user), UUID(team), Role.AGENT, name), as_of=int(as_of))
    raise Unauthenticated("Sign in first")


async def write(
    db: Database,
    actor: Actor,
    text: str,
    *,
    audience: str = "all",
    kind: str = "note.created",
    entity_id: UUID | None = None,
    count: int = 1,
    **fields: str,
) -> int:
    """Append `count` events that carry `text` and `fields`; the seq of the last."""
    entity = kind.partition(".")[0]

    async def work(tx: Transaction) -> Answer:
        for _ in range(count):
            note = entity_id or uuid4()
            image = json.dumps({"id": str(note), "text": text, "version": 1} | fields)
            tx.append(Draft(kind, entity, note, 1, image, audience=audience))
        return Answer("null")

    answer = await db.write(Writer(actor.team_id, actor.user_id), work)
    assert answer.seq
    return answer.seq


@dataclass(frozen=True, slots=True)
class Node:
    url: str
    db: Database
    bus: Bus
    rooms: Rooms
    gateway: Gateway[Bearer]
    counters: Counters
    supervisor: Supervisor


class Verbs:
    """Commands to try a socket with."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.ran: list[Any] = []

    def named(self) -> dict[str, Any]:
        return {
            "notes:write": self.write,
            "notes:echo": self.echo,
            "notes:wait": self.wait,
            "notes:fail": self.fail,
            "notes:large": self.large,
        }

    async def write(self, actor: Actor, payload: dict[str, Any]) -> bytes:
        return _success({"seq": await write(self._db, actor, payload["text"])})

    async def echo(self, actor: Actor, payload: dict[str, Any]) -> bytes:
        self.ran.append(payload)
        return _success({"name": actor.name, "payload": payload})

    async def wait(self, _: Actor, payload: dict[str, Any]) -> bytes:
        await asyncio.sleep(payload["seconds"])
        self.ran.append(payload)
        return _success({})

    async def fail(self, _: Actor, payload: dict[str, Any]) -> bytes:
        raise RuntimeError(payload.get("why", "a fault of ours"))

    async def large(self, _: Actor, payload: dict[str, Any]) -> bytes:
        return _success("x" * payload["bytes"])


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    """Wait for what the server does without telling anybody."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


def _success(data: Any) -> bytes:
    return orjson.dumps({"success": True, "data": data})


def no_features(_: Rooms) -> Sequence[Feature]:
    return ()


@asynccontextmanager
async def serving(
    db: Database,
    bus: Bus,
    counters: Counters,
    supervisor: Supervisor,
    features: Callable[[Rooms], Sequence[Feature]] = no_features,
    **chosen: Any,
) -> AsyncIterator[Node]:
    """Run a node on a free port; `db` announces to its bus for as long."""
    rooms = Rooms(PostgresLog(db), bus, counters=counters, supervisor=supervisor, sees=may_see)
    gateway = Gateway(
        rooms=rooms,
        authenticate=authenticate,
        commands=Verbs(db).named(),
        driver=DRIVERS[TRANSPORT],
        counters=counters,
        supervisor=supervisor,
        features=features(rooms),
        **{"cors_allowed_origins": allows(()), **chosen},
    )
    app = web.Application()
    mount(app, gateway.handle_request, TRANSPORT)
    runner = Runner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    before, db.announce = db.announce, bus.publish
    bus.start()
    rooms.start()
    gateway.start()
    try:
        yield Node(f"http://127.0.0.1:{port}", db, bus, rooms, gateway, counters, supervisor)
    finally:
        db.announce = before
        await gateway.close()
        await rooms.close()
        await bus.close()
        await supervisor.close()
        await runner.cleanup()
