"""What is about a private lead is as hidden as the lead, and changes with it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from db.events import first_bad
from domains.leads.resource import LEADS
from tests.api.client import Client
from tests.eyes import Eyes, eyes_of
from tests.factories import Team
from tests.walk import head

AT = {"title": "Consultation", "appointment_date": "2198-03-06", "overlap_reason": "Both can"}


@pytest.fixture
async def eyes(api: Any, team: Team) -> AsyncIterator[Eyes]:
    async with eyes_of(api, team) as eyes:
        yield eyes


async def meet(by: Client, hour: int, **changes: Any) -> Any:
    made = await by.post("/appointments", {**AT, "start_time": f"{hour:02}:00", **changes})
    assert made.status == 201, made.body
    return made.data


async def sees(by: Client) -> set[str]:
    return {each["id"] for each in (await by.get("/appointments", limit=100)).data}


async def test_appointments_are_hidden_shown_and_given_with_their_lead(eyes: Eyes) -> None:
    agent, other, viewer = eyes.agent, eyes.other, eyes.viewer
    lead = await agent.client.make(LEADS)
    path = f"/leads/{lead['id']}"
    about = await meet(agent.client, 9, lead_id=lead["id"])
    theirs = await meet(other.client, 10, lead_id=lead["id"])
    attends = await meet(other.client, 11)
    row = {"attendee_type": "lead", "lead_id": lead["id"]}
    added = await other.client.post(f"/appointments/{attends['id']}/attendees", row)
    assert added.status == 201, added.body
    deleted = await meet(agent.client, 12, lead_id=lead["id"])
    await agent.client.delete(f"/appointments/{deleted['id']}")
    apart = await meet(agent.client, 13)
    every = {each["id"] for each in (about, theirs, attends, apart)}
    before = await head(eyes.api.db, eyes.team)

    await agent.client.patch(path, {"is_private": True})
    for eye in (other, viewer):
        assert await sees(eye.client) == {apart["id"]}
    for eye in (agent, eyes.lead, eyes.owner):
        assert await sees(eye.client) == every
    hid = [event for event in await eyes.log() if event["s"] > before]
    assert (hid[0]["k"], hid[0]["i"], hid[0]["n"]) == ("lead.updated", 1, 5)
    assert sorted(event["k"] for event in hid[1:]) == [
        "appointment.deleted", *["appointment.updated"] * 3
    ]  # fmt: skip

    await eyes.lead.client.patch(path, {"owner_id": str(other.actor.user_id)})
    assert await sees(other.client) == every
    assert await sees(agent.client) == {apart["id"]}

    restored = f"/appointments/{deleted['id']}/restore"
    await eyes.lead.client.patch(restored)
    assert await sees(viewer.client) == {apart["id"]}

    await other.client.patch(path, {"is_private": False})
    for eye in eyes.all:
        assert await sees(eye.client) == every | {deleted["id"]}
    last = await head(eyes.api.db, eyes.team)
    for eye in eyes.all:
        heard = [event for event in await eye.hears(last) if before < event["s"]]
        shown = [event for event in heard if "id" in event]
        if eye in (eyes.owner, eyes.lead):
            assert len(shown) == len(heard)
    withdrawn = [event["k"] for event in viewer.heard if event["k"].endswith("withdrawn")]
    assert sorted(withdrawn) == [*["appointment.withdrawn"] * 4, "lead.withdrawn"]
    assert await first_bad(eyes.api.db, eyes.team.id) is None


async def test_an_appointment_about_two_private_leads_is_shown_with_the_last(
    agent: Client, viewer: Client
) -> None:
    one, two = await agent.make(LEADS), await agent.make(LEADS)
    about = await meet(agent, 9, lead_id=one["id"])
    row = {"attendee_type": "lead", "lead_id": two["id"]}
    await agent.post(f"/appointments/{about['id']}/attendees", row)
    for lead in (one, two):
        await agent.patch(f"/leads/{lead['id']}", {"is_private": True})
    await agent.patch(f"/leads/{one['id']}", {"is_private": False})
    assert await sees(viewer) == set()
    await agent.patch(f"/leads/{two['id']}", {"is_private": False})
    assert await sees(viewer) == {about["id"]}
