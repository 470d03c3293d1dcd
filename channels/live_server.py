"""python-socketio under our rules: one road out, nothing a client sends becomes an exception."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol

import socketio  # type: ignore[import-untyped]  # the library has no types
from typing_extensions import override

from channels import wire
from channels.counters import Counters
from channels.engine import Engine
from channels.limits import CONNECTS, LOGIN_SECONDS
from channels.members import Close
from channels.outbox import Outbox
from channels.refused import Refused
from channels.supervisor import Supervisor
from channels.wire import Inbound, Kind, Malformed

PING_INTERVAL = 25  # whole seconds: engine.io announces no fractions
PING_TIMEOUT = 20
LINGER_SECONDS = 5.0  # for a closed connection to end by itself before it is cut

NAMESPACE = "/"

Allows = Callable[[str | None, Mapping[str, Any]], bool]  # an Origin, of a request

# Below warning the libraries write every packet into the log, and packets hold people's data.
for name in ("channels.engineio", "channels.socketio"):
    logging.getLogger(name).setLevel(logging.WARNING)


class Door(Protocol):
    """Who decides about sessions and answers commands: the gateway."""

    async def enter(self, sid: str, connection: "Connection", auth: Any) -> None:
        """Let a client in and greet it, or raise Refused."""

    def receive(self, sid: str, inbound: Inbound) -> bool:
        """Take a command; False when there is no such session."""

    def left(self, sid: str) -> None: ...


class Connection:
    """One engine.io connection, over whichever transport, as the gateway may use it."""

    def __init__(self, server: "LiveServer", socket: Any) -> None:
        self._server = server
        self._socket = socket

    @property
    def outbox(self) -> Outbox:
        outbox: Outbox = self._socket.queue
        return outbox

    @property
    def closed(self) -> bool:
        return bool(self._socket.closed or self._socket.closing)

    def close(self, reason: Close) -> None:
        self._server.cut(self._socket, reason)


class LiveServer(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """Socket.IO protocol 5 on the default namespace.

    What it leans on in python-socketio is pinned by tests/realtime/test_stack_contract.py.
    """

    def __init__(
        self,
        door: Door,
        *,
        driver: Mapping[str, Any],
        cors_allowed_origins: Allows | None,
        counters: Counters,
        supervisor: Supervisor,
    ) -> None:
        super().__init__(
            async_mode="aiohttp",
            async_handlers=False,
            always_connect=False,
            cors_allowed_origins=cors_allowed_origins,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            max_http_buffer_size=wire.MAX_FRAME,
            http_compression=False,
            transports=["polling", "websocket"],
            logger=logging.getLogger("channels.socketio"),
            engineio_logger=logging.getLogger("channels.engineio"),
        )
        self.eio._async = dict(driver)  # noqa: SLF001 - there is no public way to bring a driver
        self._door = door
        self._counters = counters
        self._supervisor = supervisor
        self._strangers: dict[str, float] = {}  # connections without a session, and since when
        self._asked: Counter[str] = Counter()  # how often a connection asked for a session

    def cut(self, socket: Any, reason: Close) -> None:
        """End a connection so that the client comes back by itself.

        After a goodbye of engine.io or Socket.IO official clients stay away, so there is none
        (except where they shall): only the transport's own end.
        """
        outbox: Outbox = socket.queue
        if socket.closed or socket.closing or outbox.ended:
            return
        self._counters.closes[reason.reason] += 1
        if reason is Close.SLOW:
            outbox.give_up()
            outbox.abort()
        elif reason.final:
            outbox.put_nowait(wire.disconnected())
        outbox.end(reason.code, reason.reason)
        close = partial(socket.close, wait=False, abort=True, reason=reason.reason)
        self._supervisor.spawn(f"close {socket.sid}", close)

    def cut_all(self, reason: Close) -> None:
        for socket in list(self.eio.sockets.values()):
            self.cut(socket, reason)

    def cut_strangers(self) -> None:
        """End connections that never asked for a session, or were refused and stayed."""
        deadline = _now() - LOGIN_SECONDS
        for eio_sid, since in list(self._strangers.items()):
            if since < deadline and eio_sid in self.eio.sockets:
                self.cut(self.eio.sockets[eio_sid], Close.UNAUTHENTICATED)

    @override
    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    @override
    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._strangers[eio_sid] = _now()
        self._counters.sockets += 1

    @override
    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        if self.environ.pop(eio_sid, None) is None:
            return
        self._counters.sockets -= 1
        await self._end_session(eio_sid)
        self._strangers.pop(eio_sid, None)
        self._asked.pop(eio_sid, None)
        socket = self.eio.sockets.get(eio_sid)
        if socket:
            outbox: Outbox = socket.queue
            outbox.put_nowait(None)  # a poll that waits would wait on
            asyncio.get_running_loop().call_later(LINGER_SECONDS, _abort, outbox)

    @override
    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or socket.closing:
            return
        if socket.queue.overdue:  # it talks but does not listen
            self.cut(socket, Close.SLOW)
            return
        try:
            await self._handle_inbound(eio_sid, wire.read(data))
        except Malformed:
            self.cut(socket, Close.MALFORMED)

    async def _handle_inbound(self, eio_sid: str, inbound: Inbound) -> None:
        connection = Connection(self, self.eio.sockets[eio_sid])
        if inbound.kind is Kind.CONNECT:
            await self._connect(eio_sid, inbound, connection)
        elif inbound.namespace != NAMESPACE:
            raise Malformed
        elif inbound.kind is Kind.DISCONNECT:
            await self._end_session(eio_sid)
            self._strangers[eio_sid] = _now()
        elif inbound.kind is Kind.EVENT:
            sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
            if sid is None or not self._door.receive(sid, inbound):
                raise Malformed

    async def _connect(self, eio_sid: str, inbound: Inbound, connection: Connection) -> None:
        if inbound.namespace != NAMESPACE:
            connection.outbox.put_nowait(wire.refused(inbound.namespace, "Invalid namespace"))
            return
        self._asked[eio_sid] += 1
        if self._asked[eio_sid] > CONNECTS:
            self.cut(self.eio.sockets[eio_sid], Close.RATE)
            return
        auth = wire.json_of(inbound.data)
        sid = await self.manager.pre_connect(eio_sid, NAMESPACE)
        if sid is None:
            raise Malformed  # a second CONNECT
        since = self._strangers.pop(eio_sid, None)  # it has asked: the wait from here on is ours
        try:
            await self._door.enter(sid, connection, auth)
        except Refused as refusal:
            self._counters.refusals[refusal.code] += 1
            if since is not None:
                self._strangers[eio_sid] = since
            await self.manager.disconnect(sid, NAMESPACE, ignore_queue=True)
            error = wire.refused(NAMESPACE, refusal.message, refusal.told())
            connection.outbox.put_nowait(error)
            return
        if connection.closed:  # it went while we looked it up, and nobody else knows of the session
            self._door.left(sid)
            await self.manager.disconnect(sid, NAMESPACE, ignore_queue=True)
            return
        await self.manager.connect(sid, NAMESPACE)

    async def _end_session(self, eio_sid: str) -> None:
        sid = self.manager.sid_from_eio_sid(eio_sid, NAMESPACE)
        if sid is not None:
            self._door.left(sid)
            await self.manager.disconnect(sid, NAMESPACE, ignore_queue=True)

    async def close(self, seconds: float) -> None:
        """End every connection: politely within `seconds`, then by force."""
        self.cut_all(Close.DRAIN)
        deadline = _now() + seconds
        while self._open() and _now() < deadline:  # noqa: ASYNC110 - engine.io tells nobody
            await asyncio.sleep(0.02)
        for socket in self._open():
            socket.queue.abort()
        if self.eio.service_task_handle:  # a second shutdown() of it would fail
            await self.shutdown()

    def _open(self) -> Iterable[Any]:
        return [socket for socket in self.eio.sockets.values() if socket.upgraded]


def _abort(outbox: Outbox) -> None:
    outbox.abort()  # looked up late: a polling client may have become a WebSocket


def _now() -> float:
    return asyncio.get_running_loop().time()
