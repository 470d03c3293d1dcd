"""Time zones by their IANA names."""

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def _real(name: str) -> str:
    if name not in _known():
        raise ValueError("is no time zone; name one as in America/Los_Angeles")
    return name


TimeZone = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_real),
    Field(description="IANA name", examples=["America/Los_Angeles"]),
]
