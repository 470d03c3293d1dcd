"""The keeper: one process per data folder that runs the private servers while anybody needs them.

A client holds a connection to its socket; the kernel closes it however the client dies, so nothing
can go stale. `python -m db.keeper FOLDER` is started by db/embedded.py only.
"""

import fcntl
import hashlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO

from db.private_postgres import launch_postgres
from db.private_valkey import launch_valkey
from db.servant import CannotStart
from db.supervised import Supervised

FIRST_CLIENT_SECONDS = 15.0
LINGER_SECONDS = 1.0  # `migrate` and then `run` find the same servers
TICK_SECONDS = 0.1
STARTING_TICK_SECONDS = 0.02
ELECTION_SECONDS = 60.0
SOCKET_PATH_BYTES = 100  # the kernel's limit is 108 on Linux, 104 on macOS

log = logging.getLogger("keeper")


def socket_path(data: Path) -> Path:
    """In the data folder, or where its path is too long for a socket, in a short folder of ours."""
    path = data / "keeper.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    # Always /tmp: two clients with different TMPDIR must meet at the same socket.
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    folder = Path("/tmp") / f"homeroom-{os.geteuid()}-{digest}"  # noqa: S108 - owner is checked
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.geteuid() or folder.is_symlink():
        raise CannotStart(f"{folder} belongs to somebody else. Set DATA_DIR to a shorter path.")
    return folder / "keeper.sock"


class Keeper:
    """Starts both servers, tells every client where they are, stops them when the last one left."""

    def __init__(self, data: Path, listener: socket.socket, elected: Callable[[], bool]) -> None:
        self._listener = listener
        self._elected = elected
        self._postgres = Supervised("Postgres", partial(launch_postgres, data / "postgres"))
        self._valkey = Supervised("Valkey", partial(launch_valkey, data / "valkey"))
        self._servers = (self._valkey, self._postgres)
        self._clients: set[socket.socket] = set()
        self._told: bytes | None = None
        self._idle_until = time.monotonic() + FIRST_CLIENT_SECONDS
        self._asked_to_leave = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)

    def leave(self, _number: int, _frame: FrameType | None) -> None:
        self._asked_to_leave = True

    def serve(self) -> None:
        while self._elected() and not self._asked_to_leave:
            for server in self._servers:
                server.tick()
            self._tell_news()
            if not self._clients and time.monotonic() > self._idle_until:
                break
            settled = all(server.settled for server in self._servers)
            for key, _ in self._selector.select(TICK_SECONDS if settled else STARTING_TICK_SECONDS):
                if key.fileobj is self._listener:
                    self._welcome()
                elif isinstance(key.fileobj, socket.socket):
                    self._part(key.fileobj)

    def stop(self) -> None:
        for server in self._servers:
            server.ask_to_stop()
        for server in self._servers:
            server.stop()

    def _welcome(self) -> None:
        client, _ = self._listener.accept()
        client.setblocking(False)
        self._clients.add(client)
        self._selector.register(client, selectors.EVENT_READ)
        news = self._news()
        if news:
            self._tell(client, news)

    def _part(self, client: socket.socket) -> None:
        """Clients never speak: whatever can be read is the end of the connection."""
        self._selector.unregister(client)
        self._clients.discard(client)
        client.close()
        self._idle_until = time.monotonic() + (0 if self._failed else LINGER_SECONDS)

    def _tell_news(self) -> None:
        news = self._news()
        if news is None or news == self._told:
            return
        self._told = news
        for client in list(self._clients):
            self._tell(client, news)

    def _tell(self, client: socket.socket, news: bytes) -> None:
        # A client whose buffer is full or whose end is gone is dropped: it will attach anew.
        try:
            client.sendall(news)
        except OSError:
            self._part(client)

    @property
    def _failed(self) -> list[str]:
        return [server.failure for server in self._servers if server.failure]

    def _news(self) -> bytes | None:
        if self._failed:
            return (json.dumps({"error": " ".join(self._failed)}) + "\n").encode()
        postgres, valkey = self._postgres.ready, self._valkey.ready
        if postgres is None or valkey is None:
            return None
        answer = {
            "database_url": postgres.url,
            "redis_url": valkey.url,
            "postgres_pid": postgres.pid,
            "redis_pid": valkey.pid,
            "keeper_pid": os.getpid(),
        }
        return (json.dumps(answer) + "\n").encode()


def main(data: Path) -> None:
    path = socket_path(data)
    with (data / "keeper.lock").open("w") as lock:
        if not _election(lock, path):
            return
        with _listening(path) as listener:
            keeper = Keeper(data, listener, partial(_holds, lock, data / "keeper.lock"))
            signal.signal(signal.SIGTERM, keeper.leave)
            signal.signal(signal.SIGINT, keeper.leave)
            log.info("keeper %d has the servers of %s", os.getpid(), data)
            keeper.serve()
        # The socket is gone, so nobody attaches to a leaving keeper; the lock is still ours, so
        # the next keeper waits until both servers have let go of their data.
        keeper.stop()
        log.info("keeper %d has stopped the servers", os.getpid())


def _holds(lock: IO[str], path: Path) -> bool:
    """Not when the folder was deleted under us: another keeper may have made it anew meanwhile."""
    try:
        return os.path.samestat(os.fstat(lock.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _election(lock: IO[str], path: Path) -> bool:
    deadline = time.monotonic() + ELECTION_SECONDS
    while time.monotonic() < deadline:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if path.exists():  # another keeper serves, or is about to
            return False
        time.sleep(0.05)  # another keeper is leaving: take over
    return False


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(128)
        listener.setblocking(False)
        ours = path.stat()
        try:
            yield listener
        finally:
            with suppress(FileNotFoundError):
                if os.path.samestat(ours, path.stat()):
                    path.unlink()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    # A child of nobody: the client that starts us need not live to collect our exit status.
    if os.fork() == 0:
        main(Path(sys.argv[1]))
