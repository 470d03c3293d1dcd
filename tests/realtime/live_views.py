"""A live view as a client keeps it, by the rule of docs/protocol.md; and any list's parameters."""

import asyncio
import random
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import orjson

from domains.kit.actor import Actor
from domains.kit.resource import Resource
from domains.kit.scope import Scope
from tests.screens import WAIT, Screen

PARTS = ("data", "pagination", "stats")


class LiveView:
    """One view of a screen, which it must outlive: after a reconnect it is opened again."""

    def __init__(self, screen: Screen, name: str, listed: str, **params: Any) -> None:
        self.screen = screen
        self.name = name
        self.listed = listed
        self.params = params
        self.seq = 0
        self.rows: list[Any] = []
        self.ids: list[str] = []
        self.total: int | None = None
        self.stats: dict[str, Any] = {}
        self.pagination: dict[str, Any] = {}
        self.closed: dict[str, Any] | None = None
        self.heard: list[dict[str, Any]] = []
        self._early: list[dict[str, Any]] | None = None

    async def open(self) -> Any:
        self._early = []
        self.screen.views[self.name] = self._take
        asked = {"view": self.name, "list": self.listed, "params": self.params}
        answer = await self.screen.call("view:open", asked)
        if answer["success"]:
            data = answer["data"]
            assert data["view"] == self.name
            self.seq, self.rows, self.total = data["s"], data["rows"], data["total"]
            self.stats, self.pagination = data["stats"], data["pagination"]
            self.ids = data["ids"]
        early, self._early = self._early, None
        for said in early:
            self._take(said)
        return answer

    async def close(self) -> Any:
        return await self.screen.call("view:close", {"view": self.name})

    async def fresh(self, since: int) -> Any:
        """What the list says to the same reader who knows of event `since`."""
        where = f"{self.screen.url}/v1/{self.listed.partition(':')[0]}"
        params = {name: str(value) for name, value in self.params.items()}
        asker = {"Authorization": f"Bearer {self.screen.token}", "X-Min-Seq": str(since)}
        async with self.screen.session.get(where, params=params, headers=asker) as response:
            answer = orjson.loads(await response.read())
        assert answer["success"], answer
        return {name: answer[name] for name in PARTS if name in answer}

    @property
    def shown(self) -> Any:
        whole = {"data": self.rows, "pagination": self.pagination, "stats": self.stats}
        return whole if self.paged else {"data": self.rows}

    @property
    def paged(self) -> bool:
        """Whether the list says of itself how much there is; the feed does not."""
        return not self.listed.startswith("activity")

    async def follows(self, since: int, within: float = WAIT) -> None:
        """Wait until this view shows what the list says; nothing was written after `since`."""
        fresh = await self.fresh(since)
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.shown != fresh:  # noqa: ASYNC110 - a screen has no event for it
                    await asyncio.sleep(0.01)
        assert self.shown == fresh, self.params
        assert self.total == self.pagination["total"]
        assert len(self.ids) == len(self.rows) == len(set(self.ids))

    async def hears(self, within: float = WAIT) -> dict[str, Any]:
        """The next thing said of it that was not looked at yet."""
        async with asyncio.timeout(within):
            while not self.heard:  # noqa: ASYNC110 - a screen has no event for it
                await asyncio.sleep(0.01)
        return self.heard.pop(0)

    def _take(self, said: dict[str, Any]) -> None:
        if self._early is not None:
            self._early.append(said)
            return
        self.heard.append(said)
        self.closed = said.get("closed")
        assert said["s"] >= self.seq, "a view goes back"
        self.seq, self.total = said["s"], said["total"]
        self.pagination = said.get("pagination", self.pagination)
        named = {change.get("id") for change in said["changes"]}
        kept = [place for place, row in enumerate(self.ids) if row not in named]
        self.rows, self.ids = [self.rows[n] for n in kept], [self.ids[n] for n in kept]
        for change in said["changes"]:
            self._apply(change)

    def _apply(self, change: dict[str, Any]) -> None:
        match change["k"]:
            case "row.enter" | "row.change":
                self.rows.insert(change["index"], change["d"])
                self.ids.insert(change["index"], change["id"])
            case "stats.delta":
                for name, (old, new) in change["stats"].items():
                    assert self.stats[name] == old
                    self.stats[name] = new


