"""What happened to a record, and to the team: read from the log, told as it was."""

from typing import Any

import pytest

from domains.escrows.resource import ESCROWS
from domains.kit.resource import Resource
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.factories import Team
from tests.walk import told

each_resource = pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)


async def history(by: Client, resource: Resource, record: Any, **params: Any) -> list[Any]:
    answer = await by.get(f"/{resource.plural}/{record['id']}/history", **params)
    found: list[Any] = answer.data
    return found


@each_resource
async def test_a_history_tells_every_change_newest_first_with_who_and_what(
    api: Api, team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    await agent.make(resource, notes="Another record")
    await lead.patch(one, {"notes": "First", "hoa_fee": 10}, key="a-key")
    await agent.patch(f"{one}/archive")
    await agent.patch(f"{one}/restore")
    found = await history(agent, resource, record)
    events = [e for e in (await told(api.db, team))[::-1] if e["id"] == record["id"]]
    assert [(h["seq"], h["kind"], h["version"], h["op"], h["at"]) for h in found] == [
        (e["s"], e["k"], e["ver"], e["op"], e["at"]) for e in events
    ]
    assert [h["kind"].split(".")[1] for h in found] == [
        "restored",
        "archived",
        "updated",
        "created",
    ]
    assert [h["actor"]["name"] for h in found] == [
        "Ana Agent",
        "Ana Agent",
        "Lea Lead",
        "Ana Agent",
    ]
    assert found[2]["op"] == "a-key"
    assert found[2]["changes"] == {"notes": [None, "First"], "hoa_fee": [None, 10]}
    assert found[1]["changes"]["is_archived"] == [False, True]
    assert found[3]["changes"] == {}


async def test_a_move_s_history_has_the_day_it_took_effect(agent: Client) -> None:
    escrow = await agent.make(ESCROWS)
    day = {"effective_date": "2026-02-03"}
    await agent.move(ESCROWS, escrow["id"], "cancelled", **day)
    await agent.patch(f"/escrows/{escrow['id']}", {"notes": "Later"})
    noted, moved, made = await history(agent, ESCROWS, escrow)
    assert (noted["effective_date"], made["effective_date"]) == (None, None)
    assert moved["effective_date"] == "2026-02-03"
    assert moved["changes"]["escrow_status"] == ["pending", "cancelled"]
    assert moved["changes"]["status_reason"] == [None, "The loan was refused"]


async def test_a_history_of_one_field_is_the_story_of_that_field(agent: Client) -> None:
    listing = await agent.make(LISTINGS, "pending")
    await agent.patch(f"/listings/{listing['id']}", {"notes": "Not of this story"})
    await agent.move(LISTINGS, listing["id"], "active")
    found = await history(agent, LISTINGS, listing, field="listing_status")
    assert [entry["changes"]["listing_status"] for entry in found] == [
        ["pending", "active"],
        ["active", "pending"],
        ["incomplete", "active"],
    ]
    assert await history(agent, LISTINGS, listing, field="no_such_field") == []


@each_resource
async def test_a_history_is_paged_by_sequence(agent: Client, resource: Resource) -> None:
    record = await agent.make(resource)
    for n in range(6):
        await agent.patch(f"/{resource.plural}/{record['id']}", {"notes": f"{n}"})
    whole = await history(agent, resource, record)
    assert len(whole) == 7
    first = await history(agent, resource, record, limit=3)
    rest = await history(agent, resource, record, beforeSeq=first[-1]["seq"], limit=200)
    assert first + rest == whole


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 0),
        ("limit", 201),
        ("before_seq", 0),
        ("before_seq", 10**30),
        ("field", ""),
        ("field", "x" * 81),
        ("page", 2),
    ],
)
async def test_a_history_asked_for_out_of_bounds_is_refused(
    agent: Client, name: str, value: Any
) -> None:
    listing = await agent.make(LISTINGS)
    for path in ("history", "price-history"):
        answer = await agent.get(f"/listings/{listing['id']}/{path}", **{name: value})
        assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), [name])


