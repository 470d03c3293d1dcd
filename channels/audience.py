"""Who may see what an event says; the others learn that there was one, and no more."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

from channels import wire
from db.events import Event

EVERYONE = "all"


class Sight(IntEnum):
    """How one person sees one event."""

    NOTHING = 0  # a tombstone: its number, so that everybody's count stays whole
    WHOLE = 1


def sight(event: Event, who: Any) -> Sight:
    """An audience is `all` of the team, or `user:<id>`."""
    if event.audience in (EVERYONE, f"user:{who.user_id}"):
        return Sight.WHOLE
    return Sight.NOTHING


def sights(events: Iterable[Event], who: Any) -> tuple[Sight, ...]:
    """What people with equal sights see is encoded once for all of them."""
    return tuple(sight(event, who) for event in events)


def shown(events: Iterable[Event], seen: Sequence[Sight]) -> list[bytes]:
    """The finished event objects, as these sights have them."""
    return [
        event.wire if each is Sight.WHOLE else wire.tombstone(event)
        for event, each in zip(events, seen, strict=True)
    ]
