"""A list that can be kept open on a screen, and what one look at it finds."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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

    @property
    def head(self) -> int:
        return self.as_of.head.seq


@dataclass(frozen=True, slots=True)
class Live:
    """How to read a list again, and which entities' events ask for it.

    Lists with the same `key` read the same, whoever asks.
    """

    key: bytes
    team_id: UUID
    topics: frozenset[str]
    read: Callable[[], Awaitable[Found]]
