"""A connection that is its own WebSocket protocol, without a task, queue or timer of its own."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import override

from channels.base import limits
from channels.sockets import frames, outbox, wire
from channels.sockets.connection import Connection
from channels.sockets.frames import Broken, Opcode, Reader
from channels.sockets.outbox import Outbox
from channels.sockets.wire import Packet, Parcel

if TYPE_CHECKING:
    from channels.sockets.engine import Engine

NORMAL = 1000  # nothing was wrong


class DirectConnection(Connection):
    """What is pushed is written at once; what the network does not take waits in the transport.

    A client that polls is served from an outbox as ever. When it becomes a WebSocket, what is in
    there leaves first and the outbox goes: never both at once, so order holds.
    """

    __slots__ = ("_ended", "_held", "_reader", "_stall", "_transport", "_trial", "_waiting")

    def __init__(self, server: "Engine", sid: str, queue: Outbox | None) -> None:
        super().__init__(server, sid, queue)
        self._transport: asyncio.Transport | None = None
        self._trial: Probe | None = None  # a WebSocket that a polling client tries
        self._reader: Reader | None = None  # while something is half read
        self._held: list[bytes] | None = None if queue else []  # to leave as one write
        self._stall: Stall | None = None  # while the network takes no more
        self._waiting: deque[str] | None = None  # what came while a CONNECT is looked into
        self._ended = False  # our close frame is on its way

    @classmethod
    @override
    def open(cls, server: "Engine", sid: str, transport: str) -> Self:
        return cls(server, sid, None if transport == "websocket" else Outbox())

    # For the gateway and the rooms

    @property
    @override
    def owed_bytes(self) -> int:
        if self._transport is None:
            return super().owed_bytes if self.queue else 0
        return self._transport.get_write_buffer_size()

    @property
    @override
    def overdue(self) -> bool:
        if self._transport is None:
            return super().overdue if self.queue else False
        stall = self._stall
        return stall is not None and stall.over(self._transport.get_write_buffer_size())

    @override
    def push(self, packet: Packet) -> None:
        if not self.closed:
            if self.queue is None:
                self._write(packet.frame)
            else:
                super().push(packet)

    @override
    def give(self, parcel: Parcel) -> None:
        if not self.closed:
            if self.queue is None:
                self._write(parcel.frames)
            else:
                super().give(parcel)

    # For the server

    @override
    def end(self, code: int, reason: str) -> None:
        self.finish()
        if self._transport is None:
            if self.queue is not None:
                super().end(code, reason)
        elif not self._ended:
            self._ended = True
            self._release()
            self._write(frames.closing(code, reason))

    @override
    def abort(self) -> None:
        self.finish()
        self._ended = True
        self._held = None
        if self._transport is not None:
            self._transport.abort()
        elif self.queue is not None:
            super().abort()

    @override
    def finish(self) -> None:
        super().finish()
        if self._trial is not None:
            self._trial.drop()

    def begin(self, transport: asyncio.Transport, answer: bytes = b"") -> None:
        """Become this transport's protocol; `answer` leaves first, then what was owed so far."""
        transport.set_write_buffer_limits(0)  # told of whatever the network does not take
        transport.set_protocol(self)
        self._transport = transport
        self._trial = None
        self.connected = self.upgraded = True
        self.upgrading = False
        owed = self._held or ()
        if self.queue is not None:
            owed = [packet.frame for packet in self.queue.drain()]
            self.queue = None
        self._held = [answer, *owed]
        self._release()

    def probe(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Let a polling client try this transport; it goes on polling until it says so."""
        if self._trial is not None:
            self._trial.drop()
        self._trial = Probe(self, transport)
        transport.set_protocol(self._trial)
        transport.write(answer)

    def leave_trial(self, trial: "Probe") -> None:
        if self._trial is trial:
            self._trial = None
            self.upgrading = False

    def go_on_reading(self, reader: Reader) -> None:
        """With what the probe has read the beginning of."""
        self._reader = None if reader.idle else reader

    # As the transport calls it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It was made long before it was ours."""

    def data_received(self, data: bytes) -> None:
        reader = self._reader or Reader(limits.MAX_FRAME)
        try:
            for opcode, message in reader.feed(data):
                self.take(opcode, message)
        except Broken as broken:
            self.breaks(broken)
            return
        self._reader = None if reader.idle else reader

    def take(self, opcode: int, message: Any) -> None:
        if opcode == Opcode.CLOSE:
            self.end(NORMAL, "")
            if self._transport is not None:
                self._transport.close()
        elif self.closed:
            return
        elif opcode == Opcode.PING:
            if self._stall is None:  # who takes no answers gets none, or they would pile up here
                self._write(frames.frame(Opcode.PONG, message))
        elif opcode == Opcode.TEXT:
            self._receive(message)

    def breaks(self, broken: Broken) -> None:
        """Nothing can be read from here on."""
        if not self.closed:
            self.server.live.broken(self, broken)

    def eof_received(self) -> bool:
        return False  # the transport closes itself

    def pause_writing(self) -> None:
        self._stall = Stall(self._open.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._stall = None

    def connection_lost(self, _: BaseException | None) -> None:
        self.finish()
        self._ended = True
        self._transport = self._reader = self._stall = self._waiting = self._held = None
        self.server.forget(self)

    # Inside

    @property
    def _open(self) -> asyncio.Transport:
        assert self._transport is not None  # noqa: S101 - for the type checker
        return self._transport

    def _receive(self, text: str) -> None:
        if text == "3":
            self.last_ping = None
        elif self._waiting is not None:
            self._waiting.append(text)
            self._open.pause_reading()
        else:
            self._held = self._held or []
            work = self.server.live.packet(self, text)
            if work is None:
                self._release()
            else:
                self._waiting = deque()
                self.server.live.spawn(f"connect {self.sid}", lambda: self._finish_first(work))

    async def _finish_first(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what has to wait for something; whatever came meanwhile comes after it."""
        try:
            await work
        finally:
            waiting, self._waiting = self._waiting, None
            if self._transport is not None:
                self._release()
                self._go_on(waiting or deque())

    def _go_on(self, waiting: deque[str]) -> None:
        while waiting and self._waiting is None and not self.closed:
            self._receive(waiting.popleft())
        if self._waiting is not None:
            self._waiting.extend(waiting)
        elif not self._open.is_reading():
            self._open.resume_reading()

    def _write(self, data: bytes) -> None:
        if self._held is not None:
            self._held.append(data)
        elif self._transport is not None:
            if self._stall is not None:
                self._stall.added += len(data)
            self._transport.write(data)

    def _release(self) -> None:
        """One write for all that was held."""
        held, self._held = self._held, None
        if held:
            self._write(b"".join(held))


class Stall:
    """How long a client has taken nothing of what waits for it in the transport."""

    __slots__ = ("_owed", "_since", "added")

    def __init__(self, owed: int) -> None:
        self.added = 0
        self._owed = owed
        self._since = _now()

    def over(self, size: int) -> bool:
        if size < self._owed + self.added:  # some of it left
            self._owed, self.added, self._since = size, 0, _now()
        return size > outbox.MAX_BYTES or _now() - self._since > outbox.MAX_AGE


class Probe(asyncio.Protocol):
    """A WebSocket that a polling client tries: `2probe` is answered, `5` moves it here."""

    def __init__(self, connection: DirectConnection, transport: asyncio.Transport) -> None:
        self._connection = connection
        self._transport = transport
        self._reader = Reader(limits.MAX_FRAME)
        self._said = deque(("2probe", "5"))

    @override
    def data_received(self, data: bytes) -> None:
        connection = self._connection
        try:
            for opcode, message in self._reader.feed(data):
                if not self._said:
                    connection.take(opcode, message)
                elif opcode == Opcode.TEXT:
                    self._step(message)
                elif opcode == Opcode.CLOSE:
                    self._fail(NORMAL)
        except Broken as broken:
            if self._said:
                self._fail(broken.code)
            else:
                connection.breaks(broken)
        else:
            if not self._said:
                connection.go_on_reading(self._reader)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.leave_trial(self)

    def drop(self) -> None:
        self._transport.abort()
        self._connection.leave_trial(self)

    def _step(self, text: str) -> None:
        if self._transport.is_closing() or self._connection.closed:
            return
        if text != self._said[0]:
            self._fail(NORMAL)
            return
        self._said.popleft()
        if self._said:
            self._transport.write(frames.text("3probe"))
            self._connection.upgrading = True
            self._connection.push(wire.NOOP)  # so that the poll that waits ends
        else:
            self._connection.begin(self._transport)

    def _fail(self, code: int) -> None:
        self._connection.leave_trial(self)
        self._transport.write(frames.closing(code, ""))
        self._transport.close()


def _now() -> float:
    return asyncio.get_running_loop().time()
