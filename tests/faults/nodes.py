"""Real server processes that are killed, stopped, paused and started again on the same port."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import aiohttp

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 20.0


class Node:
    """One server; `environment` is its settings. What it logs goes to `log`."""

    def __init__(self, log: Path, environment: dict[str, str], *command: str) -> None:
        self.port = free_port()
        self.log = log
        self.environment = environment
        self.readiness = "/readyz"
        self._command = command
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        with self.log.open("ab") as notes:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=PROJECT,
                env={**os.environ, **self.environment, "PORT": str(self.port)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=notes,
                stderr=notes,
            )
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while not await self._answers(session):
                assert self.running, f"the server ended, see {self.log}"
                await asyncio.sleep(0.05)

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}{self.readiness}") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def kill(self) -> None:
        """As a crash does it."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """As a deployment does it."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def tracebacks(self) -> int:
        return self.log.read_text(errors="replace").count("Traceback")


def end_with_us() -> None:
    """Who ends a run by SIGTERM ends its servers, too: it is taken as Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
