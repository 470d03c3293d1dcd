"""A list query becomes SQL: the reader's scope, the filters, the order, the place in it."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domains.kit.actor import Actor
from domains.kit.errors import Forbidden, Invalid
from domains.kit.fields import Instant, Search
from domains.kit.finding import Asked, found
from domains.kit.policy import audiences_of, for_some
from domains.kit.resource import Resource
from domains.kit.scope import Scope, Scoped, in_teams


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


EVERY = "all"


class ListQuery(Scoped):
    """The parameters that every list takes."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    sort: str = "created_at"  # each resource names its own
    status: str = EVERY
    cursor: Annotated[str, Field(max_length=2_000)] | None = None
    order: Order = Order.DESC
    search: Search | None = None
    archived: bool = False
    created_since: Instant | None = None
    updated_since: Instant | None = None


@dataclass(slots=True)
class Selection:
    """Conditions over the row `r` with their arguments."""

    conditions: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)

    def put(self, value: Any) -> str:
        """The parameter that a value becomes."""
        self.args.append(value)
        return f"${len(self.args)}"

    def add(self, template: str, value: Any) -> None:
        self.conditions.append(template.replace("{}", self.put(value)))

    def see(self, audiences: tuple[str, ...] | None) -> None:
        """Only what is for these audiences; None is for all."""
        if audiences is not None:
            self.add(for_some("r.audience", "{}"), audiences)

    @property
    def sql(self) -> str:
        return " AND ".join(self.conditions)


SHARED_SORTS = {
    "created_at": ("r.created_at", "timestamptz"),
    "updated_at": ("r.updated_at", "timestamptz"),
    "display_id": ("r.display_id", "text"),
}
SHARED_WHERE = {
    "created_since": "r.created_at >= {}",
    "updated_since": "r.updated_at >= {}",
}


def select(resource: Resource, actor: Actor, query: ListQuery) -> Selection:
    """Everything a query's filters let through of what the actor may see."""
    chosen = matching(resource, actor, query)
    chosen.see(audiences_of(actor))
    return chosen


def matching(resource: Resource, actor: Actor, query: ListQuery) -> Selection:
    """Everything a query's filters let through, whoever may see it.

    $1 is the actor's team. Raise Forbidden where its scope is not for the actor.
    """
    _refuse_unseen(resource, actor, query)
    chosen, wide = Selection(), query.wide(actor)
    chosen.add(in_teams("r.team_id", "{}", wide=wide), actor.team_id)
    if wide and resource.once:
        chosen.conditions.append(resource.once)
    chosen.conditions.append("r.deleted_at IS NULL")
    chosen.conditions.append(f"r.archived_at IS {'NOT ' if query.archived else ''}NULL")
    if query.status != EVERY:
        chosen.add(f"r.{resource.status} = {{}}", query.status)
    if query.scope in (Scope.MY, Scope.USER):
        mine = query.user_id if query.scope is Scope.USER and query.user_id else actor.user_id
        chosen.add("r.owner_id = {}", mine)
    elif query.user_id:
        chosen.add("r.owner_id = {}", query.user_id)
    if query.search and (asked := Asked.of(query.search)):
        chosen.conditions.append(found(resource.line, asked, chosen.put))
    for name, template in {**SHARED_WHERE, **resource.where}.items():
        value = getattr(query, name)
        if value is not None:
            chosen.add(template, value)
    return chosen


def _refuse_unseen(resource: Resource, actor: Actor, query: ListQuery) -> None:
    """Raise Forbidden for a filter or an order by what the actor may not see: it would tell it."""
    hidden = resource.guard.hidden(actor.rights)
    if not hidden:
        return
    told = [resource.computed[name] for name in hidden if name in resource.computed]
    asked = {name: sql for name, sql in resource.where.items() if getattr(query, name) is not None}
    asked |= {query.sort: resource.sorts[query.sort][0]} if query.sort in resource.sorts else {}
    for name, sql in asked.items():
        columns = any(re.search(rf"\.{re.escape(column)}\b", sql) for column in hidden)
        if columns or any(expression in sql for expression in told):
            raise Forbidden(f"{name}: you may not see what this goes by")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which order of a team's list a page starts: after the row with this value and id."""

    team_id: UUID
    sort: str
    order: str
    value: str
    id: str

    def text(self) -> str:
        """The cursor: the place and a check of it, so that none is taken that no list gave out."""
        parts = [self.sort, self.order, self.value, self.id]
        packed = json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()
        check = hashlib.blake2b(packed, key=self.team_id.bytes, digest_size=6).digest()
        return base64.urlsafe_b64encode(check + packed).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str, team_id: UUID, sort: str, order: str) -> "Place":
        """Raise Invalid for a cursor that is not ours or belongs to another order."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            place = cls(team_id, *json.loads(raw[6:]))
            known = place.text() == cursor
        except (ValueError, TypeError):
            known = False
        if not known:
            raise Invalid.field("cursor", "is not one that a list gave out")
        if (place.sort, place.order) != (sort, order):
            raise Invalid.field("cursor", "belongs to a list with another sort or order")
        return place


def order_of(resource: Resource, query: ListQuery) -> tuple[str, str, str, str]:
    """The sort key, its SQL expression and type, and the direction."""
    expression, kind = {**SHARED_SORTS, **resource.sorts}[query.sort]
    return query.sort, expression, kind, query.order.value
