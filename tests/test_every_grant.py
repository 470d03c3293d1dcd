"""Grants on single records: who is given one sees, changes or deletes it; nobody else does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from db.database import Database
from db.events import first_bad
from domains.kit.actor import Actor, Role
from domains.kit.grant import MOST_GRANTS
from domains.kit.resource import Resource
from tests.api.client import Api, Client
from tests.eyes import SEARCHED, Eyes, eyes_of
from tests.factories import Team, deprived, new_member
from tests.realtime.live_views import LiveView
from tests.walk import RESOURCES, a_change, head, other_change

GRANTED = [resource for resource in RESOURCES if "grants" in resource.image.model_fields]
each_resource = pytest.mark.parametrize("resource", GRANTED, ids=lambda r: r.plural)


@pytest.fixture
async def eyes(api: Api, team: Team) -> AsyncIterator[Eyes]:
    async with eyes_of(api, team) as eyes:
        yield eyes


@pytest.fixture
async def guest(db: Database, team: Team) -> Actor:
    guest = await new_member(db, team.id, Role.AGENT, "Gus Guest")
    return await deprived(db, guest, "can_edit_team_data")


@pytest.fixture
async def by_guest(api: Api, guest: Actor) -> Client:
    return await api.sign_in(guest)


def one(resource: Resource, record: Any) -> str:
    return f"/{resource.plural}/{record['id']}"


def to(actor: Actor, **may: bool) -> dict[str, Any]:
    return {"user_id": str(actor.user_id), **may}


@each_resource
async def test_a_private_record_is_there_for_whom_it_is_granted_from_then_on_and_no_longer(
    eyes: Eyes, resource: Resource
) -> None:
    agent, other = eyes.agent, eyes.other
    record = await agent.client.make(
        resource, is_private=True, **{resource.search[0]: f"9 {SEARCHED}"}
    )
    path = one(resource, record)
    view = LiveView(other.screen, "all", f"{resource.plural}:list")
    assert (await view.open())["success"]
    assert view.rows == []
    unseen = await other.lists(resource, record)

    granted = await agent.client.put(f"{path}/grants", to(other.actor))
    assert granted.status == 200, granted.body
    (grant,) = granted.data["grants"]
    assert (grant["grantee"], grant["user_id"]) == ("user", str(other.actor.user_id))
    assert grant["granted_by"] == str(agent.actor.user_id)
    assert (await other.client.get(f"{path}/grants")).data == [grant]
    await view.follows(granted.meta["seq"])
    assert [row["id"] for row in view.rows] == [record["id"]]
    assert (await other.client.get(path)).data == granted.data
    changed = await agent.client.patch(path, a_change(resource))
    await other.screen.reaches(changed.meta["seq"])
    assert other.screen.records[resource.name][record["id"]] == changed.data

    taken = await agent.client.delete(f"{path}/grants/{other.actor.user_id}")
    assert taken.data["grants"] == []
    await agent.client.patch(path, other_change(resource))
    last = await head(eyes.api.db, eyes.team)
    await view.follows(last)
    assert view.rows == []
    assert (await other.client.get(path)).refused == (404, "NOT_FOUND")
    assert await other.lists(resource, record) == unseen
    kinds = [event["k"] for event in await other.hears(last)]
    assert kinds[-5:] == [
        "-",
        f"{resource.name}.grants_changed",
        f"{resource.name}.{changed_kind(resource)}",
        f"{resource.name}.withdrawn",
        "-",
    ]
    assert {event["k"] for event in (await eyes.viewer.hears(last))[-5:]} == {"-"}
    assert (await eyes.lead.hears(last))[-5:] == (await eyes.log())[-5:]
    assert await first_bad(eyes.api.db, eyes.team.id) is None


def changed_kind(resource: Resource) -> str:
    return resource.kind(a_change(resource)).partition(".")[2]


@each_resource
async def test_who_may_not_edit_team_data_changes_what_is_granted_and_what_is_their_own(
    lead: Client, by_guest: Client, guest: Actor, resource: Resource
) -> None:
    record, own = await lead.make(resource), await by_guest.make(resource)
    path = one(resource, record)
    assert (await by_guest.patch(one(resource, own), a_change(resource))).status == 200
    for refused in (
        await by_guest.patch(path, a_change(resource)),
        await by_guest.patch(f"{path}/archive"),
        await by_guest.patch(f"{path}/restore"),
        await by_guest.delete(path),
        await by_guest.put(f"{path}/grants", to(guest, can_edit=True)),
    ):
        assert refused.refused == (403, "FORBIDDEN")
    batch = {"op": "update", "ids": [own["id"], record["id"]], "changes": other_change(resource)}
    outcomes = (await by_guest.post(f"/{resource.plural}/batch", batch)).data
    assert [each["success"] for each in outcomes] == [True, False]
    assert (await lead.get(path)).data == record

    await lead.put(f"{path}/grants", to(guest, can_edit=True))
    assert (await by_guest.patch(path, a_change(resource))).status == 200
    assert (await by_guest.delete(path)).refused == (403, "FORBIDDEN")
    await lead.put(f"{path}/grants", to(guest, can_delete=True))
    assert (await by_guest.patch(path, other_change(resource))).refused == (403, "FORBIDDEN")
    assert (await by_guest.delete(path)).status == 200


@each_resource
async def test_the_whole_team_may_be_granted_what_is_not_private(
    lead: Client, by_guest: Client, resource: Resource
) -> None:
    record, private = await lead.make(resource), await lead.make(resource, is_private=True)
    team = {"grantee": "team", "can_edit": True}
    assert (await lead.put(f"{one(resource, record)}/grants", team)).status == 200
    assert (await by_guest.patch(one(resource, record), a_change(resource))).status == 200
    refused = await lead.put(f"{one(resource, private)}/grants", team)
    assert refused.refused == (409, "CONFLICT")
    assert (await lead.delete(f"{one(resource, record)}/grants/team")).status == 200
    assert (await by_guest.patch(one(resource, record), other_change(resource))).refused == (
        403,
        "FORBIDDEN",
    )


@each_resource
async def test_what_is_granted_to_brokers_changes_nothing_for_anybody(
    api: Api, team: Team, agent: Client, lead: Client, by_guest: Client, resource: Resource
) -> None:
    """They see and do all of it anyway, and nobody else is meant."""
    broker = await api.sign_in(await new_member(api.db, team.id, Role.BROKER))
    shared, private = await agent.make(resource), await agent.make(resource, is_private=True)
    for record in (shared, private):
        grant = {"grantee": "broker", "can_edit": True, "can_delete": True}
        granted = await agent.put(f"{one(resource, record)}/grants", {**grant, "can_delete": False})
        assert [each["grantee"] for each in granted.data["grants"]] == ["broker"]
        given = await lead.put(f"{one(resource, record)}/grants", grant)
        assert (given.data["is_private"], len(given.data["grants"])) == (record["is_private"], 1)
    change = a_change(resource)
    assert (await by_guest.patch(one(resource, shared), change)).refused == (403, "FORBIDDEN")
    assert (await by_guest.get(one(resource, private))).refused == (404, "NOT_FOUND")
    assert [each["id"] for each in (await by_guest.get(f"/{resource.plural}")).data] == [
        shared["id"]
    ]
    for record in (shared, private):
        assert (await broker.patch(one(resource, record), change)).status == 200
        taken = await broker.delete(f"{one(resource, record)}/grants/broker")
        assert taken.data["grants"] == []
        assert (await broker.delete(one(resource, record))).status == 200


@each_resource
async def test_nobody_grants_what_is_not_theirs_to_give(
    api: Api, team: Team, lead: Client, agent: Client, guest: Actor, resource: Resource
) -> None:
    theirs, mine = await lead.make(resource), await agent.make(resource)
    before = await head(api.db, team)
    grants = f"{one(resource, theirs)}/grants"
    assert (await agent.put(grants, to(guest))).refused == (403, "FORBIDDEN")
    assert (await agent.delete(f"{grants}/team")).refused == (403, "FORBIDDEN")
    for body, field in (
        (to(team.agent), "user_id"),  # who owns it
        ({"user_id": str(uuid4())}, "user_id"),
        ({"grantee": "user"}, "body"),
        ({"grantee": "team", "user_id": str(guest.user_id)}, "body"),
        (to(guest, can_view=False), "body"),
    ):
        refused = await agent.put(f"{one(resource, mine)}/grants", body)
        assert refused.refused == (400, "VALIDATION_ERROR"), body
        assert refused.fields == [field], body
    assert (await agent.delete(f"{one(resource, mine)}/grants/nobody")).status == 404
    assert await head(api.db, team) == before
    for _ in range(2):  # doing it twice is doing it once
        assert (await agent.put(f"{one(resource, mine)}/grants", to(guest))).status == 200
    assert await head(api.db, team) == before + 1


@each_resource
async def test_two_who_grant_at_once_are_both_kept(
    team: Team, lead: Client, agent: Client, guest: Actor, resource: Resource
) -> None:
    record = await agent.make(resource, is_private=True)
    grants = f"{one(resource, record)}/grants"
    await asyncio.gather(
        agent.put(grants, to(guest)), lead.put(grants, to(team.viewer, can_view=True))
    )
    found = (await agent.get(grants)).data
    assert {each["user_id"] for each in found} == {
        str(guest.user_id),
        str(team.viewer.user_id),
    }
    stale = await lead.put(grants, to(guest, can_edit=True), version=1)
    assert stale.refused == (409, "VERSION_CONFLICT")


async def test_a_record_grants_itself_to_so_many_and_no_more(
    api: Api, team: Team, lead: Client
) -> None:
    resource = GRANTED[0]
    record = await lead.make(resource)
    grants = f"{one(resource, record)}/grants"
    for _ in range(MOST_GRANTS):
        member = await new_member(api.db, team.id, Role.AGENT)
        assert (await lead.put(grants, to(member))).status == 200
    last = await new_member(api.db, team.id, Role.AGENT)
    assert (await lead.put(grants, to(last))).refused == (400, "VALIDATION_ERROR")
