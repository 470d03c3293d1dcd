"""The socket's way to ask what REST asks: the same paths and bodies, as commands."""

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from typing_extensions import override

from domains.kit.actor import Actor
from domains.kit.endpoint import Endpoint
from domains.kit.errors import DomainError
from server.commands import Command, commands
from server.keys import ENDPOINTS, METRICS
from tests.api.client import Answer, Api, Client

STATUS = {each.code: each.status for each in DomainError.__subclasses__()}


class NoCommand(Exception):
    """It is offered over REST alone."""


class Commander(Client):
    """One member at a socket, who may be given any test that speaks REST."""

    def __init__(self, api: Api, actor: Actor) -> None:
        self.actor = actor
        offered = api.app[ENDPOINTS]
        self._commands: Mapping[str, Command] = commands(offered, api.app[METRICS])
        self._endpoints = [(_pattern(endpoint), endpoint) for endpoint in offered]

    @override
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
        endpoint, parts = self._named(method, path)
        if not endpoint.socket:
            raise NoCommand(endpoint.name)
        payload: dict[str, Any] = {**parts, "op": key or uuid4().hex}
        if endpoint.body is not None:
            payload["body"] = json.loads(json.dumps(body, default=float))
        if params:
            payload["params"] = dict(params)
        if version is not None:
            payload["version"] = version
        ack = json.loads(await self._commands[endpoint.name](self.actor, payload))
        refused = 0 if ack["success"] else STATUS.get(ack["error"]["code"], 400)
        return Answer(refused or endpoint.status, {}, ack)

    def _named(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        for pattern, endpoint in self._endpoints:
            found = pattern.fullmatch(path)
            if found and endpoint.method == method:
                return endpoint, found.groupdict()
        raise LookupError(f"{method} {path}")


def _pattern(endpoint: Endpoint) -> re.Pattern[str]:
    parts = (
        f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)
        for part in endpoint.path.split("/")
    )
    return re.compile("/".join(parts))
