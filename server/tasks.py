"""The commands that need no server: migrate, seed, audit, user, token, work, jobs."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.redis_bus import RedisBus
from db import jobs as queue
from db.database import Database
from db.events import first_bad
from db.migrate import migrate
from domains.auth.models import SignIn
from domains.auth.service import sign_in
from domains.auth.sessions import close_sessions
from domains.auth.tokens import Tokens
from server import backing, catalogue
from server.demo.seed import Seeded
from server.demo.seed import seed as seed_demo
from server.secrets_file import Secrets
from server.settings import Settings

log = structlog.get_logger("server")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    async with backing.urls(settings) as urls, backing.database(settings, urls.database) as db:
        yield db


async def bring_up_to_date(settings: Settings) -> list[str]:
    async with backing.urls(settings) as urls:
        return await migrate(urls.database)


async def seed(settings: Settings) -> Seeded:
    secrets = Secrets.of(settings)
    async with opened(settings) as db:
        return await seed_demo(catalogue.services(db, Tokens([secrets.jwt])), secrets.demo_password)


async def verify(settings: Settings, team_id: UUID | None) -> AsyncIterator[tuple[str, int | None]]:
    """Each team's name and its first bad event, None where the whole chain holds."""
    async with opened(settings) as db:
        teams = await db.fetch(
            """
            SELECT id, name
            FROM teams
            WHERE $1::uuid IS NULL OR id = $1
            ORDER BY created_at, id
            """,
            team_id,
        )
        for team in teams:
            yield f"{team['name']} ({team['id']})", await first_bad(db, team["id"])


async def token(settings: Settings, email: str) -> str:
    """Sign a demo user in, with the demo's own password."""
    secrets = Secrets.of(settings)
    async with opened(settings) as db:
        services = catalogue.services(db, Tokens([secrets.jwt]))
        body = SignIn(email=email, password=secrets.demo_password)
        return (await sign_in(services, body, remote="")).access_token


@dataclass(frozen=True, slots=True)
class Change:
    """What an operator may do to an account; `sql` gives its id, $1 is its address."""

    sql: str
    closes: bool
    told: str


CHANGES: Final = {
    "disable": Change(
        "UPDATE users SET disabled_at = now() WHERE lower(email) = lower($1) RETURNING id",
        closes=True,
        told="disabled; within seconds all sessions and sockets are closed",
    ),
    "enable": Change(
        "UPDATE users SET disabled_at = NULL WHERE lower(email) = lower($1) RETURNING id",
        closes=False,
        told="may sign in again",
    ),
    # Over the wire nobody is made one, whatever they are.
    "grant-admin": Change(
        "UPDATE users SET system_admin_at = coalesce(system_admin_at, now())"
        " WHERE lower(email) = lower($1) RETURNING id",
        closes=False,
        told="administers the system: may act in every team, by its id",
    ),
    "revoke-admin": Change(
        "UPDATE users SET system_admin_at = NULL WHERE lower(email) = lower($1) RETURNING id",
        closes=False,
        told="administers nothing; within seconds out of every team they are no member of",
    ),
    "sign-out": Change(
        "SELECT id FROM users WHERE lower(email) = lower($1)",
        closes=True,
        told="signed out everywhere; within seconds all sessions and sockets are closed",
    ),
}


async def change_user(settings: Settings, what: str, email: str) -> bool:
    """Do it; False when no account has this address. The nodes find it by their polls."""
    change = CHANGES[what]
    async with opened(settings) as db, db.transaction() as rows:
        user_id = await rows.fetchval(change.sql, email)
        if user_id is not None and change.closes:
            await close_sessions(rows, user_id)
    return user_id is not None


async def work(settings: Settings) -> None:
    """Do jobs until a signal comes; those that run then have a moment to end."""
    # The library is slow to load, and only who works needs it.
    from server.worker import Pace, Worker  # noqa: PLC0415

    secrets = Secrets.of(settings)
    async with (
        backing.urls(settings) as urls,
        backing.database(settings, urls.database) as db,
    ):
        counters = Counters()
        supervisor = Supervisor(counters)
        bus = RedisBus(urls.redis, counters=counters, supervisor=supervisor)
        bus.start()
        db.announce = bus.publish
        services = catalogue.services(db, Tokens([secrets.jwt]), cut_off=bus.cut_off)
        worker = Worker(urls.database, services, catalogue.jobs(), Pace.of(settings))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, worker.stop)
        log.info("worker started")
        try:
            await worker.run()
        finally:
            await supervisor.close()


async def queued(settings: Settings, *statuses: str) -> list[queue.Queued]:
    async with opened(settings) as db:
        return await queue.listed(db, *statuses)


async def scheduled(settings: Settings) -> list[queue.Schedule]:
    async with opened(settings) as db:
        return await queue.schedules(db, [job.name for job in catalogue.jobs()])


async def retry(settings: Settings, job_id: int) -> str | None:
    """Put a failed job back into the queue; its name."""
    async with opened(settings) as db:
        return await queue.retry(db, job_id)
