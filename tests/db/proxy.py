"""A TCP proxy that loses the line at the worst moments."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit, urlunsplit


class Cut(Enum):
    """Where the line goes: before Postgres hears COMMIT, or after it did and before it answers."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True)
class Proxy:
    """Between a client and Postgres; cuts a share of the COMMITs that pass through it."""

    url: str
    chance: random.Random
    share: float = 0.0
    cuts: int = 0

    def next_cut(self, data: bytes) -> Cut | None:
        if b"COMMIT" not in data or self.chance.random() >= self.share:
            return None
        self.cuts += 1
        return self.chance.choice(list(Cut))


@asynccontextmanager
async def proxied(url: str, seed: int) -> AsyncIterator[Proxy]:
    """A proxy to the database of `url`; its own `url` is what a client connects to."""
    parts = urlsplit(url)
    proxy = Proxy("", random.Random(seed))
    pumps: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(parts.hostname, parts.port)
        lost = asyncio.Event()
        both = asyncio.gather(
            _upward(proxy, reader, up_writer, lost), _downward(up_reader, writer, lost)
        )
        try:
            with suppress(OSError):
                await both
        finally:
            for end in (writer, up_writer):
                end.transport.abort()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(serve(reader, writer))
        pumps.add(task)
        task.add_done_callback(pumps.discard)

    server = await asyncio.start_server(start, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials, _, _ = parts.netloc.rpartition("@")
    netloc = f"{credentials}@127.0.0.1:{port}" if credentials else f"127.0.0.1:{port}"
    proxy.url = urlunsplit(parts._replace(netloc=netloc))
    try:
        yield proxy
    finally:
        server.close()
        for pump in list(pumps):
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _upward(
    proxy: Proxy, reader: asyncio.StreamReader, up: asyncio.StreamWriter, lost: asyncio.Event
) -> None:
    while data := await reader.read(65536):
        cut = proxy.next_cut(data)
        if cut is Cut.BEFORE:
            up.transport.abort()
        if cut is not None:
            lost.set()
        if cut is not Cut.BEFORE:
            up.write(data)
            await up.drain()
        if cut is not None:
            return
    up.close()


async def _downward(
    up: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
) -> None:
    with suppress(ConnectionResetError):
        while data := await up.read(65536):
            if lost.is_set():
                break
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
