"""A list that can be kept open on a screen, and what one look at it finds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from db.as_of import AsOf


@dataclass(frozen=True, slots=True)
class Found:
    """What a page showed at `head`; every part is text as Postgres wrote it."""

    as_of: AsOf
    ids: list[str]
    images: list[str]
    total: int
    stats: bytes
    pagination: bytes
    day_left: float  # seconds until another day may show something else
    apart: frozenset[str] = frozenset()  # audiences that are shown more than this
    heads: Mapping[UUID, int] = field(default_factory=dict)  # of other teams whose records it shows

    @property
    def head(self) -> int:
        return self.as_of.head.seq


@dataclass(frozen=True, slots=True)
class Live:
    """How to read a list again, and which entities' events ask for it.

    Lists with the same `key` read the same, whoever asks. `own` is the reader's own list, for when
    the one that is shared turns out to keep something from one of their `audiences`.
    """

    key: bytes
    team_id: UUID
    topics: tuple[str, ...]
    read: Callable[[], Awaitable[Found]]
    audiences: frozenset[str] = frozenset()
    own: "Live | None" = None

    def instead(self, found: Found) -> "Live | None":
        """The reader's own list, where what was found is not all that they may see."""
        return self.own if self.audiences & found.apart else None
