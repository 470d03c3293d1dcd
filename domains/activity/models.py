"""What may be asked of the feed, and what an entry of it is."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field
from typing_extensions import override

from domains.activity.pieces import Part
from domains.kit.actor import Actor
from domains.kit.fields import Instant, Kind, Output, Person, Query, Word
from domains.kit.scope import Scope, is_wide

MOST_TYPES = 20


def _words(text: str) -> str:
    words = [word.strip() for word in text.split(",")]
    if not all(words) or len(words) > MOST_TYPES:
        raise ValueError(f"1 to {MOST_TYPES} words with commas between them are expected")
    return ",".join(words)


Types = Annotated[str, Field(max_length=400), AfterValidator(_words)]
GroupId = Annotated[str, Field(pattern=r"^-?[0-9]{1,19}$")]
Seq = Annotated[int, Field(ge=1, le=2**62)]


class ActivityQuery(Query):
    """Newest first; before_seq pages back, after_seq asks for what is new."""

    entity: Word | None = None
    entity_id: UUID | None = None
    actor: UUID | None = Field(None, description="Who did it")
    kind: Word | None = Field(None, description="One kind of event: listing.price_changed")
    type: Types | None = Field(
        None,
        description="Kinds, what follows their dot, entities, or groups (created, changed, moved,"
        " archived, deleted, people), with commas between them",
    )
    scope: Scope = Field(
        Scope.TEAM,
        description="my: what I did myself; over a brokerage a feed is paged by `until`, ungrouped",
    )
    since: Instant | None = None
    until: Instant | None = Field(None, description="before this instant")
    after_seq: Annotated[int, Field(ge=0, le=2**62)] | None = None
    before_seq: Seq | None = None
    grouped: bool = Field(
        default=False, description="What one person did to many is one entry, with its `group`"
    )
    group: GroupId | None = Field(None, description="The entries of one group, one by one")
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    @property
    @override
    def personal(self) -> bool:
        return self.scope is Scope.MY

    @override
    def wide(self, actor: Actor) -> bool:
        return is_wide(actor, self.scope)


class FieldChange(Output):
    """A changed field: the values as they are, and as people say them."""

    field: str
    title: str
    kind: Kind
    old: Any
    new: Any
    old_text: str | None
    new_text: str | None


class Piece(Output):
    """A piece of a sentence; a screen may say "You" for who did it, and "your" for whose."""

    kind: Part
    text: str


class ActivityGroup(Output):
    """What one person did in one go, or of one kind within the same ten minutes."""

    id: str = Field(description="for ?group=")
    count: int
    records: int = Field(description="how many different ones")
    first_seq: int
    last_seq: int
    since: datetime
    kinds: list[str]
    labels: list[str] = Field(description="what a few of them are called")


class ActivityEntry(Output):
    """An event as on the socket, without `d`; `label` is what people call the record.

    `sentence` says it, `pieces` are the same with its parts set off, `diff` gives each changed
    field with its title; all as far as the reader may see. Where many are one entry, it is the
    newest of them, and `group` tells of all.
    """

    t: UUID
    s: int
    at: str
    k: str
    e: str
    id: UUID
    ver: int
    a: Person | None
    op: str
    i: int
    n: int
    ch: dict[str, list[Any]]
    label: str | None
    sentence: str
    pieces: list[Piece]
    diff: list[FieldChange]
    group: ActivityGroup | None
