"""CSV that any reader takes back, and that no spreadsheet runs."""

import csv
import io
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.kit.spreadsheet import CHUNK, cell, csv_lines

STARTERS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"


async def images(records: list[dict[str, Any]]) -> AsyncIterator[str]:
    for record in records:
        yield json.dumps(record)


async def sheet(names: list[str], *records: dict[str, Any]) -> list[list[str]]:
    pieces = [piece async for piece in csv_lines(names, images(list(records)))]
    return list(csv.reader(io.StringIO(b"".join(pieces).decode(), newline="")))


@pytest.mark.parametrize("starter", STARTERS)
def test_no_text_starts_a_formula(starter: str) -> None:
    assert cell(f"{starter}HYPERLINK('x')") == f"'{starter}HYPERLINK('x')"
    assert cell([f"{starter}1"]) == f"'{starter}1"
    assert cell({"name": f"{starter}1"}) == f"'{starter}1"
    assert f"; '{starter}1" in cell(["Ann", f"{starter}1"])


@given(st.text())
def test_a_cell_never_starts_with_what_a_spreadsheet_runs(text: str) -> None:
    for value in (text, [text], [text, text], {"name": text}, {"type": text}):
        assert not cell(value).startswith(tuple(STARTERS))


async def test_numbers_stay_as_they_were_written() -> None:
    (_, row) = await sheet(
        ["price", "longitude", "count"],
        {
            "price": 450000.1,
            "longitude": -122.25,
            "count": 3,
        },
    )
    assert row == ["450000.1", "-122.25", "3"]
    exact = '{"price": 999999999999.90}'

    async def one() -> AsyncIterator[str]:
        yield exact

    (piece,) = [piece async for piece in csv_lines(["price"], one())]
    assert Decimal(piece.decode().splitlines()[1]) == Decimal("999999999999.90")
    assert b"999999999999.90" in piece


async def test_every_kind_of_value_has_a_form() -> None:
    record = {
        "nothing": None,
        "yes": True,
        "no": False,
        "text": 'a "quoted", text\nwith ünïcode 🏡',
        "names": ["Ann", "Ben"],
        "none": [],
        "person": {"id": "7", "name": "Ana Agent"},
        "parts": [{"type": "loan", "due_date": None, "status": "pending"}],
    }
    (head, row) = await sheet(list(record), record)
    assert head == list(record)
    assert row == [
        "",
        "true",
        "false",
        'a "quoted", text\nwith ünïcode 🏡',
        "Ann; Ben",
        "",
        "Ana Agent",
        "loan pending",
    ]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
async def test_any_text_comes_back_from_its_cell(texts: list[str]) -> None:
    names = [f"c{i}" for i in range(len(texts))]
    (_, row) = await sheet(names, dict(zip(names, texts, strict=True)))
    for text, found in zip(texts, row, strict=True):
        assert found == ("'" + text if text.startswith(tuple(STARTERS)) else text)


async def test_a_long_sheet_comes_in_pieces() -> None:
    records = [{"text": "x" * 1000} for _ in range(300)]
    pieces = [piece async for piece in csv_lines(["text"], images(records))]
    assert len(pieces) > 3
    assert max(map(len, pieces)) < CHUNK + 2000
    assert b"".join(pieces).count(b"\r\n") == 301


async def test_a_sheet_without_records_has_its_header() -> None:
    assert await sheet(["a", "b"]) == [["a", "b"]]
