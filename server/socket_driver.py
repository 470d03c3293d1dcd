"""engine.io on aiohttp: ours by default, its own on demand, deaf to what no client sends."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError
from engineio.async_drivers import aiohttp as stock  # type: ignore[import-untyped]  # no types
from engineio.exceptions import (  # type: ignore[import-untyped]  # no types
    ContentTooLongError,
    EngineIOError,
)

from channels.base import limits
from channels.sockets import wire
from channels.sockets.connection import Connection
from channels.sockets.direct import DirectConnection
from channels.sockets.members import Close
from channels.sockets.outbox import Outbox
from server.keys import OPENS
from server.settings import SocketTransport
from server.socket_transport import PATH, Answers, Takeover, Upgrade

BODY_SECONDS: Final = 20.0
ASKED: Final = (
    ("Host", "HTTP_HOST"),
    ("Origin", "HTTP_ORIGIN"),
    ("Upgrade", "HTTP_UPGRADE"),
    ("Connection", "HTTP_CONNECTION"),
    ("Content-Length", "CONTENT_LENGTH"),
    ("X-Forwarded-Proto", "HTTP_X_FORWARDED_PROTO"),
    ("X-Forwarded-Host", "HTTP_X_FORWARDED_HOST"),
    ("Access-Control-Request-Headers", "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"),
)
ENDS: Final = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)
CLOSE_SECONDS: Final = 2.0  # for a client to answer our close frame


class WebSocket:
    """One client's WebSocket by aiohttp, as engine.io's socket wants it."""

    def __init__(self, handler: Callable[["WebSocket"], Awaitable[None]], _: Any) -> None:
        self._handler = handler
        self._socket: Any = handler.__self__  # type: ignore[attr-defined]  # engine.io passes a method
        self._outbox: Outbox = self._socket.queue
        # Compression would cost over 80 KB a connection, and every browser offers it.
        self._ws = web.WebSocketResponse(
            max_msg_size=limits.MAX_FRAME, compress=False, timeout=CLOSE_SECONDS
        )

    async def __call__(self, environ: Mapping[str, Any]) -> web.StreamResponse:
        request: web.Request = environ["aiohttp.request"]
        try:
            await self._ws.prepare(request)
        except web.HTTPException as refusal:  # no WebSocket handshake: end the session it opened
            self._socket.finish()
            return web.Response(status=refusal.status, text=refusal.text)
        except (ConnectionError, ValueError):  # it is gone already; its key is not ASCII
            await self._socket.close(wait=False, abort=True)
            return web.Response(status=400)
        if request.transport:
            self._outbox.abort = request.transport.abort
        try:
            await self._handler(self)
        finally:
            # An upgrade that broke off: engine.io would starve the polling client from here on.
            self._socket.upgrading = False
        return self._ws

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            await self._ws.send_str(message)
        else:
            await self._ws.send_bytes(message)

    async def wait(self) -> str:
        """The next packet; OSError, which ends the connection, for anything else."""
        message = await self._ws.receive()
        if message.type in ENDS:
            raise OSError("The client is gone")
        if message.type is not WSMsgType.TEXT or not wire.lawful(message.data):
            if self._socket.upgraded:  # else it is a trial, and the session goes on polling
                self._socket.cut(Close.MALFORMED)
            raise OSError(f"No packet of ours: {message.type.name}")
        text: str = message.data
        return text

    async def close(self) -> None:
        outbox = self._outbox
        await self._ws.close(code=outbox.close_code, message=outbox.close_reason.encode())


class Body:
    """A polling request's body, checked before engine.io decodes it."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def read(self, _: int) -> bytes:
        """Raise an EngineIOError, which ends the session with 400, for what no client sends."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._whole()
        except (TimeoutError, OSError, HttpProcessingError):  # it broke off
            raise EngineIOError from None
        try:
            packets = body.decode().split("\x1e")
        except UnicodeDecodeError:
            raise EngineIOError from None
        if len(packets) > wire.MAX_PAYLOAD_PACKETS or not all(map(wire.lawful, packets)):
            raise EngineIOError
        return body

    async def _whole(self) -> bytes:
        body = b""
        async for part in self._request.content.iter_any():
            body += part
            if len(body) > limits.MAX_FRAME:
                raise ContentTooLongError
        return body


def translate_request(request: web.Request | Upgrade) -> dict[str, Any]:
    """What engine.io asks of a request, and no more: all headers would cost a herd dearly."""
    headers = request.headers
    environ: dict[str, Any] = {
        "aiohttp.request": request,
        "wsgi.input": Body(request) if isinstance(request, web.Request) else None,
        "wsgi.url_scheme": headers.get("X-Forwarded-Proto", "http"),
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query_string,
        "PATH_INFO": request.path,
        "REMOTE_ADDR": request.remote or "",
    }
    for header, name in ASKED:
        if values := headers.getall(header, None):
            environ[name] = ",".join(values)
    return environ


STOCK: Final[Mapping[str, Any]] = {
    **stock._async,  # noqa: SLF001 - that is where engine.io keeps a driver
    "translate_request": translate_request,
    "websocket": WebSocket,
    "connection": Connection,
}
DIRECT: Final[Mapping[str, Any]] = {
    **STOCK,
    "websocket": Takeover,
    "connection": DirectConnection,
}


DRIVERS: Final[Mapping[SocketTransport, Mapping[str, Any]]] = {
    SocketTransport.DIRECT: DIRECT,
    SocketTransport.STOCK: STOCK,
}


def mount(app: web.Application, answers: Answers, transport: SocketTransport) -> None:
    """Serve Socket.IO, polling and WebSocket, at its usual path; `transport` is its driver's."""
    for method in ("GET", "POST", "OPTIONS"):
        app.router.add_route(method, PATH, answers)
    if transport is SocketTransport.DIRECT:
        app[OPENS] = answers
