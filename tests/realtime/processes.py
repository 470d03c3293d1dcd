"""Server processes for tests that one process cannot stand for."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 15.0
ADDRESS = re.compile(rb"running at (http://\S+)")


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def a_server(
    module: str, log: Path, *arguments: str, **environment: str
) -> AsyncIterator[str]:
    """Run `python -m module` until the block ends; its address. What it logs goes to `log`."""
    async with a_process(module, log, *arguments, **environment) as server:
        yield server.url


@asynccontextmanager
async def a_process(
    module: str, log: Path, *arguments: str, **environment: str
) -> AsyncIterator[Server]:
    """The same, and the process itself, to do it harm."""
    with log.open("wb") as notes:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", module, *arguments),
            cwd=PROJECT,
            env={**os.environ, "PORT": "0", **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=notes,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                address = await _address(process, log)
            yield Server(address, process)
        finally:
            await _stop(process)


async def _address(process: asyncio.subprocess.Process, log: Path) -> str:
    assert process.stdout
    while line := await process.stdout.readline():
        if found := ADDRESS.search(line):
            return found[1].decode()
    raise AssertionError(f"the server did not start, see {log}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
