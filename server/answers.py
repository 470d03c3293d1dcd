"""Turns replies and refusals into HTTP responses."""

from collections.abc import AsyncIterator, Mapping
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
CACHE_CONTROL, ETAG = istr("Cache-Control"), istr("ETag")
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
ALWAYS: Final = CIMultiDict(
    {istr("Content-Type"): JSON, istr("Content-Security-Policy"): POLICY, **GUARDS}
)


def of_reply(reply: Reply, *, seen: str | None = None) -> web.Response:
    """`seen` is the request's If-None-Match: what the client has already is not sent again."""
    if seen is not None and _has(seen, reply.headers.get("ETag")):
        return web.Response(status=304, headers=dict(reply.headers))
    if reply.status == NO_CONTENT:
        return web.Response(status=NO_CONTENT, headers=dict(reply.headers))
    headers = _headers(reply.headers)
    return web.Response(body=envelope.success(reply), status=reply.status, headers=headers)


def of_refusal(error: DomainError) -> web.Response:
    headers = _headers({})
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


def _headers(own: Mapping[str, str]) -> "CIMultiDict[str]":
    headers = ALWAYS.copy()
    headers.update(own)
    headers.setdefault(CACHE_CONTROL, "private, no-cache" if ETAG in headers else "no-store")
    return headers


def _has(seen: str, tag: str | None) -> bool:
    tags = [part.strip().removeprefix("W/") for part in seen.split(",")]
    return tag is not None and ("*" in tags or tag.removeprefix("W/") in tags)
