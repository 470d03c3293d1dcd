"""The events of the system before this one, said to a client that asks for them with `compat`.

They are made from the very packets that the client gets anyway: in the same order, as often, what
it missed too, and of nothing that it may not see.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from typing_extensions import override

from channels.sockets import wire
from channels.sockets.members import Member
from channels.sockets.wire import Packet, Parcel

EVENT = f'{wire.Kind.EVENT}["event",'
PRESENCE = f'{wire.Kind.EVENT}["presence",'
HELLO = f'{wire.Kind.EVENT}["hello",'
ACTIONS = {"created": "created", "deleted": "deleted", "withdrawn": "deleted"}
KEPT = 64  # packets whose old words are remembered: a room says each to all at about one time


@dataclass(slots=True, eq=False)
class OldMember(Member):
    """A member that hears every change twice: as it is, and as it was called before."""

    _here: dict[str, str] | None = None  # users by connection; None until it was told

    @override
    def push(self, packet: Packet) -> None:
        Member.push(self, packet)
        self._say_again(packet)

    @override
    def give(self, parcel: Parcel) -> None:
        Member.give(self, parcel)
        for packet in parcel.packets:
            self._say_again(packet)

    def _say_again(self, packet: Packet) -> None:
        text = packet.data
        if not isinstance(text, str):
            return
        if text.startswith(EVENT):
            for old in _old_events(text):
                Member.push(self, old)
        elif text.startswith(PRESENCE):
            for name, user in self._came_and_went(_body(text)):
                Member.push(self, wire.said(name, {"userId": user, "timestamp": _now()}))
        elif text.startswith(HELLO):
            Member.push(self, wire.said("connection", _connection(_body(text))))

    def _came_and_went(self, step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """People and not connections: who opens a second tab was here before."""
        before = None if self._here is None else set(self._here.values())
        here = {} if step.get("full") else dict(self._here or {})
        here |= {one["conn"]: one["user"]["id"] for one in (*_of(step, "join"), *_of(step, "upd"))}
        for conn in step.get("leave", ()):
            here.pop(conn, None)
        self._here = here
        if before is not None:
            after = set(here.values())
            yield from (("team:userConnected", user) for user in sorted(after - before))
            yield from (("team:userDisconnected", user) for user in sorted(before - after))


@lru_cache(maxsize=KEPT)
def _old_events(text: str) -> tuple[Packet, ...]:
    return tuple(
        wire.said(name, body) for event in _body(text) for name, body in old_events_of(event)
    )


def old_events_of(event: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The names and bodies that the system before gave to what this event tells."""
    if event["k"] == "-":
        return
    entity, verb = event["e"], event["k"].rpartition(".")[2]
    action = ACTIONS.get(verb, "updated")
    told = {"data": event.get("d"), "version": event["ver"], "timestamp": event.get("at") or _now()}
    yield (
        "data:update",
        {"entityType": entity, "entityId": event["id"], "action": action, **told},
    )
    name = _camel(verb)
    if action == "updated":
        yield f"{entity}:updated", {f"{entity}Id": event["id"], "type": name, **told}
    if name not in ("updated", "withdrawn"):
        yield f"{entity}:{name}", {f"{entity}Id": event["id"], **told}


def _camel(verb: str) -> str:
    first, *others = verb.split("_")
    return first + "".join(other.title() for other in others)


def _connection(hello: Mapping[str, Any]) -> dict[str, Any]:
    team = hello["teams"][0]["team"] if hello["teams"] else None
    return {"status": "connected", "userId": hello["user"]["id"], "teamId": team}


def _of(step: Mapping[str, Any], part: str) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = step.get(part, ())
    return found


def _body(text: str) -> Any:
    return orjson.loads(text[1:])[1]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
