"""What a client says when it connects: who it is, and how far it has come."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from channels.base import limits
from channels.sockets import wire
from channels.sockets.refused import Refused
from channels.sockets.wire import Malformed
from db.events import Head

INST = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Position:
    """How much of a team's log a screen has; `since` is None when it has nothing."""

    team_id: UUID
    since: Head | None

    @classmethod
    def read(cls, value: Any) -> Self:
        """Take {team, s, h}; Malformed says what is wrong with it."""
        if not isinstance(value, dict):
            raise Malformed("A subscription is an object {team, s, h}")
        try:
            team_id = UUID(value["team"])
        except (KeyError, ValueError, AttributeError, TypeError):
            raise Malformed("team: must be the id of a team") from None
        return cls(team_id, _head(value.get("s"), value.get("h")))


def _head(seq: Any, h: Any) -> Head | None:
    if seq is None:
        return None
    if type(seq) is not int or not 0 <= seq < 2**63:
        raise Malformed("s: must be the number of the last event applied")
    if not isinstance(h, str) or len(h) > 64:
        raise Malformed("h: must be the hash that came with event s")
    return Head(seq, h)


@dataclass(frozen=True, slots=True)
class Greeting:
    token: str
    positions: Mapping[UUID, Head | None] | None  # None: the token's team, from scratch
    inst: str | None = None  # a name the client gives its tab
    compat: bool = False  # it wants the events of the system before this one too

    @classmethod
    def read(cls, auth: Any) -> Self:
        """Take `auth` as it came; Refused says what is wrong with it."""
        if not isinstance(auth, dict) or not isinstance(auth.get("token"), str):
            raise Refused("AUTH_REQUIRED", "Connect with auth: {token}")
        proto = auth.get("proto", wire.PROTO)
        if type(proto) is not int or proto < wire.PROTO:
            raise Refused("PROTO_TOO_OLD", f"This server speaks protocol {wire.PROTO}")
        inst = auth.get("inst")
        if inst is not None and (not isinstance(inst, str) or not INST.fullmatch(inst)):
            raise Refused("VALIDATION_ERROR", "inst: must be 1 to 64 letters, digits, - or _")
        compat = auth.get("compat", False)
        if not isinstance(compat, bool):
            raise Refused("VALIDATION_ERROR", "compat: must be true or false")
        subs = auth.get("subs")
        if subs is None:
            return cls(auth["token"], None, inst, compat)
        if not isinstance(subs, list) or len(subs) > limits.SUBSCRIPTIONS:
            most = limits.SUBSCRIPTIONS
            raise Refused("VALIDATION_ERROR", f"subs: must be a list of at most {most}")
        try:
            read = [Position.read(sub) for sub in subs]
        except Malformed as error:
            raise Refused("VALIDATION_ERROR", f"subs: {error}") from error
        positions = {position.team_id: position.since for position in read}
        return cls(auth["token"], positions, inst, compat)

    def wants(self, team_id: UUID) -> bool:
        return self.positions is None or team_id in self.positions

    def since(self, team_id: UUID) -> Head | None:
        return self.positions.get(team_id) if self.positions else None

    def others(self, team_id: UUID) -> list[UUID]:
        return [other for other in self.positions or () if other != team_id]
