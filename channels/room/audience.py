"""Who may see what an event says; the others learn that there was one, and no more."""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any

from channels.sockets import wire
from channels.sockets.wire import Parcel
from db.events import EVERYONE, Event

Sees = Callable[[Any, str], bool]  # a person and an audience: whether they are of it


def everyone_alone(_: Any, audience: str) -> bool:
    """What holds where no policy is given: nobody sees more than the whole team may."""
    return audience == EVERYONE


class Sight(IntEnum):
    """How one person sees one event."""

    NOTHING = 0  # a tombstone: its number, so that everybody's count stays whole
    LOST = 1  # the record is not for their eyes any more
    GAINED = 2  # it is from now on: whole, without what was before
    WHOLE = 3


def sight(event: Event, sees: Callable[[str], bool]) -> Sight:
    """How whoever is of these audiences sees the event."""
    now = sees(event.audience)
    before = now if event.audience_before is None else sees(event.audience_before)
    if now:
        return Sight.WHOLE if before else Sight.GAINED
    return Sight.LOST if before else Sight.NOTHING


def shown(event: Event, seen: Sight) -> bytes:
    """The finished event object, as this sight has it."""
    match seen:
        case Sight.WHOLE:
            return event.wire
        case Sight.GAINED:
            return wire.without_changes(event)
        case Sight.LOST:
            return wire.withdrawn(event)
        case Sight.NOTHING:
            return wire.tombstone(event)


class Frames:
    """A run of events as the people of one room get it, made once for all who see it alike.

    Nearly every event is open to the whole team; such a run costs nothing for each person. In any
    other, a person is looked at once for each audience, however many the events.
    """

    def __init__(self, events: Sequence[Event], sees: Sees) -> None:
        self._events = events
        self._sees = sees
        self._audiences = list(_audiences(events))
        self._made: dict[tuple[bool, ...], Parcel] = {}
        # What everybody gets, when it is the same.
        self.for_all = None if self._audiences else self._make(())

    def of(self, who: Any) -> Parcel:
        """The packets for this person."""
        if self.for_all is not None:
            return self.for_all
        seen = tuple([self._sees(who, audience) for audience in self._audiences])
        made = self._made.get(seen)
        if made is None:
            made = self._made[seen] = self._make(seen)
        return made

    def _make(self, seen: tuple[bool, ...]) -> Parcel:
        sees = dict(zip(self._audiences, seen, strict=True)).__getitem__
        return Parcel(
            wire.events(
                event.wire if event.is_open else shown(event, sight(event, sees))
                for event in self._events
            )
        )


def _audiences(events: Iterable[Event]) -> Iterable[str]:
    """Those that make a difference here, each once."""
    closed = [event for event in events if not event.is_open]
    named = [name for event in closed for name in (event.audience, event.audience_before) if name]
    return dict.fromkeys(named)
