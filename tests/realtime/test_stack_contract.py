"""What our Socket.IO server leans on in python-socketio and python-engineio.

When an upgrade of the libraries breaks one of these, read `channels/live_server.py`,
`channels/engine.py` and `server/socket_driver.py` against the new sources.
"""

import inspect
from collections.abc import Callable
from typing import Any

import engineio  # type: ignore[import-untyped]  # the library has no types
import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types
from engineio.async_drivers import aiohttp as driver  # type: ignore[import-untyped]  # no types
from engineio.async_socket import AsyncSocket  # type: ignore[import-untyped]  # no types
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]  # no types

from channels.outbox import BATCH_PACKETS
from server.socket_driver import DRIVER


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (socketio.AsyncServer._handle_eio_connect, ["self", "eio_sid", "environ"]),
        (socketio.AsyncServer._handle_eio_message, ["self", "eio_sid", "data"]),
        (socketio.AsyncServer._handle_eio_disconnect, ["self", "eio_sid", "reason"]),
        (socketio.AsyncServer._engineio_server_class, ["self"]),
        (socketio.AsyncManager.pre_connect, ["self", "eio_sid", "namespace"]),
        (socketio.AsyncManager.connect, ["self", "sid", "namespace"]),
        (socketio.AsyncManager.disconnect, ["self", "sid", "namespace", "kwargs"]),
        (socketio.AsyncManager.sid_from_eio_sid, ["self", "eio_sid", "namespace"]),
        (engineio.AsyncServer.create_queue, ["self", "args", "kwargs"]),
        (engineio.AsyncServer.disconnect, ["self", "sid"]),
        (engineio.AsyncServer.handle_request, ["self", "args", "kwargs"]),
        (engineio.AsyncServer._make_response, ["self", "response_dict", "environ"]),
        (engineio.AsyncServer._bad_request, ["self", "message"]),
        (engineio.AsyncServer._log_error_once, ["self", "message", "message_key"]),
        (AsyncSocket.close, ["self", "wait", "abort", "reason"]),
        (AsyncSocket.poll, ["self"]),
        (AsyncSocket._websocket_handler, ["self", "ws"]),
        (driver.translate_request, ["request"]),
        (driver.WebSocket.__init__, ["self", "handler", "server"]),
        (driver.WebSocket.__call__, ["self", "environ"]),
        (driver.WebSocket.send, ["self", "message"]),
        (driver.WebSocket.wait, ["self"]),
        (driver.WebSocket.close, ["self"]),
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
    assert set(server._async) == set(driver._async) == set(DRIVER)
    for name in ("closed", "closing", "upgraded", "upgrading", "connected", "last_ping", "sid"):
        assert hasattr(socket, name)
    assert server.sockets == {}
    assert server.service_task_handle is None


def test_a_packet_is_encoded_once_however_often_it_is_sent() -> None:
    packet = Packet(MESSAGE, data='2["event",[]]')
    assert packet.encode() == '42["event",[]]'
    assert packet.encode() is packet.encode(b64=True)


def test_the_python_client_takes_no_more_packets_at_once_than_we_send() -> None:
    from engineio.payload import Payload  # type: ignore[import-untyped]  # noqa: PLC0415

    assert Payload.max_decode_packets == BATCH_PACKETS


def test_the_libraries_keep_their_own_json() -> None:
    """Ours is made by hand; `json=` would set it for every server and client in the process."""
    assert Packet.json.__name__ == "engineio.json"
    assert socketio.packet.Packet.json.__name__ == "engineio.json"
