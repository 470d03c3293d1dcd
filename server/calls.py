"""Builds the one Call a verb gets, from an HTTP request or from a socket's payload."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel

from domains.kit.actor import Actor
from domains.kit.endpoint import Call, Endpoint, Method
from domains.kit.errors import (
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from server import headers, json_input, validate

Authenticate = Callable[[str], Awaitable[Actor]]

MAX_BODY: Final = 1024 * 1024
MAX_QUERY: Final = 300  # characters of a query string that is remembered
REMEMBERED: Final = 256  # of them, for each endpoint
UTF8: Final = (None, "utf-8", "utf8", "UTF-8", "UTF8")


class Queries:
    """The query strings of an endpoint, read and checked; the same ones come again and again."""

    def __init__(self, model: type[BaseModel] | None) -> None:
        self._model = model
        self._read: dict[str, tuple[BaseModel | None, str]] = {}

    def read(self, request: web.Request) -> tuple[BaseModel | None, str]:
        """The parameters, and one text for all spellings of them."""
        raw = request.rel_url.raw_query_string
        known = self._read.get(raw)
        if known is None:
            params = validate.query(self._model, _single(request))
            known = params, one_text(params)
            if len(raw) <= MAX_QUERY:
                if len(self._read) >= REMEMBERED:
                    self._read.clear()
                self._read[raw] = known
        return known


async def from_request(
    endpoint: Endpoint,
    request: web.Request,
    authenticate: Authenticate,
    *,
    queries: Queries,
    remote: str,
) -> Call:
    actor = None
    if endpoint.roles is not None:
        token = headers.bearer(request.headers)
        if token is None:
            raise Unauthenticated("Sign in first: Authorization: Bearer <access token>")
        actor = allowed(endpoint, await authenticate(token))
    path = _path(request.match_info)
    params, query = queries.read(request)
    if endpoint.method is Method.GET:
        given = request.headers
        return Call(
            actor,
            path,
            params,
            None,
            remote=remote,
            query=query,
            min_seq=headers.min_seq(given),
            seen=given.get("If-None-Match"),
        )
    body, said = None, None
    if endpoint.body is not None:
        body, said = validate.body(endpoint.body, await _read(request))
    version, op = _agreed(headers.if_match(request.headers), body), None
    if (key := request.headers.get("Idempotency-Key")) is not None:
        key = headers.operation_key(key, field="Idempotency-Key")
        op = headers.operation(key, endpoint.name, path, [said, version])
    return Call(actor, path, params, body, version, op, remote)


def from_payload(endpoint: Endpoint, actor: Actor, payload: object) -> Call:
    """A socket says it in one object: path parts by name, `params`, `body`, `version`, `op`."""
    said = {} if payload is None else payload
    if not isinstance(said, dict):
        raise Invalid.field("payload", "A JSON object is expected", "object_expected")
    _refuse_unknown(endpoint, said)
    allowed(endpoint, actor)
    path = {name: _text(said, name) for name in endpoint_parts(endpoint)}
    params = validate.query(endpoint.params, _object(said, "params"))
    if endpoint.method is Method.GET:
        seen = _min_seq(said.get("min_seq"))
        return Call(actor, path, params, None, query=one_text(params), min_seq=seen)
    key = headers.operation_key(said.get("op"), field="op")
    beside = _version(said.get("version"))
    body, document = None, None
    if endpoint.body is not None:
        body, document = validate.body(endpoint.body, _encoded(_object(said, "body")))
    version = _agreed(beside, body)
    op = headers.operation(key, endpoint.name, path, [document, version])
    return Call(actor, path, params, body, version, op)


def one_text(params: BaseModel | None) -> str:
    """Equal for equal parameters."""
    return "" if params is None else params.model_dump_json(exclude_defaults=True)


def endpoint_parts(endpoint: Endpoint) -> list[str]:
    """The names in braces of an endpoint's path."""
    return [part[1:-1] for part in endpoint.path.split("/") if part.startswith("{")]


def allowed(endpoint: Endpoint, actor: Actor) -> Actor:
    if endpoint.roles is not None and actor.role not in endpoint.roles:
        raise Forbidden(f"A {actor.role} may not do this")
    return actor


# HTTP


def _path(parts: Mapping[str, str]) -> dict[str, str]:
    if parts and "\0" in "".join(parts.values()):
        raise NotFound("There is nothing at this path")
    return dict(parts)


def _single(request: web.Request) -> dict[str, str]:
    if not request.rel_url.raw_query_string:
        return {}
    query = request.query
    pairs = dict(query)
    if len(pairs) < len(query):
        names = sorted({name for name in query if len(query.getall(name)) > 1})
        details = [
            {"field": name, "message": "Given more than once", "code": "repeated"} for name in names
        ]
        raise Invalid(f"{', '.join(names[:3])}: Given more than once", details)
    return pairs


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise TooLarge("The body is larger than 1 MB")
    if request.body_exists:
        if request.content_type != "application/json" or request.charset not in UTF8:
            raise UnsupportedMediaType("A body is sent as Content-Type: application/json, in UTF-8")
        return await request.read()
    return b""


def _agreed(outside: int | None, body: Any) -> int | None:
    """A version may stand beside the body or in it; both at once must say the same."""
    inside: int | None = getattr(body, "version", None)
    if outside is not None and inside is not None and outside != inside:
        message = f"The body says {inside}, the request beside it {outside}"
        raise Invalid.field("version", message, "conflict")
    return inside if outside is None else outside


# Sockets


def _refuse_unknown(endpoint: Endpoint, said: Mapping[str, Any]) -> None:
    known = {"params", *endpoint_parts(endpoint)}
    known |= {"min_seq"} if endpoint.method is Method.GET else {"body", "op", "version"}
    for name in said.keys() - known:
        raise Invalid.field(str(name)[:60], "There is no such field", "unknown_field")


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value or json_input.odd_text(value):
        raise Invalid.field(name, "A text is expected", "required" if value is None else "invalid")
    return value


def _object(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = said.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid.field(name, "A JSON object is expected", "object_expected")
    return value


def _version(value: object) -> int | None:
    if value is None or (type(value) is int and 0 < value < 10**9):
        return value
    raise Invalid.field("version", "A record's version is expected, like 3", "invalid")


def _min_seq(value: object) -> int:
    if value is None:
        return 0
    if type(value) is int and 0 <= value < 10**18:
        return value
    raise Invalid.field("min_seq", "An event's number is expected, like 1824", "invalid")


def _encoded(document: dict[str, Any]) -> bytes:
    """The text a body came from, with its faults still in it.

    NaN and half surrogates are refused on the road every body takes, which names the field.
    """
    try:
        return json.dumps(document).encode()
    except (TypeError, ValueError, RecursionError):
        raise Invalid.field("body", "Not JSON", "json_invalid") from None
