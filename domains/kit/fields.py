"""The kinds of value a field may hold, with their bounds; shared by every domain's models."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_snake

from domains.kit.actor import Actor

# Postgres refuses NUL, and half a surrogate pair is no character; the rest only garbles a screen.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_BREAK = re.compile(r"[\t\r\n\u2028\u2029]")


class Kind(StrEnum):
    """What a value is to people. A field whose type does not tell it is annotated with it."""

    TEXT = "text"
    LONG = "long"
    MONEY = "money"
    PERCENT = "percent"
    NUMBER = "number"
    YEAR = "year"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    CHOICE = "choice"
    FLAG = "flag"
    LIST = "list"
    ITEMS = "items"
    PERSON = "person"
    RECORD = "record"


def printable(text: str) -> str:
    if _UNPRINTABLE.search(text):
        raise ValueError("holds control characters that cannot be stored")
    return text


def _one_line(text: str) -> str:
    if _LINE_BREAK.search(text):
        raise ValueError("must be a single line")
    return text


def _in_our_time(day: date) -> date:
    if not date(1800, 1, 1) <= day <= date(2200, 12, 31):
        raise ValueError("must be between 1800-01-01 and 2200-12-31")
    return day


def _instant(at: datetime) -> datetime:
    if not 1800 <= at.year <= 2200:  # near the ends of the calendar no zone can be applied
        raise ValueError("must be between the years 1800 and 2200")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _on_the_minute(at: datetime) -> datetime:
    if at.second or at.microsecond:
        raise ValueError("must be on a whole minute")
    return at


def _time_of_day(at: time) -> time:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise ValueError("must be a time of day on a whole minute, without an offset")
    return at


def _rounded(places: int) -> AfterValidator:
    # Never loses a digit, for the places are bounded; but 0E-999 is a zero that Postgres refuses.
    step = Decimal(1).scaleb(-places)
    return AfterValidator(lambda value: value.quantize(step))


def _text(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


Word = Annotated[str, _text(80), AfterValidator(printable), AfterValidator(_one_line)]
Line = Annotated[str, _text(200), AfterValidator(printable), AfterValidator(_one_line)]
Note = Annotated[str, _text(10_000), AfterValidator(printable), Kind.LONG]
Search = Annotated[str, StringConstraints(max_length=200), AfterValidator(printable)]
EmailText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    AfterValidator(printable),
]
Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=40, pattern=r"^\+?[0-9 ().x-]{3,}$")
]
Link = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^https?://[^\s<>\"]+$"),
    AfterValidator(printable),
]

Money = Annotated[
    Decimal,
    Field(ge=0, max_digits=14, decimal_places=2, examples=[450000]),
    _rounded(2),
    Kind.MONEY,
]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=3), _rounded(3), Kind.PERCENT]
Rooms = Annotated[Decimal, Field(ge=0, le=999, decimal_places=2), _rounded(2)]
Count = Annotated[int, Field(ge=0, le=999)]
Area = Annotated[int, Field(ge=0, le=2_000_000_000, description="square feet")]
Year = Annotated[int, Field(ge=1800, le=2200), Kind.YEAR]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Day = Annotated[date, AfterValidator(_in_our_time)]
Instant = Annotated[datetime, AfterValidator(_instant)]  # without an offset it is UTC
Minute = Annotated[Instant, AfterValidator(_on_the_minute)]
TimeOfDay = Annotated[time, AfterValidator(_time_of_day)]
Version = Annotated[int, Field(ge=1, le=2_000_000_000)]


class Input(BaseModel):
    """A request body: nothing unknown, nothing converted, nothing infinite."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def sent(body: Input) -> dict[str, Any]:
    """The fields that were sent, each whole: what an item of a list leaves out has its default."""
    whole = body.model_dump()
    return {name: value for name, value in whole.items() if name in body.model_fields_set}


class Output(BaseModel):
    """The documented shape of an answer; Postgres writes the bytes, this describes them."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(BaseModel):
    """A query string. Names are snake_case; the camelCase of earlier clients is taken too."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @property
    def personal(self) -> bool:
        """Whether it asks for something else when somebody else asks it."""
        return False

    def wide(self, _: Actor) -> bool:
        """Whether it asks this reader's way for more than one team's records."""
        return False

    @model_validator(mode="before")
    @classmethod
    def _snake_case(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        named: dict[str, Any] = {}
        for key, value in given.items():
            snake = to_snake(str(key))
            name = snake if snake in cls.model_fields else SYNONYMS.get(snake, snake)
            if name in named:
                raise ValueError(f"{name} is given twice")
            named[name] = value
        return named


SYNONYMS = {
    "sort_by": "sort",
    "sort_order": "order",
    "q": "search",
    "closing_date_start": "closing_start",
    "closing_date_end": "closing_end",
    "is_archived": "archived",
}


class Person(Output):
    """Somebody, as shown beside a record."""

    id: str
    name: str
