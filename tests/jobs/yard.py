"""Where jobs are done in these tests, by workers here and in other processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from db import jobs as queue
from db.database import Database
from domains.auth.tokens import Tokens
from domains.kit.job import Job
from server import catalogue
from server.worker import Pace, Worker

QUICK = Pace(look=0.1, lease=2.0, grace=0.2, backoff=0.01, unknown=600.0)
JOBS = "SELECT id, entrypoint, status::text, attempts FROM pgqueuer ORDER BY id"


@dataclass(frozen=True, slots=True)
class Yard:
    """Where jobs are done: a database, and its address for other processes."""

    url: str
    db: Database

    @asynccontextmanager
    async def worker(self, *jobs: Job, pace: Pace = QUICK) -> AsyncIterator[Worker]:
        services = catalogue.services(self.db, Tokens(["a test signs nothing with it here"]))
        worker = Worker(self.url, services, jobs, pace)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await running

    async def enqueue(self, name: str, payload: dict[str, Any] | None = None, **how: Any) -> int:
        """Outside of any team's write."""
        async with self.db.transaction() as rows:
            made = await queue.enqueue(rows, name, payload or {}, **how)
        assert made is not None
        return made

    async def jobs(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.db.fetch(JOBS)]

    async def log_of(self, job_id: int) -> list[str]:
        sql = "SELECT status::text FROM pgqueuer_log WHERE job_id = $1 ORDER BY id"
        return [row["status"] for row in await self.db.fetch(sql, job_id)]

    async def empty(self) -> None:
        await until(self._is_empty)

    async def _is_empty(self) -> bool:
        return not await self.jobs()


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(0.02)
