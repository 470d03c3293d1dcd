"""What a live view is told makes of the old list the new one, however a client goes about it."""

import json
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from channels.views.changes import changes


@dataclass(frozen=True, slots=True)
class Listed:
    rows: list[tuple[str, int]]
    stats: bytes = b"{}"
    head: int = 0
    total: int = 0
    pagination: bytes = b"{}"
    day_left: float = 0.0

    @property
    def ids(self) -> list[str]:
        return [row for row, _ in self.rows]

    @property
    def images(self) -> list[str]:
        return [json.dumps([row, version]) for row, version in self.rows]


# Few rows and few versions, so that old and new have much in common.
LISTS = st.builds(
    Listed,
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 2)), unique_by=lambda row: row[0]
    ),
)


def told(old: Listed, new: Listed) -> list[Any]:
    said: list[Any] = orjson.loads(orjson.dumps(changes(old, new)))
    return said


def taken_out_first(rows: list[Any], said: list[Any]) -> list[Any]:
    """As docs/protocol.md says it."""
    named = {change.get("id") for change in said}
    rows = [row for row in rows if row[0] not in named]
    for change in said:
        if "d" in change:
            rows.insert(change["index"], change["d"])
    return rows


def one_by_one(rows: list[Any], said: list[Any]) -> list[Any]:
    for change in said:
        rows = [row for row in rows if row[0] != change.get("id")]
        if "d" in change:
            rows.insert(change["index"], change["d"])
    return rows


@given(old=LISTS, new=LISTS)
def test_the_old_list_becomes_the_new_one(old: Listed, new: Listed) -> None:
    said, before, after = told(old, new), *([list(row) for row in x.rows] for x in (old, new))
    assert taken_out_first(before, said) == after
    assert one_by_one(before, said) == after


@given(old=LISTS)
def test_a_list_that_stayed_is_not_spoken_of(old: Listed) -> None:
    assert told(old, old) == []


@given(old=LISTS, data=st.data())
def test_one_row_that_changed_is_told_as_one_change(old: Listed, data: st.DataObject) -> None:
    if not old.rows:
        return
    rows = list(old.rows)
    row, version = rows.pop(data.draw(st.integers(0, len(rows) - 1)))
    rows.insert(data.draw(st.integers(0, len(rows))), (row, version + 1))
    (change,) = told(old, Listed(rows))
    assert (change["k"], change["id"]) == ("row.change", row)
    assert rows[change["index"]] == tuple(change["d"])


def test_statistics_are_told_with_every_digit() -> None:
    old = Listed([], b'{"total" : 1, "volume" : 99999999999999.90, "none" : null, "same" : 0.10}')
    new = Listed([], b'{"total" : 2, "volume" : 99999999999999.95, "none" : 3, "same" : 0.10}')
    assert orjson.dumps(changes(old, new)) == (
        b'[{"k":"stats.delta","stats":{"total":[1,2],'
        b'"volume":[99999999999999.90,99999999999999.95],"none":[null,3]}}]'
    )
