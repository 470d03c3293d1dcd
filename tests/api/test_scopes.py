"""Whose records a read is of: one's own, the team's, the brokerage's; and nobody else's."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from domains.kit.actor import Actor, Role
from domains.kit.resource import Resource
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.factories import Team, new_brokerage, new_member, new_record, new_team
from tests.walk import RESOURCES

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
WIDE = ("brokerage", "all")


@dataclass(frozen=True, slots=True)
class Company:
    """Two teams of a brokerage with its broker, and a team of another one with theirs."""

    first: Team
    second: Team
    rival: Team
    broker: Actor
    admin: Actor


@pytest.fixture
async def company(api: Api, team: Team) -> Company:
    second, rival = await new_team(api.db, "Lake Group"), await new_team(api.db, "Rival Realty")
    await new_brokerage(api.db, team, second)
    await new_member(api.db, rival.id, Role.BROKER, "Rae Rival")
    broker = await new_member(api.db, team.id, Role.BROKER)
    admin = await new_member(api.db, team.id, Role.SYSTEM_ADMIN)
    return Company(team, second, rival, broker, admin)


@pytest.fixture
async def broker(api: Api, company: Company) -> Client:
    return await api.sign_in(company.broker)


async def one_each(api: Api, company: Company, resource: Resource) -> list[dict[str, Any]]:
    return [
        await new_record(api.db, resource, each.agent)
        for each in (company.first, company.second, company.rival)
    ]


def ids(answer: Any) -> set[str]:
    return {record["id"] for record in answer.data}


@each_resource
async def test_a_broker_reads_all_teams_of_the_brokerage_and_no_other(
    api: Api, company: Company, resource: Resource
) -> None:
    mine, sisters, theirs = await one_each(api, company, resource)
    private = await new_record(api.db, resource, company.second.agent, is_private=True)
    for actor in (company.broker, company.admin):
        client = await api.sign_in(actor)
        for scope in WIDE:
            answer = await client.get(f"/{resource.plural}", scope=scope)
            assert ids(answer) == {mine["id"], sisters["id"], private["id"]}
            assert {r["team_id"] for r in answer.data} == {
                str(company.first.id),
                str(company.second.id),
            }
            assert answer.body["stats"]["total"] == answer.body["pagination"]["total"] == 3
            stats = await client.get(f"/{resource.plural}/stats", scope=scope)
            assert stats.data["total"] == 3
            _, pieces = await client.download(f"/{resource.plural}/export", scope=scope)
            text = b"".join(pieces)
            assert sisters["id"].encode() in text
            assert theirs["id"].encode() not in text
        for scope in ("team", "my", "user"):
            assert ids(await client.get(f"/{resource.plural}", scope=scope)) <= {mine["id"]}
        ana = str(company.second.agent.user_id)
        hers = await client.get(f"/{resource.plural}", scope="brokerage", user_id=ana)
        assert ids(hers) == {sisters["id"], private["id"]}
        rivals = str(company.rival.agent.user_id)
        none = await client.get(f"/{resource.plural}", scope="brokerage", user_id=rivals)
        assert none.data == []


@each_resource
async def test_a_list_of_several_teams_is_paged_without_a_gap(
    api: Api, company: Company, broker: Client, resource: Resource
) -> None:
    made = set()
    for _ in range(4):
        for each in (company.first, company.second):
            made.add((await new_record(api.db, resource, each.agent))["id"])
    await broker.get("/auth/me")  # who asks is known from here on
    found: list[str] = []
    page: dict[str, Any] = {"scope": "brokerage", "limit": 3, "sort": "display_id"}
    if page["sort"] not in str(resource.query.model_fields["sort"].annotation):
        page["sort"] = "created_at"
    while True:
        with statements(api.db) as sent:
            answer = await broker.get(f"/{resource.plural}", **page)
        assert len(sent) == 1
        found += [record["id"] for record in answer.data]
        if (cursor := answer.body["pagination"]["next_cursor"]) is None:
            break
        page["cursor"] = cursor
    assert len(found) == len(set(found)) == len(made)
    assert set(found) == made


@each_resource
async def test_who_is_no_broker_is_refused_the_brokerage_and_all_is_the_team(
    api: Api, company: Company, resource: Resource
) -> None:
    mine, *_ = await one_each(api, company, resource)
    await (await api.sign_in(company.broker)).get(f"/{resource.plural}", scope="all")
    for role in ("owner", "lead", "agent", "viewer"):
        client = await api.sign_in(company.first.member(Role(role)))
        for path in ("", "/stats", "/export"):
            refused = await client.get(f"/{resource.plural}{path}", scope="brokerage")
            assert refused.refused == (403, "FORBIDDEN"), (role, path)
            assert "broker" in refused.error["message"]
        assert ids(await client.get(f"/{resource.plural}", scope="all")) == {mine["id"]}


@each_resource
async def test_an_answer_over_several_teams_is_never_kept(
    api: Api, company: Company, broker: Client, resource: Resource
) -> None:
    await one_each(api, company, resource)
    for path in ("", "/stats"):
        for _ in range(2):
            answer = await broker.get(f"/{resource.plural}{path}", scope="brokerage")
            assert "ETag" not in answer.headers
            assert answer.headers["Cache-Control"] == "no-store"
            assert "X-Cache" not in answer.headers
    sisters = await new_record(api.db, resource, company.second.agent)
    assert sisters["id"] in ids(await broker.get(f"/{resource.plural}", scope="brokerage"))


async def test_the_feed_of_a_brokerage_is_that_of_its_teams_by_time(
    api: Api, company: Company, broker: Client
) -> None:
    (resource,) = [one for one in RESOURCES if one.plural == "listings"]
    made = await one_each(api, company, resource)
    feed = (await broker.get("/activity", scope="brokerage")).data
    assert [entry["id"] for entry in feed] == [made[1]["id"], made[0]["id"]]
    earlier = await broker.get("/activity", scope="brokerage", until=feed[0]["at"])
    assert [entry["id"] for entry in earlier.data] == [made[0]["id"]]
    for name, value in (("before_seq", 9), ("after_seq", 1), ("grouped", "true")):
        refused = await broker.get("/activity", scope="brokerage", **{name: value})
        assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), [name])
    lead = await api.sign_in(company.first.lead)
    assert (await lead.get("/activity", scope="brokerage")).refused == (403, "FORBIDDEN")
    assert made[2]["id"] not in json.dumps((await lead.get("/activity", scope="all")).data)


async def test_each_person_of_a_brokerage_is_listed_once(
    api: Api, company: Company, broker: Client
) -> None:
    async with api.db.transaction() as rows:
        for user_id in (company.first.agent.user_id, company.broker.user_id):
            await rows.execute(
                "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, 'viewer')",
                company.second.id,
                user_id,
            )
    answer = await broker.get("/users", scope="brokerage", limit=100)
    listed = [user["id"] for user in answer.data]
    people = {
        str(member.user_id)
        for each in (company.first, company.second)
        for member in (each.owner, each.lead, each.agent, each.viewer)
    }
    assert len(listed) == len(set(listed))
    assert set(listed) == people | {str(company.broker.user_id)}
    assert answer.body["stats"]["total"] == len(listed)
