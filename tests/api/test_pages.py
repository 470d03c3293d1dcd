"""The order of a list, its pages by number and by cursor."""

import base64
import json
from random import Random
from typing import Any, get_args

import pytest

from domains.escrows.resource import ESCROWS
from domains.kit.resource import Resource
from domains.kit.select import Place
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.factories import Team, new_record, new_team

each_resource = pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)
MANY = 37
SORTS = [
    (resource, str(name))
    for resource in (ESCROWS, LISTINGS)
    for name in get_args(resource.query.model_fields["sort"].annotation)
]


def a_value(resource: Resource, rng: Random) -> dict[str, Any]:
    """Fields that lists sort by, few enough that many rows are equal, some of them empty."""
    shared = {
        "property_address": rng.choice(["1 A", "2 b", "10 É", "ä", "a_b", "A%", "z'"]),
    }
    price = rng.choice([0, 100000.5, 250000, 250000.01])
    if resource is ESCROWS:
        return shared | {
            "purchase_price": price,
            "closing_date": f"2027-0{rng.randint(1, 3)}-01",
            "acceptance_date": rng.choice([None, "2026-01-01", "2026-02-01"]),
        }
    return shared | {
        "list_price": price,
        "bedrooms": rng.choice([None, 0, 2, 2.5]),
        "square_feet": rng.choice([None, 1000, 2000]),
        "listing_contract_date": rng.choice([None, "2026-01-01"]),
        "close_date": rng.choice([None, "2027-01-01"]),
    }


@pytest.fixture(scope="module")
async def reader(api: Api) -> Client:
    """Of a team with MANY random records of each kind, which nobody changes."""
    team, rng = await new_team(api.db), Random(7)
    for resource in (ESCROWS, LISTINGS):
        for _ in range(MANY):
            await new_record(api.db, resource, team.agent, **a_value(resource, rng))
    return await api.sign_in(team.viewer)


def sort_value(record: Any, name: str) -> tuple[bool, Any]:
    """Empty ones stand below all others; text is left to Postgres' own order."""
    value = record[{"listing_date": "listing_contract_date"}.get(name, name)]
    return (value is not None, value)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_every_sort_goes_both_ways_with_empty_values_at_the_low_end(
    reader: Client, order: str
) -> None:
    for resource, name in SORTS:
        answer = await reader.get(f"/{resource.plural}", sortBy=name, sortOrder=order, limit=100)
        assert len(answer.data) == MANY
        found = [sort_value(record, name) for record in answer.data]
        if name == "property_address":  # in the order of the database's language
            other = "desc" if order == "asc" else "asc"
            back = await reader.get(f"/{resource.plural}", sort=name, order=other, limit=100)
            assert answer.data == back.data[::-1]
            continue
        assert found == sorted(found, reverse=order == "desc"), name


@each_resource
async def test_the_newest_come_first_unless_asked_otherwise(
    agent: Client, resource: Resource
) -> None:
    ids = [(await agent.make(resource))["id"] for _ in range(3)]
    assert [record["id"] for record in (await agent.get(f"/{resource.plural}")).data] == ids[::-1]


# Pages


@each_resource
async def test_pages_have_numbers_totals_and_bounds(reader: Client, resource: Resource) -> None:
    seen: list[str] = []
    for page in (1, 2, 3, 4):
        answer = await reader.get(f"/{resource.plural}", page=page, limit=10)
        pagination = answer.body["pagination"]
        assert {k: pagination[k] for k in ("page", "limit", "total", "pages")} == {
            "page": page,
            "limit": 10,
            "total": 37,
            "pages": 4,
        }
        assert (pagination["next_cursor"] is None) == (page == 4)
        assert answer.body["stats"]["total"] == 37
        seen += [record["id"] for record in answer.data]
    assert len(seen) == len(set(seen)) == 37
    beyond = await reader.get(f"/{resource.plural}", page=5, limit=10)
    assert (beyond.data, beyond.body["pagination"]["total"]) == ([], 37)
    assert len((await reader.get(f"/{resource.plural}")).data) == 20
    exact = await reader.get(f"/{resource.plural}", limit=37)
    assert exact.body["pagination"]["next_cursor"] is None


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_a_cursor_goes_through_every_order_seeing_each_row_once(
    reader: Client, order: str
) -> None:
    for resource, name in SORTS:
        whole = await reader.get(f"/{resource.plural}", sort=name, order=order, limit=100)
        paged = await reader.all(resource, sort=name, order=order, limit=6)
        assert paged == whole.data, (resource.plural, name)


