"""What a domain is made of: one frozen definition that every shared verb reads."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from db.transaction import Transaction
from domains.kit.actor import EVERYONE, WRITERS, Actor, Role
from domains.kit.child import Child
from domains.kit.errors import Detail
from domains.kit.fields import Input, Query
from domains.kit.guard import Guard

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a state machine, and what the record must hold once it is made.

    `needs` names fields that may not be empty after it. `dated` is the contract date that
    effective_date fills, today when it is neither given nor needed. `reason` asks for a
    status_reason with this very move. `guard` looks at the record as it would be.
    """

    needs: tuple[str, ...] = ()
    dated: str | None = None
    reason: bool = False
    roles: frozenset[Role] = WRITERS
    guard: Callable[[Record], Iterable[Detail]] | None = None


Transitions = Mapping[str, Mapping[str, Step]]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a change is made, and the day its author says it took effect."""

    now: datetime
    effective: date | None = None

    @classmethod
    def given(cls, effective: date | None = None) -> "Moment":
        return cls(datetime.now(UTC), effective)

    @property
    def day(self) -> date:
        return self.effective or self.now.date()


Settle = Callable[
    [Transaction, Actor, Record | None, Record, Mapping[str, Any]], Awaitable[Mapping[str, Any]]
]


Defaults = Callable[[Transaction, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


def _nothing(_before: Record | None, _after: Record, _moment: Moment) -> Mapping[str, Any]:
    """Derive no further columns."""
    return {}


def _as_given(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return given


def _fine(_record: Record) -> Iterable[Detail]:
    return ()


@dataclass(frozen=True)
class Resource:
    """A kind of record. SQL names come only from here; values never do.

    `image` models the record as everybody sees it; its names are columns, unless `computed` gives
    an SQL expression over the row `r`. `entry` are the states a new record may have, with what each
    asks. `where` turns a filter into a condition with {} for its value, `sorts` a sort key into a
    never-null expression and its SQL type, `stats` a name into an aggregate. `prepare` turns what
    is sent into columns where names differ, `derive` adds the columns that follow from a change,
    `check` finds what contradicts itself in a whole record. `kinds` gives a change of one field an
    event name of its own. `reasons` names the field that says why another one was changed, as
    status_reason does for the status; it is emptied when that one changes without a word. `shows`
    names the other entities whose events may change what a record or a list of them shows; who
    changed it last is shown by name, so people are always among them. `label` is an SQL expression
    over the row `r`: what people call the record, in its image, the feed and wherever it is named.
    `search` are the fields it is known by, `line` the column or expression that has them folded.
    `links` are the columns that hold ids of other records, one or several, with the table each
    leads to. `unique` are fields that no two living records of a team share; each has an index
    <table>_<field>_key. `beside` are queries of exactly one row over `r`, read once with each
    record: `computed` may take columns from them by the name each has here. `children` are the
    kinds of rows that belong to a record. `guarded` names the right that a field (`child[].field`
    for one of its children) is shown to, `guarded_stats` likewise for statistics: to everybody else
    they are null, wherever they appear. `titles` are what people call fields whose names do not
    tell; `deeds` how an event is told where the default does not do, by what follows the dot of
    its kind: see words.py. `successor` is the column that names the record which one was merged
    into; such a record is deleted as well, and who asks for it is told the other. `source` is the
    table or view it is read from, where that has another name; `once` is a condition that leaves
    one row of each record in a read of several teams that have it. `home` are statistics for the
    home card, by what it calls them, and `kpis` rates among its key figures. `settle` is given a
    record before and after a write that is otherwise in order, and what was sent: it looks at other
    rows, refuses, and only then writes what goes with it; what it gives are columns. `followers`
    are records of other kinds that are seen by whom this one is seen by.
    """

    name: str
    plural: str
    prefix: str
    image: type[BaseModel]
    create: type[Input]
    patch: type[Input]
    move: type[Input]
    query: type[Query]
    status: str
    transitions: Transitions
    entry: Mapping[str, Step]
    computed: Mapping[str, str]
    search: tuple[str, ...]
    where: Mapping[str, str]
    sorts: Mapping[str, tuple[str, str]]
    stats: Mapping[str, str]
    stats_model: type[BaseModel]
    kinds: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Record], Iterable[Detail]] = _fine
    derive: Callable[[Record | None, Record, Moment], Mapping[str, Any]] = _nothing
    prepare: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _as_given
    readers: frozenset[Role] = EVERYONE
    writers: frozenset[Role] = WRITERS
    guarded: Mapping[str, str] = field(default_factory=dict)
    guarded_stats: Mapping[str, str] = field(default_factory=dict)
    shows: tuple[str, ...] = ()
    successor: str | None = None
    label: str = "r.property_address"
    line: str = "r.search_text"
    links: Mapping[str, str] = field(default_factory=dict)
    unique: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    followers: tuple["Follower", ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    deeds: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    once: str = ""
    home: Mapping[str, str] = field(default_factory=dict)
    kpis: Mapping[str, str] = field(default_factory=dict)
    settle: Settle | None = None
    defaults: Defaults | None = None  # what a new record leaves out, and other rows know

    @property
    def table(self) -> str:
        return self.source or self.plural

    @cached_property
    def guard(self) -> Guard:
        """What of it is shown to whom."""
        return Guard.of(self.guarded, self.guarded_stats)

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The entities whose events may change what is read of this one."""
        return tuple(dict.fromkeys((self.name, "member", "user", *self.shows)))

    @cached_property
    def names(self) -> list[str]:
        """The image's fields: what it is called, its own, then those it shares with others."""
        shared = [name for name in ("id", "display_id") if name in self.image.model_fields]
        first = [*shared, *(name for name in self.image.__annotations__ if name not in shared)]
        return [*first, *(name for name in self.image.model_fields if name not in first)]

    @cached_property
    def image_sql(self) -> str:
        """An SQL expression: the JSON text of the row `r` as everybody sees it."""
        of_children = {name: sql for child in self.children for name, sql in child.in_image.items()}
        computed = {
            **SHARED_COMPUTED,
            "allowed_transitions": self._allowed_sql,
            "label": f"coalesce({self.label}, r.display_id)",
            **of_children,
            **self.computed,
        }
        names = ", ".join(
            f"{computed[name]} AS {name}" if name in computed else f"r.{name}"
            for name in self.names
        )
        beside = ", ".join(f"({query}) AS {name}" for name, query in self.beside.items())
        source = f" FROM {beside}" if beside else ""
        return f"(SELECT row_to_json(x)::text FROM (SELECT {names}{source}) AS x)"

    @property
    def _allowed_sql(self) -> str:
        cases = " ".join(
            f"WHEN '{state}' THEN '{_json_array(steps)}'::json"
            for state, steps in self.transitions.items()
        )
        return f"(CASE r.{self.status} {cases} ELSE '[]'::json END)"

    @cached_property
    def stats_sql(self) -> str:
        """An SQL aggregate over the rows `r`: the JSON text of their statistics."""
        pairs = ", ".join(f"'{name}', {sql}" for name, sql in self.stats.items())
        return f"json_build_object({pairs})::text"

    def steps(self, before: str | None) -> Mapping[str, Step]:
        """The moves from a state; from None, the states a new record may have."""
        return self.entry if before is None else self.transitions.get(before, {})

    def into(self, state: str) -> list[Step]:
        """The steps that lead to a state."""
        ways = [self.entry, *self.transitions.values()]
        return list(dict.fromkeys(steps[state] for steps in ways if state in steps))

    def kind(self, changed: Iterable[str]) -> str:
        """The name of the event that tells a change of these fields."""
        fields = set(changed)
        if self.status in fields:
            return f"{self.name}.status_changed"
        for name, kind in self.kinds.items():
            if name in fields:
                return f"{self.name}.{kind}"
        return f"{self.name}.updated"


@dataclass(frozen=True)
class Follower:
    """Records that are seen by whom another record is seen by: see followers.py.

    `of` is a condition over its row `r` with {} for that record's id, `audience` the column that
    keeps whom it is for (empty: everybody), and `now` an expression of what that is to be.
    """

    resource: Resource
    of: str
    audience: str
    now: str


SHARED_COMPUTED = {
    "last_modified_by": (
        "(SELECT row_to_json(p) FROM (SELECT u.id, u.full_name AS name FROM users AS u"
        " WHERE u.id = r.last_modified_by) AS p)"
    ),
    "is_archived": "(r.archived_at IS NOT NULL)",
}


def _json_array(names: Iterable[str]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"
