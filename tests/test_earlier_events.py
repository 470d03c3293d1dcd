"""What the earlier system told to nobody, to everybody, or for anybody: its faults 6 and 7."""

import json

import aiohttp
import pytest

from domains.kit.resource import Resource
from domains.leads.resource import LEADS
from tests.api.client import Api, Client
from tests.factories import Team, new_team
from tests.screens import Closed, Wire
from tests.walk import RESOURCES, a_change, child_example, head


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
async def test_06_every_change_is_told_to_the_team_and_to_nobody_else(
    api: Api, team: Team, lead: Client, viewer: Client, resource: Resource
) -> None:
    rivals = await new_team(api.db)
    rival = await api.sign_in(rivals.owner)
    async with (
        aiohttp.ClientSession() as session,
        Wire(session, api.url.rstrip("/"), viewer.token, team.id) as ours,
        Wire(session, api.url.rstrip("/"), rival.token, rivals.id) as theirs,
    ):
        made = await lead.make(resource)
        one, ids = f"/{resource.plural}/{made['id']}", {"ids": [made["id"]]}
        for child in resource.children:
            rows = f"{one}/{child.plural}"
            example = child_example(resource, child)
            row = (await lead.post(rows, dict(example.least))).data
            await lead.patch(f"{rows}/{row['id']}", dict(example.change))
            await lead.delete(f"{rows}/{row['id']}")
        await lead.patch(f"{one}/archive")
        await lead.patch(f"{one}/restore")
        changes = {"changes": a_change(resource)}
        await lead.post(f"/{resource.plural}/batch", {"op": "update", **ids, **changes})
        await lead.post(f"/{resource.plural}/batch", {"op": "delete", **ids})
        last = await head(api.db, team)
        await ours.reaches(last)
        told = [seen.event["k"] for seen in ours.log]
        children = [
            f"{resource.name}.{child.name}_{done}"
            for child in resource.children
            for done in ("added", "updated", "removed")
        ]
        verbs = ("archived", "restored", "deleted")
        for kind in (*children, *(f"{resource.name}.{verb}" for verb in verbs)):
            assert kind in told, kind
        assert len(told) == last
        shown = await rival.make(resource)
        await theirs.reaches(await head(api.db, rivals))
    assert shown["id"] in "".join(theirs.texts)
    assert made["id"] not in "".join(theirs.texts)


@pytest.mark.parametrize("name", ["data:update", "message", "event", "escrow:updated"])
async def test_07_what_a_client_says_is_relayed_to_nobody(
    api: Api, team: Team, lead: Client, agent: Client, viewer: Client, name: str
) -> None:
    rivals = await new_team(api.db)
    rival = await api.sign_in(rivals.owner)
    forged = {"entityType": "escrow", "action": "deleted", "toTeam": str(team.id), "x": "Forged"}
    forged["toUser"] = str(team.viewer.user_id)
    async with (
        aiohttp.ClientSession() as session,
        Wire(session, api.url.rstrip("/"), agent.token, team.id) as sender,
        Wire(session, api.url.rstrip("/"), viewer.token, team.id) as colleague,
        Wire(session, api.url.rstrip("/"), rival.token, rivals.id) as stranger,
    ):
        try:
            for _ in range(3):
                await sender.say("42" + json.dumps([name, forged]))
        except Closed:
            pass
        await lead.make(LEADS)
        await rival.make(LEADS)
        await colleague.reaches(await head(api.db, team))
        await stranger.reaches(await head(api.db, rivals))
    for screen in (colleague, stranger):
        assert "Forged" not in "".join(screen.texts)
    assert await head(api.db, team) == 1