@each_resource
async def test_a_history_outlives_its_record(agent: Client, resource: Resource) -> None:
    record = await agent.make(resource)
    await agent.delete(f"/{resource.plural}/{record['id']}")
    found = await history(agent, resource, record)
    assert [entry["kind"].split(".")[1] for entry in found] == ["deleted", "created"]
    assert found[0]["changes"]["deleted_at"][0] is None


async def test_what_follows_from_other_fields_is_no_entry_of_its_own(agent: Client) -> None:
    listing = await agent.make(LISTINGS)
    moved = await agent.move(LISTINGS, listing["id"], "active", effective_date="2026-02-03")
    (entry, _) = await history(agent, LISTINGS, listing)
    following = {
        "version",
        "updated_at",
        "allowed_transitions",
        "standard_status",
        "days_on_market",
        "cumulative_days_on_market",
    }
    assert all(moved.data[name] != listing[name] for name in following)
    assert not following & entry["changes"].keys()


# Activity


async def test_the_activity_is_the_team_s_log_newest_first(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    escrow = await agent.make(ESCROWS, property_address="12 Main St")
    listing = await lead.make(LISTINGS, "active", property_address="7 Hill Rd")
    answer = await agent.get("/activity")
    events = await told(api.db, team)
    assert answer.meta == {"as_of_seq": len(events), "as_of_h": events[-1]["h"]}
    assert len(answer.data) == len(events) == 3
    for entry, event in zip(answer.data, events[::-1], strict=True):
        own = {"label", "sentence", "pieces", "diff", "group"}
        assert {k: v for k, v in entry.items() if k not in own} == {
            k: v for k, v in event.items() if k not in ("d", "h")
        }
        assert entry["label"] == event["d"]["property_address"]
    assert [entry["id"] for entry in answer.data] == [listing["id"], listing["id"], escrow["id"]]


async def test_the_activity_can_be_asked_for_in_part(
    team: Team, agent: Client, lead: Client
) -> None:
    escrow = await agent.make(ESCROWS)
    listing = await lead.make(LISTINGS, "active")
    await lead.patch(f"/escrows/{escrow['id']}", {"notes": "x"})
    for params, expected in [
        ({}, [4, 3, 2, 1]),
        ({"entity": "escrow"}, [4, 1]),
        ({"entity_id": listing["id"]}, [3, 2]),
        ({"entityId": escrow["id"], "actor": team.agent.user_id}, [1]),
        ({"actor": team.lead.user_id}, [4, 3, 2]),
        ({"kind": "listing.status_changed"}, [3]),
        ({"after_seq": 2}, [4, 3]),
        ({"beforeSeq": 3}, [2, 1]),
        ({"limit": 2}, [4, 3]),
        ({"after_seq": 1, "before_seq": 4, "limit": 1}, [3]),
        ({"entity": "house"}, []),
        ({"scope": "my"}, [1]),
        ({"type": "created"}, [2, 1]),
        ({"type": "moved"}, [3]),
        ({"type": "escrow,listing.status_changed"}, [4, 3, 1]),
        ({"type": "changed", "entity": "escrow"}, [4]),
        ({"type": "people"}, []),
        ({"since": "2020-01-01T00:00:00Z"}, [4, 3, 2, 1]),
        ({"since": "2200-01-01T00:00:00Z"}, []),
        ({"until": "2020-01-01T00:00:00Z"}, []),
        ({"until": "2200-01-01T00:00:00Z", "limit": 1}, [4]),
    ]:
        found = (await agent.get("/activity", **params)).data
        assert [entry["s"] for entry in found] == expected, params


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 0),
        ("limit", 201),
        ("after_seq", -1),
        ("after_seq", 10**30),
        ("before_seq", 0),
        ("actor", "Ana"),
        ("entity_id", "7"),
        ("since", "x"),
    ],
)
async def test_activity_asked_for_out_of_bounds_is_refused(
    agent: Client, name: str, value: Any
) -> None:
    answer = await agent.get("/activity", **{name: value})
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), [name])


async def test_a_viewer_sees_the_activity(viewer: Client, agent: Client) -> None:
    await agent.make(ESCROWS)
    assert len((await viewer.get("/activity")).data) == 1
