"""One connection's presence: who, doing what where, and how much of it others are told."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self

import orjson

from channels.sockets.wire import Malformed
from db.events import EVERYONE

RECORD: Final = re.compile(
    r"[a-z][a-z_]{0,39}:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
FIELD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")  # a name: what is typed never travels
KEYS: Final = frozenset({"state", "record", "field"})

Told = dict[str, Any]  # one person as a client is told of them


class State(StrEnum):
    ONLINE = "online"
    VIEWING = "viewing"
    EDITING = "editing"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody says they do, and where."""

    state: State = State.ONLINE
    record: str | None = None
    field: str | None = None

    @classmethod
    def read(cls, payload: Any) -> Self:
        """Take {state, record?, field?}; Malformed says what is wrong with it."""
        if not isinstance(payload, dict):
            raise Malformed("Presence is an object {state, record?, field?}")
        if unknown := payload.keys() - KEYS:
            raise Malformed(f"{min(unknown)[:64]}: is not part of presence")
        try:
            state = State(str(payload.get("state")))
        except ValueError:
            raise Malformed(f"state: must be one of {', '.join(State)}") from None
        record = _named(payload, "record", RECORD, "an entity and an id, like listing:<uuid>")
        field = _named(payload, "field", FIELD, "the name of a field")
        if record is None and state is State.EDITING:
            raise Malformed("record: must say what is edited")
        if record is not None and state is State.ONLINE:
            raise Malformed("record: is for viewing, editing and idle")
        if field is not None and state is not State.EDITING:
            raise Malformed("field: is for editing")
        return cls(state, record, field)


def _named(
    payload: Mapping[str, Any], name: str, pattern: re.Pattern[str], what: str
) -> str | None:
    value = payload.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Malformed(f"{name}: must be {what}")
    return value


HERE: Final = Place()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a team's presence, as Redis keeps it. Times are ms by the clock of Redis.

    `conn` names it for its whole life; `sid` is the socket it belongs to now, which took it at `at`
    (µs): of two that claim it, the later is right.
    """

    conn: str
    user_id: str
    name: str
    node: str
    sid: str
    at: int
    came: int
    since: int
    place: Place = field(default=HERE)
    audience: str = EVERYONE  # who may know of `place.record`

    def text(self) -> str:
        flat = {
            "conn": self.conn,
            "user": self.user_id,
            "name": self.name,
            "node": self.node,
            "sid": self.sid,
            "at": self.at,
            "came": self.came,
            "since": self.since,
            "state": self.place.state,
            "record": self.place.record,
            "field": self.place.field,
            "aud": self.audience,
        }
        return orjson.dumps({k: v for k, v in flat.items() if v is not None}).decode()

    @classmethod
    def of(cls, flat: Mapping[str, Any]) -> Self:
        return cls(
            conn=flat["conn"],
            user_id=flat["user"],
            name=flat["name"],
            node=flat["node"],
            sid=flat["sid"],
            at=flat["at"],
            came=flat["came"],
            since=flat["since"],
            place=Place(State(flat["state"]), flat.get("record"), flat.get("field")),
            audience=flat["aud"],
        )

    def veiled(self) -> Self:
        """As those see it who may not know of its record: somebody who is online."""
        if self.place.record is None:
            return self
        idle = self.place.state is State.IDLE
        place = Place(State.IDLE if idle else State.ONLINE)
        return replace(self, place=place, since=self.came)

    def looks_like(self, other: Self) -> bool:
        """Whether others are told the same of both: a socket may change unseen."""
        return (self.place, self.since, self.name) == (other.place, other.since, other.name)

    def told(self) -> Told:
        told: Told = {"conn": self.conn, "user": self.user, "state": self.place.state}
        if self.place.record:
            told["record"] = self.place.record
        if self.place.field:
            told["field"] = self.place.field
        return told | {"since": iso(self.since)}

    @property
    def user(self) -> dict[str, str]:
        return {"id": self.user_id, "name": self.name}


def digest(here: Iterable[Told]) -> str:
    """Two sides with the same digest show the same people at the same things."""
    lines = sorted(
        f"{told['conn']} {told['state']} {told.get('record', '')} {told.get('field', '')}"
        for told in here
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


@lru_cache(maxsize=64)  # who comes in is told it, and takes it a moment later
def name_of(user_id: Any, inst: str | None, sid: str) -> str:
    """Name an entry after the client's tab, so that it outlives one socket.

    Nobody can name another person's.
    """
    if inst is None:
        return sid
    return hashlib.sha256(f"{user_id} {inst}".encode()).hexdigest()[:20]


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
