"""What the log says about who is in a team, applied to the people behind its sockets."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson

from db.events import Event

MOVED = frozenset({"member.joined", "member.removed"})  # nobody is in the team on both sides of it
GIVEN = frozenset({"role.changed", "member.permissions_changed"})  # a role, or rights beside it
# Each is about the user `entity_id`, and tells as `acts_as` what they may do in the team by then,
# by all that they are there: null is nothing. What older releases wrote does not.
KINDS = MOVED | GIVEN | {"broker.joined", "broker.removed"}


@dataclass(frozen=True, slots=True)
class _Given:
    """What somebody was told to be last."""

    seq: int
    role: str | None  # as they were
    rights: frozenset[str]


class Membership:
    """Every word of one team's log about who may act in it, from after `since` on.

    Whoever's role was read at `since` or later can be brought to what holds now.
    """

    def __init__(self, since: int) -> None:
        self.since = since
        self._out: dict[UUID, int] = {}  # the last time somebody was not in the team
        self._given: dict[UUID, _Given] = {}

    def take(self, event: Event) -> None:
        user_id, image = event.entity_id, orjson.loads(event.wire).get("d") or {}
        acts_as = image.get("acts_as")
        if acts_as is None and (event.kind not in GIVEN or "acts_as" in image):
            self._out[user_id] = max(self._out.get(user_id, 0), event.seq)
            return
        told = image if acts_as is None else acts_as
        known = self._given.get(user_id)
        if known is None or known.seq < event.seq:
            rights = frozenset(told.get("rights", ()))
            self._given[user_id] = _Given(event.seq, told.get("role"), rights)

    def look_back(self, since: int, events: Iterable[Event]) -> None:
        """Know more of the past: all there is from after `since` to where it began until now."""
        for event in events:
            self.take(event)
        self.since = since

    def now(self, who: Any) -> Any | None:
        """The person with the role and rights they have by now, None for one who is out.

        Who was out in between, and is in again, signs in anew. A role we do not know yet, told by a
        newer node, counts as none.
        """
        if self._out.get(who.user_id, 0) > who.as_of:
            return None
        given = self._given.get(who.user_id)
        if given is None or given.seq <= who.as_of:
            return who
        try:
            role = type(who.role)(given.role or who.role)
        except ValueError:
            return None
        return replace(who, role=role, rights=given.rights, as_of=given.seq)
