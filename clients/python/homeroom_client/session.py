"""Who is signed in: an access token that is good now, one refresh at once, and REST with it."""

import asyncio
import math
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from homeroom_client.refused import Refused, offline, opened

EARLY_SECONDS: Final = 60.0
FRESH_SECONDS: Final = 5.0
PATIENCE: Final = aiohttp.ClientTimeout(total=15)
GATEWAY_ERRORS: Final = 502


class Session:
    """`refresh_token` goes on with a session that was opened before; it is used once each."""

    def __init__(
        self,
        url: str,
        *,
        http: aiohttp.ClientSession | None = None,
        refresh_token: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.user: Mapping[str, Any] = {}
        self.team: Mapping[str, Any] = {}
        self.refresh_token = refresh_token
        self._http = http
        self._own = http is None
        self._token = ""
        self._good_until = 0.0
        self._got_at = -math.inf
        self._refreshing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._own and self._http:
            await self._http.close()

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession()
        return self._http

    async def sign_in(self, email: str, password: str) -> None:
        self._begin(await self._post("login", {"email": email, "password": password}))

    async def register(self, **form: str) -> None:
        """A new team: email, password, full_name, team_name."""
        self._begin(await self._post("register", form))

    async def accept(self, **form: str) -> None:
        """An invitation: token, full_name, password."""
        self._begin(await self._post("invitations/accept", form))

    async def sign_out(self) -> None:
        token, self.refresh_token = self.refresh_token, None
        self.distrust()
        await self._post("logout", {"refresh_token": token})

    async def token(self) -> str:
        """One that is good for at least a minute; Refused when the session is over."""
        async with self._refreshing:
            if time.monotonic() > self._good_until - EARLY_SECONDS:
                if self.refresh_token is None:
                    raise Refused("AUTH_REQUIRED", "Sign in first.")
                self._begin(await self._post("refresh", {"refresh_token": self.refresh_token}))
            return self._token

    def distrust(self) -> None:
        """The server refused the token we hold; the next one asked for is new."""
        self._good_until = 0.0

    @property
    def is_fresh(self) -> bool:
        """It was got within the last seconds: another one would be refused like it."""
        return time.monotonic() - self._got_at < FRESH_SECONDS

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        key: str | None = None,
        min_seq: int = 0,
    ) -> dict[str, Any]:
        """A REST request and its envelope; it has seen event `min_seq`, whichever node answers."""
        headers = {"X-Min-Seq": str(min_seq)} if min_seq else {}
        if key:
            headers["Idempotency-Key"] = key
        try:
            return await self._request(method, path, body, params, await self._with_token(headers))
        except Refused as refused:
            if refused.code != "TOKEN_EXPIRED":
                raise
            self.distrust()
            return await self._request(method, path, body, params, await self._with_token(headers))

    async def _with_token(self, headers: dict[str, str]) -> dict[str, str]:
        return headers | {"Authorization": f"Bearer {await self.token()}"}

    async def _post(self, path: str, body: Any) -> Any:
        envelope = await self._request("POST", f"/v1/auth/{path}", body, None, {})
        return envelope.get("data")

    async def _request(
        self,
        method: str,
        path: str,
        body: Any,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        asked = {name: str(value) for name, value in (params or {}).items()}
        try:
            async with self.http.request(
                method, self.url + path, json=body, params=asked, headers=headers, timeout=PATIENCE
            ) as response:
                text = await response.read()
                if response.ok and not text:
                    return {"success": True}
                if response.content_type != "application/json":
                    away = response.status >= GATEWAY_ERRORS
                    message = f"The server answered {response.status}."
                    raise Refused("UNAVAILABLE" if away else "INTERNAL", message)
                after = float(response.headers.get("Retry-After", 0))
                return opened(await response.json(), int(1000 * after))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise offline() from error

    def _begin(self, grant: Mapping[str, Any]) -> None:
        self.user = grant["user"]
        self.team = grant["team"]
        self.refresh_token = grant["refresh_token"]
        self._token = grant["access_token"]
        self._got_at = time.monotonic()
        self._good_until = self._got_at + grant["expires_in"]
