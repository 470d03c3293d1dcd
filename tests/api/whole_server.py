"""The whole server on a free port, and a client that signs in as anybody of a team."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from db.database import Database
from domains.auth.sessions import open_session
from domains.kit.actor import Actor
from domains.kit.endpoint import Endpoint
from server.app import make_app
from server.keys import DATABASE, ENDPOINTS, SERVICES
from server.runner import Runner
from server.secrets_file import Secrets
from server.settings import Settings

SECRETS = Secrets(jwt="a secret for tests, longer than 32 bytes", demo_password="for-tests-only")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def fields(self) -> set[str]:
        """The fields that a refusal names."""
        return {detail["field"] for detail in self.error["details"]}


class WholeServer:
    def __init__(self, app: web.Application, url: str, session: aiohttp.ClientSession) -> None:
        self.app = app
        self.url = url
        self.session = session
        self._tokens: dict[Actor, str] = {}

    @property
    def db(self) -> Database:
        return self.app[DATABASE]

    @property
    def endpoints(self) -> list[Endpoint]:
        return self.app[ENDPOINTS]

    async def token(self, actor: Actor) -> str:
        """An access token of an open session, without the slow password."""
        if actor not in self._tokens:
            async with self.db.transaction() as rows:
                opened = await open_session(rows, actor.user_id, actor.team_id, remote="")
            tokens = self.app[SERVICES].tokens
            self._tokens[actor] = tokens.issue(actor.user_id, actor.team_id, opened.session_id)
        return self._tokens[actor]

    async def ask(
        self,
        method: str,
        path: str,
        *,
        by: Actor | None = None,
        body: Any = None,
        raw: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        """`body` is sent as JSON; `raw` as it stands, JSON by its header unless told otherwise."""
        sent = {"Authorization": f"Bearer {await self.token(by)}"} if by else {}
        if body is not None or raw is not None:
            sent["Content-Type"] = "application/json"
        data = json.dumps(body).encode() if body is not None else raw
        async with self.session.request(
            method, self.url + path, data=data, headers={**sent, **(headers or {})}
        ) as response:
            return Said(response.status, response.headers, await response.read())


@asynccontextmanager
async def whole_server(
    database_url: str, redis_url: str, **settings: Any
) -> AsyncIterator[WholeServer]:
    chosen = Settings(
        database_url=database_url, redis_url=redis_url, demo=False, log_level="error", **settings
    )
    runner = Runner(make_app(chosen, SECRETS), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = "http://127.0.0.1:{1}".format(*runner.addresses[0])
        async with aiohttp.ClientSession() as session:
            yield WholeServer(runner.app, url, session)
    finally:
        await runner.cleanup()
