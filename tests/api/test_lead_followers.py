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


async def test_who_is_granted_a_private_lead_sees_what_was_hidden_with_it_and_no_more(
    eyes: Eyes,
) -> None:
    agent, other = eyes.agent, eyes.other
    lead = await agent.client.make(LEADS, is_private=True)
    about = await meet(agent.client, 9, lead_id=lead["id"])
    attends = await meet(agent.client, 10)
    row = {"attendee_type": "lead", "lead_id": lead["id"]}
    await agent.client.post(f"/appointments/{attends['id']}/attendees", row)
    await meet(agent.client, 11, lead_id=lead["id"], is_private=True)
    before = await head(eyes.api.db, eyes.team)
    assert await sees(other.client) == set()

    grants = f"/leads/{lead['id']}/grants"
    granted = await agent.client.put(grants, {"user_id": str(other.actor.user_id)})
    assert granted.status == 200, granted.body
    assert await sees(other.client) == {about["id"], attends["id"]}
    assert await sees(eyes.viewer.client) == set()
    taken = await agent.client.delete(f"{grants}/{other.actor.user_id}")
    assert taken.status == 200
    assert await sees(other.client) == set()
    last = await head(eyes.api.db, eyes.team)
    kinds = [event["k"] for event in await other.hears(last) if event["s"] > before]
    gone = ["appointment.withdrawn", "appointment.withdrawn", "lead.withdrawn"]
    shown = ["appointment.updated", "appointment.updated", "lead.grants_changed"]
    assert sorted(kinds) == ["-", "-", *sorted([*gone, *shown])]
    seen = [event["k"] for event in await eyes.viewer.hears(last) if event["s"] > before]
    assert seen == ["-"] * len(kinds)
    assert await first_bad(eyes.api.db, eyes.team.id) is None


async def test_a_private_lead_that_comes_to_attend_hides_the_appointment_until_it_leaves(
    eyes: Eyes,
) -> None:
    agent, viewer = eyes.agent, eyes.viewer
    lead = await agent.client.make(LEADS, is_private=True)
    met = await meet(agent.client, 9)
    row = {"attendee_type": "lead", "lead_id": lead["id"]}
    before = await head(eyes.api.db, eyes.team)
    added = await agent.client.post(f"/appointments/{met['id']}/attendees", row)
    assert added.data["display_name"] == "Lena Lopez"  # whoever sees it may see the lead
    assert await sees(viewer.client) == set()
    assert await sees(agent.client) == {met["id"]}
    one = f"/appointments/{met['id']}/attendees/{added.data['id']}"
    assert (await agent.client.delete(one)).status == 200
    assert await sees(viewer.client) == {met["id"]}
    with_it = await meet(agent.client, 10, attendees=[row])
    last = await head(eyes.api.db, eyes.team)
    heard = [event for event in await viewer.hears(last) if event["s"] > before]
    assert [event["k"] for event in heard] == [
        "appointment.withdrawn", "appointment.attendee_removed", "-"
    ]  # fmt: skip
    assert lead["id"] not in str(heard)
    assert with_it["id"] not in await sees(viewer.client)


async def test_what_is_about_two_people_s_private_leads_is_for_who_may_see_both(
    eyes: Eyes,
) -> None:
    agent, other = eyes.agent, eyes.other
    mine, theirs = await agent.client.make(LEADS), await other.client.make(LEADS)
    row = {"attendee_type": "lead", "lead_id": theirs["id"]}
    met = await meet(agent.client, 9, lead_id=mine["id"], attendees=[row])
    for by, lead in ((agent, mine), (other, theirs)):
        await by.client.patch(f"/leads/{lead['id']}", {"is_private": True})
    for eye in (agent, other, eyes.viewer):
        assert await sees(eye.client) == set()
    assert await sees(eyes.lead.client) == {met["id"]}
    grant = {"user_id": str(agent.actor.user_id)}
    assert (await other.client.put(f"/leads/{theirs['id']}/grants", grant)).status == 200
    assert await sees(agent.client) == {met["id"]}
    assert await sees(other.client) == set()
