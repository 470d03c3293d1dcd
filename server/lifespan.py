"""Builds the app from the bottom up and takes it down again in the opposite order."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from aiohttp import web

from channels.access.credentials import Credentials
from channels.access.revocation import Revocation
from channels.base.counters import Counters
from channels.bus.redis_bus import RedisBus
from channels.gateway.admission import Admission
from channels.gateway.gateway import Gateway
from channels.presence.presence import Presence
from channels.presence.store import PresenceStore
from channels.room import membership
from channels.room.log import PostgresLog
from channels.room.rooms import Rooms
from channels.views.views import Views
from db.clock import ASK, PostgresClock
from db.events import Event
from domains.auth.authenticator import Authenticator
from domains.auth.tokens import Tokens
from domains.kit.cache import ReadCache
from domains.kit.policy import may_see
from server import backing, catalogue, docs_page, envelope, health, http
from server.cache_metrics import cache_readings
from server.commands import commands
from server.demo.seed import seed
from server.health import Health
from server.job_metrics import JobMetrics
from server.keys import (
    AUTHENTICATOR,
    BUS,
    CLOCK,
    COUNTERS,
    CREDENTIALS,
    DATABASE,
    ENDPOINTS,
    GATEWAY,
    METRICS,
    PRESENCE,
    READ_CACHE,
    REVOCATION,
    ROOMS,
    SECRETS,
    SERVICES,
    SETTINGS,
    SUPERVISOR,
    TOKENS,
    URLS,
)
from server.live_lists import live_lists
from server.live_metrics import readings
from server.origins import allows
from server.presence import record_audience
from server.socket_driver import DRIVERS, mount
from server.vital import VitalTasks
from server.web import routes as dashboard

CANCEL_SECONDS: Final = 1.0
# How many objects more than were freed call for a look at the young, and so on for the older: with
# the usual 700 a herd that signs in is looked at over and over while it grows.
THRESHOLDS: Final = (20_000, 20, 50)
SIGN_INS_AT_ONCE: Final = 250  # on sockets; they share one statement at a time
MEGABYTE: Final = 1024 * 1024


async def servers(app: web.Application) -> AsyncIterator[None]:
    async with backing.urls(app[SETTINGS]) as app[URLS]:
        yield


async def database(app: web.Application) -> AsyncIterator[None]:
    async with backing.database(app[SETTINGS], app[URLS].database) as app[DATABASE]:
        yield


async def supervisor(app: web.Application) -> AsyncIterator[None]:
    app[COUNTERS] = Counters()
    app[SUPERVISOR] = VitalTasks(app[COUNTERS])
    yield
    # asyncio.wait_for of Python 3.11 can swallow a cancellation that comes at the same moment as
    # what it waits for; the time limit cancels such a task a second time.
    with suppress(TimeoutError):
        async with asyncio.timeout(CANCEL_SECONDS):
            await app[SUPERVISOR].close()


async def clock(app: web.Application) -> AsyncIterator[None]:
    """The time all nodes share; tokens are made and judged by it."""
    app[CLOCK] = PostgresClock(lambda: app[DATABASE].fetchval(ASK))
    await app[CLOCK].look()
    app[SUPERVISOR].start("clock", app[CLOCK].keep_looking)
    yield


async def bus(app: web.Application) -> AsyncIterator[None]:
    app[BUS] = RedisBus(app[URLS].redis, counters=app[COUNTERS], supervisor=app[SUPERVISOR])
    app[BUS].start()
    yield
    await app[BUS].close()


async def rooms(app: web.Application) -> AsyncIterator[None]:
    app[ROOMS] = Rooms(
        PostgresLog(app[DATABASE]),
        app[BUS],
        counters=app[COUNTERS],
        supervisor=app[SUPERVISOR],
        sees=may_see,
        guards=catalogue.guard(),
        clock=app[CLOCK].utc,
        on_screen=app[METRICS].on_screen.observe,
    )
    app[ROOMS].start()
    yield
    await app[ROOMS].close()
    await asyncio.sleep(0)  # what closing them set off begins, or it could not be cancelled


async def credentials(app: web.Application) -> AsyncIterator[None]:
    """Who may come in, and who may stay in."""
    app[TOKENS] = Tokens([app[SECRETS].jwt], clock=app[CLOCK].utc)
    authenticator = app[AUTHENTICATOR] = Authenticator(app[DATABASE], app[TOKENS])
    app[CREDENTIALS] = Credentials(
        rooms=app[ROOMS],
        authenticate=authenticator.authenticate,
        clock=app[CLOCK].now,
        supervisor=app[SUPERVISOR],
    )
    app[REVOCATION] = Revocation(
        rooms=app[ROOMS],
        moved=authenticator.moved,
        again=authenticator.again,
        counters=app[COUNTERS],
        supervisor=app[SUPERVISOR],
    )
    app[BUS].on_cut_off(partial(_cut_off_here, app))
    app[ROOMS].watch(partial(_forget_members, app))
    app[ROOMS].watch_past(authenticator.forget_team)
    app[DATABASE].announce = partial(_announce, app)
    app[CREDENTIALS].start()
    app[REVOCATION].start()
    yield


def _announce(app: web.Application, event: Event) -> None:
    app[ROOMS].announce(event)
    _forget_members(app, event)


def _forget_members(app: web.Application, event: Event) -> None:
    """What is said about somebody holds for their next request; the rooms see to their sockets."""
    if event.kind in membership.KINDS:
        app[AUTHENTICATOR].forget(event.entity_id)


def _cut_off(app: web.Application, user_id: UUID) -> None:
    _cut_off_here(app, user_id)
    app[BUS].cut_off(user_id)


def _cut_off_here(app: web.Application, user_id: UUID) -> None:
    app[AUTHENTICATOR].forget(user_id)
    app[REVOCATION].heard(user_id)


async def domains(app: web.Application) -> AsyncIterator[None]:
    app[SERVICES] = catalogue.services(app[DATABASE], app[TOKENS], cut_off=partial(_cut_off, app))
    found = catalogue.endpoints(app[SERVICES])
    app[READ_CACHE] = ReadCache(
        app[ROOMS],
        envelope.success,
        clock=app[CLOCK].now,
        budget=app[SETTINGS].read_cache_mb * MEGABYTE,
        # What a release shows may change without any record having changed.
        salt=hashlib.blake2b(catalogue.document(found), digest_size=16).digest(),
    )
    app[ENDPOINTS] = [app[READ_CACHE].before(endpoint) for endpoint in found]
    yield


async def routes(app: web.Application) -> AsyncIterator[None]:
    found = app[ENDPOINTS]
    http.add_routes(app, found, app[AUTHENTICATOR].authenticate, app[SETTINGS].proxies)
    docs_page.add_routes(
        app, openapi=catalogue.document(found), asyncapi=catalogue.socket_document(found)
    )
    dashboard.add_routes(app)
    yield


async def presence(app: web.Application) -> AsyncIterator[None]:
    here = app[PRESENCE] = Presence(
        PresenceStore(app[URLS].redis, counters=app[COUNTERS], supervisor=app[SUPERVISOR]),
        app[ROOMS],
        record_audience=record_audience(app[DATABASE]),
        sees=may_see,
        counters=app[COUNTERS],
        supervisor=app[SUPERVISOR],
    )
    here.start()
    yield
    await here.close()


async def gateway(app: web.Application) -> AsyncIterator[None]:
    """Last of what serves: a socket that comes in finds every command there."""
    found = app[ENDPOINTS]
    views = Views(live_lists(found), app[ROOMS], counters=app[COUNTERS], supervisor=app[SUPERVISOR])
    gate = app[GATEWAY] = Gateway(  # of actors; where it is mounted, of anybody
        rooms=app[ROOMS],
        authenticate=app[AUTHENTICATOR].authenticate,
        known=app[AUTHENTICATOR].known,
        commands=commands(found, app[METRICS]),
        driver=DRIVERS[app[SETTINGS].socket_transport],
        counters=app[COUNTERS],
        supervisor=app[SUPERVISOR],
        cors_allowed_origins=allows(app[SETTINGS].cors_origins),
        admission=Admission(app[COUNTERS], at_once=SIGN_INS_AT_ONCE),
        drain_seconds=app[SETTINGS].drain,
        features=[app[CREDENTIALS], app[REVOCATION], app[PRESENCE], views],
        clock=app[CLOCK].utc,
    )
    gate.start()
    mount(app, gate.handle_request, app[SETTINGS].socket_transport)
    app.on_shutdown.append(lambda _: gate.close())
    yield


async def demo(app: web.Application) -> AsyncIterator[None]:
    if app[SETTINGS].seeds_demo:
        await seed(app[SERVICES], app[SECRETS].demo_password)
    yield


async def worker(app: web.Application) -> AsyncIterator[None]:
    """A server that is alone on its private Postgres has no worker beside it, so it is one."""
    if not app[SETTINGS].private_servers:
        yield
        return
    # The library is slow to load, and only who works needs it.
    from server.worker import Pace, Worker  # noqa: PLC0415

    found = Worker(app[URLS].database, app[SERVICES], catalogue.jobs(), Pace.of(app[SETTINGS]))
    working = asyncio.create_task(found.run(), name="worker")
    yield
    found.stop()
    await working


async def watch(app: web.Application) -> AsyncIterator[None]:
    state = Health(
        app[DATABASE],
        redis_up=lambda: app[BUS].up,
        rooms=app[ROOMS],
        dead=app[SUPERVISOR].dead,
        clock_offset=lambda: app[CLOCK].offset,
    )
    app[METRICS].watch(readings(app[COUNTERS], app[BUS], app[ROOMS], app[CLOCK]))
    app[METRICS].watch(cache_readings(app[READ_CACHE]))
    job_metrics = JobMetrics(app[DATABASE])
    app[METRICS].watch(job_metrics.readings())
    health.add_routes(app, state, app[METRICS], job_metrics)
    yield


async def freeze(_: web.Application) -> AsyncIterator[None]:
    """What lives from now on stays: a collection that never looks at it again pauses less."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()
