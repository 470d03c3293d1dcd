"""What the log says about who is in a team, applied to the people behind its sockets."""

from dataclasses import replace
from typing import Any

import orjson

from db.events import Event

REMOVED = "member.removed"
KINDS = frozenset({"member.joined", REMOVED, "role.changed"})  # each about the user `entity_id`


def after(event: Event, who: Any) -> Any | None:
    """The person as of this event about them: with the role it says, or None for one who is out.

    A role we do not know yet, told by a newer node, counts as none.
    """
    if event.kind == REMOVED:
        return None
    image = orjson.loads(event.wire).get("d") or {}
    try:
        return replace(who, role=type(who.role)(image.get("role", who.role)))
    except ValueError:
        return None
