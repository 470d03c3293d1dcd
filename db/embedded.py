"""Private servers for whoever has none: attach to a data folder and get a Postgres and a Redis.

For a single server of one's own, say to break it in a test, see `start_postgres` in
db/private_postgres.py and `start_valkey` in db/private_valkey.py.
"""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from db.keeper import socket_path
from db.servant import OWN_SERVERS, CannotStart

PROJECT = Path(__file__).resolve().parent.parent
ANSWER_SECONDS = 120.0  # a long crash recovery is still a start
ELECTION_SECONDS = 2.0
POLL_SECONDS = 0.02
RETRY_SECONDS = 5.0
CLOSE_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Servers:
    """What the keeper says of its servers."""

    database_url: str
    redis_url: str
    postgres_pid: int
    redis_pid: int
    keeper_pid: int


class Link:
    """The connection whose being open keeps the servers up."""

    def __init__(self, path: Path) -> None:
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def read(self, seconds: float | None = None) -> Servers:
        """Wait for the keeper's next word; OSError when it is gone."""
        self._socket.settimeout(seconds)
        while b"\n" not in self._buffer:
            part = self._socket.recv(4096)
            if not part:
                raise ConnectionResetError
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer = json.loads(line)
        if "error" in answer:
            raise CannotStart(answer["error"])
        return Servers(**answer)

    def end(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a reader in another thread
        self._socket.close()


def attach(data_dir: Path) -> "Embedded":
    """Start, or join, the servers of this folder; blocks until they answer. Needs no event loop."""
    return Embedded(data_dir)


class Embedded:
    """A hold on the servers of one folder: they run until the last hold on it is closed.

    A server that dies is started again by the keeper, and a keeper that dies by a thread of ours:
    at the same address, with the same data; only the process ids change.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data = data_dir.resolve()
        self._closing = threading.Event()
        self._link: Link | None = None
        try:
            self._servers = self._attach()
        except BaseException:
            self._end_link()
            raise
        self._thread = threading.Thread(target=self._follow, name="keeper-link", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def database_url(self) -> str:
        return self._servers.database_url

    @property
    def redis_url(self) -> str:
        return self._servers.redis_url

    @property
    def postgres_pid(self) -> int:
        return self._servers.postgres_pid

    @property
    def redis_pid(self) -> int:
        return self._servers.redis_pid

    @property
    def keeper_pid(self) -> int:
        return self._servers.keeper_pid

    def close(self) -> None:
        self._closing.set()
        self._end_link()
        self._thread.join(CLOSE_SECONDS)

    def _follow(self) -> None:
        """Hear of restarted servers; when the keeper itself is gone, get another."""
        while not self._closing.is_set():
            try:
                self._hear()
            except CannotStart as error:
                log.error("%s", error)  # noqa: TRY400 - its message is the whole story

    def _hear(self) -> None:
        try:
            if self._link:
                self._servers = self._link.read()
                return
        except OSError:
            if self._closing.is_set():
                return
            log.warning("The keeper of %s is gone; starting another", self._data)
            self._end_link()
        try:
            self._servers = self._attach()
        except CannotStart:
            self._end_link()
            self._closing.wait(RETRY_SECONDS)
            raise

    def _attach(self) -> Servers:
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline and not self._closing.is_set():
            try:
                self._connect()
                if self._link:
                    return self._link.read(ANSWER_SECONDS)
            except PermissionError as error:
                raise CannotStart(
                    f"{self._data} belongs to another user. Run as that user, or set DATA_DIR to "
                    f"a folder of your own. {OWN_SERVERS}"
                ) from error
            except TimeoutError:
                break
            except OSError:  # that keeper was leaving: elect the next one
                self._end_link()
        raise CannotStart(f"The private servers do not answer; see {self._data / 'keeper.log'}.")

    def _connect(self) -> None:
        path = socket_path(self._data)
        with suppress(FileNotFoundError, ConnectionRefusedError):
            self._hold(Link(path))
            return
        _spawn_keeper(self._data)
        deadline = time.monotonic() + ELECTION_SECONDS
        while time.monotonic() < deadline:
            with suppress(FileNotFoundError, ConnectionRefusedError):
                self._hold(Link(path))
                return
            time.sleep(POLL_SECONDS)

    def _hold(self, link: Link) -> None:
        self._link = link
        if self._closing.is_set():  # closed meanwhile by another thread, which saw no link
            link.end()

    def _end_link(self) -> None:
        if self._link:
            self._link.end()
            self._link = None


def _spawn_keeper(data: Path) -> None:
    """Several may be spawned at once; all but the elected one leave by themselves."""
    data.mkdir(parents=True, exist_ok=True)
    notes = data / "keeper.log"
    with notes.open("ab") as output:
        done = subprocess.run(
            [sys.executable, "-m", "db.keeper", data],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            start_new_session=True,
            check=False,
        )
    if done.returncode:
        raise CannotStart(f"The keeper of the private servers cannot start; see {notes}.")
