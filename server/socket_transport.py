"""Takes a WebSocket's TCP connection over from aiohttp, so that it costs no task and no request.

All that leans on aiohttp's insides is here, pinned by tests/realtime/test_stack_contract.py; with
SOCKET_TRANSPORT=stock none of it is used.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from multidict import CIMultiDictProxy
from typing_extensions import override

from channels.sockets.direct import DirectConnection

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
KEY_BYTES: Final = 16
VERSION: Final = "13"
SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Server: Homeroom\r\n"
    b"Sec-WebSocket-Accept: "
)


class Taken(web.StreamResponse):
    """The answer to a request whose connection is no longer aiohttp's: it writes nothing."""

    @property
    @override
    def keep_alive(self) -> bool:
        return False

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        return None


class Takeover:
    """One upgrade request, as engine.io asks its driver for a WebSocket."""

    def __init__(self, handler: Any, _: Any) -> None:
        self._connection: DirectConnection = handler.__self__  # engine.io passes a method of it

    async def __call__(self, environ: Mapping[str, Any]) -> web.StreamResponse:
        request: web.Request = environ["aiohttp.request"]
        connection = self._connection
        key = _key(request.headers)
        if key is None or request.transport is None:
            if not connection.connected:
                connection.finish()  # it was opened for this request
            return web.Response(status=400, text="Not a WebSocket handshake")
        transport, rest = take(request)
        answer = SWITCHING + _accepted(key) + b"\r\n\r\n"
        if connection.connected:
            connection.probe(transport, answer)
        else:
            connection.begin(transport, answer)
        if not transport.is_reading():
            transport.resume_reading()  # aiohttp stops it where much came with the request
        if rest:
            transport.get_protocol().data_received(rest)
        return Taken()


def take(request: web.Request) -> tuple[Any, bytes]:
    """The request's transport, which aiohttp forgets, and what it has read beyond the request.

    In one step, so that no byte goes to the wrong protocol. The task that runs the handler goes on
    to its end and finds its connection closed.
    """
    protocol: Any = request.protocol
    transport, protocol.transport = protocol.transport, None
    rest, protocol._message_tail = protocol._message_tail, b""  # noqa: SLF001 - what came early
    protocol.connection_lost(None)
    return transport, rest


def _key(headers: CIMultiDictProxy[str]) -> bytes | None:
    """The key of a lawful handshake."""
    if (
        headers.get("Upgrade", "").lower() != "websocket"
        or "upgrade" not in ",".join(headers.getall("Connection", ())).lower()
        or headers.get("Sec-WebSocket-Version") != VERSION
    ):
        return None
    try:
        key = headers.get("Sec-WebSocket-Key", "").encode("ascii")
        return key if len(base64.b64decode(key, validate=True)) == KEY_BYTES else None
    except ValueError:
        return None


def _accepted(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
