"""Contacts: how they are reached, and what they are to the team."""

import asyncio
from typing import Any

import asyncpg
import pytest

from domains.contacts.models import ContactRole
from domains.contacts.resource import CONTACTS
from tests.api.client import Api, Client
from tests.factories import Team
from tests.walk import told

ONE_OF_EACH = [str(role) for role in ContactRole]


async def add(by: Client, **fields: Any) -> Any:
    made = await by.post("/contacts", {"first_name": "Carla", "last_name": "Contact", **fields})
    assert made.status == 201, made.body
    return made.data


def roles_of(contact: Any) -> list[str]:
    return [row["role"] for row in contact["roles"]]


async def test_numbers_are_kept_as_typed_with_their_normal_form_beside(agent: Client) -> None:
    contact = await add(agent, phone="(206) 555-0100 x7", other_phones=["+44 20 7946 0958"])
    assert (contact["phone"], contact["phone_e164"]) == ("(206) 555-0100 x7", "+12065550100")
    assert contact["other_phones_e164"] == ["+442079460958"]
    one = f"/contacts/{contact['id']}"
    changed = (await agent.patch(one, {"other_phones": ["206 555 0199", "(206) 555-0199"]})).data
    assert changed["other_phones"] == ["206 555 0199"]  # one number, spelled twice
    assert changed["other_phones_e164"] == ["+12065550199"]
    emptied = (await agent.patch(one, {"phone": None})).data
    assert (emptied["phone"], emptied["phone_e164"]) == (None, None)


async def test_a_contact_is_called_by_its_name_or_its_company(agent: Client) -> None:
    contact = await add(agent, company="Puget Escrow")
    assert contact["full_name"] == contact["label"] == "Carla Contact"
    one = f"/contacts/{contact['id']}"
    assert (await agent.patch(one, {"first_name": None})).data["full_name"] == "Contact"
    assert (await agent.patch(one, {"last_name": None})).data["full_name"] == "Puget Escrow"
    refused = await agent.patch(one, {"company": None})
    assert refused.refused == (400, "VALIDATION_ERROR")
    assert refused.fields == ["last_name"]


async def test_a_contact_may_have_all_fourteen_roles_one_of_them_primary(agent: Client) -> None:
    contact = await add(agent, roles=[{"role": role} for role in ONE_OF_EACH])
    assert sorted(roles_of(contact)) == sorted(ONE_OF_EACH)
    assert contact["primary_role"] == ONE_OF_EACH[0]
    assert [row["is_primary"] for row in contact["roles"]] == [True] + [False] * 13


async def test_the_first_role_is_primary_until_another_takes_over(
    api: Api, team: Team, agent: Client
) -> None:
    one = f"/contacts/{(await add(agent))['id']}"
    first = await agent.post(f"{one}/roles", {"role": "agent"})
    assert (first.status, first.data["is_primary"]) == (201, True)
    second = await agent.post(f"{one}/roles", {"role": "broker"})
    assert second.data["is_primary"] is False
    taken = await agent.put(f"{one}/roles/primary", {"role": "broker"})
    assert taken.data["primary_role"] == "broker"
    assert [event["k"] for event in await told(api.db, team)][1:] == [
        "contact.role_added",
        "contact.role_added",
        "contact.role_updated",
    ]
    third = await agent.post(f"{one}/roles", {"role": "client", "is_primary": True})
    assert third.data["is_primary"] is True
    contact = (await agent.get(one)).data
    assert [row["role"] for row in contact["roles"] if row["is_primary"]] == ["client"]


async def test_when_the_primary_role_goes_the_oldest_left_takes_its_place(agent: Client) -> None:
    contact = await add(agent, roles=[{"role": "agent"}, {"role": "broker"}, {"role": "client"}])
    one = f"/contacts/{contact['id']}"
    for gone, left in (("agent", "broker"), ("broker", "client"), ("client", None)):
        (row,) = [row for row in contact["roles"] if row["role"] == gone]
        assert (await agent.delete(f"{one}/roles/{row['id']}")).status == 200
        contact = (await agent.get(one)).data
        assert contact["primary_role"] == left
    assert contact["roles"] == []


async def test_a_role_is_had_once_and_the_clash_is_named(agent: Client) -> None:
    contact = await add(agent, roles=[{"role": "agent"}, {"role": "broker"}])
    one = f"/contacts/{contact['id']}"
    again = await agent.post(f"{one}/roles", {"role": "agent"})
    assert again.refused == (409, "CONFLICT")
    assert again.error["details"][0]["id"] == contact["roles"][0]["id"]
    other = await agent.patch(f"{one}/roles/{contact['roles'][1]['id']}", {"role": "agent"})
    assert other.refused == (409, "CONFLICT")
    twice = await agent.post(
        "/contacts", {"last_name": "Twice", "roles": [{"role": "agent"}, {"role": "agent"}]}
    )
    assert twice.refused == (409, "CONFLICT")
    none = await agent.put(f"{one}/roles/primary", {"role": "client"})
    assert none.refused == (400, "VALIDATION_ERROR")
    down = await agent.patch(f"{one}/roles/{contact['roles'][0]['id']}", {"is_primary": False})
    assert down.refused == (400, "VALIDATION_ERROR")


