"""The rows of the fault table that one machine can hold; docs/operations.md gives the figures."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from tests.faults import redis_rows
from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale

Run = Callable[[Office, Scale, Verdict], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Row:
    """`short` is what CI has time for, `full` what the table asks, as far as two cores can."""

    number: str
    title: str
    run: Run
    short: Scale
    full: Scale
    nodes: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)


ROWS = [
    Row(
        "1",
        "kill -9 of Redis under load",
        redis_rows.redis_killed,
        short=Scale(60, 40, 8),
        full=Scale(500, 50, 30, full=True),
    ),
    Row(
        "2",
        "CLIENT KILL TYPE pubsub, again and again",
        redis_rows.subscribers_thrown_out,
        short=Scale(60, 40, 12),
        full=Scale(200, 50, 300, full=True),
    ),
    Row(
        "4",
        "a message of 40 MB on the bus",
        redis_rows.monstrous_message,
        short=Scale(40, 30, 8),
        full=Scale(200, 50, 30, full=True),
    ),
]
