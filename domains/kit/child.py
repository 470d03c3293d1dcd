"""Rows that belong to a record: what a kind of them is."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from db.transaction import Transaction
from domains.kit.actor import Actor
from domains.kit.errors import Detail
from domains.kit.fields import Input, Output

Row = Mapping[str, Any]


Settle = Callable[[Transaction, Actor, Row, Row | None, Row], Awaitable[Mapping[str, Any]]]
Leave = Callable[[Transaction, Row, Row], Awaitable[None]]


def _fine(_row: Row) -> Iterable[Detail]:
    return ()


def _nothing(_before: Row | None, _after: Row) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Child:
    """A kind of row that belongs to a record and has no life of its own. SQL names come from here.

    `parent` is the column that names the record. `image` models the row as everybody sees it; its
    names are columns, unless `computed` gives an expression over the row `c`. `order` is theirs in
    every list. `place` names the column that counts them from 1, without gaps; `sole` the flag that
    at most one row of a record has; `once` a field in which no two rows of a record are alike.
    `own` keeps a row to who wrote it, and to leads. `follows` gives columns of the record that a
    change of its rows sets, from the record and its rows after it. `links` are its columns that
    hold ids of other records, with the table each leads to. `settle` is given the record, and a row
    before and after a write that is otherwise in order: it looks at other rows and refuses; what it
    gives are columns. `leave` is given the record and a row that is about to go: it refuses, or
    writes what goes with it.

    The record's image holds its rows as an array, `most` of them. Rows that may be many stand
    `apart`: the image tells their number and the one written last, and a path of its own tells all.
    """

    name: str
    plural: str
    table: str
    parent: str
    image: type[Output]
    create: type[Input]
    patch: type[Input]
    order: str
    computed: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Row], Iterable[Detail]] = _fine
    derive: Callable[[Row | None, Row], Mapping[str, Any]] = _nothing
    follows: Callable[[Row, Sequence[Row]], Mapping[str, Any]] | None = None
    place: str | None = None
    sole: str | None = None
    once: str | None = None
    own: bool = False
    links: Mapping[str, str] = field(default_factory=dict)
    settle: Settle | None = None
    leave: Leave | None = None
    apart: bool = False
    most: int = 100

    @cached_property
    def image_sql(self) -> str:
        """An SQL expression: the JSON of the row `c` as everybody sees it."""
        computed = {**SHARED_COMPUTED, **self.computed}
        names = ", ".join(
            f"{computed[name]} AS {name}" if name in computed else f"c.{name}"
            for name in ["id", *(name for name in self.image.model_fields if name != "id")]
        )
        return f"(SELECT row_to_json(x) FROM (SELECT {names}) AS x)"

    @property
    def belongs(self) -> str:
        """SQL: the row `c` is one of the record `r`."""
        return f"c.team_id = r.team_id AND c.{self.parent} = r.id"

    @cached_property
    def in_image(self) -> dict[str, str]:
        """The fields of the record's image that tell of its rows, as expressions over `r`."""
        mine = f"FROM {self.table} AS c WHERE {self.belongs}"
        if self.apart:
            last = f"(SELECT {self.image_sql} {mine} ORDER BY c.version DESC LIMIT 1)"
            return {self.count: f"(SELECT count(*) {mine})", self.last: last}
        rows = f"string_agg({self.image_sql}::text, ',' ORDER BY {self.order})"
        return {self.plural: f"(SELECT ('[' || coalesce({rows}, '') || ']')::json {mine})"}

    @property
    def count(self) -> str:
        return f"{self.name}_count"

    @property
    def last(self) -> str:
        return f"last_{self.name}"


SHARED_COMPUTED = {
    "created_by": (
        "(SELECT row_to_json(p) FROM (SELECT u.id, u.full_name AS name FROM users AS u"
        " WHERE u.id = c.created_by) AS p)"
    ),
}
