"""Serves until told to stop, and says in one short block where and to whom."""

import asyncio
import signal
import socket
import sys
from collections.abc import Coroutine
from ipaddress import ip_address
from typing import Any, Final

from aiohttp import web

from server.app import make_app
from server.demo.people import ANA, BROKER, LEAD
from server.keys import GATEWAY, SECRETS, SETTINGS, STOPPING
from server.runner import Runner
from server.settings import Settings

BACKLOG: Final = 4096  # a whole office reconnects at once when its network comes back
# In the kernel, for each client (it doubles this): what a slow one is owed must be seen here, and
# not hide in megabytes of the kernel's.
SEND_BUFFER: Final = 64 * 1024
GRACE_SECONDS: Final = 1.0  # for requests in flight when we are told to stop
PRODUCTION_GRACE_SECONDS: Final = 10.0
MAX_LINE: Final = 16 * 1024  # a search in the address bar may be long
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class PortTaken(Exception):
    """Somebody else listens there."""


async def run(settings: Settings) -> None:
    """Return when a signal asked to; the parts started so far are taken down either way."""
    listener = bind(settings.host, settings.port)
    loop = asyncio.get_running_loop()
    app = make_app(settings)
    stop = app[STOPPING]
    for number in SIGNALS:
        loop.add_signal_handler(number, _ask_to_stop, stop, loop)
    runner = Runner(
        app,
        access_log=None,
        shutdown_timeout=PRODUCTION_GRACE_SECONDS if settings.production else GRACE_SECONDS,
        max_line_size=MAX_LINE,
    )
    try:
        if await _started_before(runner.setup(), stop):
            site = web.SockSite(runner, listener, backlog=BACKLOG)
            await site.start()
            say(announcement(app, listener))
            await stop.wait()
            await site.stop()
            await app[
                GATEWAY
            ].close()  # requests are answered meanwhile, on connections that are open
    finally:
        await runner.cleanup()
        listener.close()


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started: a port in use is told at once."""
    family, kind, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Its clients inherit both.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        message = f"Cannot listen on {host}:{port}: {error.strerror}. Set PORT to another."
        raise PortTaken(message) from None
    listener.setblocking(False)
    return listener


def announcement(app: web.Application, listener: socket.socket) -> str:
    settings = app[SETTINGS]
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{'localhost' if ip_address(host).is_unspecified else shown}:{port}"
    lines = ["", f"  Homeroom is running at {address}", ""]
    if settings.seeds_demo:
        lines += [f"  {person.email:<22} {person.role}" for person in (LEAD, ANA, BROKER)]
        lines += [f"  password               {app[SECRETS].demo_password}", ""]
    lines += [
        f"  API to read and try    {address}/docs",
        f"  data                   {_data(settings)}",
        "  stop                   Ctrl-C",
    ]
    return "\n".join([*lines, ""])


def say(text: str) -> None:
    """Flushed, because whoever waits for the address may read it through a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _data(settings: Settings) -> str:
    if settings.database_url is None:
        return f"{settings.data_dir.absolute()} (a private Postgres and Redis)"
    return "your Postgres (DATABASE_URL)"


async def _started_before(starting: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Start, unless told to stop meanwhile: then what was begun is cancelled and taken down."""
    start = asyncio.create_task(starting)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([start, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not start.done():
        start.cancel()
        await asyncio.wait({start})
        return False
    await start
    return True


def _ask_to_stop(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    """The second signal is not caught: it ends a shutdown that hangs."""
    stop.set()
    for number in SIGNALS:
        loop.remove_signal_handler(number)
