"""Companies of several teams: whose brokers act in each of them, and what each team is told."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.events import first_bad, read_after
from domains.kit.actor import Actor, Role
from server.keys import AUTHENTICATOR
from tests.api.client import Api, Client
from tests.api.desk import PASSWORD, Account, Desk, a_new_address, desk_of
from tests.factories import Team, new_brokerage, new_member, new_team


@pytest.fixture
async def sister(api: Api, team: Team) -> Team:
    """Another team of the same brokerage as `team`."""
    sister = await new_team(api.db, "Lake Group")
    await new_brokerage(api.db, team, sister)
    return sister


@pytest.fixture
async def bea(api: Api, team: Team, sister: Team) -> Actor:
    """A broker of both, by a token for `team`."""
    assert sister.id != team.id
    return await new_member(api.db, team.id, Role.BROKER)


@pytest.fixture
async def broker(api: Api, bea: Actor) -> Client:
    return await api.sign_in(bea)


async def told(api: Api, team: Team) -> list[Any]:
    return [json.loads(event.wire) for event in await read_after(api.db, team.id, 0)]


async def kinds(api: Api, team: Team) -> list[str]:
    return [event["k"] for event in await told(api, team)]


def elsewhere(actor: Actor, team: Team) -> Actor:
    return Actor(actor.user_id, team.id, actor.role, actor.name)


# Founding


async def test_an_owner_founds_a_brokerage_and_is_its_broker(
    api: Api, team: Team, owner: Client, agent: Client
) -> None:
    founded = await owner.post("/brokerages", {"name": "Lake & Sons", "license_state": "CA"})
    assert founded.status == 201
    assert founded.data["teams"] == [{"id": str(team.id), "name": "Harbor Homes"}]
    assert (await agent.get("/brokerages/current")).data == founded.data
    (broker,) = (await agent.get("/brokerages/current/brokers")).data
    assert (broker["id"], broker["acts_as"]["role"]) == (str(team.owner.user_id), "broker")
    assert await kinds(api, team) == ["team.updated", "broker.joined", "brokerage.created"]
    again = await (await api.sign_in(team.owner)).post("/brokerages", {"name": "Another"})
    assert again.refused == (403, "FORBIDDEN")  # a broker has one
    assert (await agent.get("/teams/current")).data["brokerage"]["name"] == "Lake & Sons"


@pytest.mark.parametrize("role", ["lead", "agent", "viewer"])
async def test_nobody_else_founds_one(api: Api, team: Team, role: str) -> None:
    client = await api.sign_in(team.member(Role(role)))
    assert (await client.post("/brokerages", {"name": "Mine"})).refused == (403, "FORBIDDEN")
    assert await told(api, team) == []


async def test_who_registers_may_name_a_brokerage(api: Api) -> None:
    desk = desk_of(api.db)
    body = {
        "email": a_new_address(),
        "password": PASSWORD,
        "full_name": "Bea Broker",
        "team_name": "First Team",
        "brokerage_name": "Lake & Sons",
    }
    bea = Account(body["email"], await desk.ask("auth:register", body))
    assert bea.data["team"]["role"] == "broker"
    assert (await desk.actor(bea.access)).role == Role.BROKER
    assert await first_bad(api.db, UUID(bea.team_id)) is None


# Acting in its teams


async def test_a_broker_acts_in_every_team_and_is_a_member_of_none(
    team: Team, sister: Team, bea: Actor, broker: Client
) -> None:
    mine = (await broker.get("/teams")).data
    assert {(t["id"], t["role"]) for t in mine} == {
        (str(team.id), "broker"),
        (str(sister.id), "broker"),
    }
    assert str(bea.user_id) not in str((await broker.get("/teams/current/members")).data)
    chosen = await broker.post("/auth/team", {"team_id": str(sister.id)})
    there = Client(broker._http, chosen.data["access_token"])
    assert (await there.get("/auth/me")).data["team"]["id"] == str(sister.id)
    assert (await there.get("/teams/current")).data["role"] == "broker"
    invited = await there.post(
        "/teams/current/invitations", {"email": a_new_address(), "role": "lead"}
    )
    assert invited.status == 201
    ana = sister.agent.user_id
    changed = await there.patch(f"/teams/current/members/{ana}", {"role": "lead"})
    assert changed.data["role"] == "lead"


async def test_a_broker_s_record_is_owned_by_a_member(team: Team, broker: Client) -> None:
    body = {"property_address": "1 Pier", "list_price": 1}
    unnamed = await broker.post("/listings", body)
    assert (unnamed.refused, unnamed.fields) == ((400, "VALIDATION_ERROR"), ["owner_id"])
    assert unnamed.error["details"][0]["code"] == "missing"
    named = await broker.post("/listings", body | {"owner_id": str(team.agent.user_id)})
    assert named.status == 201


async def test_a_token_for_another_team_ends_with_the_one_it_was_asked_with(
    api: Api, sister: Team, broker: Client
) -> None:
    chosen = (await broker.post("/auth/team", {"team_id": str(sister.id)})).data
    tokens = desk_of(api.db).tokens
    first, second = tokens.read(broker.token), tokens.read(chosen["access_token"])
    assert second.expires_at <= first.expires_at
    assert second.session_id == first.session_id


async def test_a_team_one_may_not_act_in_is_not_chosen(api: Api, broker: Client) -> None:
    rival = await new_team(api.db, "Rival Realty")
    for team_id in (rival.id, uuid4()):
        answer = await broker.post("/auth/team", {"team_id": str(team_id)})
        assert answer.refused == (403, "FORBIDDEN")


async def test_a_refreshed_session_goes_on_in_the_team_it_chose(desk: Desk) -> None:
    olga = await desk.owner()
    await desk.ask("brokerages:create", {"name": "Lake & Sons"}, by=olga)
    made = await desk.ask("teams:create", {"name": "Second"}, by=olga)
    refresh = {"refresh_token": olga.refresh, "team_id": made["id"]}
    chosen = await desk.ask("auth:team", {"team_id": made["id"]}, by=olga)
    assert chosen["team"]["id"] == made["id"]
    renewed = await desk.ask("auth:refresh", refresh)
    assert renewed["team"]["id"] == made["id"]
    back = await desk.ask("auth:refresh", {"refresh_token": renewed["refresh_token"]})
    assert back["team"]["id"] == olga.team_id


@pytest.fixture
def desk(api: Api) -> Desk:
    return desk_of(api.db)


# Brokers come and go


async def test_a_broker_is_invited_and_every_team_is_told(
    api: Api, team: Team, sister: Team, broker: Client
) -> None:
    desk, email = desk_of(api.db), a_new_address()
    invited = await broker.post("/brokerages/current/invitations", {"email": email})
    body = {"token": invited.data["token"], "full_name": "Bob Broker", "password": PASSWORD}
    bob = Account(email, await desk.ask("auth:accept", body))
    assert bob.data["team"]["role"] == "broker"
    for each in (team, sister):
        (event,) = await told(api, each)
        assert (event["k"], event["e"], event["id"]) == ("broker.joined", "broker", bob.id)
        assert event["d"]["acts_as"]["role"] == "broker"
    names = [b["full_name"] for b in (await broker.get("/brokerages/current/brokers")).data]
    assert names == ["Bea Broker", "Bob Broker"]


async def test_a_broker_who_is_removed_is_out_of_every_team_and_may_stay_as_a_member(
    api: Api, team: Team, sister: Team, bea: Actor, broker: Client
) -> None:
    bob = await new_member(api.db, team.id, Role.BROKER, "Bob Broker")
    async with api.db.transaction() as rows:
        await rows.execute(
            "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, 'agent')",
            sister.id,
            bob.user_id,
        )
    here, there = await api.sign_in(bob), await api.sign_in(elsewhere(bob, sister))
    assert (await there.get("/teams/current")).data["role"] == "broker"
    gone = await broker.delete(f"/brokerages/current/brokers/{bob.user_id}")
    assert gone.data["removed_at"] is not None
    assert (await here.get("/teams/current")).refused == (403, "FORBIDDEN")
    assert (await there.get("/teams/current")).data["role"] == "agent"
    assert [event["d"]["acts_as"] for event in await told(api, team)] == [None]
    (event,) = await told(api, sister)
    assert event["d"]["acts_as"]["role"] == "agent"
    last = await broker.delete(f"/brokerages/current/brokers/{bea.user_id}")
    assert last.refused == (409, "CONFLICT")


async def test_an_old_session_of_a_broker_stays_out_when_they_are_back(
    api: Api, team: Team, broker: Client
) -> None:
    bob = await new_member(api.db, team.id, Role.BROKER, "Bob Broker")
    before = await api.sign_in(bob)
    await broker.delete(f"/brokerages/current/brokers/{bob.user_id}")
    back = "UPDATE brokers SET removed_at = NULL, joined_at = now() WHERE user_id = $1"
    async with api.db.transaction() as rows:
        await rows.execute(back, bob.user_id)
    assert (await before.get("/teams/current")).refused == (403, "FORBIDDEN")
    assert (await (await api.sign_in(bob)).get("/teams/current")).status == 200


@pytest.mark.parametrize("role", ["owner", "lead", "agent", "viewer"])
async def test_only_brokers_change_the_brokerage(
    api: Api, team: Team, bea: Actor, role: str
) -> None:
    client = await api.sign_in(team.member(Role(role)))
    for method, path, body in (
        ("PATCH", "", {"name": "Mine"}),
        ("DELETE", f"/brokers/{bea.user_id}", None),
        ("POST", "/invitations", {"email": a_new_address()}),
        ("GET", "/moves", None),
        ("POST", "/teams", {"team_id": str(uuid4())}),
        ("DELETE", f"/teams/{team.id}", None),
    ):
        answer = await client.ask(method, f"/brokerages/current{path}", body)
        assert answer.refused == (403, "FORBIDDEN"), (method, path)
    assert (await client.post("/teams", {"name": "Mine"})).refused == (403, "FORBIDDEN")


async def test_a_change_of_the_brokerage_is_told_to_all_its_teams(
    api: Api, team: Team, sister: Team, broker: Client
) -> None:
    changed = await broker.patch("/brokerages/current", {"name": "Lake & Daughters"}, version=1)
    assert (changed.data["name"], changed.data["version"]) == ("Lake & Daughters", 2)
    stale = await broker.patch("/brokerages/current", {"name": "Lake"}, version=1)
    assert stale.refused == (409, "VERSION_CONFLICT")
    for each in (team, sister):
        (event,) = await told(api, each)
        assert event["ch"] == {"name": ["Lake & Sons", "Lake & Daughters"]}
        assert event["d"] == changed.data


# Teams come and go


async def test_a_team_moves_in_when_both_sides_say_so(
    api: Api, team: Team, sister: Team, broker: Client
) -> None:
    third = await new_team(api.db, "Third Team")
    theirs = await api.sign_in(third.owner)
    brokerage = (await broker.get("/brokerages/current")).data["id"]
    asked = await theirs.post("/teams/current/brokerage", {"brokerage_id": brokerage})
    assert asked.data["status"] == "asked"
    (move,) = (await broker.get("/brokerages/current/moves")).data
    assert (move["team_name"], move["asked_by"]) == ("Third Team", "team")
    joined = await broker.post("/brokerages/current/teams", {"team_id": str(third.id)})
    assert joined.data["status"] == "joined"
    assert (await broker.get("/brokerages/current/moves")).data == []
    assert await kinds(api, third) == ["team.updated", "broker.joined", "brokerage.team_joined"]
    for each in (team, sister):
        assert await kinds(api, each) == ["brokerage.team_joined"]
    chosen = await broker.post("/auth/team", {"team_id": str(third.id)})
    assert chosen.status == 200
    for each in (team, sister, third):
        assert await first_bad(api.db, each.id) is None


async def test_what_a_brokerage_offers_tells_it_nothing_of_the_team(
    api: Api, broker: Client
) -> None:
    third = await new_team(api.db, "Third Team")
    for team_id in (third.id, uuid4()):
        answer = await broker.post("/brokerages/current/teams", {"team_id": str(team_id)})
        assert answer.data["status"] == "asked"
    moves = (await broker.get("/brokerages/current/moves")).data
    assert [move["team_name"] for move in moves] == [None, None]
    theirs = await api.sign_in(third.owner)
    brokerage = (await broker.get("/brokerages/current")).data["id"]
    joined = await theirs.post("/teams/current/brokerage", {"brokerage_id": brokerage})
    assert joined.data["status"] == "joined"
    one = f"/brokerages/current/moves/{moves[1]['team_id']}"
    assert (await broker.delete(one)).status == 200
    assert (await broker.delete(one)).refused == (404, "NOT_FOUND")


async def test_a_team_leaves_by_either_side_s_word_and_its_brokers_are_out(
    api: Api, team: Team, sister: Team, bea: Actor, broker: Client
) -> None:
    there = await api.sign_in(elsewhere(bea, sister))
    assert (await there.get("/teams/current")).status == 200
    left = await (await api.sign_in(sister.owner)).delete("/teams/current/brokerage")
    assert left.status == 200
    assert (await there.get("/teams/current")).refused == (403, "FORBIDDEN")
    assert await kinds(api, sister) == ["team.updated", "broker.removed", "brokerage.team_left"]
    assert await kinds(api, team) == ["brokerage.team_left"]
    current = await (await api.sign_in(sister.agent)).get("/brokerages/current")
    assert current.refused == (404, "NOT_FOUND")
    released = await broker.delete(f"/brokerages/current/teams/{sister.id}")
    assert released.refused == (404, "NOT_FOUND")
    third = await broker.post("/teams", {"name": "Third", "owner_id": str(team.agent.user_id)})
    assert (await broker.delete(f"/brokerages/current/teams/{third.data['id']}")).status == 200


async def test_an_invitation_of_a_broker_is_void_once_they_are_out(
    api: Api, team: Team, sister: Team, broker: Client
) -> None:
    bob = await new_member(api.db, team.id, Role.BROKER, "Bob Broker")
    there = await api.sign_in(elsewhere(bob, sister))
    body = {"email": a_new_address(), "role": "owner"}
    invited = await there.post("/teams/current/invitations", body)
    await broker.delete(f"/brokerages/current/brokers/{bob.user_id}")
    accept = {"token": invited.data["token"], "full_name": "Eve", "password": PASSWORD}
    taken = await there.post("/auth/invitations/accept", accept)
    assert taken.refused == (404, "NOT_FOUND")


async def test_a_new_team_is_its_owner_s_and_every_broker_s(
    api: Api, team: Team, sister: Team, broker: Client
) -> None:
    ana = str(team.agent.user_id)
    made = await broker.post("/teams", {"name": "Third", "owner_id": ana})
    assert (made.status, made.data["role"], made.data["members"]) == (201, "broker", 1)
    mine = await (await api.sign_in(team.agent)).get("/teams")
    assert {(t["name"], t["role"]) for t in mine.data} == {
        ("Harbor Homes", "agent"),
        ("Third", "owner"),
    }
    stranger = await broker.post("/teams", {"name": "4th", "owner_id": str(uuid4())})
    assert (stranger.refused, stranger.fields) == ((400, "VALIDATION_ERROR"), ["owner_id"])
    assert "brokerage.team_joined" in await kinds(api, sister)


# The system's administrators


async def test_an_administrator_acts_in_every_team_and_is_made_by_no_request(
    api: Api, team: Team
) -> None:
    syd = await new_member(api.db, team.id, Role.SYSTEM_ADMIN)
    name = f"Rival {uuid4().hex}"
    rival = await new_team(api.db, name)
    client = await api.sign_in(syd)
    chosen = await client.post("/auth/team", {"team_id": str(rival.id)})
    assert chosen.data["team"]["role"] == "system_admin"
    found = await client.get("/teams", search=name)
    assert str(rival.id) in {t["id"] for t in found.data}
    for role in ("system_admin", "broker"):
        ana = team.agent.user_id
        changed = await client.patch(f"/teams/current/members/{ana}", {"role": role})
        assert changed.refused == (400, "VALIDATION_ERROR"), role
        body = {"email": a_new_address(), "role": role}
        invited = await client.post("/teams/current/invitations", body)
        assert invited.refused == (400, "VALIDATION_ERROR"), role
    async with api.db.transaction() as rows:
        await rows.execute("UPDATE users SET system_admin_at = NULL WHERE id = $1", syd.user_id)
    api.app[AUTHENTICATOR].forget(syd.user_id)  # as the poll does within seconds
    assert (await client.get("/teams/current")).refused == (403, "FORBIDDEN")
