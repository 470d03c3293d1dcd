"""Leads as a team works them: statuses, lists, the pond and whose turn it is."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from db.events import first_bad
from domains.kit.actor import Role
from domains.leads.resource import LEADS
from tests.api.client import Api, Client
from tests.api.moves import asked, illegal, legal
from tests.factories import Team, fields, new_member, new_team
from tests.screens import Screen
from tests.walk import head, told

TODAY = datetime.now(UTC).date()
RULES = "/lead-routing/rules"
WHY = "All: Ana Agent is next of 1 in turn"


def in_days(days: int) -> str:
    return (TODAY + timedelta(days)).isoformat()


async def a_rule(by: Client, **given: Any) -> Any:
    made = await by.post(RULES, {"name": "All", "strategy": "round_robin"} | given)
    assert made.status == 201, made.body
    return made.data


async def in_pond(by: Client, **changes: Any) -> Any:
    made = await by.make(LEADS, **changes)
    return (await by.post(f"/leads/{made['id']}/release")).data


# The machine


def test_the_machine_goes_forward_and_ends_in_three_ways() -> None:
    ends = {"lost", "unqualified", "deferred"}
    assert {old: set(steps) for old, steps in LEADS.transitions.items()} == {
        "new": {"contacted"} | ends,
        "contacted": {"qualified"} | ends,
        "qualified": {"converted"} | ends,
        "deferred": {"contacted", "lost", "unqualified"},
        "lost": {"contacted", "deferred"},
        "unqualified": {"contacted", "deferred"},
        "converted": set(),
    }


@pytest.mark.parametrize(("old", "new"), [p for p in legal(LEADS) if p[1] != "converted"])
async def test_an_agent_makes_every_legal_move(agent: Client, old: str, new: str) -> None:
    lead = await agent.make(LEADS, old)
    moved = await agent.move(LEADS, lead["id"], new, reason="They called again")
    assert moved.data["lead_status"] == new, moved.body


@pytest.mark.parametrize(("old", "new"), [p for p in illegal(LEADS) if p[0] != "converted"])
async def test_every_other_move_is_refused_with_what_is_allowed(
    agent: Client, old: str, new: str
) -> None:
    lead = await agent.make(LEADS, old)
    refused = await agent.move(LEADS, lead["id"], new, reason="Why not")
    assert refused.refused == (409, "INVALID_TRANSITION")
    assert refused.error["details"][0]["allowed"] == lead["allowed_transitions"]


@pytest.mark.parametrize(("old", "new", "name"), asked(LEADS))
async def test_a_move_names_what_it_lacks(agent: Client, old: str, new: str, name: str) -> None:
    lead = await agent.make(LEADS, old)
    if lead[name] is not None:
        await agent.patch(f"/leads/{lead['id']}", {name: None})
        lead = (await agent.get(f"/leads/{lead['id']}")).data
    if lead[name] is None:
        refused = await agent.move(LEADS, lead["id"], new, **{name: None})
        assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), [name])


@pytest.mark.parametrize("end", ["lost", "unqualified"])
async def test_a_lead_that_ends_says_why(agent: Client, end: str) -> None:
    lead = await agent.make(LEADS)
    refused = await agent.move(LEADS, lead["id"], end, reason=None)
    assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), ["status_reason"])


async def test_somebody_without_a_name_and_a_budget_upside_down_are_refused(agent: Client) -> None:
    nameless = await agent.post("/leads", {"email": "someone@leads.example"})
    assert nameless.refused == (400, "VALIDATION_ERROR")
    assert nameless.fields == ["last_name"]
    turned = await agent.post("/leads", fields(LEADS, budget_min=2, budget_max=1))
    assert turned.fields == ["budget_min"]


@pytest.mark.parametrize("said", ["Walk-in", "walk_in", "Walk In", " WALK-IN "])
async def test_a_source_is_taken_as_earlier_clients_spell_it(agent: Client, said: str) -> None:
    lead = await agent.make(LEADS, lead_source=said)
    assert lead["lead_source"] == "walk_in"
    listed = await agent.get("/leads", leadSource=said)
    assert [each["id"] for each in listed.data] == [lead["id"]]


# The score


async def test_a_score_follows_what_it_is_made_of_and_nothing_else(
    api: Api, team: Team, agent: Client
) -> None:
    lead = await agent.make(LEADS, lead_source="referral")
    assert (lead["lead_score"], lead["lead_temperature"]) == (25, "cold")
    one = f"/leads/{lead['id']}"
    warm = (await agent.patch(one, {"timeline": "immediate"})).data
    assert (warm["lead_score"], warm["lead_temperature"]) == (55, "warm")
    hot = (await agent.patch(one, {"budget_max": 800000})).data
    assert (hot["lead_score"], hot["lead_temperature"]) == (80, "hot")
    assert [(part["part"], part["points"]) for part in hot["score_parts"]] == [
        ("source", 25), ("budget", 25), ("timeline", 30), ("activity", 0), ("decay", 0)
    ]  # fmt: skip
    event = (await told(api.db, team))[-1]
    assert event["ch"]["lead_score"] == [55, 80]
    same = (await agent.patch(one, {"notes": "Called"})).data
    assert same["score_parts"] == hot["score_parts"]
    refused = await agent.patch(one, {"lead_score": 100})
    assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), ["lead_score"])


async def test_a_lead_that_was_last_spoken_to_long_ago_is_entered_with_what_that_takes(
    agent: Client,
) -> None:
    lead = await agent.make(LEADS, lead_source="walk_in", last_contact_date=in_days(-30))
    assert lead["lead_score"] == 30  # it was entered today
    later = await agent.make(LEADS, lead_source="walk_in", last_contact_date=in_days(3))
    assert later["lead_score"] == 30


# Lists


async def test_a_list_keeps_what_each_filter_asks_for(agent: Client, lead: Client) -> None:
    cold = await agent.make(LEADS, first_name="Cold", next_follow_up=in_days(-1), tags=["vip"])
    warm = await agent.make(
        LEADS, "contacted", first_name="Warm", lead_source="referral", timeline="immediate",
        next_follow_up=in_days(0), lead_type="seller",
    )  # fmt: skip
    hot = await agent.make(
        LEADS, first_name="Hot", lead_source="walk_in", timeline="immediate", budget=900000,
        next_follow_up=in_days(1), is_private=True,
    )  # fmt: skip
    pond = await in_pond(lead, first_name="Pond", lead_source="ad", phone="206-555-0142")
    for params, found in (
        ({"leadStatus": "contacted"}, [warm]),
        ({"status": "contacted"}, [warm]),
        ({"leadSource": "Referral"}, [warm]),
        ({"leadType": "seller"}, [warm]),
        ({"isPrivate": "true"}, [hot]),
        ({"is_private": "false"}, [cold, pond, warm]),
        ({"temperature": "hot"}, [hot]),
        ({"temperature": "cold"}, [cold, pond]),
        ({"min_score": 55, "max_score": 60}, [warm]),
        ({"minScore": 56}, [hot]),
        ({"follow_up": "overdue"}, [cold]),
        ({"follow_up": "today"}, [warm]),
        ({"followUp": "due"}, [cold, warm]),
        ({"follow_up": "upcoming"}, [hot]),
        ({"follow_up": "none"}, [pond]),
        ({"in_pond": "true"}, [pond]),
        ({"in_pond": "false"}, [cold, hot, warm]),
        ({"tag": "vip"}, [cold]),
        ({"search": "+1206555"}, [pond]),
        ({"scope": "my"}, [cold, hot, warm]),
    ):
        listed = await agent.get("/leads", sort="first_name", order="asc", **params)
        names = [each["first_name"] for each in listed.data]
        assert names == [each["first_name"] for each in found], params
        assert listed.body["stats"]["total"] == len(found)
    best = await agent.get("/leads", sort="score")
    assert [each["first_name"] for each in best.data] == ["Hot", "Warm", "Pond", "Cold"]
    soon = await agent.get("/leads", sort="next_follow_up", order="asc")
    assert [each["first_name"] for each in soon.data] == ["Cold", "Warm", "Hot", "Pond"]


async def test_statistics_count_what_the_reader_sees(agent: Client, viewer: Client) -> None:
    await agent.make(LEADS, lead_source="ad")
    await agent.make(LEADS, "contacted", lead_source="ad", next_follow_up=in_days(-2))
    await agent.make(LEADS, "qualified")
    await agent.make(LEADS, "lost", is_private=True, timeline="immediate", lead_source="walk_in")
    mine = (await agent.get("/leads/stats")).data
    assert {name: mine[name] for name in ("total", "new", "contacted", "qualified", "lost")} == {
        "total": 4, "new": 1, "contacted": 1, "qualified": 1, "lost": 1,
    }  # fmt: skip
    assert (mine["privateLeads"], mine["publicLeads"]) == (1, 3)
    assert (mine["warm"], mine["cold"], mine["followUpsDue"], mine["inPond"]) == (1, 3, 1, 0)
    assert mine["bySource"]["ad"] == 2
    assert sum(mine["bySource"].values()) == 4
    assert (mine["conversionRate"], mine["qualificationRate"]) == (0, 25)
    theirs = (await viewer.get("/leads/stats")).data
    assert (theirs["total"], theirs["privateLeads"], theirs["bySource"]["walk_in"]) == (3, 0, 0)


# The pond


async def test_a_lead_in_the_pond_is_kept_by_a_lead_until_somebody_claims_it(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    mine = await agent.make(LEADS)
    pond = (await agent.post(f"/leads/{mine['id']}/release")).data
    assert (pond["in_pond"], pond["owner_id"]) == (True, str(team.owner.user_id))
    claimed = (await agent.post(f"/leads/{mine['id']}/claim")).data
    assert (claimed["in_pond"], claimed["owner_id"]) == (False, str(team.agent.user_id))
    assert claimed["claimed_at"] is not None
    kept = await in_pond(lead)
    assert kept["owner_id"] == str(team.lead.user_id)
    assert [event["k"] for event in await told(api.db, team)] == [
        "lead.created", "lead.released", "lead.claimed", "lead.created", "lead.released"
    ]  # fmt: skip


async def test_a_lead_is_released_by_its_owner_or_a_lead_and_never_while_it_is_private(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    mine = await agent.make(LEADS, is_private=True)
    path = f"/leads/{mine['id']}"
    assert (await agent.post(f"{path}/release")).refused == (409, "CONFLICT")
    await agent.patch(path, {"is_private": False})
    assert (await ben.post(f"{path}/release")).refused == (403, "FORBIDDEN")
    assert (await lead.post(f"{path}/release")).data["in_pond"]
    refused = await lead.patch(path, {"is_private": True})
    assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), ["is_private"])


async def test_who_gives_a_lead_from_the_pond_away_takes_it_out(team: Team, lead: Client) -> None:
    pond = await in_pond(lead)
    given = {"owner_id": str(team.agent.user_id)}
    assigned = (await lead.patch(f"/leads/{pond['id']}", given)).data
    assert (assigned["in_pond"], assigned["claimed_at"]) == (False, None)
    assert assigned["assigned_at"] is not None


async def test_out_of_the_pond_one_comes_by_a_claim_and_not_past_its_limit(
    team: Team, owner: Client, lead: Client, agent: Client
) -> None:
    await lead.patch(f"/lead-routing/agents/{team.agent.user_id}", {"claim_limit": 1})
    first, second = await in_pond(lead), await in_pond(lead)
    take = {"owner_id": str(team.agent.user_id)}
    path = f"/leads/{second['id']}"
    assert (await agent.post(f"/leads/{first['id']}/claim")).status == 200
    assert (await agent.post(f"{path}/claim")).refused == (409, "CLAIM_LIMIT")
    assert (await agent.patch(path, take)).refused == (403, "FORBIDDEN")
    permissions = f"/teams/current/members/{team.agent.user_id}/permissions"
    await owner.put(permissions, {"can_delete": True})
    batch = {"op": "update", "ids": [second["id"]], "changes": take}
    (item,) = (await agent.post("/leads/batch", batch)).data
    assert item["error"]["code"] == "CONFLICT"
    for answer in (await agent.patch(path, take), await agent.put(path, take)):
        assert answer.refused == (409, "CONFLICT")
    assert (await agent.get(path)).data == second
    # Of the team's leads it is a decision, which counts as nobody's claim.
    given = (await lead.patch(path, take)).data
    assert (given["in_pond"], given["claimed_at"]) == (False, None)


async def test_what_is_over_is_in_no_pond(lead: Client, agent: Client) -> None:
    for status in ("lost", "unqualified"):
        pond = await in_pond(lead)
        over = (await agent.move(LEADS, pond["id"], status)).data
        assert (over["in_pond"], over["owner_id"]) == (False, pond["owner_id"])
        claimed = await agent.post(f"/leads/{pond['id']}/claim")
        assert claimed.refused == (409, "LEAD_CLAIMED")
    deferred = await in_pond(lead)
    assert (await agent.move(LEADS, deferred["id"], "deferred")).data["in_pond"]
    archived = await in_pond(lead)
    await lead.patch(f"/leads/{archived['id']}/archive")
    assert (await agent.post(f"/leads/{archived['id']}/claim")).refused == (409, "CONFLICT")
    assert (await lead.get("/leads/stats")).data["inPond"] == 1


async def test_who_may_not_delete_others_leads_takes_none_by_way_of_the_pond_or_a_rule(
    api: Api, team: Team, owner: Client, lead: Client, agent: Client
) -> None:
    permissions = f"/teams/current/members/{team.lead.user_id}/permissions"
    await owner.put(permissions, {"can_delete": False})
    theirs = await agent.make(LEADS)
    path = f"/leads/{theirs['id']}"
    assert (await lead.post(f"{path}/release")).refused == (403, "FORBIDDEN")
    rule = await a_rule(lead, strategy="round_robin", agents=[str(team.lead.user_id)])
    assert (await lead.post(f"{path}/route")).refused == (403, "FORBIDDEN")
    one = f"/lead-routing/rules/{rule['id']}"
    await lead.patch(one, {"strategy": "pond", "agents": []})
    assert (await lead.post(f"{path}/route")).refused == (403, "FORBIDDEN")
    ben = await new_member(api.db, team.id, Role.AGENT, "Ben Agent")
    await lead.patch(one, {"strategy": "round_robin", "agents": [str(ben.user_id)]})
    assert (await lead.post(f"{path}/route")).data["owner_id"] == str(ben.user_id)
    await owner.put(permissions, {"can_delete": None})
    assert (await lead.post(f"{path}/release")).data["in_pond"]


async def test_who_may_change_only_their_own_moves_no_other_lead_by_what_was_done_with_it(
    team: Team, owner: Client, lead: Client, agent: Client
) -> None:
    permissions = f"/teams/current/members/{team.agent.user_id}/permissions"
    await owner.put(permissions, {"can_edit_team_data": False})
    theirs, mine = await lead.make(LEADS), await agent.make(LEADS)
    called = {"activity_type": "call"}
    refused = await agent.post(f"/leads/{theirs['id']}/activities", called)
    assert refused.refused == (403, "FORBIDDEN")
    assert (await lead.get(f"/leads/{theirs['id']}")).data == theirs
    assert (await agent.post(f"/leads/{mine['id']}/activities", called)).status == 201
    grant = {"user_id": str(team.agent.user_id), "can_edit": True}
    await lead.put(f"/leads/{theirs['id']}/grants", grant)
    assert (await agent.post(f"/leads/{theirs['id']}/activities", called)).status == 201


async def test_of_two_who_claim_at_once_one_wins_and_both_screens_know(
    api: Api, team: Team, lead: Client, agent: Client
) -> None:
    other = await new_member(api.db, team.id, Role.AGENT, "Ben Agent")
    ben = await api.sign_in(other)
    async with aiohttp.ClientSession() as session:
        screens = [
            Screen(session, api.url.rstrip("/"), client.token, team.id) for client in (agent, ben)
        ]
        for screen in screens:
            await screen.connect()
        for _ in range(5):
            pond = await in_pond(lead)
            claim = ("leads:claim", {"id": pond["id"], "op": uuid4().hex})
            answers = await asyncio.gather(*(screen.call(*claim) for screen in screens))
            won = [answer["success"] for answer in answers]
            assert sorted(won) == [False, True]
            name = ("Ana Agent", "Ben Agent")[won.index(True)]
            error = answers[won.index(False)]["error"]
            assert error["code"] == "LEAD_CLAIMED"
            assert error["message"] == f"{name} has this lead already"
            assert error["details"][0]["owner"]["name"] == name
            for screen in screens:
                seen = await screen.sees("lead.claimed", id=pond["id"])
                assert seen.event["a"]["name"] == name
                assert seen.event["d"]["owner_id"] == error["details"][0]["owner"]["id"]
        for screen in screens:
            await screen.disconnect()
    assert await first_bad(api.db, team.id) is None


async def test_of_many_who_claim_many_each_lead_is_claimed_once(
    api: Api, team: Team, lead: Client
) -> None:
    people = [await new_member(api.db, team.id, Role.AGENT, f"Agent {i}") for i in range(4)]
    clients = [await api.sign_in(actor) for actor in people]
    ponds = [await in_pond(lead) for _ in range(6)]
    before = await head(api.db, team)
    paths = [f"/leads/{pond['id']}/claim" for pond in ponds for _ in clients]
    answers = await asyncio.gather(
        *(client.post(path) for path, client in zip(paths, clients * 6, strict=True))
    )
    assert Counter(answer.status for answer in answers) == {200: 6, 409: 18}
    events = await told(api.db, team, before)
    assert Counter(event["k"] for event in events) == {"lead.claimed": 6}
    assert {event["id"] for event in events} == {pond["id"] for pond in ponds}


async def test_nobody_claims_more_than_they_may_not_even_at_once(
    team: Team, lead: Client, agent: Client
) -> None:
    limit = f"/lead-routing/agents/{team.agent.user_id}"
    assert (await lead.patch(limit, {"claim_limit": 2})).data["claim_limit"] == 2
    ponds = [await in_pond(lead) for _ in range(5)]
    answers = await asyncio.gather(*(agent.post(f"/leads/{p['id']}/claim") for p in ponds))
    assert Counter(answer.status for answer in answers) == {200: 2, 409: 3}
    refused = next(answer for answer in answers if answer.status == 409)
    assert refused.refused == (409, "CLAIM_LIMIT")
    assert refused.error["details"] == [{"limit": 2, "open_claims": 2}]
    won = next(answer.data for answer in answers if answer.status == 200)
    for to in ("contacted", "qualified"):
        await agent.move(LEADS, won["id"], to)
    again = await agent.post(f"/leads/{refused_id(answers, ponds)}/claim")
    assert again.status == 200


def refused_id(answers: list[Any], ponds: list[Any]) -> str:
    pairs = zip(answers, ponds, strict=True)
    return next(str(pond["id"]) for answer, pond in pairs if answer.status == 409)


# Routing


async def test_what_a_lead_enters_is_routed_and_what_an_agent_enters_is_the_agent_s(
    api: Api, team: Team, lead: Client, agent: Client
) -> None:
    rule = await a_rule(lead, name="Website", sources=["website"])
    routed = await lead.make(LEADS, lead_source="website")
    assert routed["owner_id"] == str(team.agent.user_id)
    assert routed["assignment_reason"] == "Website: Ana Agent is next of 1 in turn"
    assert routed["routing_rule_id"] == rule["id"]
    (event,) = await told(api.db, team, 1)
    assert (event["k"], event["d"]) == ("lead.created", routed)
    cases: list[tuple[Client, dict[str, Any]]] = [
        (lead, {"lead_source": "ad"}),
        (lead, {"is_private": True}),
        (lead, {"owner_id": str(team.lead.user_id)}),
        (agent, {}),
    ]
    for by, given in cases:
        made = await by.make(LEADS, **{"lead_source": "website", **given})
        assert made["routing_rule_id"] is None
        assert made["owner_id"] == made["created_by"]


async def test_a_rule_for_the_pond_puts_a_new_lead_there(team: Team, lead: Client) -> None:
    await a_rule(lead, strategy="pond", price_max=300000)
    made = await lead.make(LEADS, budget=250000)
    assert (made["in_pond"], made["owner_id"]) == (True, str(team.lead.user_id))
    assert made["assignment_reason"] == "All: for whoever claims it"


async def test_routing_again_tells_whose_it_became_and_why(
    api: Api, team: Team, lead: Client, agent: Client
) -> None:
    made = await lead.make(LEADS, preferred_language="es")
    path = f"/leads/{made['id']}/route"
    assert (await lead.post(path)).refused == (409, "CONFLICT")
    assert (await agent.post(path)).refused == (403, "FORBIDDEN")
    await a_rule(lead, name="Spanish", strategy="language")
    assert (await lead.post(path)).refused == (409, "CONFLICT")
    said = {"languages": ["es"], "takes_leads": True}
    await lead.patch(f"/lead-routing/agents/{team.agent.user_id}", said)
    routed = (await lead.post(path)).data
    assert routed["owner_id"] == str(team.agent.user_id)
    event = (await told(api.db, team))[-1]
    assert event["k"] == "lead.assigned"
    assert event["ch"]["assignment_reason"] == [None, "Spanish: Ana Agent speaks es"]
    before = await head(api.db, team)
    assert (await lead.post(path)).meta["seq"] is None
    assert await head(api.db, team) == before


async def test_a_hundred_leads_at_once_are_given_out_evenly(
    api: Api, team: Team, lead: Client
) -> None:
    for name in ("Ben", "Cat"):
        await new_member(api.db, team.id, Role.AGENT, name)
    await a_rule(lead)
    made = await asyncio.gather(
        *(lead.post("/leads", fields(LEADS, first_name=str(i))) for i in range(100))
    )
    assert {answer.status for answer in made} == {201}
    got = Counter(answer.data["owner_id"] for answer in made)
    assert sorted(got.values()) == [33, 33, 34]
    assert await first_bad(api.db, team.id) is None


async def test_leads_at_once_never_go_beyond_a_capacity(api: Api, team: Team, lead: Client) -> None:
    ben = await new_member(api.db, team.id, Role.AGENT, "Ben")
    for user, capacity in ((team.agent.user_id, 3), (ben.user_id, 5)):
        await lead.patch(f"/lead-routing/agents/{user}", {"capacity": capacity})
    await a_rule(lead, strategy="capacity")
    made = await asyncio.gather(*(lead.post("/leads", fields(LEADS)) for _ in range(20)))
    got = Counter(answer.data["owner_id"] for answer in made)
    assert got == {
        str(team.agent.user_id): 3, str(ben.user_id): 5, str(team.lead.user_id): 12,
    }  # fmt: skip
    agents = {each["id"]: each for each in (await lead.get("/lead-routing/agents")).data}
    assert agents[str(ben.user_id)]["open_leads"] == 5


# The rules themselves


async def test_rules_are_rows_that_leads_of_the_team_change_and_all_see_change(
    api: Api, team: Team, lead: Client, agent: Client, viewer: Client
) -> None:
    first = await a_rule(lead, sources=["Walk-in"], agents=[str(team.agent.user_id)])
    last = await a_rule(lead, name="Rest")
    assert (first["position"], last["position"]) == (1, 2)
    path = f"{RULES}/{first['id']}"
    moved = await lead.patch(path, {"position": 3, "enabled": False}, version=1)
    assert (moved.data["version"], moved.headers["ETag"]) == (2, '"2"')
    assert (await lead.patch(path, {"position": 3})).meta["seq"] is None
    assert (await lead.patch(path, {"name": "x"}, version=1)).refused == (409, "VERSION_CONFLICT")
    assert [rule["id"] for rule in (await agent.get(RULES)).data] == [last["id"], first["id"]]
    for by in (agent, viewer):
        assert (await by.post(RULES, {"name": "x", "strategy": "pond"})).status == 403
        assert (await by.patch(path, {"name": "x"})).status == 403
        assert (await by.delete(path)).status == 403
    assert (await lead.delete(path)).data["id"] == first["id"]
    assert (await lead.delete(path)).refused == (404, "NOT_FOUND")
    assert [rule["id"] for rule in (await agent.get(RULES)).data] == [last["id"]]
    told_of = [(event["k"], event["ver"]) for event in await told(api.db, team)]
    assert told_of == [
        ("lead_rule.created", 1),
        ("lead_rule.created", 1),
        ("lead_rule.updated", 2),
        ("lead_rule.deleted", 3),
    ]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"price_min": 2, "price_max": 1}, "price_min"),
        ({"agents": ["00000000-0000-4000-8000-000000000000"]}, "agents"),
        ({"strategy": "dice"}, "strategy"),
        ({"position": 0}, "position"),
        ({"sources": ["gossip"]}, "sources.0"),
    ],
)
async def test_a_rule_that_cannot_be_kept_is_refused(lead: Client, said: Any, field: str) -> None:
    refused = await lead.post(RULES, {"name": "x", "strategy": "round_robin", **said})
    assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), [field])


async def test_another_team_s_rules_and_agents_are_not_there(
    api: Api, team: Team, lead: Client
) -> None:
    rival = await new_team(api.db, "Rival Realty")
    rule = await a_rule(lead)
    theirs = await api.sign_in(rival.owner)
    assert (await theirs.get(RULES)).data == []
    assert (await theirs.patch(f"{RULES}/{rule['id']}", {"name": "x"})).status == 404
    assert (await theirs.delete(f"{RULES}/{rule['id']}")).status == 404
    mine = f"/lead-routing/agents/{team.agent.user_id}"
    assert (await theirs.patch(mine, {"capacity": 1})).refused == (404, "NOT_FOUND")
    stranger = await theirs.post(
        RULES, {"name": "x", "strategy": "pond", "agents": [str(team.agent.user_id)]}
    )
    assert stranger.fields == ["agents"]


# What is said of it


async def test_the_feed_says_what_became_of_a_lead(lead: Client, agent: Client) -> None:
    await a_rule(lead)
    made = await agent.make(LEADS, lead_status="qualified")
    path = f"/leads/{made['id']}"
    for by, verb, sentence in (
        (agent, "release", "Ana Agent put Lena Lopez into the pond"),
        (lead, "claim", "Lea Lead claimed Lena Lopez from the pond"),
        (lead, "route", f"Lea Lead gave Lena Lopez to Ana Agent: {WHY}"),
        (agent, "convert", "Ana Agent made a client of Lena Lopez"),
    ):
        answer = await by.post(f"{path}/{verb}", {} if verb == "convert" else None)
        assert answer.status == 200, answer.body
        (entry,) = (await lead.get("/activity", limit=1, entity_id=made["id"])).data
        assert entry["sentence"] == sentence
