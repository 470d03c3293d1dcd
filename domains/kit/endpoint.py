"""One definition of a verb's outside; REST route, socket command and OpenAPI are read from it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from db.as_of import AsOf
from db.transaction import Operation
from domains.kit.actor import EVERYONE, Actor, Role
from domains.kit.errors import Unauthenticated
from domains.kit.view import Live


class Method(StrEnum):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a verb answers. Every part is finished JSON text, mostly made by Postgres.

    `data` becomes the envelope's data; `pagination`, `stats` and `meta` stand beside it when given.
    `as_of` says where in the log a read stood, and is its meta. `body` is the whole envelope where
    it was finished before; `cache` says what the read cache had to do with it.
    `stream` replaces the envelope by a download (CSV); `headers` then name its type.
    """

    data: bytes = b"null"
    status: int = 200
    pagination: bytes | None = None
    stats: bytes | None = None
    meta: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: AsyncIterator[bytes] | None = None
    as_of: AsOf | None = None
    body: bytes | None = None
    cache: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, parsed and validated; from REST or from a socket, the verb cannot tell."""

    actor: Actor | None
    path: Mapping[str, str]
    params: Any  # an instance of the endpoint's params model
    body: Any  # an instance of the endpoint's body model
    version: int | None = None  # If-Match, or the body's `version` where the model has none
    op: Operation | None = None  # Idempotency-Key in REST, `op` on a socket
    remote: str = ""  # the client's address, for the sign-in log
    query: str = ""  # the params as one text: equal for equal ones, however they were spelled
    min_seq: int = 0  # X-Min-Seq, `min_seq` on a socket: what the caller has seen already
    seen: str | None = None  # If-None-Match: what the caller has already

    @property
    def who(self) -> Actor:
        if self.actor is None:
            raise Unauthenticated("Sign in first")
        return self.actor


Run = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`name` is the socket command (`escrows:update`); `path` is under /v1 with {id}-style parts.

    `roles` None means anyone, signed in or not; else the caller must be a member with one of them.
    `params` validates the query string (socket: the payload's `params`), `body` the JSON body
    (socket: the payload's `body`; path parts are the payload's own keys, e.g. `id`).
    `returns` describes `data` for OpenAPI. `live` gives the list behind a call, for a live view.
    `topics` are the entities whose events alone, and the day, change what a reader is answered:
    then the answer may be kept. None for anything else. `successor` says that the record of the
    path may have been merged into another one.
    """

    name: str
    method: Method
    path: str
    run: Run
    returns: type[BaseModel] | None
    summary: str
    params: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200
    many: bool = False  # data is an array of `returns`
    roles: frozenset[Role] | None = EVERYONE
    socket: bool = True  # also a socket command
    live: Callable[[Call], Live] | None = None
    tag: str = ""
    topics: tuple[str, ...] | None = None
    successor: bool = False
