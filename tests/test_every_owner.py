"""Whose a record is: said by its owner, and by those who could delete it anyway."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from domains.kit.actor import Role
from domains.kit.resource import Resource
from tests.api.client import Answer, Api, Client
from tests.factories import Team, fields, new_member
from tests.screens import Screen
from tests.walk import RESOURCES, head

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
Give = Callable[[Client, str, str, str], Awaitable[Answer]]


async def _patch(by: Client, plural: str, key: str, to: str) -> Answer:
    return await by.patch(f"/{plural}/{key}", {"owner_id": to})


async def _put(by: Client, plural: str, key: str, to: str) -> Answer:
    return await by.put(f"/{plural}/{key}", {"owner_id": to})


async def _batch(by: Client, plural: str, key: str, to: str) -> Answer:
    """The outcome of the one record, as an answer of its own."""
    body = {"op": "update", "ids": [key], "changes": {"owner_id": to}}
    (item,) = (await by.post(f"/{plural}/batch", body)).data
    if item["success"]:
        return Answer(200, {}, item)
    codes = {"FORBIDDEN": 403, "NOT_FOUND": 404}
    return Answer(codes[item["error"]["code"]], {}, {"success": False, "error": item["error"]})


WAYS: tuple[Give, ...] = (_patch, _put, _batch)


@each_resource
async def test_who_may_change_what_others_own_neither_takes_it_nor_gives_it_away(
    api: Api, team: Team, lead: Client, agent: Client, resource: Resource
) -> None:
    """Or a right to change would be a right to delete."""
    coordinator = await new_member(api.db, team.id, Role.COORDINATOR)
    record = await lead.make(resource)
    path = f"/{resource.plural}/{record['id']}"
    before = await head(api.db, team)
    for actor in (team.agent, coordinator):
        by = await api.sign_in(actor)
        for way in WAYS:
            for to in (actor, team.owner):
                answer = await way(by, resource.plural, record["id"], str(to.user_id))
                assert answer.refused == (403, "FORBIDDEN"), way
        assert (await by.delete(path)).refused == (403, "FORBIDDEN")
        said = {"id": record["id"], "body": {"owner_id": str(actor.user_id)}, "op": "take"}
        async with (
            aiohttp.ClientSession() as session,
            Screen(session, api.url.rstrip("/"), by.token, team.id) as screen,
        ):
            refused = await screen.call(f"{resource.plural}:update", said)
        assert refused["error"]["code"] == "FORBIDDEN"
    assert await head(api.db, team) == before
    assert (await lead.get(path)).data == record
    # What is the owner's already is no change of it, and stands in the way of no other one.
    same = {"owner_id": record["owner_id"], "is_private": False}
    assert (await agent.patch(path, same)).meta["seq"] is None


@each_resource
async def test_an_owner_gives_a_record_away_and_then_deletes_it_no_more(
    team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    for way in WAYS:
        mine = await agent.make(resource)
        given = await way(agent, resource.plural, mine["id"], str(team.lead.user_id))
        assert given.status == 200, given.body
        assert (await agent.delete(f"/{resource.plural}/{mine['id']}")).refused[0] == 403
        assert (await _patch(agent, resource.plural, mine["id"], mine["owner_id"])).status == 403
        assert (await lead.delete(f"/{resource.plural}/{mine['id']}")).status == 200


@each_resource
async def test_who_makes_a_record_for_somebody_else_has_given_it(
    team: Team, agent: Client, resource: Resource
) -> None:
    body = fields(resource, owner_id=str(team.lead.user_id))
    made = (await agent.post(f"/{resource.plural}", body)).data
    path = f"/{resource.plural}/{made['id']}"
    assert (await agent.delete(path)).refused == (403, "FORBIDDEN")
    taken = await agent.patch(path, {"owner_id": str(team.agent.user_id)})
    assert taken.refused == (403, "FORBIDDEN")
    private = await agent.post(f"/{resource.plural}", {**body, "is_private": True})
    assert private.refused == (403, "FORBIDDEN")


@each_resource
async def test_who_may_delete_what_others_own_may_take_it_over_and_a_lead_who_may_not_gives_it(
    team: Team, owner: Client, lead: Client, agent: Client, resource: Resource
) -> None:
    of = "/teams/current/members/{}/permissions"
    await owner.put(of.format(team.agent.user_id), {"can_delete": True})
    taken = await lead.make(resource)
    assert (
        await _patch(agent, resource.plural, taken["id"], str(team.agent.user_id))
    ).status == 200
    await owner.put(of.format(team.lead.user_id), {"can_delete": False})
    theirs = await owner.make(resource)
    for way in WAYS:
        took = await way(lead, resource.plural, theirs["id"], str(team.lead.user_id))
        assert took.refused == (403, "FORBIDDEN")
    given = await _patch(lead, resource.plural, theirs["id"], str(team.agent.user_id))
    assert given.data["owner_id"] == str(team.agent.user_id)


@each_resource
async def test_who_was_granted_a_record_neither_takes_it_nor_gives_it_away(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    guest = await new_member(api.db, team.id, Role.AGENT, "Gus Guest")
    by_guest = await api.sign_in(guest)
    record = await lead.make(resource, is_private=True)
    path = f"/{resource.plural}/{record['id']}"
    grant = {"user_id": str(guest.user_id), "can_edit": True, "can_delete": True}
    assert (await lead.put(f"{path}/grants", grant)).status == 200
    for to in (guest, team.agent):
        for way in WAYS:
            given = await way(by_guest, resource.plural, record["id"], str(to.user_id))
            assert given.refused == (403, "FORBIDDEN")
