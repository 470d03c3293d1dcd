"""When a property may be shown: the listing's rules, in the property's own time."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, model_validator

from domains.kit.errors import Detail
from domains.kit.fields import Day, Input, Line, TimeOfDay
from domains.kit.resource import Record

# The day's first and last minute of a showing, where the listing names none.
DAY_BEGINS: Final = time(8)
DAY_ENDS: Final = time(20)
SHOWN: Final = frozenset({"active", "active_under_contract"})


class ShowingStatus(StrEnum):
    """RESO's ShowingStatus; restricted ones are never confirmed without being looked at."""

    ACCEPTING_REQUESTS = "accepting_requests"
    NO_SHOWINGS = "no_showings"
    ON_HOLD = "on_hold"
    RESTRICTED_SHOWINGS = "restricted_showings"


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Blackout(Input):
    """No showings then: on a date, on a weekday, or every day; at these times, or all day."""

    date: Day | None = None
    weekday: Weekday | None = None
    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    reason: Line | None = None

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if (self.start_time is None) != (self.end_time is None):
            raise ValueError("start_time and end_time belong together")
        if self.start_time and self.end_time and self.end_time <= self.start_time:
            raise ValueError("end_time is not after start_time")
        if self.date and self.weekday:
            raise ValueError("names a date or a weekday, not both")
        if not (self.date or self.weekday or self.end_time):
            raise ValueError("says when: a date, a weekday or times of day")
        return self


Blackouts = Annotated[list[Blackout], Field(max_length=60)]
NoticeHours = Annotated[int, Field(ge=0, le=336)]
Daily = Annotated[int, Field(ge=1, le=100)]


class ShowingFields(BaseModel):
    """What may be empty: then there is no such rule, and showings are from 8:00 to 20:00."""

    min_notice_hours: NoticeHours | None = None
    max_daily_showings: Daily | None = None
    showing_start: TimeOfDay | None = None
    showing_end: TimeOfDay | None = None


def check(listing: Record) -> Iterable[Detail]:
    """The hours of a day are in order."""
    first, last = listing.get("showing_start"), listing.get("showing_end")
    if (last or DAY_ENDS) <= (first or DAY_BEGINS):
        yield {
            "field": "showing_end" if last else "showing_start",
            "message": f"leaves no time from {first or DAY_BEGINS} to {last or DAY_ENDS}",
            "code": "too_early",
            "with": ["showing_start", "showing_end"],
        }


def forbids(
    listing: Record, start: datetime, end: datetime, now: datetime, *, asked: bool
) -> Iterable[Mapping[str, str]]:
    """What stands against a showing then: {rule, message} for each. `asked` now: notice counts."""
    zone = ZoneInfo(listing["time_zone"])
    first, last = start.astimezone(zone), end.astimezone(zone)
    if not listing["is_showable"]:
        yield {"rule": "is_showable", "message": "the listing is not to be shown"}
    if listing["listing_status"] not in SHOWN:
        yield {
            "rule": "listing_status",
            "message": f"the listing is {listing['listing_status']}",
        }
    if listing["showing_status"] in ("no_showings", "on_hold"):
        said = listing["showing_status"].replace("_", " ")
        yield {"rule": "showing_status", "message": f"showings are set to {said}"}
    opens, closes = listing["showing_start"] or DAY_BEGINS, listing["showing_end"] or DAY_ENDS
    if last.date() != first.date() or first.time() < opens or last.time() > closes:
        yield {
            "rule": "showing_hours",
            "message": f"showings are from {opens:%H:%M} to {closes:%H:%M} in {zone.key}",
        }
    hours = listing["min_notice_hours"]
    if asked and hours is not None and start - now < timedelta(hours=hours):
        yield {"rule": "min_notice_hours", "message": f"{hours} hours of notice are asked for"}
    for blackout in listing["blackout_times"]:
        if _covers(blackout, first, last):
            why = f": {blackout['reason']}" if blackout.get("reason") else ""
            yield {"rule": "blackout_times", "message": f"no showings at that time{why}"}


def _covers(blackout: Record, first: datetime, last: datetime) -> bool:
    if blackout.get("date") and date.fromisoformat(blackout["date"]) != first.date():
        return False
    if blackout.get("weekday") and blackout["weekday"] != f"{first:%A}".lower():
        return False
    if not blackout.get("start_time"):
        return True
    begins = time.fromisoformat(blackout["start_time"])
    ends = time.fromisoformat(blackout["end_time"])
    return first.time() < ends and last.time() > begins
