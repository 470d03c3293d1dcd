"""Faults that were found in the earlier system, each by its number there: none of them is ours."""

import aiohttp
from typing_extensions import override

from domains.clients.resource import CLIENTS
from domains.leads.resource import LEADS
from tests.api.client import Api, Client
from tests.factories import Team
from tests.screens import Screen
from tests.walk import head


class Wire(Screen):
    """A screen that keeps every text it is sent."""

    texts: tuple[str, ...] = ()

    @override
    async def _take(self, text: str) -> None:
        self.texts += (text,)
        await super()._take(text)


async def test_15_no_word_of_a_private_lead_goes_to_the_team_s_room(
    api: Api, team: Team, lead: Client, agent: Client, viewer: Client
) -> None:
    async with aiohttp.ClientSession() as session:
        wire = Wire(session, api.url.rstrip("/"), viewer.token, team.id)
        await wire.connect()
        opened = await wire.call("view:open", {"view": "all", "list": "leads:list", "params": {}})
        assert opened["success"]
        wire.views["all"] = lambda _: None
        private = await agent.make(LEADS, last_name="Geheim", is_private=True)
        path = f"/leads/{private['id']}"
        await agent.patch(path, {"budget": 900000, "notes": "A word between us"})
        await agent.post(f"{path}/activities", {"activity_type": "call", "notes": "Left word"})
        await agent.patch(f"{path}/status", {"status": "qualified"})
        await lead.patch(path, {"owner_id": str(team.lead.user_id)})
        made = (await lead.post(f"{path}/convert", {})).data
        await lead.delete(path)
        await lead.patch(f"{path}/restore")
        shown = await agent.make(CLIENTS, last_name="Open")
        last = await head(api.db, team)
        await wire.reaches(last)
        await wire.disconnect()
        # ... nor to who comes back and asks for what was missed.
        wire.position = (0, "")
        await wire.connect()
        await wire.reaches(last)
        await wire.disconnect()
    said = "".join(wire.texts)
    assert shown["id"] in said
    for secret in (private["id"], made["client"]["id"], "Geheim", "between us", "Left word"):
        assert secret not in said
