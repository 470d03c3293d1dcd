"""python-socketio under our rules: one road out, nothing a client sends becomes an exception."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

import socketio  # type: ignore[import-untyped]  # the library has no types
from typing_extensions import override

from channels.base.counters import Counters
from channels.base.limits import CONNECTS, LOGIN_SECONDS, MAX_FRAME
from channels.base.supervisor import Supervisor, Work
from channels.sockets import wire
from channels.sockets.clients import Clients
from channels.sockets.connection import Connection
from channels.sockets.engine import Engine
from channels.sockets.frames import Broken
from channels.sockets.members import Close
from channels.sockets.ping_wheel import INTERVAL, TIMEOUT, PingWheel
from channels.sockets.refused import Refused
from channels.sockets.wire import Inbound, Kind, Malformed

LINGER_SECONDS = 3.0  # for a closed connection to end by itself before it is cut

NAMESPACE = "/"
SILENT = "silent"  # a ping had no answer

Allows = Callable[[str | None, Mapping[str, Any]], bool]  # an Origin, of a request
NO_ENVIRON: dict[str, Any] = {}  # a request is not kept for as long as its socket lives

# Below warning the libraries write every packet into the log, and packets hold people's data.
for name in ("channels.engineio", "channels.socketio"):
    logging.getLogger(name).setLevel(logging.WARNING)


class Door(Protocol):
    """Who decides about sessions and answers commands: the gateway."""

    def enter(
        self, sid: str, connection: Connection, auth: Any
    ) -> Coroutine[Any, Any, None] | None:
        """Let a client in and greet it, or raise Refused.

        What has to wait for something is left to be awaited.
        """

    def receive(self, sid: str, inbound: Inbound) -> bool:
        """Take a command; False when there is no such session."""

    def left(self, sid: str) -> None: ...


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
            ping_interval=INTERVAL,
            ping_timeout=TIMEOUT,
            monitor_clients=False,  # the wheel does
            client_manager=Clients(),
            max_http_buffer_size=MAX_FRAME,
            http_compression=False,
            transports=["polling", "websocket"],
            logger=logging.getLogger("channels.socketio"),
            engineio_logger=logging.getLogger("channels.engineio"),
        )
        self.eio._async = dict(driver)  # noqa: SLF001 - there is no public way to bring a driver
        self.eio.live = self
        self._door = door
        self._counters = counters
        self._supervisor = supervisor
        self._wheel = PingWheel()
        self._strangers: dict[Connection, float] = {}  # without a session, and since when
        self._closed: dict[Connection, float] = {}  # whose transport may be there yet, since when

    def start(self) -> None:
        self._supervisor.start("ping wheel", self._wheel.turn)

    def cut(self, connection: Connection, reason: Close) -> None:
        """End a connection so that the client comes back by itself.

        After a goodbye of engine.io or Socket.IO official clients stay away, so there is none
        (except where they shall): only the transport's own end.
        """
        if connection.closed:
            return
        connection.ended_by = reason.reason
        if reason is Close.SLOW:
            connection.abort()
            return
        if reason.final:
            connection.push(wire.disconnected())
        connection.end(reason.code, reason.reason)

    def cut_all(self, reason: Close) -> None:
        for connection in list(self.eio.sockets.values()):
            self.cut(connection, reason)

    def sweep(self) -> None:
        """End what never asked for a session, or was refused and stayed; drop what lingers."""
        now = self.now()
        for connection, since in list(self._strangers.items()):
            if since < now - LOGIN_SECONDS:
                self.cut(connection, Close.UNAUTHENTICATED)
        for connection, since in list(self._closed.items()):
            if since < now - LINGER_SECONDS:
                connection.abort()
                self.eio.forget(connection)

    # What the connections tell

    def came(self, connection: Connection) -> None:
        self.environ[connection.sid] = NO_ENVIRON
        self._strangers[connection] = self.now()
        connection.place = self._wheel.add(connection)
        self._counters.sockets += 1
        self._counters.opened += 1

    def lost(self, connection: Connection) -> None:
        self._wheel.take_off(connection, connection.place)
        self._end_session(connection)
        self._strangers.pop(connection, None)
        self._closed[connection] = self.now()
        self._counters.sockets -= 1
        self._counters.closes[connection.ended_by] += 1
        del self.environ[connection.sid]

    def gone(self, connection: Connection) -> None:
        self._closed.pop(connection, None)

    def silent(self, connection: Connection) -> None:
        connection.ended_by = SILENT
        connection.abort()

    def broken(self, connection: Connection, broken: Broken) -> None:
        connection.ended_by = Close.MALFORMED.reason
        connection.end(broken.code, broken.why)

    def packet(self, connection: Connection, text: str) -> Coroutine[Any, Any, None] | None:
        """Take an engine.io packet off a WebSocket of ours."""
        if not wire.lawful(text):
            self.cut(connection, Close.MALFORMED)
        elif text[0] == "4":
            return self._take(connection, text[1:])
        elif text[0] == "1":
            connection.end(1000, "")
        elif text[0] == "5":
            connection.push(wire.NOOP)
        return None

    def spawn(self, name: str, work: Work) -> None:
        self._supervisor.spawn(name, work)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    # What engine.io tells

    @override
    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    @override
    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        connection = self.eio.sockets.get(eio_sid)
        if connection is not None and (work := self._take(connection, data)):
            await work

    # Inside

    def _take(self, connection: Connection, data: Any) -> Coroutine[Any, Any, None] | None:
        """Do what a Socket.IO packet asks; to let a client in may have to wait."""
        if connection.closed:
            return None
        if connection.overdue:  # it talks but does not listen
            self.cut(connection, Close.SLOW)
            return None
        try:
            inbound = wire.read(data)
            if inbound.kind is Kind.CONNECT:
                return self._connect(connection, inbound)
            self._obey(connection, inbound)
        except Malformed:
            self.cut(connection, Close.MALFORMED)
        return None

    def _obey(self, connection: Connection, inbound: Inbound) -> None:
        if inbound.namespace != NAMESPACE:
            raise Malformed
        if inbound.kind is Kind.DISCONNECT:
            self._end_session(connection)
            self._strangers[connection] = self.now()
        elif inbound.kind is Kind.EVENT:
            sid = self.manager.sid_from_eio_sid(connection.sid, NAMESPACE)
            if sid is None or not self._door.receive(sid, inbound):
                raise Malformed

    def _connect(
        self, connection: Connection, inbound: Inbound
    ) -> Coroutine[Any, Any, None] | None:
        if inbound.namespace != NAMESPACE:
            connection.push(wire.refused(inbound.namespace, "Invalid namespace"))
            return None
        connection.asked += 1
        if connection.asked > CONNECTS:
            self.cut(connection, Close.RATE)
            return None
        auth = wire.json_of(inbound.data)
        sid = self.manager.expect(connection.sid, NAMESPACE)
        if sid is None:
            raise Malformed  # a second CONNECT
        since = self._strangers.pop(connection, None)  # it has asked: the wait from here on is ours
        try:
            waiting = self._door.enter(sid, connection, auth)
        except Refused as refusal:
            self._refuse(connection, sid, refusal, since)
            return None
        if waiting is None:
            self._take_in(connection, sid)
            return None
        return self._wait_for(waiting, connection, sid, since)

    async def _wait_for(
        self,
        waiting: Coroutine[Any, Any, None],
        connection: Connection,
        sid: str,
        since: float | None,
    ) -> None:
        try:
            await waiting
        except Refused as refusal:
            self._refuse(connection, sid, refusal, since)
        else:
            self._take_in(connection, sid)

    def _refuse(
        self, connection: Connection, sid: str, refusal: Refused, since: float | None
    ) -> None:
        self._counters.refusals[refusal.code] += 1
        if since is not None and not connection.closed:
            self._strangers[connection] = since
        self.manager.basic_disconnect(sid, NAMESPACE)
        connection.push(wire.refused(NAMESPACE, refusal.message, refusal.told()))

    def _take_in(self, connection: Connection, sid: str) -> None:
        if connection.closed:  # it went while we looked it up, and nobody else knows of the session
            self._door.left(sid)
            self.manager.basic_disconnect(sid, NAMESPACE)
        else:
            self.manager.take_in(sid, NAMESPACE)

    def _end_session(self, connection: Connection) -> None:
        sid = self.manager.sid_from_eio_sid(connection.sid, NAMESPACE)
        if sid is not None:
            self._door.left(sid)
            self.manager.basic_disconnect(sid, NAMESPACE)

    async def close(self, seconds: float) -> None:
        """End every connection: politely within `seconds`, then by force."""
        self.cut_all(Close.DRAIN)
        deadline = self.now() + seconds
        while self._open() and self.now() < deadline:  # noqa: ASYNC110 - engine.io tells nobody
            await asyncio.sleep(0.02)
        for connection in self._open():
            connection.abort()

    def _open(self) -> list[Connection]:
        return [each for each in self.eio.sockets.values() if each.upgraded]
