"""One connection of our own to Redis: no pool, no hidden retries, no wait without a bound."""

import asyncio
import math
from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import RedisError

FAULTS = (RedisError, OSError, TimeoutError)
CONNECT_SECONDS = 1.0


class RedisConnection:
    def __init__(self, url: str) -> None:
        options: dict[str, Any] = dict(parse_url(url))
        kind: type[AbstractConnection] = options.pop("connection_class", Connection)
        self._connection = kind(
            **options
            | {
                "protocol": 2,  # pushed messages as plain lists
                "socket_timeout": None,  # the default of 5 s silently ends a quiet subscription
                "socket_connect_timeout": CONNECT_SECONDS,
                "driver_info": None,
            }
        )

    async def open(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            await self._connection.connect()  # type: ignore[no-untyped-call]  # theirs to annotate

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)

    async def send(self, *commands: tuple[str | bytes, ...]) -> None:
        await self._connection.send_packed_command(
            self._connection.pack_commands(commands), check_health=False
        )

    async def receive(self, seconds: float | None = None) -> Any:
        """The next reply or pushed message; None when there is none within `seconds`."""
        return await self._connection.read_response(
            timeout=math.inf if seconds is None else seconds
        )
