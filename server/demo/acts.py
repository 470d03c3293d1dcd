"""One thing an agent does next, and the words it is told in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

Record = Mapping[str, Any]

PREFIX = "Simulated: "


@dataclass(frozen=True, slots=True)
class Act:
    """One write. `says` tells it in the past tense; `then` follows from the record it answers."""

    says: str
    method: str
    path: str
    body: Mapping[str, Any]
    then: Callable[[Record], "Act | None"] | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """What a choice depends on beside the record: today, and an agent's luck."""

    on: date
    rng: Random


Choose = Callable[[Record, Day], Act | None]


def place(record: Record) -> str:
    return str(record["display_address"] or record["property_address"])


def money(amount: float) -> str:
    return f"${amount:,.0f}"


def move(
    record: Record,
    status: str,
    says: str,
    *,
    plural: str = "listings",
    then: Callable[[Record], Act | None] | None = None,
    **fields: Any,
) -> Act | None:
    """None where the record's own machine does not allow the step."""
    if status not in record["allowed_transitions"]:
        return None
    body = {"status": status, "version": record["version"], **fields}
    return Act(says, "PATCH", f"/{plural}/{record['id']}/status", body, then)
