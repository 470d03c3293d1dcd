"""The export: every record that matches, as CSV that parses back and starts no formula."""

import csv
import io
from typing import Any

import pytest

from domains.escrows.resource import ESCROWS
from domains.kit.resource import Resource
from domains.kit.spreadsheet import CHUNK
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.factories import Team, new_record, new_team
from tests.walk import full

each_resource = pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)
SAMPLES = [
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\uff1dcmd",
    "\uff0b1",
    "\uff0d1",
    "\uff201",
    'a "quoted", text; with everything',
    "Maßstraße 7, Zürich 🏡",
    "O'Brien & <Söhne>",
    "back\\slash",
]


async def rows(by: Client, resource: Resource, **params: Any) -> list[dict[str, str]]:
    """The export's rows, each with as many cells as the header."""
    _, pieces = await by.download(f"/{resource.plural}/export", **params)
    text = b"".join(pieces).decode()
    assert text.endswith("\r\n")
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == resource.names
    assert {len(line) for line in lines} <= {len(header)}
    return [dict(zip(header, line, strict=True)) for line in lines]


@each_resource
async def test_an_export_is_a_csv_file_with_every_field_of_the_record(
    agent: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    headers, _ = await agent.download(f"/{resource.plural}/export")
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == f'attachment; filename="{resource.plural}.csv"'
    (row,) = await rows(agent, resource)
    assert row["display_id"] == record["display_id"]
    assert row["last_modified_by"] == "Ana Agent"
    assert (row["is_archived"], row["archived_at"]) == ("false", "")


@each_resource
async def test_a_full_record_parses_back_from_its_row(agent: Client, resource: Resource) -> None:
    made = await agent.post(f"/{resource.plural}", await full(agent, resource))
    (row,) = await rows(agent, resource)
    for name, value in made.data.items():
        if isinstance(value, bool):
            assert row[name] == ("true" if value else "false")
        elif isinstance(value, str):
            assert row[name].removeprefix("'") == value
        elif value is None:
            assert row[name] == ""
        elif not isinstance(value, list | dict):
            assert row[name] == str(value), name  # money with its cents, the sign of a longitude
    names = made.data["buyers" if resource is ESCROWS else "features"]
    assert row["buyers" if resource is ESCROWS else "features"] == "; ".join(names)


@each_resource
async def test_no_cell_of_an_export_starts_a_formula_and_no_text_is_lost(
    agent: Client, resource: Resource
) -> None:
    for text in SAMPLES:
        lists: dict[str, Any] = (
            {"buyers": [text, text]} if resource is ESCROWS else {"features": [text]}
        )
        await agent.make(resource, property_address=text, notes=f"{text}\n{text}", **lists)
    found = await rows(agent, resource, order="asc")
    assert [row["property_address"].removeprefix("'") for row in found] == SAMPLES
    assert [row["notes"].removeprefix("'") for row in found] == [f"{t}\n{t}" for t in SAMPLES]
    for row in found:
        for name, value in row.items():
            if name not in ("latitude", "longitude"):
                assert not value.startswith(tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20"))


@each_resource
async def test_an_export_honours_filters_search_scope_and_order(
    agent: Client, lead: Client, resource: Resource
) -> None:
    price = "purchase_price" if resource is ESCROWS else "list_price"
    for n, who in enumerate((agent, lead, agent)):
        cost: dict[str, Any] = {price: 100000 * (n + 1)}
        await who.make(resource, property_address=f"{n} Main St", **cost)
    gone = await agent.make(resource, property_address="9 Gone St")
    await agent.delete(f"/{resource.plural}/{gone['id']}")

    async def found(**params: Any) -> list[str]:
        return [row["property_address"][0] for row in await rows(agent, resource, **params)]

    assert await found() == ["2", "1", "0"]
    assert await found(sort="property_address", order="asc") == ["0", "1", "2"]
    assert await found(minPrice=200000) == ["2", "1"]
    assert await found(search="1 main") == ["1"]
    assert await found(scope="my") == ["2", "0"]
    assert await found(archived="true") == []
    assert await found(limit=1) == ["2", "1", "0"]  # an export is whole


@each_resource
async def test_another_team_s_records_are_in_no_export(
    api: Api, agent: Client, resource: Resource
) -> None:
    await new_record(api.db, resource, (await new_team(api.db)).agent)
    assert await rows(agent, resource) == []


@each_resource
async def test_a_viewer_may_export(viewer: Client, resource: Resource) -> None:
    assert await rows(viewer, resource) == []


async def test_a_thousand_records_are_streamed_in_pieces(
    api: Api, team: Team, agent: Client
) -> None:
    await new_record(api.db, LISTINGS, team.agent, description="x" * 500)
    async with api.db.transaction() as connection:
        await connection.execute(COPIES, team.id)
    headers, pieces = await agent.download("/listings/export")
    assert headers.get("Content-Length") is None
    assert len(pieces) > sum(map(len, pieces)) / CHUNK / 4
    lines = list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))
    assert len({line["id"] for line in lines}) == 1201


COPIES = """
    INSERT INTO listings (team_id, display_id, owner_id, property_address, list_price,
        original_list_price, listing_status, description, created_by, last_modified_by)
    SELECT team_id, 'COPY-' || n, owner_id, property_address, list_price,
        original_list_price, listing_status, description, created_by, last_modified_by
    FROM listings, generate_series(1, 1200) AS n
    WHERE team_id = $1
"""
