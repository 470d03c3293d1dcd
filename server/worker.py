"""Does the jobs: PgQueuer hands them out, this runs them and says what became of each."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import asyncpg
import structlog
from croniter import croniter  # type: ignore[import-untyped]  # it brings no types
from pgqueuer import AsyncpgDriver, Queries, QueueManager, RetryRequested
from pgqueuer import Job as Row
from pgqueuer.errors import FailingListenerError

from db import jobs as queue
from db.errors import Unavailable
from db.faults import AWAY
from domains.kit.job import GiveUp, Job, Payload
from domains.kit.services import Services
from server.settings import Settings

log = structlog.get_logger("jobs")

AT_ONCE: Final = 10  # jobs of one worker
BATCH: Final = 5
LOOK: Final = 5.0
GRACE: Final = 10.0
HURRY: Final = 1.0  # grace on one's own machine
CONNECT_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 0.5  # after Postgres was lost
SESSION: Final = {"timezone": "UTC", "application_name": "homeroom worker", "jit": "off"}


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds. `lease` is for how long a worker that shows no sign of life keeps a job.

    `look` is between two looks at the queue that no message called for; `grace` what jobs have to
    end in when the worker is told to stop; `backoff` the pause after a first failure, each further
    one doubles it. `unknown` is how long a job of a name that this release does not know may wait.
    """

    look: float = LOOK
    lease: float = 15.0
    grace: float = GRACE
    backoff: float = 5.0
    longest_backoff: float = 600.0
    unknown: float = 600.0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        lease = settings.job_lease_seconds
        return cls(
            look=min(LOOK, lease / 3), lease=lease, grace=GRACE if settings.production else HURRY
        )


class Worker:
    """One of any number. `run` goes on until `stop`, whatever becomes of Postgres meanwhile."""

    def __init__(
        self, url: str, services: Services, jobs: Iterable[Job], pace: Pace | None = None
    ) -> None:
        self._url = url
        self._services = services
        self._jobs = {job.name: job for job in jobs}
        self._pace = pace or Pace()
        self._stopping = asyncio.Event()
        self._manager: QueueManager | None = None
        self._running: set[asyncio.Task[object]] = set()

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._work()
            except (*AWAY, Unavailable, FailingListenerError) as error:
                log.warning("postgres is away, trying again", reason=str(error))
            except Exception:
                log.exception("the worker failed, it is started again")
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Begin nothing more; what runs has its grace, then it goes back to the queue."""
        self._stopping.set()
        if self._manager is not None:
            self._manager.shutdown.set()
        asyncio.get_running_loop().call_later(self._pace.grace, self._send_back)

    def _send_back(self) -> None:
        for task in self._running:
            task.cancel()

    async def _work(self) -> None:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            command_timeout=self._pace.lease,
            server_settings=SESSION,
        )
        try:
            self._manager = manager = QueueManager(Queries(AsyncpgDriver(connection)))
            for job in self._jobs.values():
                manager.entrypoint(job.name, accepts_context=False, on_failure="hold")(
                    self._attempt(job)
                )
            clock = asyncio.create_task(self._keep_time(), name="job clock")
            try:
                if self._stopping.is_set():
                    return
                await manager.run(
                    batch_size=BATCH,
                    max_concurrent_tasks=AT_ONCE,
                    dequeue_timeout=timedelta(seconds=self._pace.look),
                    heartbeat_timeout=timedelta(seconds=self._pace.lease),
                    log_aggregation_interval=timedelta(0),  # we keep totals of our own
                    shutdown_on_listener_failure=True,
                )
            finally:
                clock.cancel()
                await asyncio.wait({clock})
        finally:
            self._manager = None
            with suppress(*AWAY):
                await connection.close(timeout=CONNECT_SECONDS)

    # One attempt

    def _attempt(self, job: Job) -> Callable[[Row], Awaitable[None]]:
        async def attempt(row: Row) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine that runs has one
            began = time.monotonic()
            self._running.add(task)
            told = log.bind(job=job.name, id=row.id, attempt=row.attempts + 1)
            try:
                await self._run(job, row)
            except asyncio.CancelledError:
                # Whoever ends us, the job is not lost with us.
                task.uncancel()
                await self._tell(told, job, "returned", began)
                raise RetryRequested(timedelta(0), "its worker was told to stop") from None
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                if isinstance(error, GiveUp) or row.attempts + 1 >= job.attempts:
                    await self._tell(told, job, "failed", began, reason)
                    raise
                pause = min(self._pace.backoff * 2**row.attempts, self._pace.longest_backoff)
                await self._tell(told, job, "retried", began, reason)
                raise RetryRequested(timedelta(seconds=pause), reason) from error
            else:
                await self._tell(told, job, "succeeded", began)
            finally:
                self._running.discard(task)

        return attempt

    async def _run(self, job: Job, row: Row) -> None:
        lost = await queue.lost_runs(self._services.db, row.id)
        if lost >= job.attempts:
            raise GiveUp(f"{lost} workers died with this job in their hands")
        payload = Payload.read(row.id, row.payload)
        try:
            async with asyncio.timeout(job.seconds) as limit:
                await job.run(self._services, payload)
        except TimeoutError:
            if limit.expired():
                raise TimeoutError(f"It took longer than {job.seconds:g} seconds") from None
            raise

    async def _tell(
        self,
        told: structlog.typing.FilteringBoundLogger,
        job: Job,
        outcome: str,
        began: float,
        reason: str | None = None,
    ) -> None:
        seconds = time.monotonic() - began
        line = {"seconds": round(seconds, 3)} | ({"reason": reason} if reason else {})
        if outcome == "failed":
            told.error("job failed and is kept", **line)
        elif outcome == "retried":
            told.warning("job failed, it is tried again", **line)
        else:
            told.info(f"job {outcome}", **line)
        with suppress(Unavailable):  # a figure for the metrics is not worth the job
            await queue.count(self._services.db, job.name, outcome, seconds)

    # The clock

    async def _keep_time(self) -> None:
        """Queue what the clock asks for, once over all workers; find jobs that nobody knows."""
        db = self._services.db
        crons = {job.name: job.cron for job in self._jobs.values() if job.cron is not None}
        planned = False
        while True:
            try:
                if not planned:
                    now = await db.fetchval("SELECT now()")
                    for name, cron in crons.items():
                        await queue.plan(db, name, cron, after(cron, now))
                    planned = True
                pause = await self._look(list(crons))
            except Unavailable:
                pause = AGAIN_SECONDS
            await asyncio.sleep(pause)

    async def _look(self, names: list[str]) -> float:
        """See to what is due; in how many seconds to look again."""
        db, pause = self._services.db, self._pace.look
        for planned in await queue.schedules(db, names):
            wait = (planned.next_at - planned.now).total_seconds()
            if wait > 0:
                pause = min(pause, wait)
            # However many ticks were missed while no worker ran, they are one.
            elif await queue.tick(db, planned, after(planned.cron, planned.now)):
                log.info("job queued by the clock", job=planned.name, tick=str(planned.next_at))
        unknown = timedelta(seconds=self._pace.unknown)
        for job_id, name in await queue.refuse_unknown(db, list(self._jobs), unknown):
            log.error("there is no job of this name; it is kept as failed", job=name, id=job_id)
        return pause


def after(cron: str, moment: datetime) -> datetime:
    """The next time, in UTC, after this moment."""
    found: datetime = croniter(cron, moment.astimezone(UTC)).get_next(datetime)
    return found
