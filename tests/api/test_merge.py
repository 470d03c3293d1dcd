"""Two people, one record: what is merged, what is a conflict, and that nothing is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from domains.escrows.resource import ESCROWS
from domains.kit.resource import Resource
from domains.listings.resource import LISTINGS
from tests.api.client import Answer, Api, Client
from tests.factories import Team
from tests.walk import a_change, head, other_change, told

each_resource = pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)
Say = Callable[[Client, str, dict[str, Any], int], Awaitable[Answer]]


async def in_header(by: Client, one: str, body: dict[str, Any], version: int) -> Answer:
    return await by.patch(one, body, version=version)


async def in_body(by: Client, one: str, body: dict[str, Any], version: int) -> Answer:
    return await by.patch(one, {**body, "version": version})


async def in_put(by: Client, one: str, body: dict[str, Any], version: int) -> Answer:
    return await by.put(one, {**body, "version": version})


each_way = pytest.mark.parametrize("say", [in_header, in_body, in_put])


@each_way
@each_resource
async def test_changes_of_different_fields_are_merged_and_said_so(
    agent: Client, lead: Client, resource: Resource, say: Say
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    theirs, mine = a_change(resource), other_change(resource)
    await lead.patch(one, theirs)
    merged = await say(agent, one, mine, 1)
    assert merged.status == 200
    assert merged.data.items() >= {**theirs, **mine, "version": 3}.items()
    assert merged.meta["merged"] == sorted(theirs)
    assert merged.data["last_modified_by"]["name"] == "Ana Agent"
    fresh = await say(agent, one, {"notes": "And again"}, 3)
    assert "merged" not in fresh.meta


@each_way
async def test_a_change_of_the_same_field_is_a_conflict_that_tells_all_three_values(
    api: Api, team: Team, agent: Client, lead: Client, say: Say
) -> None:
    escrow = await agent.make(ESCROWS, notes="First")
    one = f"/escrows/{escrow['id']}"
    await agent.patch(one, {"notes": "Second"})
    theirs = await lead.patch(one, {"notes": "Third", "city": "Kent"})
    before = await head(api.db, team)
    answer = await say(agent, one, {"notes": "Mine", "hoa_fee": 100}, 1)
    assert answer.refused == (409, "VERSION_CONFLICT")
    (detail,) = answer.error["details"]
    changed_at = datetime.fromisoformat(detail.pop("changed_at"))
    assert changed_at == datetime.fromisoformat((await told(api.db, team))[-1]["at"])
    assert detail == {
        "field": "notes",
        "base": "First",
        "current": "Third",
        "yours": "Mine",
        "changed_by": {"id": str(team.lead.user_id), "name": "Lea Lead"},
    }
    assert (await agent.get(one)).data == theirs.data
    assert await head(api.db, team) == before


async def test_each_field_in_conflict_is_told_in_json_s_own_types(
    agent: Client, lead: Client
) -> None:
    loan = {"type": "loan", "due_date": "2027-02-01", "status": "pending"}
    escrow = await agent.make(ESCROWS, contingencies=[loan])
    one = f"/escrows/{escrow['id']}"
    theirs = {
        "purchase_price": 510000.5,
        "closing_date": "2027-04-01",
        "pool": True,
        "buyers": ["Bo"],
        "contingencies": [{**loan, "status": "removed"}],
    }
    await lead.patch(one, theirs)
    mine = {
        "purchase_price": 520000.5,
        "closing_date": "2027-05-01",
        "pool": False,
        "buyers": [],
        "contingencies": [],
    }
    # `buyers` was empty and I leave it so, but they have filled it: mine is a change of theirs.
    answer = await agent.patch(one, mine, version=1)
    told = {detail["field"]: detail for detail in answer.error["details"]}
    assert told.keys() == mine.keys()
    for name, detail in told.items():
        assert detail["base"] == escrow[name]
        assert (detail["current"], detail["yours"]) == (theirs[name], mine[name])
        datetime.fromisoformat(detail["changed_at"])


@each_resource
async def test_the_same_value_is_no_conflict(
    api: Api, team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one, change = f"/{resource.plural}/{record['id']}", a_change(resource)
    theirs = await lead.patch(one, change)
    before = await head(api.db, team)
    same = await agent.patch(one, change, version=1)
    assert (same.status, same.data) == (200, theirs.data)
    assert await head(api.db, team) == before


@each_resource
async def test_a_field_that_was_changed_and_changed_back_is_no_conflict(
    agent: Client, lead: Client, resource: Resource
) -> None:
    record = await agent.make(resource, notes="First")
    one = f"/{resource.plural}/{record['id']}"
    await lead.patch(one, {"notes": "Second"})
    await lead.patch(one, {"notes": "First"})
    mine = await agent.patch(one, {"notes": "Mine"}, version=1)
    assert mine.data["notes"] == "Mine"
    assert "merged" not in mine.meta


@each_resource
async def test_without_a_version_the_last_write_wins_field_by_field(
    agent: Client, lead: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    await lead.patch(one, {**a_change(resource), "notes": "Theirs"})
    mine = await agent.patch(one, {"notes": "Mine"})
    assert mine.data.items() >= {**a_change(resource), "notes": "Mine"}.items()
    assert "merged" not in mine.meta


@each_way
@each_resource
async def test_a_version_that_is_still_to_come_is_refused(
    agent: Client, resource: Resource, say: Say
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    answer = await say(agent, one, {"notes": "x"}, 2)
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), ["version"])
    assert (await agent.get(one)).data == record


async def test_a_version_said_twice_must_be_one(agent: Client) -> None:
    escrow = await agent.make(ESCROWS)
    one = f"/escrows/{escrow['id']}"
    answer = await agent.patch(one, {"notes": "x", "version": 2}, version=1)
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), ["version"])


@pytest.mark.parametrize("version", [0, -1, "1", 1.5, True, 10**12])
async def test_a_version_that_is_none_is_refused(agent: Client, version: Any) -> None:
    escrow = await agent.make(ESCROWS)
    answer = await agent.patch(f"/escrows/{escrow['id']}", {"notes": "x", "version": version})
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), ["version"])


# Moves, and verbs about the whole record


async def test_two_moves_from_the_same_version_conflict(agent: Client, lead: Client) -> None:
    escrow = await agent.make(ESCROWS, "active")
    stale = {"version": escrow["version"]}
    assert (await lead.move(ESCROWS, escrow["id"], "closed", **stale)).status == 200
    answer = await agent.move(ESCROWS, escrow["id"], "cancelled", **stale)
    assert answer.refused == (409, "VERSION_CONFLICT")
    assert (
        answer.error["details"][0].items()
        >= {
            "field": "escrow_status",
            "base": "active",
            "current": "closed",
            "yours": "cancelled",
        }.items()
    )


async def test_a_move_is_merged_with_a_change_of_other_fields(agent: Client, lead: Client) -> None:
    escrow = await agent.make(ESCROWS)
    await lead.patch(f"/escrows/{escrow['id']}", {"notes": "Theirs"})
    moved = await agent.move(ESCROWS, escrow["id"], "active", version=1)
    assert (moved.data["escrow_status"], moved.data["notes"]) == ("active", "Theirs")
    assert moved.meta["merged"] == ["notes"]


async def test_a_stale_price_is_a_conflict(agent: Client, lead: Client) -> None:
    listing = await agent.make(LISTINGS, "active")
    one, stale = f"/listings/{listing['id']}/price", {"version": listing["version"]}
    await lead.post(one, {"list_price": 490000, **stale})
    answer = await agent.post(one, {"list_price": 480000, **stale})
    assert answer.refused == (409, "VERSION_CONFLICT")
    assert answer.fields == ["list_price"]


@each_resource
async def test_a_record_changed_since_is_not_deleted(
    api: Api, team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    await lead.patch(one, {"notes": "Keep it"})
    before = await head(api.db, team)
    answer = await agent.delete(one, version=1)
    assert answer.refused == (409, "VERSION_CONFLICT")
    (detail,) = answer.error["details"]
    assert (detail["field"], detail["base"], detail["current"]) == ("notes", None, "Keep it")
    assert detail["changed_by"]["name"] == "Lea Lead"
    assert await head(api.db, team) == before
    assert (await agent.delete(one, version=3)).fields == ["version"]
    assert (await agent.delete(one, version=2)).status == 200


@each_resource
async def test_a_record_changed_since_is_still_archived(
    agent: Client, lead: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    await lead.patch(one, {"notes": "Done"})
    away = await agent.patch(f"{one}/archive", version=1)
    assert (away.data["is_archived"], away.meta["merged"]) == (True, ["notes"])
    back = await agent.patch(f"{one}/restore", version=2)
    assert back.refused == (409, "VERSION_CONFLICT")
    assert (await agent.patch(f"{one}/restore", version=3)).data["is_archived"] is False


# At once


@each_resource
async def test_writers_of_different_fields_at_once_lose_nothing(
    api: Api, team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    changes: list[dict[str, Any]] = [
        {"notes": "n"},
        {"city": "Kent"},
        {"hoa_fee": 99.5},
        {"pool": True},
        {"bedrooms": 3},
        {"apn": "123"},
        {"county": "King"},
        {"year_built": 1999},
    ]
    answers = await asyncio.gather(
        *(
            who.patch(one, change, version=1)
            for change, who in zip(changes, [agent, lead] * 4, strict=True)
        )
    )
    assert {answer.status for answer in answers} == {200}
    assert sorted(answer.data["version"] for answer in answers) == list(range(2, 10))
    final = (await agent.get(one)).data
    assert all(final[name] == value for change in changes for name, value in change.items())
    before = record
    for event in (await told(api.db, team))[1:]:  # each one's image is the last one's, changed
        assert (
            event["ch"].items()
            <= {name: [before[name], event["d"][name]] for name in before}.items()
        )
        assert event["ver"] == before["version"] + 1
        before = event["d"]
    assert before == final


@each_resource
async def test_writers_of_one_field_at_once_have_one_winner_and_conflicts(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    answers = await asyncio.gather(
        *(agent.patch(one, {"notes": f"Writer {n}"}, version=1) for n in range(6))
    )
    assert sorted(answer.status for answer in answers) == [200, *[409] * 5]
    (winner,) = [answer.data["notes"] for answer in answers if answer.status == 200]
    lost = [answer.error["details"][0] for answer in answers if answer.status == 409]
    assert {detail["current"] for detail in lost} == {winner}
    assert (await agent.get(one)).data["notes"] == winner
    assert await head(api.db, team) == 2
