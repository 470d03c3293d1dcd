"""What our Socket.IO server leans on in python-socketio, python-engineio and aiohttp.

When an upgrade of the libraries breaks one of these, read `channels/sockets`: `live_server.py`,
`clients.py`, `engine.py` and `connection.py`, `server/socket_driver.py` and `socket_transport.py`
against the new sources. Until then SOCKET_TRANSPORT=stock leans on less.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, cast

import engineio  # type: ignore[import-untyped]  # the library has no types
import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser
from aiohttp.web_protocol import RequestHandler
from engineio.async_drivers import aiohttp as driver  # type: ignore[import-untyped]  # no types
from engineio.async_socket import AsyncSocket  # type: ignore[import-untyped]  # no types
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]  # no types

from channels.sockets import wire
from channels.sockets.connection import Connection
from channels.sockets.outbox import BATCH_PACKETS
from server.socket_driver import DIRECT, STOCK
from tests.raw_socket import LAWFUL


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (socketio.AsyncServer._handle_eio_message, ["self", "eio_sid", "data"]),
        (socketio.AsyncServer._engineio_server_class, ["self"]),
        (socketio.AsyncManager.pre_connect, ["self", "eio_sid", "namespace"]),
        (socketio.AsyncManager.connect, ["self", "sid", "namespace"]),
        (socketio.AsyncManager.disconnect, ["self", "sid", "namespace", "kwargs"]),
        (socketio.AsyncManager.sid_from_eio_sid, ["self", "eio_sid", "namespace"]),
        (socketio.AsyncManager.is_pre_connected, ["self", "sid", "namespace"]),
        (socketio.AsyncManager.pre_disconnect, ["self", "sid", "namespace"]),
        (socketio.AsyncManager.basic_disconnect, ["self", "sid", "namespace", "kwargs"]),
        (socketio.AsyncManager.basic_enter_room, ["self", "sid", "namespace", "room", "eio_sid"]),
        (socketio.AsyncManager.basic_leave_room, ["self", "sid", "namespace", "room"]),
        (socketio.AsyncManager.get_participants, ["self", "namespace", "room"]),
        (socketio.AsyncManager.get_rooms, ["self", "sid", "namespace"]),
        (engineio.AsyncServer._handle_connect, ["self", "environ", "transport", "jsonp_index"]),
        (engineio.AsyncServer._ok, ["self", "packets", "headers", "jsonp_index"]),
        (engineio.AsyncServer.generate_id, ["self"]),
        (engineio.AsyncServer.create_queue, ["self", "args", "kwargs"]),
        (engineio.AsyncServer.disconnect, ["self", "sid"]),
        (engineio.AsyncServer.handle_request, ["self", "args", "kwargs"]),
        (engineio.AsyncServer._make_response, ["self", "response_dict", "environ"]),
        (engineio.AsyncServer._bad_request, ["self", "message"]),
        (engineio.AsyncServer._log_error_once, ["self", "message", "message_key"]),
        (AsyncSocket.close, ["self", "wait", "abort", "reason"]),
        (AsyncSocket.handle_post_request, ["self", "environ"]),
        (AsyncSocket.poll, ["self"]),
        (AsyncSocket.send, ["self", "pkt"]),
        (AsyncSocket.schedule_ping, ["self"]),
        (AsyncSocket._websocket_handler, ["self", "ws"]),
        (driver.translate_request, ["request"]),
        (driver.WebSocket.__init__, ["self", "handler", "server"]),
        (driver.WebSocket.__call__, ["self", "environ"]),
        (driver.WebSocket.send, ["self", "message"]),
        (driver.WebSocket.wait, ["self"]),
        (driver.WebSocket.close, ["self"]),
        (RequestHandler.connection_lost, ["self", "exc"]),
        (web.StreamResponse.prepare, ["self", "request"]),
        (web.StreamResponse.write_eof, ["self", "data"]),
    ],
    ids=lambda value: getattr(value, "__qualname__", None),
)
def test_what_we_override_or_call_has_the_shape_we_know(
    method: Callable[..., Any], parameters: list[str]
) -> None:
    assert list(inspect.signature(method).parameters) == parameters


def test_the_engine_takes_its_queue_and_its_driver_from_where_we_put_ours() -> None:
    class Marked(engineio.AsyncServer):  # type: ignore[misc]  # the library has no types
        def create_queue(self, *_: Any, **__: Any) -> str:
            return "ours"

    server = Marked(async_mode="aiohttp")
    socket = AsyncSocket(server, "sid")
    assert socket.queue == "ours"
    assert set(server._async) == set(driver._async)
    assert set(DIRECT) == set(STOCK) == {*driver._async, "connection"}
    for name in ("closed", "closing", "upgraded", "upgrading", "connected", "last_ping", "sid"):
        assert hasattr(socket, name)
    assert server.sockets == {}
    assert server.service_task_handle is None


def test_our_connection_has_all_that_engine_io_keeps_in_its_socket() -> None:
    server = engineio.AsyncServer(async_mode="aiohttp")
    ours = Connection(cast("Any", server), "sid", None)
    for name in vars(AsyncSocket(server, "sid")):
        assert hasattr(ours, name), name
    assert vars(ours) == {}, "everything has its slot"


def test_aiohttp_keeps_a_connection_where_we_take_it_over() -> None:
    """See `take` in server/socket_transport.py."""
    for name in ("_message_tail", "_task_handler", "_force_close", "_manager", "_upgraded"):
        assert name in RequestHandler.__slots__ + BaseProtocol.__slots__
    assert "transport" in BaseProtocol.__slots__
    lost = inspect.getsource(RequestHandler.connection_lost)
    assert "self.force_close()" in lost
    assert "handler_cancellation and self._task_handler" in lost
    closing = inspect.getsource(RequestHandler.force_close)
    assert "if self.transport is not None:" in closing, "it closes what it has, so we take it first"


async def test_aiohttp_reads_a_handshake_for_whoever_asks() -> None:
    """See `Upgrade` in server/socket_transport.py."""
    loop = asyncio.get_running_loop()
    parser = HttpRequestParser(BaseProtocol(loop), loop, 1024)
    messages, upgraded, rest = parser.feed_data(LAWFUL.encode() + b"rest")
    [(message, _)] = messages
    assert (message.method, message.url.raw_path, upgraded, rest) == (
        "GET",
        "/socket.io/",
        True,
        b"rest",
    )
    assert message.headers["upgrade"] == "websocket"
    opened = inspect.getsource(RequestHandler.connection_made)
    assert "self._manager.connection_made" in opened, "it may come as late as the first bytes"


def test_python_socketio_keeps_its_clients_where_we_look_them_up() -> None:
    manager = socketio.AsyncManager()
    for name in ("rooms", "callbacks", "pending_connect", "pending_disconnect"):
        assert getattr(manager, name) == {}


def test_a_packet_is_encoded_once_however_often_it_is_sent() -> None:
    packet = wire.Packet(MESSAGE, data='2["event",[]]')
    assert packet.encode() == '42["event",[]]'
    assert packet.encode() is packet.encode(b64=True)
    assert packet.frame is packet.frame


def test_the_python_client_takes_no_more_packets_at_once_than_we_send() -> None:
    from engineio.payload import Payload  # type: ignore[import-untyped]  # noqa: PLC0415

    assert Payload.max_decode_packets == BATCH_PACKETS


def test_the_libraries_keep_their_own_json() -> None:
    """Ours is made by hand; `json=` would set it for every server and client in the process."""
    assert Packet.json.__name__ == "engineio.json"
    assert socketio.packet.Packet.json.__name__ == "engineio.json"