# Parameters

ORDERS = ("asc", "desc")
# What filters that take no other words are given: as the examples' people have it.
SPELLED = {"email": "carla.o'brien+loans@mail.example", "phone": "(206) 555-0100"}


def every_query(
    resource: Resource, people: list[Actor], words: list[str], chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Queries that together use each sort in both orders, and each filter with several values."""
    fields = resource.query.model_fields
    told = {"sort", "order", "page", "cursor"}
    filters = {name: fields[name].annotation for name in sorted(fields.keys() - told)}
    values = _values(people, words, chance)
    waiting = list(filters) * 3
    chance.shuffle(waiting)
    orders = [(sort, order) for sort in get_args(fields["sort"].annotation) for order in ORDERS]
    more = -(-len(waiting) // 2) - len(orders)
    for sort, order in (*orders, *(chance.choice(orders) for _ in range(more))):
        params = {"sort": sort, "order": order}
        if chance.random() < 0.6:
            params["limit"] = chance.choice([1, 2, 3, 5, 8])
        if chance.random() < 0.2:
            params["page"] = 2
        for name in waiting[:2]:
            params[name] = values(name, filters[name])
        del waiting[:2]
        yield params


def _values(
    people: list[Actor], words: list[str], chance: random.Random
) -> Callable[[str, Any], Any]:
    kinds: dict[Any, Callable[[], Any]] = {
        bool: lambda: chance.random() < 0.5,
        int: lambda: chance.choice([0, 1, 5, 20]),
        Decimal: lambda: chance.choice(PRICES),
        date: lambda: a_day(chance),
        datetime: lambda: str(datetime.now(UTC) + timedelta(seconds=chance.uniform(-2, 4))),
        UUID: lambda: str(chance.choice(people).user_id),
        str: lambda: chance.choice(words),
    }

    def value(name: str, annotation: Any) -> Any:
        kind = _kind(annotation)
        if kind is Scope:
            return chance.choice([scope for scope in Scope if scope is not Scope.BROKERAGE])
        if get_origin(kind) is Literal:
            return chance.choice(get_args(kind))
        if isinstance(kind, type) and issubclass(kind, Enum):
            return chance.choice(list(kind)).value
        if name == "limit":
            return chance.choice([1, 3, 100])
        if name in SPELLED:
            return SPELLED[name]
        return kinds[kind]()

    return value


def _kind(annotation: Any) -> Any:
    """The type inside of what may be left out and has bounds."""
    while True:
        if get_origin(annotation) in (Union, types.UnionType):
            annotation = next(a for a in get_args(annotation) if a is not types.NoneType)
        elif hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        else:
            return annotation


# Changes

PRICES = [100_000, 250_000, 250_000.5, 400_000, 750_000]


def a_day(chance: random.Random) -> str:
    return (datetime.now(UTC).date() + timedelta(days=chance.randint(-20, 40))).isoformat()


def a_change(
    resource: Resource, full: Any, people: list[Actor], words: list[str], chance: random.Random
) -> dict[str, Any]:
    """New values for a few fields; they may be refused."""
    names = chance.sample(sorted(full.keys() - {resource.status}), 2)
    changed = {name: _another(full[name], words, chance) for name in names}
    if chance.random() < 0.4:
        changed["is_private"] = chance.random() < 0.5
    if chance.random() < 0.3 and "owner_id" in resource.patch.model_fields:
        changed["owner_id"] = str(chance.choice(people).user_id)
    return changed


def _another(value: Any, words: list[str], chance: random.Random) -> Any:
    match value:
        case bool() | list():
            return value
        case int() | float():
            return chance.choice([*PRICES, 3])
        case str() if value[4:5] == "-" == value[7:8]:
            return a_day(chance)
        case str() if len(value) > 40:
            return chance.choice(words)
    return value
