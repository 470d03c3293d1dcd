"""Turns replies and refusals into HTTP responses."""

from collections.abc import AsyncIterator
from typing import Final

import structlog
from aiohttp import web
from multidict import CIMultiDict, istr

from domains.kit.endpoint import Reply
from domains.kit.errors import DomainError, Unauthenticated
from server import envelope
from server.refusals import status_of

log = structlog.get_logger("server")

JSON: Final = "application/json; charset=utf-8"
NO_CONTENT: Final = 204
NOT_MODIFIED: Final = 304
CACHE_CONTROL, ETAG = istr("Cache-Control"), istr("ETag")
AS_OF, X_CACHE = istr("X-As-Of"), istr("X-Cache")
REVALIDATED: Final = "private, no-cache"  # kept by the asker alone, who asks again each time
POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
SERVER_NAME: Final = "Homeroom"  # ours by name: the versions below it are nobody's business
GUARDS: Final = {
    istr("Server"): SERVER_NAME,
    istr("X-Content-Type-Options"): "nosniff",
    istr("X-Frame-Options"): "DENY",
    istr("Referrer-Policy"): "no-referrer",
    istr("Cross-Origin-Opener-Policy"): "same-origin",
}

# Copied into every answer; with its names folded once and for all.
BARE: Final = CIMultiDict(GUARDS)
ALWAYS: Final = CIMultiDict(
    {istr("Content-Type"): JSON, istr("Content-Security-Policy"): POLICY, **GUARDS}
)


def of_reply(reply: Reply) -> web.Response:
    if reply.status == NOT_MODIFIED:
        return web.Response(status=NOT_MODIFIED, headers=_described(BARE.copy(), reply))
    if reply.status == NO_CONTENT:
        return web.Response(status=NO_CONTENT, headers=dict(reply.headers))
    headers = _described(ALWAYS.copy(), reply)
    return web.Response(body=envelope.success(reply), status=reply.status, headers=headers)


def of_refusal(error: DomainError) -> web.Response:
    headers = ALWAYS.copy()
    headers[CACHE_CONTROL] = "no-store"
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="homeroom"'
    return web.Response(body=envelope.failure(error), status=status_of(error), headers=headers)


async def download(
    request: web.Request, reply: Reply, parts: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Send a reply's stream.

    Its first part is had before the status goes out, so that a database that is away is still a
    503. A fault further on breaks the connection off: a download that just ended would look whole.
    """
    if request.method == "HEAD":
        return web.Response(status=reply.status, headers=dict(reply.headers))
    first = await anext(parts, b"")
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    await response.prepare(request)
    try:
        await response.write(first)
        async for part in parts:
            await response.write(part)
        await response.write_eof()
    except Exception as error:
        log.warning("download broke off", path=request.path, exc_info=error)
        if request.transport is not None:
            request.transport.abort()
    return response


def _described(headers: "CIMultiDict[str]", reply: Reply) -> "CIMultiDict[str]":
    """Its own headers, how long it may be kept, and where in the log it stands."""
    headers.update(reply.headers)
    headers.setdefault(CACHE_CONTROL, REVALIDATED if ETAG in headers else "no-store")
    if reply.as_of is not None:
        headers[AS_OF] = f"{reply.as_of.head.seq}:{reply.as_of.head.h}"
    if reply.cache:
        headers[X_CACHE] = reply.cache
    return headers
