"""The search box: what may be asked of it, and what it answers."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import override

from domains.kit.actor import Actor
from domains.kit.fields import Output, Query, Word, printable
from domains.kit.scope import Scope, is_wide

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(printable),
]


class SearchQuery(Query):
    """`q` is matched with what every kind of record is known by; best first."""

    q: Words = Field(description="What to look for: words in any order, a number, an address")
    entity: Word | None = Field(None, description="Only this kind: escrow, listing, client, ...")
    scope: Scope = Scope.TEAM
    limit: Annotated[int, Field(ge=1, le=50)] = 20

    @property
    @override
    def personal(self) -> bool:
        return self.scope in (Scope.MY, Scope.USER)

    @override
    def wide(self, actor: Actor) -> bool:
        return is_wide(actor, self.scope)


class Matched(Output):
    """The field that was found, and where in it: [from, to) in characters, none for a typo."""

    field: str
    text: str
    ranges: list[tuple[int, int]]


class Hit(Output):
    """A record that was found. A `rank` of 1 is what was asked for itself, below 0.5 is alike."""

    entity: str
    id: UUID
    display_id: str | None
    label: str
    status: str | None
    is_archived: bool
    rank: float
    matched: Matched | None
    url: str


class Found(Output):
    """The best of all kinds together, and how many of each kind there are."""

    hits: list[Hit]
    counts: dict[str, int]
