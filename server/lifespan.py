"""Builds the app from the bottom up and takes it down again in the opposite order."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from aiohttp import web

from channels.admission import Admission
from channels.counters import Counters
from channels.gateway import Gateway
from channels.log import PostgresLog
from channels.presence import Presence
from channels.presence_store import PresenceStore
from channels.redis_bus import RedisBus
from channels.rooms import Rooms
from domains.auth.service import Authenticator
from domains.auth.tokens import Tokens
from domains.kit.policy import may_see
from server import backing, catalogue, docs_page, health, http
from server.commands import commands
from server.demo.seed import seed
from server.health import Health
from server.housework import keep_house
from server.keys import (
    AUTHENTICATOR,
    BUS,
    COUNTERS,
    DATABASE,
    ENDPOINTS,
    GATEWAY,
    METRICS,
    PRESENCE,
    ROOMS,
    SECRETS,
    SERVICES,
    SETTINGS,
    SUPERVISOR,
    URLS,
)
from server.live_metrics import readings
from server.origins import allows
from server.presence import record_audience
from server.socket_driver import DRIVER, mount
from server.vital import VitalTasks
from server.web import routes as dashboard

CANCEL_SECONDS: Final = 1.0


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


async def bus(app: web.Application) -> AsyncIterator[None]:
    app[BUS] = RedisBus(app[URLS].redis, counters=app[COUNTERS], supervisor=app[SUPERVISOR])
    app[BUS].start()
    app[DATABASE].announce = app[BUS].publish
    yield
    await app[BUS].close()


async def rooms(app: web.Application) -> AsyncIterator[None]:
    app[ROOMS] = Rooms(
        PostgresLog(app[DATABASE]),
        app[BUS],
        counters=app[COUNTERS],
        supervisor=app[SUPERVISOR],
        sees=may_see,
    )
    app[ROOMS].start()
    yield
    await app[ROOMS].close()
    await asyncio.sleep(0)  # what closing them set off begins, or it could not be cancelled


async def domains(app: web.Application) -> AsyncIterator[None]:
    secret = app[SECRETS].jwt
    app[SERVICES] = catalogue.services(app[DATABASE], secret)
    app[AUTHENTICATOR] = Authenticator(app[DATABASE], Tokens([secret]))
    app[ENDPOINTS] = catalogue.endpoints(app[SERVICES])
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
    gate = app[GATEWAY] = Gateway(  # of actors; where it is mounted, of anybody
        rooms=app[ROOMS],
        authenticate=app[AUTHENTICATOR].authenticate,
        commands=commands(found, app[METRICS]),
        driver=DRIVER,
        counters=app[COUNTERS],
        supervisor=app[SUPERVISOR],
        cors_allowed_origins=allows(app[SETTINGS].cors_origins),
        admission=Admission(app[COUNTERS], at_once=app[SETTINGS].sign_ins_at_once),
        drain_seconds=app[SETTINGS].drain,
        features=[app[PRESENCE]],
    )
    gate.start()
    mount(app, gate)
    app.on_shutdown.append(lambda _: gate.close())
    yield


async def demo(app: web.Application) -> AsyncIterator[None]:
    if app[SETTINGS].seeds_demo:
        await seed(app[SERVICES], app[SECRETS].demo_password)
    yield


async def housework(app: web.Application) -> AsyncIterator[None]:
    """A server that is alone on its private Postgres has no worker beside it."""
    if app[SETTINGS].private_servers:
        app[SUPERVISOR].start("housework", lambda: keep_house(app[DATABASE]))
    yield


async def watch(app: web.Application) -> AsyncIterator[None]:
    state = Health(
        app[DATABASE],
        redis_up=lambda: app[BUS].up,
        rooms=app[ROOMS],
        dead=app[SUPERVISOR].dead,
    )
    app[METRICS].watch(readings(app[COUNTERS], app[BUS], app[ROOMS]))
    health.add_routes(app, state, app[METRICS])
    yield


async def freeze(_: web.Application) -> AsyncIterator[None]:
    """What lives from now on stays: a collection that never looks at it again pauses less."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
