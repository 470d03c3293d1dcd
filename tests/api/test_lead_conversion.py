"""A lead becomes a client, once; with what it was private about still private."""

import asyncio
from typing import Any

import pytest

from domains.clients.resource import CLIENTS
from domains.escrows.resource import ESCROWS
from domains.leads.resource import LEADS
from tests.api.client import Answer, Api, Client
from tests.factories import Team
from tests.walk import head, told

DEAL = {"property_address": "12 Main St", "purchase_price": 600000, "closing_date": "2027-03-01"}


async def a_lead(by: Client, **changes: Any) -> Any:
    return await by.make(LEADS, **{"lead_status": "qualified", **changes})


async def convert(by: Client, lead: Any, escrow: Any = None) -> Answer:
    return await by.post(f"/leads/{lead['id']}/convert", {"create_escrow": escrow})


async def test_a_lead_becomes_a_client_and_a_deal_in_one_group_of_events(
    api: Api, team: Team, agent: Client
) -> None:
    lead = await a_lead(
        agent, email="Mai@Leads.example", phone="206-555-0142", lead_type="seller",
        budget=700000, budget_min=500000, tags=["vip"], lead_source="walk_in",
    )  # fmt: skip
    before = await head(api.db, team)
    made = (await convert(agent, lead, DEAL)).data
    client, escrow = made["client"], made["escrow"]
    assert not made["linked"]
    assert made["lead"]["lead_status"] == "converted"
    assert made["lead"]["converted_to_client_id"] == client["id"]
    assert made["lead"]["converted_to_escrow_id"] == escrow["id"]
    carried = {
        "first_name": "Lena", "last_name": "Lopez", "email": "mai@leads.example",
        "phone": "206-555-0142", "phone_e164": "+12065550142", "client_type": "seller",
        "budget_min": 500000, "budget_max": 700000, "tags": ["vip"], "lead_ids": [lead["id"]],
    }  # fmt: skip
    assert {name: client[name] for name in carried} == carried
    assert (escrow["client_ids"], escrow["sellers"]) == ([client["id"]], ["Lena Lopez"])
    assert (escrow["buyers"], escrow["lead_source"]) == ([], "walk_in")
    events = await told(api.db, team, before)
    assert [(event["k"], event["i"], event["n"]) for event in events] == [
        ("lead.converted", 1, 3), ("client.created", 2, 3), ("escrow.created", 3, 3)
    ]  # fmt: skip
    assert len({event["op"] for event in events}) == 1
    assert [event["d"]["id"] for event in events] == [lead["id"], client["id"], escrow["id"]]
    assert events[1]["d"]["lead_ids"] == [lead["id"]]
    assert (await agent.get(f"/leads/{lead['id']}")).data == made["lead"]


async def test_a_lead_that_is_converted_again_answers_the_same(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    for deal in (None, DEAL):
        one = await a_lead(agent)
        first = await convert(agent, one, deal)
        before = await head(api.db, team)
        again = await convert(lead, one, deal)
        assert (again.status, again.data, again.meta["seq"]) == (200, first.data, None)
        assert await head(api.db, team) == before
    plain = await a_lead(agent)
    await convert(agent, plain)
    assert (await convert(agent, plain, DEAL)).refused == (409, "CONFLICT")


async def test_a_lead_converted_by_many_at_once_becomes_one_client(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    one = await a_lead(agent)
    before = await head(api.db, team)
    answers = await asyncio.gather(*(convert(by, one, DEAL) for by in (agent, lead) * 4))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.data["client"]["id"] for answer in answers}) == 1
    assert len({answer.data["escrow"]["id"] for answer in answers}) == 1
    assert await head(api.db, team) == before + 3
    assert len(await agent.all(CLIENTS)) == len(await agent.all(ESCROWS)) == 1


async def test_a_lead_whose_address_a_client_has_is_theirs(
    api: Api, team: Team, agent: Client
) -> None:
    client = await agent.make(CLIENTS, email="mai@leads.example")
    one = await a_lead(agent, email="MAI@leads.example")
    before = await head(api.db, team)
    made = (await convert(agent, one, DEAL)).data
    assert (made["linked"], made["client"]["id"]) == (True, client["id"])
    assert made["client"]["lead_ids"] == [one["id"]]
    kinds = [event["k"] for event in await told(api.db, team, before)]
    assert kinds == ["lead.converted", "escrow.created"]
    assert (await convert(agent, one)).data["linked"]
    assert len(await agent.all(CLIENTS)) == 1


async def test_two_leads_with_one_address_at_once_become_one_client(agent: Client) -> None:
    leads = [await a_lead(agent, email="mai@leads.example") for _ in range(4)]
    answers = await asyncio.gather(*(convert(agent, lead) for lead in leads))
    assert sorted(answer.data["linked"] for answer in answers) == [False, True, True, True]
    (client,) = await agent.all(CLIENTS)
    assert sorted(client["lead_ids"]) == sorted(lead["id"] for lead in leads)


