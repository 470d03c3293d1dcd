"""The aiohttp application: its parts are started in the order they stand in here."""

import asyncio

from aiohttp import web

from server import lifespan
from server.calls import MAX_BODY
from server.keys import METRICS, SECRETS, SETTINGS, STOPPING
from server.metrics import Metrics
from server.middleware import edge, guard_answers
from server.secrets_file import Secrets
from server.settings import Settings


def make_app(settings: Settings, secrets: Secrets | None = None) -> web.Application:
    metrics = Metrics()
    app = web.Application(middlewares=[edge(metrics)], client_max_size=MAX_BODY)
    app[SETTINGS] = settings
    app[SECRETS] = secrets or Secrets.of(settings)
    app[METRICS] = metrics
    app[STOPPING] = asyncio.Event()
    guard_answers(app, settings.cors_origins)
    app.cleanup_ctx.extend(
        [
            lifespan.servers,
            lifespan.database,
            lifespan.supervisor,
            lifespan.clock,
            lifespan.bus,
            lifespan.rooms,
            lifespan.credentials,
            lifespan.domains,
            lifespan.routes,
            lifespan.presence,
            lifespan.gateway,
            lifespan.demo,
            lifespan.worker,
            lifespan.watch,
            lifespan.freeze,
        ]
    )
    return app
