"""Fields that a right shows: null to everybody without it, whatever way they would have left by."""

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson
from orjson import Fragment

from db.events import Event
from domains.kit import etag
from domains.kit.actor import Actor
from domains.kit.endpoint import Call, Endpoint, Reply
from domains.kit.errors import DomainError, Forbidden
from domains.kit.view import Found, Live

PAIRS = frozenset({"changes", "ch"})  # in them a field has what it was and what it is
# Beside the name of a field, what it holds.
VALUES = frozenset({"base", "current", "from", "to", "old", "new", "old_text", "new_text"})
HOLDS = r"\s*:\s*+(?!null\b|\[null, ?null\])"  # after a key: what is no null
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Guard:
    """`shown` names the right that each of these names is shown to.

    A guarded name is guarded wherever it appears, at whatever depth: in a record and in one of its
    children, in statistics, in what changed, in a refusal. What is withheld is null.
    """

    shown: Mapping[str, str]

    @classmethod
    def of(cls, *declared: Mapping[str, str]) -> "Guard":
        """From fields as resources declare them; `children[].field` is the field of a child."""
        return cls(
            {name.rpartition(".")[2]: right for each in declared for name, right in each.items()}
        )

    @cached_property
    def rights(self) -> frozenset[str]:
        """Those that make a difference to what somebody is shown."""
        return frozenset(self.shown.values())

    def hidden(self, rights: AbstractSet[str]) -> frozenset[str]:
        """The names that are withheld from who has these rights alone."""
        if self.rights <= rights:
            return NOTHING
        return frozenset(name for name, right in self.shown.items() if right not in rights)

    # Events, as sockets tell them

    @cached_property
    def _patterns(self) -> Mapping[str, re.Pattern[bytes]]:
        """By right: finds one of its names that has a value.

        In JSON text only a key is followed by a colon, and a quote in a string never stands alone.
        """
        names: dict[str, list[str]] = {}
        for name, right in self.shown.items():
            names.setdefault(right, []).append(re.escape(name))
        return {
            right: re.compile(rf'"(?:{"|".join(some)})"{HOLDS}'.encode())
            for right, some in names.items()
        }

    def guarded(self, event: Event) -> frozenset[str]:
        """The rights without which less is told of the event."""
        return frozenset(
            right for right, pattern in self._patterns.items() if pattern.search(event.wire)
        )

    def without(self, event: Event, rights: AbstractSet[str]) -> bytes:
        """The finished event for those who lack these rights."""
        names = frozenset(name for name, right in self.shown.items() if right in rights)
        return blank_text(event.wire, names)

    # Endpoints

    def before(self, endpoint: Endpoint) -> Endpoint:
        """The same endpoint, which withholds from its caller what they may not see."""

        async def run(call: Call) -> Reply:
            hidden = NOTHING if call.actor is None else self.hidden(call.actor.rights)
            if not hidden:
                return await endpoint.run(call)
            try:
                return _withheld(await endpoint.run(call), hidden)
            except DomainError as refusal:
                refusal.details = blank(refusal.details, hidden)
                raise

        def live(call: Call) -> Live:
            assert endpoint.live is not None  # noqa: S101 - for the type checker
            return _list_without(endpoint.live(call), self.hidden(call.who.rights))

        return replace(endpoint, run=run, live=live if endpoint.live else None)


def blank(value: Any, names: AbstractSet[str], *, pairs: bool = False) -> Any:
    """A JSON value without what these names hold."""
    if isinstance(value, list):
        return [blank(each, names) for each in value]
    if not isinstance(value, Mapping):
        return value
    about = str(value.get("field")).rpartition(".")[2] in names
    return {
        name: ([None, None] if pairs else None)
        if name in names
        else None
        if about and name in VALUES
        else blank(each, names, pairs=name in PAIRS)
        for name, each in value.items()
    }


def blank_text(text: bytes | str, names: AbstractSet[str]) -> bytes:
    """As `blank`, from text to text; numbers keep every digit."""
    return orjson.dumps(blank(json.loads(text, parse_float=Fragment, parse_int=Fragment), names))


async def blank_each(images: AsyncIterator[str], actor: Actor, guard: Guard) -> AsyncIterator[str]:
    """The images of records as the actor may see them."""
    hidden = guard.hidden(actor.rights)
    async for image in images:
        yield blank_text(image, hidden).decode() if hidden else image


def _withheld(reply: Reply, names: AbstractSet[str]) -> Reply:
    data = blank_text(reply.data, names)
    headers = dict(reply.headers)
    if (tag := headers.get("ETag")) is not None:
        headers["ETag"] = etag.again(tag, data)  # or what is withheld could be guessed from it
    stats = None if reply.stats is None else blank_text(reply.stats, names)
    return replace(reply, data=data, stats=stats, headers=headers)


def _list_without(live: Live, names: AbstractSet[str]) -> Live:
    """The same list for those who are not shown these names; they share it among themselves."""
    if not names:
        return live

    async def read() -> Found:
        found = await live.read()
        images = [blank_text(image, names).decode() for image in found.images]
        return replace(found, images=images, stats=blank_text(found.stats, names))

    key = blake2b(live.key + repr(sorted(names)).encode(), digest_size=16).digest()
    return replace(live, key=key, read=read, own=live.own and _list_without(live.own, names))


def said(given: Mapping[str, Any]) -> list[str]:
    """The fields of something new that hold anything."""
    return [name for name, value in given.items() if value not in (None, "", [], ())]


def refuse_unseen(guard: Guard, actor: Actor, names: Iterable[str]) -> None:
    """Raise Forbidden where a write names a field that its writer may not see.

    Whatever it holds: to say that a guess is no change would tell what is there.
    """
    unseen = sorted(guard.hidden(actor.rights).intersection(names))
    if unseen:
        raise Forbidden(f"You may not see {', '.join(unseen)}, and so not set it")
