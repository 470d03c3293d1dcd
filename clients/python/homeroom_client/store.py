"""The team's records here: pages and events in any order, the newest version wins."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

Row = dict[str, Any]


class Store:
    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {}
        self._gone: dict[str, int] = {}  # versions that records were deleted with
        self._hidden: dict[str, int] = {}  # events that took records out of our sight
        self._poured: dict[str, int] = {}
        self._epoch = 0

    def of(self, entity: str) -> dict[str, Row]:
        return self._rows.setdefault(entity, {})

    def pour(self, entity: str, rows: Iterable[Row], as_of: float = math.inf) -> None:
        """`as_of` is the last event that whoever read them had seen."""
        for row in rows:
            if as_of > self._hidden.get(row["id"], 0):
                self._put(entity, row)

    def apply(self, event: Mapping[str, Any]) -> bool:
        """Take in one event; True when its record must be read because it came without it."""
        kind, entity, record = event["k"], event.get("e", ""), event.get("id", "")
        if kind.endswith(".deleted"):
            self._gone[record] = event["ver"]
            self.of(entity).pop(record, None)
        elif kind.endswith(".withdrawn"):
            self._hidden[record] = event["s"]
            self.of(entity).pop(record, None)
        elif event.get("d"):
            self._put(entity, event["d"])
        return bool(event.get("ref")) and not event.get("d")

    def renew(self) -> int:
        """Begin to replace everything; what is not poured again before `sweep` goes then."""
        self._epoch += 1
        return self._epoch

    def sweep(self, epoch: int) -> None:
        if epoch == self._epoch:
            for rows in self._rows.values():
                for record in [one for one in rows if self._poured.get(one) != epoch]:
                    del rows[record]

    def clear(self) -> None:
        """The history we followed is not the server's: nothing here counts."""
        for kept in (self._rows, self._gone, self._hidden, self._poured):
            kept.clear()

    def _put(self, entity: str, row: Row) -> None:
        self._poured[row["id"]] = self._epoch
        known = self.of(entity).get(row["id"])
        newest = max(self._gone.get(row["id"], 0), known["version"] if known else 0)
        if row["version"] > newest:
            self.of(entity)[row["id"]] = row
