"""Starts the servers under measurement and the load against them, each where it belongs."""

import select
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bench import cores
from bench.cores import Cores
from bench.jobs import Failed, Outcome, Some, Target
from bench.subjects import Subject, environment

PROJECT: Final = Path(__file__).resolve().parent.parent
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
JOB_SECONDS: Final = 300.0
POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class House:
    """What the servers have in common: databases, Redis, cores, a place for their logs."""

    databases: dict[str, str]
    redis: str
    postgres_pid: int
    cores: Cores
    logs: Path


@dataclass(frozen=True, slots=True)
class Running:
    subject: Subject
    target: Target
    log: Path
    database_url: str
    redis_url: str
    probe: Path  # where bench/probe.py tells what it saw


@contextmanager
def started(subject: Subject, house: House, *, probed: bool = False) -> Iterator[Running]:
    """The server, ready; it is ended by its process id. `probed` runs it inside bench/probe.py."""
    port = _free_port()
    database = house.databases[subject.name]
    log = house.logs / f"{subject.name}.log"
    probe = house.logs / f"{subject.name}.probe.json"
    python, *rest = subject.command
    command = [python, "-m", "bench.probe", str(probe), *rest] if probed else subject.command
    with cores.on(house.cores.measured), log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment(subject, port=port, database=database, redis=house.redis),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is ours to hear: we end it
        )
    try:
        _wait_ready(process, port, log)
        target = Target(port=port, pid=process.pid, postgres_pid=house.postgres_pid)
        yield Running(subject, target, log, database, house.redis, probe)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Load:
    """The load generator: one process for all jobs, for its start takes longer than some."""

    def __init__(self, cores_: Cores) -> None:
        with cores.on(cores_.rest):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.load"],
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def put(self, job: Some) -> Outcome:
        """Run one job; raise Failed when the server did not do what was asked."""
        asked, told = self._process.stdin, self._process.stdout
        if asked is None or told is None:
            raise Failed("the load generator has no pipes")
        asked.write(job.model_dump_json().encode() + b"\n")
        asked.flush()
        if not select.select([told], [], [], JOB_SECONDS)[0]:
            raise Failed(f"the load generator did not answer within {JOB_SECONDS:.0f} s")
        line = told.readline()
        if not line:
            raise Failed("the load generator died")
        outcome = Outcome.model_validate_json(line)
        if outcome.failed:
            raise Failed(outcome.failed)
        return outcome


def _wait_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS)
    tail = log.read_text(errors="replace")[-800:]
    raise Failed(f"{process.args!r} did not start:\n{tail}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
