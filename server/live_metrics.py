"""The live rooms' own counts, as metrics."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import partial

from channels.base.counters import Counters
from channels.bus.bus import Bus
from channels.room.rooms import Rooms
from db.clock import PostgresClock
from server.metrics import Reading

GAUGES = frozenset({"sockets", "rooms", "tasks", "presence_online", "views", "view_groups"})
BY = {"joins": "mode", "refusals": "code", "closes": "reason"}


def readings(counters: Counters, bus: Bus, rooms: Rooms, clock: PostgresClock) -> list[Reading]:
    """Every field of the counters by its own name: a new one shows up here by itself."""
    return [
        *_counted(counters),
        Reading("bus_up", "Whether Redis carries events now", lambda: float(bus.up)),
        Reading(
            "head_lag_events",
            "How many events the furthest room is behind Postgres",
            lambda: float(rooms.lag().events),
        ),
        Reading(
            "head_poll_age_seconds",
            "How long ago Postgres last told the heads",
            lambda: rooms.lag().seconds,
        ),
        Reading(
            "clock_offset_seconds",
            "By how much this machine's clock is ahead of Postgres's",
            lambda: clock.offset,
        ),
    ]


def _counted(counters: Counters) -> Iterator[Reading]:
    for field in fields(counters):
        name = field.name
        if isinstance(getattr(counters, name), int | float):
            yield Reading(
                f"live_{name}",
                f"The live rooms' {name.replace('_', ' ')}",
                partial(_number, counters, name),
                counts=name not in GAUGES,
            )
        elif name in BY:
            yield Reading(
                f"live_{name}",
                f"The live rooms' {name}, by {BY[name]}",
                partial(_mapping, counters, name),
                counts=True,
                label=BY[name],
            )


def _number(counters: Counters, name: str) -> float:
    return float(getattr(counters, name))


def _mapping(counters: Counters, name: str) -> Mapping[str, float]:
    return dict(getattr(counters, name))
