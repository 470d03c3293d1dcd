"""An Endpoint becomes an aiohttp route: parse, call, envelope."""

from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler

from domains.kit.actor import Actor
from domains.kit.endpoint import Endpoint, Method
from server import answers, calls, headers
from server.calls import Authenticate
from server.settings import Network

PREFIX = "/v1"
NAME = web.RequestKey("name", str)
ACTOR = web.RequestKey("actor", Actor)


def add_routes(
    app: web.Application,
    endpoints: Iterable[Endpoint],
    authenticate: Authenticate,
    proxies: tuple[Network, ...] = (),
) -> None:
    """Fixed paths first, so that /export is never taken for an id, whatever the order given."""
    for endpoint in sorted(endpoints, key=_fixed_first):
        handler = _handler(endpoint, authenticate, proxies)
        if endpoint.method is Method.GET:
            app.router.add_get(PREFIX + endpoint.path, handler, allow_head=True)
        else:
            app.router.add_route(endpoint.method, PREFIX + endpoint.path, handler)


def _fixed_first(endpoint: Endpoint) -> tuple[list[tuple[bool, str]], str]:
    return [(part.startswith("{"), part) for part in endpoint.path.split("/")], endpoint.method


def _handler(
    endpoint: Endpoint, authenticate: Authenticate, proxies: tuple[Network, ...]
) -> Handler:
    queries = calls.Queries(endpoint.params)

    async def handle(request: web.Request) -> web.StreamResponse:
        request[NAME] = endpoint.name
        given = request.headers
        remote = headers.client_address(request.remote, given.get("X-Forwarded-For"), proxies)
        call = await calls.from_request(
            endpoint, request, authenticate, queries=queries, remote=remote
        )
        if call.actor is not None:
            request[ACTOR] = call.actor
        reply = await endpoint.run(call)
        if reply.stream is not None:
            return await answers.download(request, reply, reply.stream)
        return answers.of_reply(reply)

    return handle
