"""The one middleware: request id, time, refusals, CORS, the access line; fused, for each costs."""

import logging
import time
from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_exceptions import HTTPMethodNotAllowed
from multidict import istr

from server import answers, headers
from server.http import ACTOR, NAME
from server.keys import STOPPING
from server.metrics import Metrics
from server.refusals import refusal_of

log = structlog.get_logger("access")

REQUEST_ID = web.RequestKey("request_id", str)
SOCKETS: Final = "/socket.io/"
SLOW_SECONDS: Final = 0.5
PREFLIGHT_SECONDS: Final = "600"
SENT: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Min-Seq, X-Request-Id"
)
SHOWN: Final = "ETag, Retry-After, X-As-Of, X-Cache, X-Request-Id"
GUARD: Final = istr("X-Content-Type-Options")
REQUEST_ID_NAME: Final = istr("X-Request-Id")
SERVER: Final = istr("Server")


def edge(metrics: Metrics) -> Middleware:
    lines = log.is_enabled_for(logging.INFO)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(SOCKETS):
            # A socket's life is no request's time, and its errors go by its own protocol.
            return await handler(request)
        began = time.perf_counter()
        request_id = request[REQUEST_ID] = headers.request_id(request.headers)
        try:
            response = await handler(request)
        except HTTPMethodNotAllowed as error:
            response = _other_method(request, error)
        except web.HTTPRedirection:
            raise
        except Exception as error:  # noqa: BLE001 - the edge answers everything; faults are logged
            response = answers.of_refusal(refusal_of(error, request_id))
        if request.app[STOPPING].is_set():
            response.force_close()  # the next request goes to a server that stays
        seconds = time.perf_counter() - began
        metrics.observe("http", request.get(NAME, "other"), response.status, seconds)
        if lines or seconds > SLOW_SECONDS:
            _write_line(request, response, seconds)
        return response

    return middleware


def guard_answers(app: web.Application, origins: Sequence[str]) -> None:
    """Have every answer carry its request's id and the guarding headers, streams and files too."""
    allowed = frozenset(origins)

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        given = response.headers
        if GUARD not in given:  # a stream or a file; JSON answers have them from the start
            given[SERVER] = answers.SERVER_NAME
            for name, value in answers.GUARDS.items():
                given.setdefault(name, value)
        request_id = request.get(REQUEST_ID)
        if request_id is not None:
            given[REQUEST_ID_NAME] = request_id
        if allowed:
            given.add("Vary", "Origin")
            origin = request.headers.get("Origin")
            if origin in allowed:
                given["Access-Control-Allow-Origin"] = origin
                given["Access-Control-Expose-Headers"] = SHOWN

    app.on_response_prepare.append(prepare)


def _other_method(request: web.Request, error: HTTPMethodNotAllowed) -> web.Response:
    """OPTIONS is answered for every path, a browser's preflight with it; the rest is 405."""
    methods = ", ".join(sorted({*error.allowed_methods, "OPTIONS"}))
    if request.method != "OPTIONS":
        response = answers.of_refusal(refusal_of(error, request[REQUEST_ID]))
        response.headers["Allow"] = methods
        return response
    response = web.Response(status=204, headers={"Allow": methods})
    if "Access-Control-Request-Method" in request.headers:
        # Without the origin header, which only allowed origins get, these say nothing to a browser.
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = SENT
        response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
    return response


def _write_line(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    slow = seconds > SLOW_SECONDS
    actor = request.get(ACTOR)
    (log.warning if slow else log.info)(
        "slow request" if slow else "request",
        request_id=request[REQUEST_ID],
        method=request.method,
        path=request.path,
        status=response.status,
        ms=round(seconds * 1000, 1),
        remote=request.remote,
        user=None if actor is None else str(actor.user_id),
    )
