"""How the background jobs stand, asked of Postgres at each scrape: any node tells it for all."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from db.database import Database
from db.errors import Unavailable
from db.jobs import OUTCOMES, Figures, figures
from server.metrics import Reading

PATIENCE_SECONDS: Final = 1.0
SENTENCES: Final = {
    "succeeded": "Runs of jobs that ended well",
    "retried": "Runs that failed and were to be tried again",
    "failed": "Runs after which the job was kept as failed",
    "returned": "Runs that were given back by a worker that stopped",
}


class JobMetrics:
    """While Postgres is away they tell what was last known."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._figures = Figures({}, {}, 0, 0.0, {})

    async def look(self) -> None:
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._figures = await figures(self._db)

    def readings(self) -> Iterator[Reading]:
        yield Reading(
            "jobs_waiting", "Jobs in the queue", lambda: self._figures.waiting, label="job"
        )
        yield Reading("jobs_running", "Jobs that run", lambda: self._figures.running)
        yield Reading(
            "jobs_kept", "Jobs that failed for good", lambda: self._figures.failed, label="job"
        )
        yield Reading(
            "jobs_lag_seconds",
            "For how long the oldest job that is due has been",
            lambda: self._figures.lag,
        )
        for outcome in OUTCOMES:
            yield Reading(
                f"jobs_{outcome}",
                SENTENCES[outcome],
                partial(self._total, outcome),
                counts=True,
                label="job",
            )
        yield Reading(
            "jobs_seconds",
            "Time that runs of jobs took",
            partial(self._total, "seconds"),
            counts=True,
            label="job",
        )

    def _total(self, what: str) -> Mapping[str, float]:
        return {name: totals[what] for name, totals in self._figures.totals.items()}
