"""One client's connection: the only road between the rooms and a socket, and its bounds."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from engineio import packet as engine  # type: ignore[import-untyped]  # the library has no types
from engineio.async_socket import AsyncSocket  # type: ignore[import-untyped]  # no types
from engineio.exceptions import (  # type: ignore[import-untyped]  # no types
    EngineIOError,
    QueueEmpty,
)
from typing_extensions import override

from channels.sockets import wire
from channels.sockets.outbox import Outbox
from channels.sockets.ping_wheel import INTERVAL, TIMEOUT
from channels.sockets.wire import Packet, Parcel

if TYPE_CHECKING:
    from channels.sockets.engine import Engine
    from channels.sockets.members import Close


LEFT = "left"  # by itself, or its network did


class Connection(AsyncSocket):  # type: ignore[misc]  # the library has no types
    """engine.io's socket, with our queue, without its tasks and timers.

    What is pushed waits in the outbox for a polling request, or for the stock driver's writer.
    """

    # Those of engine.io's own too, so that none of the many has a dict.
    __slots__ = (
        "_session",
        "asked",
        "closed",
        "closing",
        "connected",
        "ended_by",
        "last_ping",
        "place",
        "queue",
        "server",
        "sid",
        "upgraded",
        "upgrading",
    )

    def __init__(self, server: "Engine", sid: str, queue: Outbox | None) -> None:
        self.server = server
        self.sid = sid
        self.queue = queue
        self.last_ping: float | None = None  # when it was asked; None once it answered
        self.place = 0  # in the ping wheel
        self.asked = 0  # how often for a session
        self.ended_by = LEFT
        self.connected = self.upgrading = self.upgraded = self.closing = self.closed = False
        self._session: dict[str, Any] | None = None

    @classmethod
    def open(cls, server: "Engine", sid: str, transport: str) -> Self:  # noqa: ARG003 - for others
        return cls(server, sid, Outbox())

    @property
    def session(self) -> dict[str, Any]:
        """What python-socketio keeps for the program; hardly anybody does."""
        if self._session is None:
            self._session = {}
        return self._session

    @session.setter
    def session(self, value: dict[str, Any]) -> None:
        self._session = value

    # For the gateway and the rooms

    @property
    def owed_bytes(self) -> int:
        return self._outbox.owed_bytes

    @property
    def overdue(self) -> bool:
        """Whether this client is too slow to be waited for."""
        return self._outbox.overdue

    def push(self, packet: Packet) -> None:
        if not self.closed:
            self._outbox.put_nowait(packet)

    def give(self, parcel: Parcel) -> None:
        for packet in parcel.packets:
            self.push(packet)

    def cut(self, reason: "Close") -> None:
        """End it so that the client comes back by itself; see LiveServer.cut."""
        self.server.live.cut(self, reason)

    # For the server

    def end(self, code: int, reason: str) -> None:
        """Let what is owed leave, then close with this code."""
        self.finish()
        self._outbox.end(code, reason)

    def abort(self) -> None:
        """Drop the connection, and what is owed, without waiting for the client."""
        self.finish()
        self._outbox.give_up()
        self._outbox.put_nowait(None)  # a poll or a writer that waits would wait on
        self._outbox.abort()

    def finish(self) -> None:
        """Its session is over, whatever becomes of the transport."""
        if not self.closed:
            self.closing = self.closed = True
            self.server.live.lost(self)

    # For the ping wheel

    @property
    def unanswered(self) -> bool:
        return self.last_ping is not None

    def ping(self) -> None:
        self.last_ping = self.server.live.now()
        self.push(wire.PING)

    def silent(self) -> None:
        self.server.live.silent(self)

    # As engine.io and python-socketio call it

    @override
    def schedule_ping(self) -> None:
        self.last_ping = None  # it answered; the wheel asks again

    @override
    async def poll(self) -> list[Any]:
        """As the original, which makes a task, and whose queue may be gone when it has waited."""
        outbox = self._outbox
        try:
            async with asyncio.timeout(INTERVAL + TIMEOUT):
                packets = [await outbox.get()]
        except TimeoutError:
            raise QueueEmpty from None
        if packets == [None]:
            return []
        with suppress(asyncio.QueueEmpty):
            while (packet := outbox.get_nowait()) is not None:
                packets.append(packet)
            outbox.put_nowait(None)  # for the next one who asks
        return packets

    @override
    async def handle_post_request(self, environ: Any) -> None:
        """As the original, whose caller has no answer to a bad body of a session just ended."""
        try:
            await super().handle_post_request(environ)
        except EngineIOError:
            if self.sid in self.server.sockets:
                raise

    @override
    async def send(self, pkt: Any) -> None:
        self.push(Packet(pkt.packet_type, pkt.data))

    @override
    async def close(self, wait: bool = True, abort: bool = False, reason: Any = None) -> None:
        """As the original, which waits for a queue that a silent client never empties."""
        if self.closed:
            return
        if not abort:
            self.push(Packet(engine.CLOSE))
        self.end(1000, "")

    @property
    def _outbox(self) -> Outbox:
        assert self.queue is not None  # noqa: S101 - for the type checker
        return self.queue
