"""People as records: their profiles, told in every team of theirs; and who is shut out."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter

from db.events import first_bad, read_after
from domains.kit.actor import Actor, Role
from domains.users.models import Profile, TeamUser, UserStats
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.factories import Team, new_member, new_team

PROFILE = {
    "first_name": "Ana",
    "last_name": "O'Brien",
    "title": "Broker Associate",
    "member_type": "buyer_agent",
    "phone": "(206) 555-0100",
    "license_number": "01234567",
    "license_state": "WA",
    "specialties": ["Condos", "Relocation"],
    "languages": ["en", "es"],
    "bio": "Twenty years in Ballard.",
    "avatar_url": "https://example.com/ana.jpg",
    "time_zone": "America/New_York",
    "locale": "en-US",
}


async def told(api: Api, team_id: UUID) -> list[Any]:
    return [json.loads(event.wire) for event in await read_after(api.db, team_id, 0)]


@pytest.fixture
async def elsewhere(api: Api, team: Team) -> Team:
    """Another team that the agent is in, as a viewer."""
    other = await new_team(api.db, "Lake Group")
    async with api.db.transaction() as rows:
        await rows.execute(
            "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, 'viewer')",
            other.id,
            team.agent.user_id,
        )
    return other


# One's own


async def test_a_profile_is_changed_once_and_told_in_every_team(
    api: Api, team: Team, elsewhere: Team, agent: Client
) -> None:
    changed = await agent.patch("/users/me", PROFILE, version=1)
    assert changed.data["full_name"] == "Ana O'Brien"
    assert changed.data["phone_e164"] == "+12065550100"
    assert {name: changed.data[name] for name in PROFILE} == PROFILE
    TypeAdapter(Profile).validate_json(json.dumps(changed.data))
    assert (await agent.get("/users/me")).data == changed.data
    for each, role in ((team, "agent"), (elsewhere, "viewer")):
        (event,) = await told(api, each.id)
        assert (event["k"], event["e"], event["ver"]) == ("user.updated", "user", 2)
        assert (event["d"]["team_id"], event["d"]["role"]) == (str(each.id), role)
        assert event["ch"]["full_name"] == ["Ana Agent", "Ana O'Brien"]
        assert "email" not in event["d"]
        TypeAdapter(TeamUser).validate_json(json.dumps(event["d"]))
        assert await first_bad(api.db, each.id) is None
    (theirs,) = await told(api, elsewhere.id)
    viewer = await api.sign_in(elsewhere.viewer)
    assert (await viewer.get(f"/users/{team.agent.user_id}")).data == theirs["d"]


async def test_the_same_profile_again_is_no_change(api: Api, team: Team, agent: Client) -> None:
    await agent.patch("/users/me", PROFILE)
    again = await agent.patch("/users/me", PROFILE)
    assert (again.data["version"], again.meta["seq"]) == (2, None)
    assert len(await told(api, team.id)) == 1


async def test_two_devices_merge_unless_they_change_the_same_field(agent: Client) -> None:
    await agent.patch("/users/me", {"title": "Agent"}, version=1)
    merged = await agent.patch("/users/me", {"bio": "Hello"}, version=1)
    assert (merged.data["title"], merged.data["bio"]) == ("Agent", "Hello")
    assert merged.meta["merged"] == ["title"]
    clash = await agent.patch("/users/me", {"title": "Lead"}, version=1)
    assert (clash.refused, clash.fields) == ((409, "VERSION_CONFLICT"), ["title"])
    assert clash.error["details"][0]["current"] == "Agent"


async def test_a_new_name_is_shown_beside_what_somebody_did_before(
    team: Team, agent: Client, lead: Client
) -> None:
    body = {"property_address": "1 Pier", "list_price": 1}
    made = (await agent.post("/listings", body)).data
    one = f"/listings/{made['id']}"
    assert (await lead.get(one)).data["last_modified_by"]["name"] == "Ana Agent"
    await agent.patch("/users/me", {"full_name": "Ana Newname"})
    assert (await lead.get(one)).data["last_modified_by"]["name"] == "Ana Newname"
    (listed,) = (await lead.get("/listings")).data
    assert listed["last_modified_by"]["name"] == "Ana Newname"
    member = await lead.get(f"/teams/current/members/{team.agent.user_id}")
    assert member.data["full_name"] == "Ana Newname"
    assert (await agent.get("/auth/me")).data["user"]["full_name"] == "Ana Newname"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "no phone"),
        ("license_state", "Washington"),
        ("time_zone", "Mars/Olympus"),
        ("locale", "English please"),
        ("avatar_url", "javascript:alert(1)"),
        ("member_type", "boss"),
        ("full_name", None),
        ("role", "owner"),
        ("email", "other@homes.example"),
        ("system_admin_at", "2026-01-01T00:00:00Z"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(
    api: Api, team: Team, agent: Client, field: str, value: Any
) -> None:
    refused = await agent.patch("/users/me", {field: value})
    assert (refused.refused, refused.fields) == ((400, "VALIDATION_ERROR"), [field])
    assert await told(api, team.id) == []


async def test_the_paths_of_the_earlier_system_are_the_same_profile(agent: Client) -> None:
    changed = await agent.put("/auth/profile", {"title": "Agent"})
    assert (await agent.get("/auth/profile")).data == changed.data


# Lists


async def test_people_are_listed_filtered_counted_and_exported(
    team: Team, agent: Client, owner: Client
) -> None:
    await agent.patch("/users/me", PROFILE)
    ana = str(team.agent.user_id)
    for params in (
        {"role": "agent"},
        {"search": "o'brien"},
        {"member_type": "buyer_agent"},
        {"license_state": "WA"},
        {"specialty": "Condos"},
        {"language": "es"},
        {"scope": "user", "user_id": ana},
    ):
        found = await owner.get("/users", **params)
        assert [user["id"] for user in found.data] == [ana], params
        assert found.body["stats"]["total"] == 1
    everybody = await owner.get("/users", sort="full_name", order="asc")
    names = [user["full_name"] for user in everybody.data]
    assert names == ["Ana O'Brien", "Lea Lead", "Olga Owner", "Vic Viewer"]
    stats = await owner.get("/users/stats")
    TypeAdapter(UserStats).validate_json(json.dumps(stats.data))
    assert (stats.data["total"], stats.data["agents"], stats.data["brokers"]) == (4, 1, 0)
    _, pieces = await owner.download("/users/export", role="agent")
    assert b"O'Brien" in b"".join(pieces)
    pages = [
        (await owner.get("/users", limit=1, page=page, sort="full_name")).data[0]["id"]
        for page in (1, 2, 3, 4)
    ]
    assert len(set(pages)) == 4


async def test_a_read_of_people_is_one_round_trip_and_kept(api: Api, owner: Client) -> None:
    await owner.get("/auth/me")
    with statements(api.db) as sent:
        first = await owner.get("/users")
    assert len(sent) == 1
    assert first.headers["ETag"]


async def test_the_history_of_somebody_is_what_the_team_s_log_says(
    team: Team, agent: Client, owner: Client
) -> None:
    ana = team.agent.user_id
    await agent.patch("/users/me", {"title": "Agent"})
    await owner.patch(f"/teams/current/members/{ana}", {"role": "lead"})
    entries = (await owner.get(f"/users/{ana}/history")).data
    assert [entry["kind"] for entry in entries] == ["role.changed", "user.updated"]


async def test_another_team_s_people_do_not_exist(api: Api, owner: Client) -> None:
    rival = await new_team(api.db, "Rival Realty")
    for path in ("", "/history"):
        there = await owner.get(f"/users/{rival.agent.user_id}{path}")
        nowhere = await owner.get(f"/users/{uuid4()}{path}")
        assert there.refused == nowhere.refused == (404, "NOT_FOUND")
    listed = await owner.get("/users", scope="all", limit=100)
    assert str(rival.agent.user_id) not in json.dumps(listed.data)


# Accounts


async def test_an_administrator_disables_an_account_everywhere(
    api: Api, team: Team, elsewhere: Team, agent: Client
) -> None:
    admin = await api.sign_in(await new_member(api.db, team.id, Role.SYSTEM_ADMIN))
    one = f"/users/{team.agent.user_id}"
    there = Actor(team.agent.user_id, elsewhere.id, Role.VIEWER, team.agent.name)
    held = await api.sign_in(there)
    shut = await admin.post(f"{one}/disable")
    assert (shut.status, shut.data["status"]) == (200, "disabled")
    for client in (agent, held):
        assert (await client.get("/users/me")).status in (401, 403)
    for each in (team, elsewhere):
        event = (await told(api, each.id))[-1]
        assert (event["k"], event["ch"]["status"]) == (
            "user.status_changed",
            ["active", "disabled"],
        )
    assert (await admin.get("/users/stats")).data["disabled"] == 1
    opened = await admin.post(f"{one}/enable")
    assert opened.data["status"] == "active"
    assert (await agent.get("/users/me")).refused == (401, "AUTH_REQUIRED")  # signed out
    assert (await (await api.sign_in(team.agent)).get("/users/me")).status == 200


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SYSTEM_ADMIN])
async def test_nobody_else_disables_anybody(api: Api, team: Team, role: Role) -> None:
    client = await api.sign_in(await new_member(api.db, team.id, role))
    for what in ("disable", "enable"):
        refused = await client.post(f"/users/{team.agent.user_id}/{what}")
        assert refused.refused == (403, "FORBIDDEN")


async def test_nobody_disables_themselves_or_nobody(api: Api, team: Team) -> None:
    syd = await new_member(api.db, team.id, Role.SYSTEM_ADMIN)
    admin = await api.sign_in(syd)
    assert (await admin.post(f"/users/{syd.user_id}/disable")).refused == (409, "CONFLICT")
    assert (await admin.post(f"/users/{uuid4()}/disable")).refused == (404, "NOT_FOUND")


# The team


async def test_a_team_s_name_and_time_zone_are_told(
    api: Api, team: Team, lead: Client, agent: Client
) -> None:
    changed = await lead.patch(
        "/teams/current", {"name": "Harbor", "time_zone": "America/Denver"}, version=1
    )
    assert (changed.data["name"], changed.data["version"]) == ("Harbor", 2)
    (event,) = await told(api, team.id)
    assert (event["k"], event["id"]) == ("team.updated", str(team.id))
    assert event["ch"] == {
        "name": ["Harbor Homes", "Harbor"],
        "time_zone": ["America/Los_Angeles", "America/Denver"],
    }
    assert (await agent.patch("/teams/current", {"name": "Mine"})).refused == (403, "FORBIDDEN")
    stale = await lead.patch("/teams/current", {"name": "Other"}, version=1)
    assert stale.refused == (409, "VERSION_CONFLICT")
    same = await lead.patch("/teams/current", {"name": "Harbor"})
    assert same.meta["seq"] is None


async def test_two_writers_of_several_teams_at_once_leave_both_chains_whole(api: Api) -> None:
    """Heads are locked in one order, whoever comes first."""
    first, second = await new_team(api.db), await new_team(api.db)
    people = []
    for home, other in ((first, second), (second, first)):
        async with api.db.transaction() as rows:
            await rows.execute(
                "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, 'agent')",
                other.id,
                home.agent.user_id,
            )
        people.append(await api.sign_in(home.agent))
    for n in range(10):
        await asyncio.gather(*(one.patch("/users/me", {"title": f"No. {n}"}) for one in people))
    for each in (first, second):
        assert len(await told(api, each.id)) == 20
        assert await first_bad(api.db, each.id) is None
