"""What names a contact names the one it was merged into, and the contact again after an undo."""

import asyncio
from typing import Any

import pytest

from domains import DOMAINS
from domains.contacts.links import LINKS
from domains.kit.actor import Role
from tests.api.client import Api, Client
from tests.api.test_contact_merge import add, merge
from tests.api.test_contact_undo import unmerge
from tests.factories import Team, new_member
from tests.walk import head, told

NAMES = "representative_contact_id"


async def a_client(by: Client, contact: Any, **fields: Any) -> Any:
    body = {"last_name": "Trustee", "entity_type": "trust", "entity_name": "The Trust", **fields}
    made = await by.post("/clients", {**body, NAMES: contact and contact["id"]})
    assert made.status == 201, made.body
    return made.data


async def named_by(by: Client, client: Any) -> str | None:
    found: str | None = (await by.get(f"/clients/{client['id']}")).data[NAMES]
    return found


async def test_every_column_that_leads_to_a_contact_is_in_the_list(api: Api) -> None:
    listed = {(link.child or link.resource).table: link.column for link in LINKS}
    for domain in DOMAINS:
        if domain.resource:
            for kind in (domain.resource, *domain.resource.children):
                for column, table in kind.links.items():
                    assert table != "contacts" or listed[kind.table] == column
    rows = await api.db.fetch(
        """
        SELECT table_name, column_name
        FROM information_schema.columns
        WHERE table_schema = 'public' AND column_name LIKE '%contact_id'
            AND table_name <> 'contact_roles'
        """
    )
    assert {row["table_name"]: row["column_name"] for row in rows} == listed


async def test_a_merge_leads_clients_on_in_the_same_group_and_its_undo_back(
    api: Api, team: Team, agent: Client
) -> None:
    one, other = await add(agent), await add(agent)
    clients = [await a_client(agent, contact) for contact in (other, one, other)]
    before = await head(api.db, team)
    merged = await merge(agent, one, other)
    group = await told(api.db, team, before)
    assert [event["k"] for event in group] == [
        "contact.merged",
        "contact.deleted",
        "client.updated",
        "client.updated",
    ]
    assert {event["id"] for event in group[2:]} == {clients[0]["id"], clients[2]["id"]}
    assert all(event["ch"] == {NAMES: [other["id"], one["id"]]} for event in group[2:])
    assert [await named_by(agent, client) for client in clients] == [one["id"]] * 3
    undone = await unmerge(agent, one, merged)
    assert undone.data["kept"] == []
    led_back = [other["id"], one["id"], other["id"]]
    assert [await named_by(agent, client) for client in clients] == led_back


async def test_a_link_that_was_changed_since_stays(agent: Client, lead: Client) -> None:
    one, other, third = [await add(agent) for _ in range(3)]
    moved, emptied, deleted = [await a_client(agent, other) for _ in range(3)]
    later = await a_client(agent, None)
    merged = await merge(agent, one, other)
    await agent.patch(f"/clients/{moved['id']}", {NAMES: third["id"]})
    await agent.patch(f"/clients/{emptied['id']}", {NAMES: None})
    await agent.delete(f"/clients/{deleted['id']}")
    await agent.patch(f"/clients/{later['id']}", {NAMES: one["id"]})
    undone = (await unmerge(agent, one, merged)).data
    assert {(each["entity"], each["id"], each["field"]) for each in undone["kept"]} == {
        ("client", each["id"], NAMES) for each in (moved, emptied, deleted)
    }
    assert await named_by(agent, moved) == third["id"]
    assert await named_by(agent, emptied) is None
    assert await named_by(agent, later) == one["id"]
    restored = await lead.patch(f"/clients/{deleted['id']}/restore")
    assert restored.data[NAMES] == one["id"]  # which is there


