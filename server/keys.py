"""What the parts of the app find each other by: typed, so that a wrong one does not compile."""

import asyncio
from typing import Any

from aiohttp import web

from channels.access.credentials import Credentials
from channels.access.revocation import Revocation
from channels.base.counters import Counters
from channels.bus.bus import Bus
from channels.gateway.gateway import Gateway
from channels.presence.presence import Presence
from channels.room.rooms import Rooms
from db.clock import PostgresClock
from db.database import Database
from domains.auth.authenticator import Authenticator
from domains.auth.tokens import Tokens
from domains.kit.cache import ReadCache
from domains.kit.endpoint import Endpoint
from domains.kit.services import Services
from server.backing import Urls
from server.metrics import Metrics
from server.secrets_file import Secrets
from server.settings import Settings
from server.socket_transport import Answers
from server.vital import VitalTasks

SETTINGS = web.AppKey("settings", Settings)
SECRETS = web.AppKey("secrets", Secrets)
METRICS = web.AppKey("metrics", Metrics)
URLS = web.AppKey("urls", Urls)
DATABASE = web.AppKey("database", Database)
CLOCK = web.AppKey("clock", PostgresClock)
SERVICES = web.AppKey("services", Services)
TOKENS = web.AppKey("tokens", Tokens)
AUTHENTICATOR = web.AppKey("authenticator", Authenticator)
COUNTERS = web.AppKey("counters", Counters)
SUPERVISOR = web.AppKey("supervisor", VitalTasks)
BUS = web.AppKey("bus", Bus)
ROOMS = web.AppKey("rooms", Rooms)
READ_CACHE = web.AppKey("read_cache", ReadCache)
GATEWAY: web.AppKey[Gateway[Any]] = web.AppKey("gateway", Gateway)
# Answers a WebSocket's handshake that a connection begins with; not there on the stock transport.
OPENS: web.AppKey[Answers] = web.AppKey("opens")
STOPPING = web.AppKey("stopping", asyncio.Event)
PRESENCE = web.AppKey("presence", Presence)
CREDENTIALS = web.AppKey("credentials", Credentials)
REVOCATION = web.AppKey("revocation", Revocation)
ENDPOINTS: web.AppKey[list[Endpoint]] = web.AppKey("endpoints", list)
