"""A TCP proxy between two parts of the system: it cuts, delays, or swallows what passes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 64 * 1024
NARROW = 16 * 1024


@dataclass(slots=True)
class Proxy:
    """`up` is towards the server, `down` towards the client. Changed at any moment.

    A swallowed direction is silence, as a dead network has it: no end, no reset. `bytes_a_second`
    of the downward direction makes a slow reader of the client.
    """

    port: int = 0
    swallow_up: bool = False
    swallow_down: bool = False
    delay: float = 0.0
    bytes_a_second: float = 0.0
    refuse: bool = False
    narrow: bool = False  # little room in the kernel between the server and here
    _pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = field(default_factory=set)

    def part(self, *, up: bool = True, down: bool = True) -> None:
        """From here on nothing passes, in these directions, and nobody is told."""
        self.swallow_up, self.swallow_down = up, down

    def heal(self) -> None:
        """What was open was half-dead: end it, and let everything through again."""
        self.swallow_up = self.swallow_down = self.refuse = False
        self.delay = self.bytes_a_second = 0.0
        self.cut()

    def cut(self) -> None:
        """Reset every connection."""
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    async def serve(
        self, host: str, port: int, client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        reader, writer = client
        if self.refuse:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await self._dial(host, port)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, up_writer)
        self._pairs.add(pair)
        try:
            with suppress(OSError, RuntimeError):  # uvloop raises the second for a closed end
                await asyncio.gather(
                    self._pump(reader, up_writer, upward=True),
                    self._pump(up_reader, writer, upward=False),
                )
        finally:
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()

    async def _dial(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        link = socket.socket()
        link.setblocking(False)
        if self.narrow:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
        await asyncio.get_running_loop().sock_connect(link, (host, port))
        return await asyncio.open_connection(sock=link, limit=CHUNK)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upward: bool
    ) -> None:
        rate = 0.0
        while data := await reader.read(max(256, int(rate / 4)) if rate else CHUNK):
            rate = 0.0 if upward else self.bytes_a_second
            if self.delay:
                await asyncio.sleep(self.delay)
            if rate:
                await asyncio.sleep(len(data) / rate)
            if self.swallow_up if upward else self.swallow_down:
                continue
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def proxied(host: str, port: int, *, narrow: bool = False) -> AsyncIterator[Proxy]:
    """A proxy to this address; `port` of the proxy is what a client connects to."""
    proxy = Proxy(narrow=narrow)
    tasks: set[asyncio.Task[None]] = set()

    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(host, port, (reader, writer)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(start, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        for task in list(tasks):
            task.cancel()
        _ = await asyncio.gather(*tasks, return_exceptions=True)