async def test_a_private_client_is_led_on_too_and_told_to_nobody_else(
    api: Api, team: Team, agent: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    one, other = await add(agent), await add(agent)
    hidden = await a_client(ben, other, is_private=True)
    before = await head(api.db, team)
    merged = await merge(agent, one, other)
    assert await named_by(ben, hidden) == one["id"]
    seen = (await agent.get("/activity", after_seq=before)).data
    assert hidden["id"] not in str(seen)
    await ben.patch(f"/clients/{hidden['id']}", {NAMES: None})
    undone = (await unmerge(agent, one, merged)).data
    assert undone["kept"] == []  # of what Ana may see


async def test_merges_and_undos_upon_each_other_lead_every_link_home(agent: Client) -> None:
    a, b, c = [await add(agent) for _ in range(3)]
    client = await a_client(agent, a)
    inner = await merge(agent, b, a)
    outer = await merge(agent, c, b)
    assert await named_by(agent, client) == c["id"]
    await unmerge(agent, c, outer)
    assert await named_by(agent, client) == b["id"]
    await unmerge(agent, b, inner)
    assert await named_by(agent, client) == a["id"]


async def test_an_attendee_is_led_on_with_an_event_of_the_appointment_and_back(
    api: Api, team: Team, agent: Client
) -> None:
    one, other = await add(agent, first_name="Ann"), await add(agent, first_name="Bob")
    attendees = [
        {"attendee_type": "contact", "contact_id": other["id"]},
        {"attendee_type": "contact", "contact_id": one["id"], "display_name": "Ann herself"},
        {"display_name": "Somebody"},
    ]
    day = "2031-05-06"
    body = {"title": "Tour", "appointment_date": day, "start_time": "10:00", "end_time": "11:00"}
    made = await agent.post("/appointments", {**body, "attendees": attendees})
    assert made.status == 201, made.body
    path = f"/appointments/{made.data['id']}"
    assert {each["display_name"] for each in made.data["attendees"]} == {
        "Bob Contact", "Ann herself", "Somebody"
    }  # fmt: skip
    before = await head(api.db, team)
    merged = await merge(agent, one, other)
    (_, _, led) = await told(api.db, team, before)
    assert (led["k"], led["d"]["version"]) == ("appointment.attendee_updated", 2)
    named = [each["contact_id"] for each in (await agent.get(path)).data["attendees"]]
    assert sorted(filter(None, named)) == [one["id"]] * 2
    undone = await unmerge(agent, one, merged)
    assert undone.data["kept"] == []
    now = (await agent.get(path)).data["attendees"]
    assert [each["contact_id"] for each in now] == [
        each["contact_id"] for each in made.data["attendees"]
    ]
    # ... but for who was taken off the list meanwhile.
    merged = await merge(agent, one, other)
    (row,) = [each["id"] for each in now if each["contact_id"] == other["id"]]
    await agent.delete(f"{path}/attendees/{row}")
    undone = await unmerge(agent, one, merged)
    assert [(each["entity"], each["field"]) for each in undone.data["kept"]] == [
        ("appointment", "attendees")
    ]
    refused = await agent.post(
        f"{path}/attendees", {"attendee_type": "contact", "contact_id": path}
    )
    assert refused.fields == ["contact_id"]


@pytest.mark.parametrize("turn", range(5))
async def test_no_link_is_made_to_a_contact_while_it_is_merged_away(
    agent: Client, lead: Client, turn: int
) -> None:
    one, other = await add(agent), await add(agent)
    clients = [await a_client(agent, None) for _ in range(3)]
    merging = asyncio.create_task(merge(lead, one, other))
    await asyncio.sleep(0.002 * turn)
    linked = await asyncio.gather(
        *(agent.patch(f"/clients/{each['id']}", {NAMES: other["id"]}) for each in clients)
    )
    assert (await merging).status == 200
    for answer, client in zip(linked, clients, strict=True):
        if answer.status == 200:
            assert await named_by(agent, client) == one["id"]
        else:
            assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), [NAMES])
            assert await named_by(agent, client) is None