@each_resource
async def test_a_cursor_s_page_tells_the_whole_total_and_statistics(
    reader: Client, resource: Resource
) -> None:
    first = await reader.get(f"/{resource.plural}", limit=10)
    cursor = first.body["pagination"]["next_cursor"]
    second = await reader.get(f"/{resource.plural}", limit=10, cursor=cursor)
    assert second.body["pagination"]["total"] == MANY
    assert second.body["stats"] == first.body["stats"]


@each_resource
async def test_records_that_come_and_go_meanwhile_neither_hide_nor_repeat_others(
    agent: Client, resource: Resource
) -> None:
    there = {(await agent.make(resource))["id"] for _ in range(12)}
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        answer = await agent.get(f"/{resource.plural}", **params)
        seen += [record["id"] for record in answer.data]
        await agent.make(resource)  # newer than all that was seen: it pushes pages by number
        await agent.patch(f"/{resource.plural}/{seen[-1]}/archive")  # and this pulls them
        if (cursor := answer.body["pagination"]["next_cursor"]) is None:
            break
        params["cursor"] = cursor
    assert len(seen) == len(set(seen))
    assert set(seen) == there


@each_resource
async def test_a_cursor_survives_long_and_foreign_text(agent: Client, resource: Resource) -> None:
    for _ in range(3):
        await agent.make(resource, property_address="🏡" * 200)
        await agent.make(resource, property_address='"\\' * 100)
    found = await agent.all(resource, sort="property_address", limit=1)
    assert len({record["id"] for record in found}) == 6


def packed(*parts: Any) -> str:
    text = json.dumps(list(parts)).encode()
    return base64.urlsafe_b64encode(b"check." + text).decode().rstrip("=")


SOME_ID = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "!!!!",
        "W10",
        base64.urlsafe_b64encode(b"\xff\xfe" * 9).decode(),
        base64.urlsafe_b64encode(b"[" * 400).decode(),
        packed(),
        packed("created_at", "desc", "2026-01-01", SOME_ID),
        packed("created_at", "desc", "2026-01-01", SOME_ID, 1),
        packed("created_at", "desc", None, 7),
        packed("created_at", "desc", "\ud800", SOME_ID),
        packed("created_at", "desc", {"a": 1}, SOME_ID),
        "A" * 2001,
    ],
)
@each_resource
async def test_a_cursor_that_no_list_gave_out_is_refused(
    agent: Client, resource: Resource, cursor: str
) -> None:
    answer = await agent.get(f"/{resource.plural}", cursor=cursor)
    assert answer.refused == (400, "VALIDATION_ERROR"), answer.body
    assert answer.fields == ["cursor"]


async def test_a_cursor_that_was_touched_or_is_another_team_s_is_refused(
    api: Api, agent: Client
) -> None:
    for who in (agent, rival := await api.sign_in((await new_team(api.db)).agent)):
        for _ in range(3):
            await who.make(ESCROWS)
    cursor = (await agent.get("/escrows", limit=1)).body["pagination"]["next_cursor"]
    assert (await agent.get("/escrows", cursor=cursor)).status == 200
    touched = {cursor[:i] + "Q" + cursor[i + 1 :] for i in range(0, len(cursor), 7)} - {cursor}
    for who, wrong in [(rival, cursor), (agent, cursor + "!"), *((agent, t) for t in touched)]:
        answer = await who.get("/escrows", cursor=wrong)
        assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), ["cursor"])


@pytest.mark.parametrize("value", ["yesterday week", "9999999-01-01", "a\0b"])
async def test_a_cursor_made_up_with_care_is_refused_by_postgres(
    team: Team, agent: Client, value: str
) -> None:
    await agent.make(ESCROWS)
    place = Place(team.id, "created_at", "desc", value, SOME_ID)
    answer = await agent.get("/escrows", cursor=place.text())
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), ["cursor"])


@each_resource
async def test_a_cursor_belongs_to_its_order(reader: Client, resource: Resource) -> None:
    first = await reader.get(f"/{resource.plural}", limit=5, sort="display_id")
    cursor = first.body["pagination"]["next_cursor"]
    for other in ({"sort": "created_at"}, {"sort": "display_id", "order": "asc"}):
        answer = await reader.get(f"/{resource.plural}", cursor=cursor, **other)
        assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), ["cursor"])
