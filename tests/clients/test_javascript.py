"""clients/js in Node, against the whole server; tests/browser drives it in the dashboard."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.api.whole_server import WholeServer, whole_server
from tests.clients.backup import Backup
from tests.clients.npm import CLIENT, SOURCES, installed

SUITES = sorted(path.name for path in SOURCES.glob("*.test.mjs"))
LIMIT = 100.0


@pytest.fixture(scope="module")
def folder() -> Path:
    return installed()


@pytest.fixture(scope="module")
async def server(database_url: str, redis_url: str) -> AsyncIterator[WholeServer]:
    async with whole_server(database_url, redis_url) as running:
        yield running


@pytest.fixture(scope="module")
async def hand(server: WholeServer) -> AsyncIterator[str]:
    """Where a script asks for what no client can do: to bring its team's data back from before."""
    backups: dict[str, Backup] = {}

    async def keep(request: web.Request) -> web.Response:
        team = request.match_info["team"]
        backups[team] = await Backup.of(server.db, team)
        return web.Response()

    async def restore(request: web.Request) -> web.Response:
        await backups[request.match_info["team"]].restore()
        return web.Response()

    app = web.Application()
    app.router.add_post("/keep/{team}", keep)
    app.router.add_post("/restore/{team}", restore)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://127.0.0.1:{1}".format(*runner.addresses[0])
    await runner.cleanup()


async def run(folder: Path, *command: str, **surroundings: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | surroundings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(LIMIT):
            said = (await process.stdout.read()).decode()
            return await process.wait(), said
    finally:
        if process.returncode is None:
            process.kill()


@pytest.mark.parametrize("suite", SUITES)
async def test_the_client_in_node(folder: Path, server: WholeServer, hand: str, suite: str) -> None:
    code, said = await run(folder, "node", "--test", suite, HOMEROOM=server.url, HAND=hand)
    assert code == 0, said


async def test_its_types_are_those_of_its_source(folder: Path, tmp_path: Path) -> None:
    tsc = str(folder / "node_modules" / ".bin" / "tsc")
    code, said = await run(folder, tsc, "-p", str(CLIENT), "--outDir", str(tmp_path))
    assert code == 0, said
    assert texts(CLIENT / "types") == texts(tmp_path), "npx tsc -p clients/js"


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.glob("*.d.ts")}
