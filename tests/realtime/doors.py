"""Whole servers with real sign-in, and what is needed to try how people come in and go out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from db.database import Database
from domains.auth.sessions import open_session
from domains.kit.actor import Actor
from server.keys import AUTHENTICATOR, BUS, CLOCK, CREDENTIALS, TOKENS
from tests.api.whole_server import Said, WholeServer, whole_server
from tests.realtime.nodes import until
from tests.screens import Screen


@dataclass(frozen=True, slots=True)
class Pass:
    """What somebody holds who signed in on one device."""

    actor: Actor
    access: str
    refresh: str


class Doors:
    """Some nodes of one deployment."""

    def __init__(self, nodes: list[WholeServer], session: aiohttp.ClientSession) -> None:
        self.nodes = nodes
        self._session = session
        self._stack = AsyncExitStack()

    @property
    def db(self) -> Database:
        return self.nodes[0].db

    async def sign_in(self, actor: Actor) -> Pass:
        """As with the password, which would take its time."""
        async with self.db.transaction() as rows:
            opened = await open_session(rows, actor.user_id, actor.team_id, remote="")
        tokens = self.nodes[0].app[TOKENS]
        access = tokens.issue(actor.user_id, actor.team_id, opened.session_id)
        return Pass(actor, access, opened.refresh_token)

    async def screen(self, held: Pass, node: int = 0) -> Screen:
        """A connected one; it leaves in the end."""
        screen = Screen(self._session, self.nodes[node].url, held.access, held.actor.team_id)
        self._stack.push_async_callback(screen.disconnect)
        await screen.connect()
        return screen

    async def ask(
        self, method: str, path: str, held: Pass | None = None, node: int = 0, **said: object
    ) -> Said:
        headers = {"Authorization": f"Bearer {held.access}"} if held else {}
        return await self.nodes[node].ask(method, f"/v1{path}", headers=headers, **said)  # type: ignore[arg-type]  # body and raw

    async def close(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def doors(database_url: str, redis_url: str, *, nodes: int = 1) -> AsyncIterator[Doors]:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        served = [
            await stack.enter_async_context(whole_server(database_url, redis_url))
            for _ in range(nodes)
        ]
        await until(lambda: all(node.app[BUS].up for node in served))
        opened = Doors(served, session)
        stack.push_async_callback(opened.close)
        yield opened


async def pass_time(node: WholeServer, seconds: float) -> None:
    """Let Postgres's clock, as this node sees it, be so much further, and look who is due."""
    clock = node.app[CLOCK]
    ask = clock._ask

    async def later() -> float:
        return await ask() + seconds

    clock._ask = later
    await clock.look()
    node.app[AUTHENTICATOR]._known.clear()  # five seconds have passed at least
    await node.app[CREDENTIALS].sweep()
