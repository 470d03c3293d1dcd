"""A server that cannot live is tried again for a while, and then given up in plain words."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from db.private_server import PrivateServer
from db.supervised import FIRST_TRIES, Supervised


def test_a_server_that_dies_at_once_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    starts: list[int | None] = []

    def launch(port: int | None) -> PrivateServer:
        starts.append(port)
        log = tmp_path / "server.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", "print('the disk is full'); raise SystemExit(3)"],
                stdout=output,
            )
        return PrivateServer(
            name="Postgres",
            url="postgresql://",
            port=1,
            process=process,
            log=log,
            stop_signal=signal.SIGINT,
            is_ready=lambda _: False,
        )

    server = Supervised("Postgres", launch)
    deadline = time.monotonic() + 20
    while not server.failure and time.monotonic() < deadline:
        server.tick()
        time.sleep(0.01)

    assert len(starts) == FIRST_TRIES
    assert server.failure
    assert "the disk is full" in server.failure
    assert "DATABASE_URL" in server.failure
