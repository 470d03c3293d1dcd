"""What the log says about who is in a team, applied to the people behind its sockets."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from db.events import Event

JOINED, REMOVED = "member.joined", "member.removed"
GIVEN = frozenset({"role.changed", "member.permissions_changed"})  # a role, or rights beside it
KINDS = GIVEN | {JOINED, REMOVED}  # each about the user `entity_id`


class Membership:
    """Every word of one team's log about its members from after `since` on.

    Whoever's membership was read at `since` or later can be brought to what holds now.
    """

    def __init__(self, since: int) -> None:
        self.since = since
        self._moved: dict[UUID, int] = {}  # the last time somebody joined or was removed
        self._given: dict[UUID, Event] = {}  # the last role or rights somebody was given

    def take(self, event: Event) -> None:
        user_id = event.entity_id
        if event.kind in GIVEN:
            known = self._given.get(user_id)
            if known is None or known.seq < event.seq:
                self._given[user_id] = event
        else:
            self._moved[user_id] = max(self._moved.get(user_id, 0), event.seq)

    def look_back(self, since: int, events: Iterable[Event]) -> None:
        """Know more of the past: all there is from after `since` to where it began until now."""
        for event in events:
            self.take(event)
        self.since = since

    def now(self, who: Any) -> Any | None:
        """The person with the role and rights they have by now, None for one who is out.

        Who joins was no member just before: one who was a member still earlier has been removed in
        between, and signs in anew. A role we do not know yet, told by a newer node, counts as none.
        """
        if self._moved.get(who.user_id, 0) > who.as_of:
            return None
        given = self._given.get(who.user_id)
        if given is None or given.seq <= who.as_of:
            return who
        image = orjson.loads(given.wire).get("d") or {}
        try:
            role = type(who.role)(image.get("role", who.role))
        except ValueError:
            return None
        rights = frozenset(image.get("rights", ()))
        return replace(who, role=role, rights=rights, as_of=given.seq)
