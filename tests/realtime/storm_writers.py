"""The storm's agents: they change escrows and listings, over REST and over a socket, and retry."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from tests.screens import Closed, Screen

TRIES = 30
RETRY_SECONDS = 0.2
RETRIED = {"UNAVAILABLE"}
EXPECTED = {"VERSION_CONFLICT", "INVALID_TRANSITION", "CONFLICT", "NOT_FOUND", "VALIDATION_ERROR"}
SAMPLE = {
    "escrows": {"property_address": "", "purchase_price": 500000, "closing_date": "2027-03-01"},
    "listings": {"property_address": "", "list_price": 450000},
}
METHODS = {
    "create": ("POST", ""),
    "update": ("PATCH", "/{id}"),
    "archive": ("PATCH", "/{id}/archive"),
    "restore": ("PATCH", "/{id}/restore"),
    "delete": ("DELETE", "/{id}"),
    "status": ("PATCH", "/{id}/status"),
    "price": ("POST", "/{id}/price"),
    "batch": ("POST", "/batch"),
}


@dataclass(slots=True)
class Book:
    """The records all agents know of, and what became of their writes."""

    ids: dict[str, list[str]] = field(default_factory=lambda: {"escrows": [], "listings": []})
    written: int = 0
    refused: int = 0
    unexpected: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Write:
    domain: str
    verb: str
    id: str | None
    body: dict[str, Any] | None
    op: str = field(default_factory=lambda: uuid4().hex)


Send = Callable[[Write], Awaitable[Any]]


def next_write(chance: random.Random, book: Book) -> Write:
    domain = chance.choice(["escrows", "listings"])
    ids = book.ids[domain]
    if len(ids) < 5 or chance.random() < 0.2:
        address = f"{chance.randrange(9999)} Pine St, Seattle"
        return Write(domain, "create", None, SAMPLE[domain] | {"property_address": address})
    record = chance.choice(ids)
    note = {"notes": f"note {chance.randrange(10**6)} " + "x" * chance.randrange(300)}
    price = {"list_price": chance.randrange(100_000, 900_000)}
    verb = chance.choices(
        ["update", "archive", "restore", "delete", "batch", "price", "status"],
        [60, 6, 10, 4, 6, 10, 6],
    )[0]
    match verb:
        case "update":
            return Write(domain, verb, record, note)
        case "batch":
            some = chance.sample(ids, min(len(ids), 4))
            return Write(domain, verb, None, {"op": "update", "ids": some, "changes": note})
        case "price":
            return Write("listings", verb, chance.choice(book.ids["listings"] or [record]), price)
        case "status":
            moved = {"status": "active", "acceptance_date": "2026-01-02"}
            return Write("escrows", verb, chance.choice(book.ids["escrows"] or [record]), moved)
    return Write(domain, verb, record, None)


async def work(chance: random.Random, book: Book, send: Send, stop: asyncio.Event) -> None:
    """Write until told to stop; a write whose answer was lost is sent again under its key."""
    while not stop.is_set():
        write = next_write(chance, book)
        envelope = await _insist(write, send)
        if envelope["success"]:
            book.written += 1
            if write.verb == "create":
                book.ids[write.domain].append(envelope["data"]["id"])
        elif envelope["error"]["code"] in EXPECTED:
            book.refused += 1
        else:
            book.unexpected.append((write, envelope["error"]))
        await asyncio.sleep(chance.uniform(0, 0.1))


async def _insist(write: Write, send: Send) -> Any:
    for _ in range(TRIES):
        try:
            envelope = await send(write)
        except (aiohttp.ClientError, Closed, TimeoutError, OSError):
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if envelope["success"] or envelope["error"]["code"] not in RETRIED:
            return envelope
        await asyncio.sleep(RETRY_SECONDS)
    raise AssertionError(f"nobody took {write}")


def over_rest(
    session: aiohttp.ClientSession, url: Callable[[], str], token: Callable[[], str]
) -> Send:
    async def send(write: Write) -> Any:
        method, path = METHODS[write.verb]
        headers = {"Authorization": f"Bearer {token()}", "Idempotency-Key": write.op}
        answer = await session.request(
            method,
            f"{url()}/v1/{write.domain}{path.format(id=write.id)}",
            json=write.body,
            headers=headers,
        )
        return await answer.json()

    return send


def over_socket(screen: Screen) -> Send:
    async def send(write: Write) -> Any:
        payload: dict[str, Any] = {"op": write.op}
        if write.id:
            payload["id"] = write.id
        if write.body is not None:
            payload["body"] = write.body
        return await screen.call(f"{write.domain}:{write.verb}", payload)

    return send
