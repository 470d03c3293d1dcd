"""The real server over HTTP, asked as one member of a team; every answer's envelope is checked."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from db.database import Database
from domains.auth.sessions import open_session
from domains.kit.actor import Actor
from domains.kit.resource import Resource
from server.app import make_app
from server.keys import DATABASE, SERVICES
from server.settings import Settings
from tests.factories import fields, move_to, road

SECRET = "a secret for tests, longer than 32 bytes"
PARTS = {"success", "data", "pagination", "stats", "meta"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def data(self) -> Any:
        """What was asked for; an answer without it fails the test that expects it."""
        assert self.body["success"], self.body
        return self.body["data"]

    @property
    def meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = self.body["meta"]
        return meta

    @property
    def error(self) -> dict[str, Any]:
        assert not self.body["success"], self.body
        error: dict[str, Any] = self.body["error"]
        return error

    @property
    def refused(self) -> tuple[int, str]:
        """The status and the code."""
        return self.status, self.error["code"]

    @property
    def fields(self) -> list[str]:
        """The fields a refusal names."""
        return [detail["field"] for detail in self.error["details"]]


class Client:
    """One signed-in person."""

    def __init__(self, http: "TestClient[web.Request, web.Application]", token: str) -> None:
        self._http = http
        self.token = token

    async def get(self, path: str, **params: Any) -> Answer:
        return await self.ask("GET", path, params=params)

    async def post(self, path: str, body: Any = None, **said: Any) -> Answer:
        return await self.ask("POST", path, body, **said)

    async def put(self, path: str, body: Any = None, **said: Any) -> Answer:
        return await self.ask("PUT", path, body, **said)

    async def patch(self, path: str, body: Any = None, **said: Any) -> Answer:
        return await self.ask("PATCH", path, body, **said)

    async def delete(self, path: str, **said: Any) -> Answer:
        return await self.ask("DELETE", path, **said)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        key: str | None = None,
        version: int | None = None,
    ) -> Answer:
        """A body that is bytes goes out as it is."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        if body is not None:
            headers["Content-Type"] = "application/json"
        raw = (
            body
            if body is None or isinstance(body, bytes)
            else json.dumps(body, default=float).encode()
        )
        url = URL("/v1" + path).with_query({k: str(v) for k, v in (params or {}).items()})
        async with self._http.request(method, url, data=raw, headers=headers) as response:
            return _checked(response.status, response.headers, await response.read())

    async def text(self, path: str, **headers: str) -> tuple[int, str]:
        """The status and the text that a path answers with."""
        headers |= {"Authorization": f"Bearer {self.token}"}
        async with self._http.get("/v1" + path, headers=headers) as response:
            return response.status, await response.text()

    async def make(self, resource: Resource, status: str | None = None, **changes: Any) -> Any:
        """A new record, moved on to a status; only what a lead may do needs a lead."""
        made = await self.post(f"/{resource.plural}", fields(resource, **changes))
        assert made.status == HTTPStatus.CREATED, made.body
        record = made.data
        for step in road(resource, status) if status else []:
            record = (await self.move(resource, record["id"], step)).data
        return record

    async def move(self, resource: Resource, record_id: str, status: str, **changes: Any) -> Answer:
        """A move with all that it may ask for; what is None is left out."""
        body = {**move_to(resource, status), **changes}
        said = {name: value for name, value in body.items() if value is not None}
        return await self.patch(f"/{resource.plural}/{record_id}/status", said)

    async def all(self, resource: Resource, **params: Any) -> list[Any]:
        """Every record that a list gives, page by page."""
        found: list[Any] = []
        page: dict[str, Any] = {"limit": 100, **params}
        while True:
            answer = await self.get(f"/{resource.plural}", **page)
            found += answer.data
            if (cursor := answer.body["pagination"]["next_cursor"]) is None:
                return found
            page["cursor"] = cursor

    async def download(self, path: str, **params: Any) -> tuple[Mapping[str, str], list[bytes]]:
        """The headers and the pieces a download came in."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = URL("/v1" + path).with_query({k: str(v) for k, v in params.items()})
        async with self._http.get(url, headers=headers) as response:
            assert response.status == HTTPStatus.OK, await response.text()
            pieces = [piece async for piece, _ in response.content.iter_chunks()]
            return response.headers, pieces


def exact(value: Any) -> Any:
    """A value as an answer carries it: numbers with a point are decimals."""
    return json.loads(json.dumps(value), parse_float=Decimal)


def _checked(status: int, headers: Mapping[str, str], raw: bytes) -> Answer:
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    body = json.loads(raw, parse_float=Decimal)
    if body["success"]:
        assert status < HTTPStatus.BAD_REQUEST
        assert {"success", "data"} <= body.keys() <= PARTS
    else:
        assert status >= HTTPStatus.BAD_REQUEST
        assert body.keys() == {"success", "error"}
        assert body["error"].keys() == {"code", "message", "details"}
        assert body["error"]["message"]
    return Answer(status, headers, body)


class Api:
    """The application as it serves, on a worker's own database."""

    def __init__(self, app: web.Application, http: Any) -> None:
        self.app = app
        self._http: TestClient[web.Request, web.Application] = http

    @property
    def db(self) -> Database:
        return self.app[DATABASE]

    @property
    def url(self) -> str:
        return str(self._http.make_url("/"))

    async def sign_in(self, actor: Actor) -> Client:
        """Without a password: opens the session that a sign-in would."""
        async with self.db.transaction() as rows:
            opened = await open_session(rows, actor.user_id, actor.team_id, remote="127.0.0.1")
        tokens = self.app[SERVICES].tokens
        token = tokens.issue(actor.user_id, actor.team_id, opened.session_id)
        return Client(self._http, token)


@asynccontextmanager
async def serving(database_url: str, redis_url: str) -> AsyncIterator[Api]:
    settings = Settings.model_validate(
        {"database_url": database_url, "redis_url": redis_url, "jwt_secret": SECRET, "demo": False}
    )
    app = make_app(settings)
    async with TestClient(TestServer(app)) as http:
        yield Api(app, http)
