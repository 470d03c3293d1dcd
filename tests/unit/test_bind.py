"""What a client's connection inherits from the listening socket."""

import socket

from server.serve import SEND_BUFFER, bind


def test_a_client_whose_line_is_dead_is_noticed_and_a_slow_one_fills_no_kernel() -> None:
    with bind("127.0.0.1", 0) as listener:
        listener.setblocking(True)
        listener.listen(1)
        with socket.create_connection(listener.getsockname()):
            client, _ = listener.accept()
            with client:
                assert client.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                # The kernel doubles what it is asked for.
                assert client.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER
