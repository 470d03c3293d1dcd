"""What became of a list: the shortest words that turn what was shown into what is."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orjson import Fragment


class Rows(Protocol):
    """A list as it was read: the rows' ids and images in order, and what is said of all matches.

    `head` is the last event that it has seen. `day_left` is for how many seconds it stays as it is
    while nobody writes: days on market are counted up at midnight.
    """

    @property
    def head(self) -> int: ...

    @property
    def ids(self) -> Sequence[str]: ...

    @property
    def images(self) -> Sequence[str]: ...

    @property
    def total(self) -> int: ...

    @property
    def stats(self) -> bytes: ...

    @property
    def pagination(self) -> bytes: ...

    @property
    def day_left(self) -> float: ...


def changes(old: Rows, new: Rows) -> list[dict[str, Any]]:
    """First the leaves, then enters and changes by index, then the statistics.

    The indexes are those of the new list. It comes out right for a client that takes all named rows
    out and then puts them in by index, and as well for one that moves row after row: whatever would
    stand in another's way meanwhile leaves, and enters again.
    """
    was = {row: (place, old.images[place]) for place, row in enumerate(old.ids)}
    held = _held(was, new)
    remain = set(new.ids)
    leaves = [row for row in old.ids if row not in remain]
    ahead = iter([row for row in old.ids if row in remain])
    passed: dict[str, None] = {}  # what still stands further ahead than it will
    placed: set[str] = set()
    places: list[dict[str, Any]] = []
    for index, row in enumerate(new.ids):
        if row in held:
            for other in ahead:
                if other == row:
                    break
                if other not in placed:
                    passed[other] = None
            continue
        passed.pop(row, None)
        leaves += passed
        passed.clear()
        stayed = row in was and row not in leaves
        kind = "row.change" if stayed else "row.enter"
        places.append({"k": kind, "id": row, "index": index, "d": Fragment(new.images[index])})
        placed.add(row)
    told = [{"k": "row.leave", "id": row} for row in leaves]
    return [*told, *places, *_stats(old.stats, new.stats)]


def _held(was: Mapping[str, tuple[int, str]], new: Rows) -> set[str]:
    """The rows that are as they were, and in the order they were in."""
    held = set()
    last = -1
    for row, image in zip(new.ids, new.images, strict=True):
        place, before = was.get(row, (-1, ""))
        if place > last and before == image:
            held.add(row)
            last = place
    return held


def _stats(old: bytes, new: bytes) -> list[dict[str, Any]]:
    if old == new:
        return []
    before, after = _literals(old), _literals(new)
    delta = {
        name: [Fragment(before.get(name, "null")), Fragment(value)]
        for name, value in after.items()
        if before.get(name) != value
    }
    return [{"k": "stats.delta", "stats": delta}]


def _literals(stats: bytes) -> dict[str, str]:
    """Each value as the text it is: a sum of money keeps every digit."""
    values = json.loads(stats, parse_int=_Literal, parse_float=_Literal)
    return {name: _literal(value) for name, value in values.items()}


def _literal(value: Any) -> str:
    if isinstance(value, _Literal):
        return str(value)
    if isinstance(value, dict):  # counts by key
        pairs = (f"{json.dumps(key)}:{_literal(each)}" for key, each in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_literal, value)) + "]"
    return json.dumps(value)


class _Literal(str):
    """A number, as it was written."""

    __slots__ = ()
