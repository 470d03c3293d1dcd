"""What a supervisor of processes and a load balancer ask: does it live, and can it serve."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import orjson
from aiohttp import web

from db import jobs
from db.database import Database
from db.errors import Unavailable as Away
from domains.kit.endpoint import Reply
from server import answers
from server.job_metrics import JobMetrics
from server.metrics import CONTENT_TYPE, Metrics
from server.refusals import NotWell

PATIENCE_SECONDS: Final = 1.0
CLOCK_SECONDS: Final = 30.0  # wrong by more, a machine's logs and certificates are no good either


class Rooms(Protocol):
    """The live rooms, as far as a load balancer cares."""

    def lag(self) -> "Lag": ...


class Lag(Protocol):
    @property
    def events(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class Health:
    """`dead` names the tasks that have ended and must not.

    `clock_offset` is by how many seconds this machine's clock is ahead of Postgres's.
    """

    def __init__(
        self,
        db: Database,
        *,
        redis_up: Callable[[], bool],
        rooms: Rooms,
        dead: Callable[[], list[str]],
        clock_offset: Callable[[], float],
    ) -> None:
        self._db = db
        self._redis_up = redis_up
        self._rooms = rooms
        self._dead = dead
        self._clock_offset = clock_offset

    async def live(self, _: web.Request) -> web.Response:
        if dead := self._dead():
            details = [
                {"field": name, "message": "This task has ended", "code": "dead"} for name in dead
            ]
            return answers.of_refusal(
                NotWell("A part of this process is dead: restart it", details)
            )
        return _told({"status": "live"})

    async def ready(self, _: web.Request) -> web.Response:
        """Redis only makes it fast: without it a node is degraded and stays in service."""
        redis, lag, offset = self._redis_up(), self._rooms.lag(), self._clock_offset()
        told = {
            "status": "ready" if redis else "degraded",
            "redis": "up" if redis else "away",
            "head_lag": {"events": lag.events, "seconds": round(lag.seconds, 3)},
            "clock_offset": round(offset, 3),
        }
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                late = await jobs.lag(self._db)
        except (Away, TimeoutError):
            details = [{"field": "postgres", "message": "Not answering", "code": "away"}]
            return answers.of_refusal(NotWell("Postgres cannot be reached", details))
        if abs(offset) > CLOCK_SECONDS:
            message = f"{offset:+.0f} seconds from Postgres's"
            details = [{"field": "clock", "message": message, "code": "wrong"}]
            return answers.of_refusal(NotWell("This machine's clock is wrong: set it", details))
        milliseconds = round((time.perf_counter() - began) * 1000, 1)
        told |= {"postgres": "up", "postgres_ms": milliseconds}
        return _told(told | {"jobs": {"lag_seconds": round(late, 3)}})


def add_routes(
    app: web.Application, health: Health, metrics: Metrics, job_metrics: JobMetrics
) -> None:
    async def exposition(_: web.Request) -> web.Response:
        await job_metrics.look()
        return web.Response(body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    app.router.add_get("/healthz", health.live)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", exposition)


def _told(state: dict[str, Any]) -> web.Response:
    return answers.of_reply(Reply(orjson.dumps(state)))
