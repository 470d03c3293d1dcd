"""One agent's connection to a running server, as any program would speak to it."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import aiohttp

TRIES = 12
LONGEST_PAUSE = 3.0


class Refused(Exception):
    """The server understood and said no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class Away(Exception):
    """No answer after several tries."""


class Client:
    """Signed in as one person.

    A write is sent under one key until it is answered: it is done once, however often the
    connection broke on the way.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, email: str, password: str) -> None:
        self._http = http
        self._url = url.rstrip("/") + "/v1"
        self._who = {"email": email, "password": password}
        self._access = ""
        self._refresh = ""
        self.name = email

    async def sign_in(self) -> None:
        self._keep(await self._send("POST", "/auth/login", json=self._who))

    async def sign_out(self) -> None:
        await self._send("POST", "/auth/logout", json={"refresh_token": self._refresh})

    async def read(self, path: str, query: Mapping[str, str]) -> Any:
        return await self._signed("GET", path, params=query)

    async def write(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        key = {"Idempotency-Key": str(uuid4())}
        return await self._signed(method, path, json=body, headers=key)

    async def _signed(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> Any:
        for _ in range(2):
            signed = {"Authorization": f"Bearer {self._access}", **(headers or {})}
            try:
                return await self._send(method, path, headers=signed, **rest)
            except Refused as refused:
                if refused.status != HTTPStatus.UNAUTHORIZED:
                    raise
            await self._renew()
        raise Away(f"{self._url} does not know {self.name} any more")

    async def _renew(self) -> None:
        try:
            body = {"refresh_token": self._refresh}
            self._keep(await self._send("POST", "/auth/refresh", json=body))
        except Refused:
            await self.sign_in()

    def _keep(self, data: Any) -> None:
        self._access, self._refresh = data["access_token"], data["refresh_token"]
        self.name = data["user"]["full_name"]

    async def _send(self, method: str, path: str, **rest: Any) -> Any:
        """The answer's data; raise Refused, or Away when nobody answers."""
        pause, why = 0.5, ""
        for _ in range(TRIES):
            try:
                async with self._http.request(method, self._url + path, **rest) as answer:
                    if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                        return _data(answer.status, await answer.json(content_type=None))
                    why = "it is overloaded or starting"
                    pause = float(answer.headers.get("Retry-After", pause))
            except (aiohttp.ClientError, TimeoutError) as error:
                why = str(error) or type(error).__name__
            await asyncio.sleep(min(pause, LONGEST_PAUSE))
            pause *= 2
        raise Away(f"{self._url} does not answer: {why}")


def _data(status: int, envelope: Any) -> Any:
    if not isinstance(envelope, dict) or "success" not in envelope:
        raise Refused(status, "NOT_HOMEROOM", "this is not a Homeroom server")
    if not envelope["success"]:
        error = envelope["error"]
        raise Refused(status, error["code"], error["message"])
    return envelope["data"]
