"""When an appointment is: the instants, and the same as the clocks show where it takes place.

Either may be sent, and each is made of the other. A local time that the clocks skip is refused; of
one that they show twice, the first is meant (of an end, the first after the start), as in RFC 5545.
Who changes only the start moves the appointment, which stays as long as it was.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domains.kit.errors import Invalid
from domains.kit.resource import Moment, Record

LEAST, MOST, USUAL = timedelta(minutes=15), timedelta(hours=8), timedelta(hours=1)
LATE: Final = timedelta(minutes=15)  # what began a moment ago may still be entered
START: Final = ("starts_at", "start_time", "appointment_date", "time_zone")
END: Final = ("ends_at", "end_time", "duration")


def derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    """The columns of time that follow from those that were sent; raise Invalid, naming one."""
    news = {name for name in (*START, *END) if _new(name, before, after)}
    if before is not None and not news:
        return {}
    zone = ZoneInfo(after["time_zone"])
    start = _start(before, after, news, zone)
    end = _end(before, after, news, zone, start)
    first, last = start.astimezone(zone), end.astimezone(zone)
    blamed = blame(news, (*END, *START))
    if end <= start:
        raise Invalid.field(blamed, "the end is not after the start", "too_early")
    if not LEAST <= end - start <= MOST:
        raise Invalid.field(blamed, "an appointment is 15 to 480 minutes long", "out_of_range")
    if last.date() != first.date():
        message = f"it would end on another day in {zone.key}"
        raise Invalid.field(blamed, message, "out_of_range")
    columns: dict[str, Any] = {
        "starts_at": start,
        "ends_at": end,
        "appointment_date": first.date(),
        "start_time": first.time(),
        "end_time": last.time(),
        "duration": (end - start) // timedelta(minutes=1),
    }
    moved = before is not None and (before["starts_at"], before["ends_at"]) != (start, end)
    if before is not None and moved:
        columns |= {
            "previous_starts_at": before["starts_at"],
            "previous_ends_at": before["ends_at"],
            "times_moved": before["times_moved"] + 1,
        }
    if before is None or before["starts_at"] != start:
        columns |= {"times_set_at": moment.now, "reminders_sent": []}
    return {name: value for name, value in columns.items() if after.get(name) != value}


def blame(sent: AbstractSet[str], order: tuple[str, ...] = (*START, *END)) -> str:
    """Which of the fields that were sent a refusal of the times is told of."""
    return next((name for name in order if name in sent and name != "time_zone"), order[0])


def instant(day: date, at: time, zone: ZoneInfo, field: str, *, after: datetime | None = None
            ) -> datetime:  # fmt: skip
    """When the clocks in a zone show this. Raise Invalid where they skip it."""
    local = datetime.combine(day, at, zone)
    found = local.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise Invalid.field(
            field,
            f"{at:%H:%M} does not exist on {day} in {zone.key}: the clocks are put forward over it",
            "no_such_time",
        )
    if after is not None and found <= after:
        return local.replace(fold=1).astimezone(UTC)
    return found


def _new(name: str, before: Record | None, after: Record) -> bool:
    value = after.get(name)
    return value is not None and (before is None or bool(before[name] != value))


def _start(
    before: Record | None, after: Record, news: AbstractSet[str], zone: ZoneInfo
) -> datetime:
    if "starts_at" in news:
        start: datetime = after["starts_at"]
        local = start.astimezone(zone)
        _same(after, news, "appointment_date", local.date(), zone)
        _same(after, news, "start_time", local.time(), zone)
        return start
    if before is not None and not news & set(START):
        kept: datetime = before["starts_at"]
        return kept
    if after.get("appointment_date") is None or after.get("start_time") is None:
        message = "is needed, or appointment_date and start_time"
        raise Invalid.field("starts_at", message, "missing")
    field = next(name for name in START if name in news)
    return instant(after["appointment_date"], after["start_time"], zone, field)


def _end(
    before: Record | None,
    after: Record,
    news: AbstractSet[str],
    zone: ZoneInfo,
    start: datetime,
) -> datetime:
    end: datetime
    if "ends_at" in news:
        end = after["ends_at"]
        _same(after, news, "end_time", end.astimezone(zone).time(), zone)
    elif "end_time" in news:
        day = start.astimezone(zone).date()
        end = instant(day, after["end_time"], zone, "end_time", after=start)
    elif "duration" in news:
        return start + timedelta(minutes=after["duration"])
    elif before is None:
        return start + USUAL
    else:
        long: timedelta = before["ends_at"] - before["starts_at"]
        return start + long
    _same(after, news, "duration", (end - start) // timedelta(minutes=1), zone)
    return end


def _same(after: Record, news: AbstractSet[str], name: str, value: Any, zone: ZoneInfo) -> None:
    """What was said twice must be said alike."""
    if name in news and after[name] != value:
        raise Invalid.field(name, f"it would be {value} in {zone.key}", "contradiction")
