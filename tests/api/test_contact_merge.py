"""Two contacts that are one person become one, and what led to either leads to it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from domains.kit.actor import Role
from tests.api.client import Answer, Api, Client
from tests.factories import Team, new_member
from tests.walk import head, told

FULL = {
    "first_name": "Mai",
    "last_name": "Nguyen",
    "email": "mai@mail.example",
    "phone": "206-555-0100",
    "title": "Loan officer",
    "tags": ["VIP", "Bank"],
    "notes": "Met at the open house",
    "roles": [{"role": "loan_officer"}, {"role": "client"}],
}
OTHER = {
    "first_name": "Thị Mai",
    "last_name": "Nguyễn",
    "email": "tm.nguyen@bank.example",
    "other_emails": ["MAI@mail.example"],
    "phone": "+1 (206) 555-0100 ext. 4",
    "other_phones": ["425 555 0101"],
    "company": "Puget Bank",
    "birthday": "1980-02-29",
    "tags": ["vip", "Vietnamese"],
    "notes": "Speaks Vietnamese",
    "roles": [{"role": "agent"}, {"role": "client"}],
}


async def add(by: Client, **fields: Any) -> Any:
    made = await by.post("/contacts", {"last_name": "Contact", **fields})
    assert made.status == 201, made.body
    return made.data


async def merge(by: Client, one: Any, other: Any, **said: Any) -> Answer:
    key = said.pop("key", None)
    body = {"other_id": other["id"], **said}
    return await by.post(f"/contacts/{one['id']}/merge", body, **({"key": key} if key else {}))


def roles_of(contact: Any) -> list[str]:
    return [row["role"] for row in contact["roles"]]


async def test_what_is_empty_is_filled_and_lists_are_those_of_both(agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    merged = (await merge(agent, one, other)).data
    kept = ("first_name", "last_name", "email", "phone", "phone_e164", "title", "id", "display_id")
    assert {name: merged[name] for name in kept} == {name: one[name] for name in kept}
    assert (merged["company"], merged["birthday"]) == ("Puget Bank", "1980-02-29")
    assert merged["other_emails"] == ["tm.nguyen@bank.example"]
    assert merged["other_phones_e164"] == ["+14255550101"]
    assert merged["tags"] == ["VIP", "Bank", "Vietnamese"]
    assert merged["notes"] == "Met at the open house\n\nSpeaks Vietnamese"
    assert roles_of(merged) == ["loan_officer", "client", "agent"]
    assert merged["primary_role"] == "loan_officer"
    assert merged["merged_from"] == [other["id"]]


async def test_each_field_is_chosen_from_this_from_the_other_or_said(agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    merged = await merge(
        agent,
        one,
        other,
        choose={
            "first_name": "other",
            "last_name": "this",
            "email": "other",
            "phone": "other",
            "company": None,
            "title": "Senior loan officer",
            "birthday": "this",
            "notes": "other",
            "tags": ["Bank"],
            "primary_role": "other",
        },
    )
    assert merged.status == 200, merged.body
    found = merged.data
    assert (found["first_name"], found["last_name"]) == ("Thị Mai", "Nguyen")
    assert (found["email"], found["other_emails"]) == (other["email"], ["mai@mail.example"])
    assert (found["phone"], found["other_phones"]) == (other["phone"], ["425 555 0101"])
    assert (found["company"], found["title"]) == (None, "Senior loan officer")
    assert (found["birthday"], found["notes"]) == (None, "Speaks Vietnamese")
    assert (found["tags"], found["primary_role"]) == (["Bank"], "agent")


@pytest.mark.parametrize(
    ("choose", "field"),
    [
        ({"owner_id": "other"}, "choose.owner_id"),
        ({"contact_status": "other"}, "choose.contact_status"),
        ({"merged_into": None}, "choose.merged_into"),
        ({"no_such": "this"}, "choose.no_such"),
        ({"email": "nobody"}, "choose.email"),
        ({"phone": "call me"}, "choose.phone"),
        ({"birthday": "tomorrow"}, "choose.birthday"),
        ({"title": 7}, "choose.title"),
        ({"title": {"this": 1}}, "choose.title"),
        ({"tags": [None]}, "choose.tags.0"),
        ({"tags": "VIP"}, "choose.tags"),
        ({"other_emails": None}, "choose.other_emails"),
        ({"primary_role": "king"}, "choose.primary_role"),
        ({"primary_role": ["agent"]}, "choose.primary_role"),
        ({"primary_role": "broker"}, "choose.primary_role"),
        ({"first_name": None, "last_name": None}, "last_name"),
    ],
)
async def test_a_choice_that_is_none_is_refused_by_name_and_merges_nothing(
    api: Api, team: Team, agent: Client, choose: Any, field: str
) -> None:
    one, other = await add(agent, **FULL), await add(agent, last_name="Other", phone="2065550100")
    before = await head(api.db, team)
    refused = await merge(agent, one, other, choose=choose)
    assert refused.refused == (400, "VALIDATION_ERROR"), refused.body
    assert refused.fields[0] == field
    assert await head(api.db, team) == before
    assert (await agent.get(f"/contacts/{other['id']}")).data == other


async def test_notes_that_are_too_long_together_want_one_to_be_chosen(agent: Client) -> None:
    one = await add(agent, notes="a" * 6_000)
    other = await add(agent, notes="b" * 6_000)
    refused = await merge(agent, one, other)
    assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), ["choose.notes"])
    assert (await merge(agent, one, other, choose={"notes": "this"})).status == 200


async def test_a_merged_contact_is_in_no_list_and_tells_which_one_stands_for_it(
    agent: Client, lead: Client
) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    await merge(agent, one, other)
    assert [each["id"] for each in (await agent.get("/contacts")).data] == [one["id"]]
    assert (await agent.get("/contacts", archived="true")).data == []
    assert (await agent.get("/contacts/stats")).data["merged"] == 1
    gone = f"/contacts/{other['id']}"
    version = {"version": 2}
    for answer in (
        await agent.get(gone),
        await agent.get(f"/contacts/{other['display_id']}"),
        await agent.patch(gone, {"title": "Still here?"}),
        await agent.patch(f"{gone}/archive"),
        await lead.patch(f"{gone}/restore"),
        await lead.delete(gone),
        await agent.post(f"{gone}/roles", {"role": "broker"}),
        await agent.get(f"{gone}/duplicates"),
        await agent.post(f"{gone}/merge", {"other_id": one["id"]}),
        await merge(agent, one, other, **version),
    ):
        assert answer.refused == (410, "MERGED"), answer.body
        (detail,) = answer.error["details"]
        assert detail["merged_into"] == one["id"]
        assert detail["display_id"] == one["display_id"]
    batch = {"op": "archive", "ids": [other["id"], one["id"]]}
    first, second = (await agent.post("/contacts/batch", batch)).data
    assert (first["error"]["code"], second["success"]) == ("MERGED", True)
    entry = (await agent.get(f"{gone}/history")).data[0]
    assert (entry["kind"], entry["changes"]["contact_status"]) == (
        "contact.deleted",
        ["active", "merged"],
    )


async def test_a_merge_of_merges_leads_to_the_last_and_never_in_a_circle(agent: Client) -> None:
    a, b, c = [await add(agent, last_name=name) for name in ("Aa", "Bb", "Cc")]
    await merge(agent, b, a)
    await merge(agent, c, b)
    for gone in (a, b):
        answer = await agent.get(f"/contacts/{gone['id']}")
        assert answer.error["details"][0]["merged_into"] == c["id"]
        assert (await merge(agent, c, gone)).refused == (410, "MERGED")
        assert (await merge(agent, gone, c)).refused == (410, "MERGED")
    assert (await merge(agent, c, c)).fields == ["other_id"]
    nobody = {"id": str(uuid4())}
    assert (await merge(agent, c, nobody)).fields == ["other_id"]
    assert (await merge(agent, nobody, c)).refused == (404, "NOT_FOUND")


async def test_who_merges_what_somebody_changed_meanwhile_is_refused(agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    await agent.patch(f"/contacts/{one['id']}", {"title": "Broker"})
    await agent.patch(f"/contacts/{other['id']}", {"title": "Banker"})
    for stale in ({"version": 1}, {"version": 2, "other_version": 1}):
        refused = await merge(agent, one, other, **stale)
        assert refused.refused == (409, "VERSION_CONFLICT")
        assert refused.fields == ["title"]
    assert (await merge(agent, one, other, version=2, other_version=2)).status == 200


async def test_of_two_merges_of_one_pair_one_wins(agent: Client, lead: Client) -> None:
    for _ in range(5):
        one, other = await add(agent), await add(agent)
        answers = await asyncio.gather(merge(agent, one, other), merge(lead, other, one))
        won, lost = sorted(answers, key=lambda answer: answer.status)
        assert (won.status, lost.refused) == (200, (410, "MERGED"))
        (merged_from,) = won.data["merged_from"]
        assert {won.data["id"], merged_from} == {one["id"], other["id"]}


async def test_an_edit_and_a_merge_at_once_lose_nothing(agent: Client, lead: Client) -> None:
    for n in range(5):
        one, other = await add(agent), await add(agent)
        edited, merged = await asyncio.gather(
            lead.patch(f"/contacts/{other['id']}", {"title": f"Title {n}"}),
            merge(agent, one, other),
        )
        assert merged.status == 200
        now = (await agent.get(f"/contacts/{one['id']}")).data["title"]
        assert (edited.status, now) in ((200, f"Title {n}"), (410, None))


async def test_a_merge_is_one_group_of_events(api: Api, team: Team, agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    before = await head(api.db, team)
    merged = await merge(agent, one, other, key="merge-1")
    group = await told(api.db, team, before)
    assert [(event["k"], event["id"]) for event in group] == [
        ("contact.merged", one["id"]),
        ("contact.deleted", other["id"]),
    ]
    assert {event["op"] for event in group} == {"merge-1"}
    assert group[0]["d"] == merged.data


async def test_the_same_merge_sent_again_is_done_once(agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    first = await merge(agent, one, other, key="once")
    again = await merge(agent, one, other, key="once")
    assert (again.status, again.data) == (200, first.data)
    assert again.meta["replayed"] is True


# Rights


async def test_a_private_contact_is_merged_by_who_may_decide_that_it_is(
    api: Api, team: Team, agent: Client, lead: Client, viewer: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    hidden, shared = await add(agent, is_private=True), await add(ben)
    # Ben does not see Ana's, so for him it is not there.
    assert (await merge(ben, shared, hidden)).fields == ["other_id"]
    assert (await merge(ben, hidden, shared)).refused == (404, "NOT_FOUND")
    # Ana may show hers to all, but not take Ben's from him.
    assert (await merge(agent, hidden, shared)).refused == (403, "FORBIDDEN")
    assert (await merge(viewer, shared, hidden)).refused == (403, "FORBIDDEN")
    merged = (await merge(agent, shared, hidden)).data
    assert (merged["id"], merged["is_private"]) == (shared["id"], False)
    # Who asks for what they never saw is not told where it went.
    assert (await ben.get(f"/contacts/{hidden['id']}")).refused == (404, "NOT_FOUND")
    assert (await agent.get(f"/contacts/{hidden['id']}")).refused == (410, "MERGED")
    assert (await lead.get(f"/contacts/{hidden['id']}")).refused == (410, "MERGED")


async def test_where_a_contact_went_is_told_to_who_may_see_that_one(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    hidden, shared = await add(agent, is_private=True), await add(agent)
    assert (await merge(lead, hidden, shared)).status == 200
    assert (await ben.get(f"/contacts/{shared['id']}")).refused == (404, "NOT_FOUND")
    assert (await agent.get(f"/contacts/{shared['id']}")).refused == (410, "MERGED")


async def test_it_takes_the_right_to_change_both(api: Api, team: Team, agent: Client) -> None:
    async with api.db.transaction() as rows:
        await rows.execute(
            "UPDATE members SET can_edit_team_data = false WHERE team_id = $1 AND user_id = $2",
            team.id,
            team.agent.user_id,
        )
    ana = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ana Two"))
    mine, theirs = await add(agent), await add(ana)
    for one, other in ((mine, theirs), (theirs, mine)):
        assert (await merge(agent, one, other)).refused == (403, "FORBIDDEN")
    assert (await merge(agent, mine, await add(agent))).status == 200
    assert (await merge(ana, mine, theirs)).status == 200


async def test_nobody_makes_another_s_contact_their_own_by_merging_it(
    agent: Client, lead: Client, owner: Client, team: Team
) -> None:
    mine, theirs = await add(agent), await add(lead)
    assert (await merge(agent, mine, theirs)).refused == (403, "FORBIDDEN")
    both_theirs = await merge(agent, theirs, await add(lead))
    assert both_theirs.data["owner_id"] == str(team.lead.user_id)
    permissions = f"/teams/current/members/{team.lead.user_id}/permissions"
    await owner.put(permissions, {"can_delete": False})
    assert (await merge(lead, theirs, mine)).refused == (403, "FORBIDDEN")
    await owner.put(permissions, {"can_delete": None})
    assert (await merge(lead, theirs, mine)).status == 200
