"""What each kind of value takes, in which form it is kept, and what it refuses."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from domains.kit.fields import (
    Area,
    Count,
    Day,
    EmailText,
    Input,
    Instant,
    Latitude,
    Line,
    Link,
    Longitude,
    Money,
    Note,
    Percent,
    Phone,
    Query,
    Rooms,
    Search,
    Version,
    Word,
    Year,
    sent,
)


def read(kind: Any, value: Any) -> Any:
    """The value as a body's field of this kind keeps it."""
    return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (Word, "  Kent ", "Kent"),
        (Word, "x" * 80, "x" * 80),
        (Word, "O'Brien & <Söhne> 🏡", "O'Brien & <Söhne> 🏡"),
        (Line, "x" * 200, "x" * 200),
        (Note, "two\nlines\tand a tab", "two\nlines\tand a tab"),
        (EmailText, " a.b+c@d.example ", "a.b+c@d.example"),
        (Phone, "+1 (206) 555-0100 x7", "+1 (206) 555-0100 x7"),
        (Link, "https://tours.example/7?a=b#c", "https://tours.example/7?a=b#c"),
        (Money, 0, Decimal("0.00")),
        (Money, 450000.1, Decimal("450000.10")),
        (Money, 999999999999.99, Decimal("999999999999.99")),
        (Money, "450000.10", Decimal("450000.10")),
        (Money, "0E-99999999", Decimal("0.00")),
        (Percent, 2.875, Decimal("2.875")),
        (Percent, 100, Decimal(100)),
        (Rooms, 2.75, Decimal("2.75")),
        (Count, 999, 999),
        (Area, 2_000_000_000, 2_000_000_000),
        (Year, 1800, 1800),
        (Latitude, -90, -90.0),
        (Longitude, 180, 180.0),
        (Day, "2028-02-29", date(2028, 2, 29)),
        (Day, "1800-01-01", date(1800, 1, 1)),
        (Instant, "2026-01-05T10:00:00Z", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        (Instant, "2026-01-05T10:00:00-08:00", datetime(2026, 1, 5, 18, tzinfo=UTC)),
        (Instant, "2026-01-05T10:00:00", datetime(2026, 1, 5, 10, tzinfo=UTC)),
    ],
)
def test_a_value_within_its_bounds_is_kept(kind: Any, value: Any, kept: Any) -> None:
    found = read(kind, value)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((kind, value) for kind in (Word, Line, Note) for value in ("", "   ", 7, None, ["x"])),
        (Word, "x" * 81),
        (Line, "x" * 201),
        (Note, "x" * 10_001),
        (Word, "two\nlines"),
        (Line, "a\ttab"),
        (Line, "a\u2028b"),
        *((kind, f"a{odd}b") for kind in (Word, Note, Search) for odd in "\0\x07\x1b\x7f"),
        (EmailText, "nobody"),
        (EmailText, "a@b"),
        (EmailText, "a b@c.example"),
        (Phone, "call me"),
        (Phone, "1"),
        (Link, "javascript:alert(1)"),
        (Link, "https://a b"),
        (Link, 'https://a.example/"><script>'),
        (Money, -0.01),
        (Money, 0.001),
        (Money, 10**12),
        (Money, True),
        (Money, "1E-999"),
        (Money, "NaN"),
        (Money, "many"),
        (Percent, 100.001),
        (Percent, 2.8755),
        (Rooms, -1),
        (Rooms, 1000),
        (Count, 1.5),
        (Count, "2"),
        (Count, True),
        (Area, 2_000_000_001),
        (Year, 1799),
        (Year, 2201),
        (Latitude, 90.001),
        (Longitude, -180.001),
        (Day, "2026-02-30"),
        (Day, "1799-12-31"),
        (Day, "2201-01-01"),
        (Day, "tomorrow"),
        (Day, 20260105),
        (Instant, "0001-01-01T00:00:00+14:00"),
        (Instant, "9999-12-31T23:59:59-12:00"),
        (Version, 0),
        (Version, 10**10),
    ],
)
def test_a_value_out_of_bounds_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        read(kind, value)


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("kind", [Money, Latitude])
def test_what_is_no_number_is_refused(kind: Any, raw: str) -> None:
    class Body(Input):
        value: kind

    with pytest.raises(ValidationError):
        Body.model_validate_json(f'{{"value": {raw}}}')


@given(st.integers(0, 10**14 - 1))
def test_money_is_exact_to_the_cent(cents: int) -> None:
    exact = Decimal(cents).scaleb(-2)
    assert read(Money, float(exact)) == read(Money, str(exact)) == exact


class Parts(Input):
    kind: Word
    state: Word = "pending"


class Thing(Input):
    name: Word
    size: Count = 1
    parts: list[Parts] = Field(default_factory=list)


def test_what_was_sent_is_told_from_what_was_not_and_each_of_it_is_whole() -> None:
    body = Thing.model_validate_json('{"parts": [{"kind": "door"}], "name": "House"}')
    assert sent(body) == {"name": "House", "parts": [{"kind": "door", "state": "pending"}]}
    assert list(sent(body)) == ["name", "parts"]


def test_a_body_takes_no_unknown_field() -> None:
    with pytest.raises(ValidationError):
        Thing.model_validate_json('{"name": "House", "colour": "red"}')


class Filter(Query):
    min_price: Annotated[int, Field(ge=0)] | None = None
    closing_start: Day | None = None
    sort: str = "name"
    order: str = "asc"
    search: str | None = None
    archived: bool = False


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("min_price", "min_price", 7),
        ("minPrice", "min_price", 7),
        ("closingDateStart", "closing_start", "2026-01-05"),
        ("closing_date_start", "closing_start", "2026-01-05"),
        ("sortBy", "sort", "size"),
        ("sort_by", "sort", "size"),
        ("sortOrder", "order", "desc"),
        ("q", "search", "main"),
        ("isArchived", "archived", True),
    ],
)
def test_a_filter_answers_to_the_names_of_earlier_clients(
    name: str, field: str, value: Any
) -> None:
    found = Filter.model_validate({name: str(value)})
    assert str(getattr(found, field)) == str(value)


@pytest.mark.parametrize("names", [("sort", "sortBy"), ("minPrice", "min_price")])
def test_a_filter_given_under_two_names_is_refused(names: tuple[str, str]) -> None:
    with pytest.raises(ValidationError, match="twice"):
        Filter.model_validate(dict.fromkeys(names, "1"))


def test_an_unknown_filter_is_refused() -> None:
    with pytest.raises(ValidationError):
        Filter.model_validate({"max_prize": "1"})
