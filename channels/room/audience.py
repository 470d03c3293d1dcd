"""Who may see what an event says; the others learn that there was one, and no more."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import IntEnum
from itertools import repeat
from typing import Any, Protocol

from channels.sockets import wire
from channels.sockets.wire import Parcel
from db.events import EVERYONE, Event

Sees = Callable[[Any, str], bool]  # a person and an audience: whether they are of it


class Guards(Protocol):
    """Parts of events that are not for everybody who is of their audience."""

    @property
    def rights(self) -> AbstractSet[str]:
        """Those without which somebody is told less."""

    def guarded(self, event: Event) -> AbstractSet[str]:
        """Those of them without which less is told of this event."""

    def without(self, event: Event, rights: AbstractSet[str]) -> bytes:
        """The finished event object for those who lack these rights."""


class Unguarded:
    """What holds where nothing is: an event is told whole, or not at all."""

    rights: AbstractSet[str] = frozenset()

    def guarded(self, _: Event) -> AbstractSet[str]:
        return self.rights

    def without(self, event: Event, _: AbstractSet[str]) -> bytes:
        return event.wire


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

    Nearly every event is open to the whole team, and told whole to whoever has all rights; such a
    run costs nothing for each person. In any other, a person is looked at once for each audience
    and each right, however many the events. `held` are the rights of those who get it, each
    combination once; None where that is not known.
    """

    def __init__(
        self,
        events: Sequence[Event],
        sees: Sees,
        guards: Guards = Unguarded(),  # noqa: B008 - it holds nothing
        held: Iterable[AbstractSet[str]] | None = None,
    ) -> None:
        self._events = events
        self._sees = sees
        self._guards = guards
        self._audiences = list(_audiences(events))
        self._guarded = _guarded(events, guards, held)
        self._rights = sorted(frozenset[str]().union(*self._guarded))
        self._made: dict[tuple[bool, ...], Parcel] = {}
        # What everybody gets, when it is the same.
        self.for_all = None if self._audiences or self._rights else self._make(())

    def of(self, who: Any) -> Parcel:
        """The packets for this person."""
        if self.for_all is not None:
            return self.for_all
        seen = (
            *[self._sees(who, audience) for audience in self._audiences],
            *[right in who.rights for right in self._rights],
        )
        made = self._made.get(seen)
        if made is None:
            made = self._made[seen] = self._make(seen)
        return made

    def _make(self, seen: tuple[bool, ...]) -> Parcel:
        sees = dict(zip(self._audiences, seen, strict=False)).__getitem__
        having = zip(self._rights, seen[len(self._audiences) :], strict=True)
        lacking = frozenset(right for right, has in having if not has)
        told = map(self._without, self._events, self._guarded, repeat(lacking))
        return Parcel(
            wire.events(
                event.wire if event.is_open else shown(event, sight(event, sees)) for event in told
            )
        )

    def _without(self, event: Event, guarded: AbstractSet[str], lacking: AbstractSet[str]) -> Event:
        missed = guarded & lacking
        return replace(event, wire=self._guards.without(event, missed)) if missed else event


def _guarded(
    events: Sequence[Event], guards: Guards, held: Iterable[AbstractSet[str]] | None
) -> Sequence[AbstractSet[str]]:
    """For each event, the rights that make a difference among those who get it."""
    if not guards.rights or (held is not None and all(guards.rights <= each for each in held)):
        return [frozenset[str]()] * len(events)
    return [guards.guarded(event) for event in events]


def _audiences(events: Iterable[Event]) -> Iterable[str]:
    """Those that make a difference here, each once."""
    closed = [event for event in events if not event.is_open]
    named = [name for event in closed for name in (event.audience, event.audience_before) if name]
    return dict.fromkeys(named)