async def test_two_who_add_the_same_role_at_once_leave_one(agent: Client, lead: Client) -> None:
    one = f"/contacts/{(await add(agent))['id']}"
    answers = await asyncio.gather(
        *(by.post(f"{one}/roles", {"role": "appraiser"}) for by in (agent, lead, agent, lead))
    )
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert roles_of((await agent.get(one)).data) == ["appraiser"]


async def test_the_database_holds_one_primary_role(api: Api, agent: Client) -> None:
    contact = await add(agent, roles=[{"role": "agent"}, {"role": "broker"}])
    with pytest.raises(asyncpg.UniqueViolationError):
        async with api.db.transaction() as rows:
            await rows.execute(
                "UPDATE contact_roles SET is_primary = true WHERE contact_id = $1", contact["id"]
            )


async def test_a_search_is_for_a_role_and_a_name(agent: Client) -> None:
    mai = await add(agent, first_name="Thị Mai", last_name="Nguyễn", roles=[{"role": "client"}])
    both = [{"role": "client"}, {"role": "appraiser"}]
    other = await add(agent, first_name="Mai", last_name="Adams", roles=both)
    await add(agent, first_name="Zoe", last_name="Zimmer", roles=[{"role": "appraiser"}])

    async def found(**params: str) -> list[str]:
        return [each["id"] for each in (await agent.get("/contacts/search", **params)).data]

    assert await found(role="client", name="mai") == [other["id"], mai["id"]]
    assert await found(name="Thị Mai Ngu") == [mai["id"]]
    assert len(await found(role="appraiser")) == 2
    assert await found(role="handyman") == []
    assert (await agent.get("/contacts/search", role="king")).refused == (400, "VALIDATION_ERROR")


async def test_a_list_is_narrowed_by_role_tag_and_any_address_or_number(agent: Client) -> None:
    contact = await add(
        agent,
        email="Carla@Mail.example",
        other_emails=["c@work.example"],
        phone="206-555-0100",
        other_phones=["(425) 555-0101"],
        tags=["VIP"],
        city="Tacoma",
        roles=[{"role": "broker"}],
    )
    await add(agent, first_name="Other", last_name="One", roles=[{"role": "agent"}])
    for params in (
        {"role": "broker"},
        {"type": "broker"},
        {"tag": "VIP"},
        {"city": "TACOMA"},
        {"email": "c@WORK.example"},
        {"email": "carla@mail.example"},
        {"phone": "+1 (425) 555 0101"},
        {"phone": "2065550100"},
        {"search": "Carla Con"},
    ):
        assert [each["id"] for each in (await agent.get("/contacts", **params)).data] == [
            contact["id"]
        ], params


async def test_statistics_count_by_role_under_the_reader_s_rights(
    agent: Client, lead: Client, viewer: Client
) -> None:
    await add(agent, roles=[{"role": "client"}, {"role": "agent"}])
    await add(agent, roles=[{"role": "client"}], is_private=True)
    await add(lead, contact_status="inactive")
    stats = (await lead.get("/contacts/stats")).data
    assert {name: stats[name] for name in ("total", "active", "inactive", "withoutRole")} == {
        "total": 3, "active": 2, "inactive": 1, "withoutRole": 1
    }  # fmt: skip
    assert {role: n for role, n in stats["byRole"].items() if n} == {"client": 2, "agent": 1}
    assert set(stats["byRole"]) == set(ONE_OF_EACH)
    seen = (await viewer.get("/contacts/stats")).data
    assert (seen["total"], seen["byRole"]["client"]) == (2, 1)
    empty = (await lead.get("/contacts/stats", search="nobody")).data
    assert (empty["total"], set(empty["byRole"].values())) == (0, {0})


async def test_an_export_spells_roles_and_numbers_out(agent: Client) -> None:
    await add(agent, phone="+1 206 555 0100", roles=[{"role": "client"}])
    status, text = await agent.text("/contacts/export")
    header, line = text.splitlines()
    assert status == 200
    assert set(header.split(",")) == set(CONTACTS.names)
    assert "'+1 206 555 0100" in line  # no cell is a formula
    assert "client" in line


async def test_active_and_inactive_lead_to_each_other_and_merged_is_no_move(agent: Client) -> None:
    one = f"/contacts/{(await add(agent))['id']}"
    moved = await agent.patch(f"{one}/status", {"status": "inactive"})
    assert moved.data["allowed_transitions"] == ["active"]
    assert (await agent.patch(one, {"contact_status": "active"})).status == 200
    for refused in (
        await agent.patch(f"{one}/status", {"status": "merged"}),
        await agent.patch(one, {"contact_status": "merged"}),
        await agent.post("/contacts", {"last_name": "New", "contact_status": "merged"}),
    ):
        assert refused.refused == (409, "INVALID_TRANSITION")
