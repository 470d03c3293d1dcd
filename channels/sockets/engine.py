"""engine.io with our connections, and without its ways to hang or to raise."""

from collections.abc import Coroutine
from typing import Any, Protocol

import engineio  # type: ignore[import-untyped]  # the library has no types
from typing_extensions import override

from channels.sockets import wire
from channels.sockets.connection import Connection
from channels.sockets.frames import Broken
from channels.sockets.members import Close
from channels.sockets.ping_wheel import INTERVAL, TIMEOUT


class Live(Protocol):
    """Whom the connections tell what happens to them: the Socket.IO server."""

    def came(self, connection: Connection) -> None: ...

    def lost(self, connection: Connection) -> None: ...

    def gone(self, connection: Connection) -> None:
        """Its transport too."""

    def silent(self, connection: Connection) -> None: ...

    def broken(self, connection: Connection, broken: Broken) -> None: ...

    def cut(self, connection: Connection, reason: Close) -> None: ...

    def packet(self, connection: Connection, text: str) -> Coroutine[Any, Any, None] | None:
        """Take an engine.io packet; what has to wait for something is left to be awaited."""

    def spawn(self, name: str, work: Any) -> None: ...

    def now(self) -> float: ...


class Engine(engineio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """What it leans on in engine.io is pinned by tests/realtime/test_stack_contract.py."""

    live: Live

    @override
    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> Any:
        """As the original, with a connection of the driver's kind."""
        sid = self.generate_id()
        connection = self._async["connection"].open(self, sid, transport)
        self.sockets[sid] = connection
        self.live.came(connection)
        upgrades = ["websocket"] if transport == "polling" else []
        connection.push(wire.opening(sid, upgrades, INTERVAL, TIMEOUT))
        if transport == "websocket":
            socket = self._async["websocket"](connection._websocket_handler, self)  # noqa: SLF001 - engine.io's own way
            answer = await socket(environ)
            if connection.closed:
                self.forget(connection)
            return answer
        connection.connected = True
        return self._ok(await connection.poll(), jsonp_index=jsonp_index)

    def forget(self, connection: Connection) -> None:
        self.sockets.pop(connection.sid, None)
        self.live.gone(connection)

    @override
    async def disconnect(self, sid: str | None = None) -> None:
        """As the original, which waits for a queue that a silent client never empties."""
        sids = list(self.sockets) if sid is None else [sid]
        for each in sids:
            connection = self.sockets.pop(each, None)
            if connection:
                connection.ended_by = Close.MALFORMED.reason  # a request engine.io could not take
                await connection.close(wait=False)

    @override
    def _log_error_once(self, message: str, message_key: str) -> None:
        """What a client did wrong, which is no error of ours."""
        self.logger.info(message)

    @override
    async def handle_request(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().handle_request(*args, **kwargs)
        except KeyError as error:
            if error.args != ("Session is disconnected",):
                raise
            # It ended while this request was on the way; the original has no answer to that.
            environ = self._async["translate_request"](*args)
            return await self._make_response(self._bad_request("Invalid session"), environ)
