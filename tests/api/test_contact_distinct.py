"""Two contacts that are alike and not the same: said once, kept, taken back, and no candidates."""

from typing import Any

import pytest

from domains.kit.actor import Role
from tests.api.client import Api, Client
from tests.api.test_contact_merge import add, merge
from tests.factories import Team, new_member
from tests.walk import head, told

ALIKE = {"first_name": "Mai", "last_name": "Nguyen", "phone": "(206) 555-0100"}


def distinct(contact: Any, other: Any | None = None) -> str:
    return f"/contacts/{contact['id']}/distinct" + (f"/{other['id']}" if other else "")


async def candidates(by: Client, contact: Any) -> list[str]:
    found = (await by.get(f"/contacts/{contact['id']}/duplicates")).data
    return [each["contact"]["id"] for each in found]


async def pairs(by: Client) -> list[set[str]]:
    found = (await by.get("/contacts/duplicates")).data
    return [{each["id"] for each in pair["contacts"]} for pair in found]


async def test_who_is_said_to_be_another_is_no_candidate_until_that_is_taken_back(
    api: Api, team: Team, agent: Client
) -> None:
    one, other = await add(agent, **ALIKE), await add(agent, **ALIKE)
    third = await add(agent, **ALIKE)
    before = await head(api.db, team)
    said = await agent.post(distinct(one), {"other_id": other["display_id"]})
    assert said.data["distinct_from"] == [other["id"]]
    now = (await agent.get(f"/contacts/{other['id']}")).data
    assert now["distinct_from"] == [one["id"]]
    assert await candidates(agent, one) == await candidates(agent, other) == [third["id"]]
    assert {one["id"], other["id"]} not in await pairs(agent)
    assert len(await pairs(agent)) == 2

    for back in (distinct(one, other), distinct(other, one)):  # the second finds nothing to do
        taken = await agent.delete(back)
        assert taken.data["distinct_from"] == []
    assert {one["id"], other["id"]} in await pairs(agent)
    events = await told(api.db, team, before)
    assert [(event["k"], event["id"], event["n"]) for event in events] == [
        ("contact.told_apart", one["id"], 2),
        ("contact.told_apart", other["id"], 2),
        ("contact.compared_again", one["id"], 2),
        ("contact.compared_again", other["id"], 2),
    ]
    assert events[0]["ch"] == {"distinct_from": [[], [other["id"]]]}


async def test_a_new_contact_is_not_warned_of_and_said_twice_is_said_once(
    api: Api, team: Team, agent: Client
) -> None:
    one, other = await add(agent, **ALIKE), await add(agent, **ALIKE)
    await agent.post(distinct(one), {"other_id": other["id"]})
    before = await head(api.db, team)
    for a, b in ((one, other), (other, one)):
        again = await agent.post(distinct(a), {"other_id": b["id"]})
        assert (again.status, again.meta["seq"]) == (200, None)
    assert await head(api.db, team) == before
    stale = await agent.post(distinct(one), {"other_id": (await add(agent))["id"]}, version=1)
    assert stale.refused == (409, "VERSION_CONFLICT")


async def test_it_holds_for_who_a_contact_was_merged_into_and_after_the_merge_is_undone(
    agent: Client,
) -> None:
    one, other, same = [await add(agent, **ALIKE) for _ in range(3)]
    await agent.post(distinct(one), {"other_id": other["id"]})
    merged = await merge(agent, same, other)
    assert merged.status == 200
    assert await candidates(agent, one) == await candidates(agent, same) == []
    assert await pairs(agent) == []
    await agent.post(f"/contacts/{same['id']}/unmerge", {"merge": merged.meta["seq"]})
    assert await candidates(agent, one) == [same["id"]]
    assert (await agent.get(f"/contacts/{other['id']}")).data["distinct_from"] == [one["id"]]


async def test_it_takes_the_right_to_change_both_and_names_nobody_whom_the_reader_may_not_see(
    api: Api, team: Team, owner: Client, lead: Client, agent: Client, viewer: Client
) -> None:
    mine, theirs = await add(agent, **ALIKE), await add(lead, **ALIKE)
    hidden = await add(lead, **ALIKE, is_private=True)
    body = {"other_id": theirs["id"]}
    assert (await viewer.post(distinct(mine), body)).refused == (403, "FORBIDDEN")
    unseen = await agent.post(distinct(mine), {"other_id": hidden["id"]})
    assert (unseen.refused, unseen.fields) == ((400, "VALIDATION_ERROR"), ["other_id"])
    assert (await agent.delete(distinct(mine, hidden))).refused == (404, "NOT_FOUND")
    assert (await agent.delete(distinct(hidden, mine))).refused == (404, "NOT_FOUND")
    itself = await agent.post(distinct(mine), {"other_id": mine["id"]})
    assert itself.fields == ["other_id"]

    permissions = f"/teams/current/members/{team.agent.user_id}/permissions"
    await owner.put(permissions, {"can_edit_team_data": False})
    assert (await agent.post(distinct(mine), body)).refused == (403, "FORBIDDEN")
    assert (await agent.post(distinct(theirs), {"other_id": mine["id"]})).status == 403

    before = await head(api.db, team)
    said = await lead.post(distinct(hidden), {"other_id": mine["id"]})
    assert said.data["distinct_from"] == [mine["id"]]
    assert (await agent.get(f"/contacts/{mine['id']}")).data["distinct_from"] == []
    assert await candidates(lead, hidden) == [theirs["id"]]
    events = await told(api.db, team, before)
    assert hidden["id"] not in str([event for event in events if event["id"] == mine["id"]])


@pytest.mark.parametrize("role", [Role.AGENT, Role.COORDINATOR])
async def test_who_may_change_what_others_own_tells_theirs_apart(
    api: Api, team: Team, lead: Client, role: Role
) -> None:
    by = await api.sign_in(await new_member(api.db, team.id, role))
    one, other = await add(lead, **ALIKE), await add(lead, **ALIKE)
    assert (await by.post(distinct(one), {"other_id": other["id"]})).status == 200
    assert (await by.delete(distinct(one, other))).status == 200