async def test_a_private_lead_becomes_a_private_client_with_a_private_deal(
    agent: Client, viewer: Client
) -> None:
    one = await a_lead(agent, is_private=True)
    made = (await convert(agent, one, DEAL)).data
    assert made["client"]["is_private"]
    assert made["escrow"]["is_private"]
    for kind, record in (("leads", "lead"), ("clients", "client"), ("escrows", "escrow")):
        path = f"/{kind}/{made[record]['id']}"
        assert (await viewer.get(path)).refused == (404, "NOT_FOUND")


async def test_neither_side_tells_of_the_other_to_who_may_not_see_it(
    agent: Client, lead: Client, viewer: Client
) -> None:
    client = await agent.make(CLIENTS, email="mai@leads.example")
    secret = await a_lead(agent, email="mai@leads.example", is_private=True)
    made = (await convert(agent, secret)).data
    assert made["lead"]["converted_to_client_id"] == client["id"]
    assert (await viewer.get(f"/clients/{client['id']}")).data["lead_ids"] == []
    await agent.patch(f"/leads/{secret['id']}", {"is_private": False})
    assert (await viewer.get(f"/clients/{client['id']}")).data["lead_ids"] == [secret["id"]]
    await agent.patch(f"/clients/{client['id']}", {"is_private": True})
    shown = (await viewer.get(f"/leads/{secret['id']}")).data
    assert shown["converted_to_client_id"] is None
    # An address that only a hidden client has is taken, and no more is told.
    other = await a_lead(agent, email="kim@leads.example")
    await lead.make(CLIENTS, email="kim@leads.example", is_private=True)
    refused = await convert(agent, other)
    assert refused.refused == (409, "CONFLICT")
    assert "CLT" not in str(refused.body)


@pytest.mark.parametrize("status", ["new", "contacted", "lost"])
async def test_only_a_qualified_lead_is_converted(
    api: Api, team: Team, agent: Client, status: str
) -> None:
    one = await agent.make(LEADS, status)
    before = await head(api.db, team)
    refused = await convert(agent, one)
    assert refused.refused == (409, "INVALID_TRANSITION")
    assert refused.error["details"][0]["allowed"] == one["allowed_transitions"]
    assert await head(api.db, team) == before
    assert await agent.all(CLIENTS) == []


async def test_a_deal_that_cannot_be_leaves_the_lead_as_it_was(
    api: Api, team: Team, agent: Client
) -> None:
    one = await a_lead(agent)
    before = await head(api.db, team)
    refused = await convert(agent, one, {**DEAL, "earnest_money_deposit": 700000})
    assert refused.refused == (400, "VALIDATION_ERROR")
    refused = await convert(agent, one, {"property_address": "12 Main St"})
    assert "create_escrow.purchase_price" in refused.fields
    assert await head(api.db, team) == before
    assert (await agent.get(f"/leads/{one['id']}")).data == one


async def test_no_status_is_set_to_converted_by_hand(agent: Client) -> None:
    one = await a_lead(agent)
    refused = await agent.patch(f"/leads/{one['id']}/status", {"status": "converted"})
    assert refused.refused == (400, "VALIDATION_ERROR")
    assert refused.fields == ["converted_to_client_id"]


# What was done with a lead before


async def test_a_first_contact_moves_a_lead_on_and_raises_its_score(
    api: Api, team: Team, agent: Client
) -> None:
    one = await agent.make(LEADS, lead_source="referral")
    path = f"/leads/{one['id']}"
    for said, status, points in (
        ({"activity_type": "note", "notes": "Knows Bea"}, "new", 25),
        ({"activityType": "email", "direction": "incoming"}, "new", 26),
        ({"activityType": "call", "notes": "Left word"}, "contacted", 28),
        ({"activity_type": "showing"}, "contacted", 30),
        ({"activity_type": "meeting"}, "contacted", 30),
    ):
        before = await head(api.db, team)
        added = await agent.post(f"{path}/activities", said)
        assert added.status == 201, added.body
        (event,) = await told(api.db, team, before)
        assert event["k"] == "lead.activity_added"
        now = event["d"]
        assert (now["lead_status"], now["lead_score"]) == (status, points)
        assert now["last_activity"] == added.data
        assert (now["last_contact_date"] is None) == (said.get("activity_type") == "note")
    assert now["activity_count"] == 5
    listed = (await agent.get(f"{path}/activities")).data
    assert [each["activity_type"] for each in listed] == [
        "meeting", "showing", "call", "email", "note"
    ]  # fmt: skip
    for each in listed[:3]:
        await agent.delete(f"{path}/activities/{each['id']}")
    left = (await agent.get(path)).data
    assert (left["lead_score"], left["lead_status"], left["activity_count"]) == (26, "contacted", 2)


async def test_what_is_still_to_come_is_no_activity(agent: Client) -> None:
    one = await agent.make(LEADS)
    later = {"activity_type": "call", "at": "2199-01-01T00:00:00Z"}
    refused = await agent.post(f"/leads/{one['id']}/activities", later)
    assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), ["at"])


async def test_activities_at_once_are_all_counted(agent: Client, lead: Client) -> None:
    one = await agent.make(LEADS)
    path = f"/leads/{one['id']}"
    await asyncio.gather(
        *(by.post(f"{path}/activities", {"activity_type": "text"}) for by in (agent, lead) * 2)
    )
    now = (await agent.get(path)).data
    assert (now["activity_count"], now["lead_score"], now["version"]) == (4, 5 + 4, 5)
