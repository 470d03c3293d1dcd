"""People who look at the same team from every side: over REST, by socket commands, on a screen."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from db.events import read_after
from domains.kit.actor import Actor, Role
from domains.kit.resource import Resource
from tests.api.client import Api, Client
from tests.factories import Team, new_member
from tests.screens import Screen

SEARCHED = "Hidden Cove"  # in the address of what is looked for

# What shows many records, and what shows one.
LISTS = {
    "list": "/{plural}?limit=100",
    "archived": "/{plural}?limit=100&archived=true",
    "search": "/{plural}?search=Hidden+Cove",
    "stats": "/{plural}/stats",
    "export": "/{plural}/export",
    "activity": "/activity?limit=200",
    "activity in groups": "/activity?limit=200&grouped=true",
    "activity of its kind": "/activity?limit=200&entity={name}",
    "activity of the record": "/activity?limit=200&entity_id={id}",
}
RECORDS = {
    "get": "/{plural}/{id}",
    "get by display id": "/{plural}/{display_id}",
    "history": "/{plural}/{id}/history",
}
OWN_RECORDS = {"listings": {"prices": "/{plural}/{id}/price-history"}}
COMMANDS = {
    "list": ("{plural}:list", {"params": {"limit": 100}}),
    "stats": ("{plural}:stats", {}),
    "activity": ("activity:list", {"params": {"limit": 200}}),
    "get": ("{plural}:get", {"id": "{id}"}),
    "history": ("{plural}:history", {"id": "{id}"}),
}


def surfaces_of(resource: Resource) -> dict[str, str]:
    children = {child.plural: f"/{{plural}}/{{id}}/{child.plural}" for child in resource.children}
    return {**RECORDS, **OWN_RECORDS.get(resource.plural, {}), **children}


@dataclass(frozen=True, slots=True)
class Eye:
    """One member, at all the places where records are shown."""

    actor: Actor
    client: Client
    screen: Screen

    async def lists(self, resource: Resource, record: Any) -> dict[str, Any]:
        """What each list says, but for the number it was read at."""
        return {
            name: _said(await self.client.text(_filled(path, resource, record)))
            for name, path in LISTS.items()
        } | await self._commands(resource, record, {"list", "stats", "activity"})

    async def record(self, resource: Resource, record: Any) -> dict[str, Any]:
        """What each way to a single record says."""
        return {
            name: _said(await self.client.text(_filled(path, resource, record)))
            for name, path in surfaces_of(resource).items()
        } | await self._commands(resource, record, {"get", "history"})

    async def _commands(self, resource: Resource, record: Any, names: set[str]) -> dict[str, Any]:
        answers = {}
        for name in names:
            command, payload = COMMANDS[name]
            filled = json.loads(json.dumps(payload).replace("{id}", record["id"]))
            answer = await self.screen.call(command.format(plural=resource.plural), filled)
            answer.pop("meta", None)
            answers[f"socket {name}"] = answer
        return answers

    @property
    def heard(self) -> list[Any]:
        return [seen.event for seen in self.screen.log]

    async def hears(self, seq: int) -> list[Any]:
        """All that came live up to this event; the same again must come to who was away."""
        await self.screen.reaches(seq)
        live = self.heard
        await self.comes_back(seq)
        assert self.heard == live, f"{self.actor.name} is told otherwise when coming back"
        return live

    async def comes_back(self, seq: int) -> None:
        """Lose all that was heard, and have it replayed from the first event to this one."""
        await self.screen.disconnect()
        self.screen.position = (0, "")
        self.screen.log.clear()
        await self.screen.connect()
        await self.screen.reaches(seq)
        assert self.screen.modes["replay"], self.screen.modes


def _filled(path: str, resource: Resource, record: Any) -> str:
    names = {"plural": resource.plural, "name": resource.name}
    return path.format(**names, id=record["id"], display_id=record["display_id"])


def _said(answer: tuple[int, str]) -> Any:
    status, text = answer
    if not text.startswith("{"):
        return status, text
    said = json.loads(text)
    said.pop("meta", None)
    return status, said


@dataclass(frozen=True, slots=True)
class Eyes:
    """One of each role, and `other`: an agent like `agent`, whose records are meant."""

    api: Api
    team: Team
    owner: Eye
    lead: Eye
    agent: Eye
    other: Eye
    viewer: Eye

    @property
    def all(self) -> list[Eye]:
        return [self.owner, self.lead, self.agent, self.other, self.viewer]

    async def log(self) -> list[Any]:
        """What the log says, whoever may see it."""
        return [json.loads(event.wire) for event in await read_after(self.api.db, self.team.id, 0)]


@asynccontextmanager
async def eyes_of(api: Api, team: Team, other: Actor | None = None) -> AsyncIterator[Eyes]:
    """All of them connected, from the team's first event on."""
    other = other or await new_member(api.db, team.id, Role.AGENT, "Ben Agent")
    people = {
        "owner": team.owner,
        "lead": team.lead,
        "agent": team.agent,
        "other": other,
        "viewer": team.viewer,
    }
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        eyes = {}
        for name, actor in people.items():
            client = await api.sign_in(actor)
            screen = Screen(session, api.url.rstrip("/"), client.token, team.id)
            await screen.connect()
            stack.push_async_callback(screen.disconnect)
            eyes[name] = Eye(actor, client, screen)
        yield Eyes(api, team, **eyes)
