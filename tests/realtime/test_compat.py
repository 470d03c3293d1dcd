"""The events of the system before this one: the same stream by its old names, and no more of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from typing_extensions import override

from channels.gateway.compat import old_events_of
from domains.kit.actor import Actor
from tests.api.whole_server import WholeServer, whole_server
from tests.factories import LEAST, Team
from tests.screens import Refused, Screen


@pytest.fixture(scope="module")
async def server(database_url: str, redis_url: str) -> AsyncIterator[WholeServer]:
    async with whole_server(database_url, redis_url) as running:
        yield running


class OldScreen(Screen):
    """One that asks for the old events, and keeps them beside the new ones in the order heard."""

    compat: Any = True

    @override
    def _auth(self) -> dict[str, Any]:
        return super()._auth() | {"compat": self.compat}

    @override
    async def _take(self, text: str) -> None:
        if text.startswith("42"):
            name, body = orjson.loads(text[2:])
            self.heard = [*getattr(self, "heard", []), (name, body)]
        await super()._take(text)

    def old(self, name: str) -> list[Any]:
        return [body for said, body in getattr(self, "heard", []) if said == name]

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """What every `data:update` told, as the log has it."""
        return [
            (each["version"], each["entityId"], each["action"]) for each in self.old("data:update")
        ]


@asynccontextmanager
async def a_screen(
    server: WholeServer, who: Actor, at: tuple[int, str] | None = None
) -> AsyncIterator[OldScreen]:
    screen = OldScreen(server.session, server.url, await server.token(who), who.team_id)
    screen.position = at
    async with screen:
        yield screen


async def work(server: WholeServer, by: Actor) -> Any:
    made = await server.ask("POST", "/v1/escrows", by=by, body=LEAST["escrows"])
    path = f"/v1/escrows/{made.data['id']}"
    await server.ask("PATCH", path, by=by, body={"notes": "Called"})
    await server.ask("PATCH", f"{path}/archive", by=by)
    await server.ask("PATCH", f"{path}/restore", by=by)
    await server.ask("DELETE", path, by=by)
    return made.data


async def test_every_change_is_told_by_its_old_names_in_order(
    server: WholeServer, team: Team
) -> None:
    async with a_screen(server, team.agent) as screen:
        made = await work(server, team.lead)
        await screen.sees("escrow.deleted")
        actions = [(1, "created"), (2, "updated"), (3, "updated"), (4, "updated"), (5, "deleted")]
        assert screen.told == [(version, made["id"], action) for version, action in actions]
        assert [each["type"] for each in screen.old("escrow:updated")] == [
            "updated",
            "archived",
            "restored",
        ]
        first = screen.old("data:update")[0]
        assert first["entityType"] == "escrow"
        assert first["data"] == screen.log[0].event["d"]
        assert first["timestamp"] == screen.log[0].event["at"]
        assert screen.old("escrow:created")[0]["escrowId"] == made["id"]


async def test_what_was_missed_is_told_once_after_coming_back(
    server: WholeServer, team: Team
) -> None:
    async with a_screen(server, team.agent) as screen:
        await work(server, team.lead)
        await screen.sees("escrow.deleted")
        await screen.drop()
        await work(server, team.lead)
        await screen.connect()
        await work(server, team.lead)
        await screen.reaches(15)
        assert [version for version, _, _ in screen.told] == [1, 2, 3, 4, 5] * 3


async def test_what_may_not_be_seen_is_not_told_by_old_names_either(
    server: WholeServer, team: Team
) -> None:
    async with a_screen(server, team.agent) as screen:
        made = await server.ask("POST", "/v1/escrows", by=team.lead, body=LEAST["escrows"])
        path = f"/v1/escrows/{made.data['id']}"
        for body in ({"is_private": True}, {"notes": "between us"}, {"is_private": False}):
            await server.ask("PATCH", path, by=team.lead, body=body)
        await screen.reaches(4)
        assert [(version, action) for version, _, action in screen.told] == [
            (1, "created"),
            (2, "deleted"),
            (4, "updated"),
        ]
        assert screen.old("data:update")[1]["data"] is None


async def test_people_come_and_go_once_however_many_windows_they_have(
    server: WholeServer, team: Team
) -> None:
    async with a_screen(server, team.agent) as screen:
        lead = str(team.lead.user_id)
        await heard(screen, "presence")
        async with a_screen(server, team.lead), a_screen(server, team.lead):
            await heard(screen, "team:userConnected")
        await heard(screen, "team:userDisconnected")
        came, went = screen.old("team:userConnected"), screen.old("team:userDisconnected")
        assert [each["userId"] for each in (*came, *went)] == [lead, lead]
        assert came[0]["timestamp"] < went[0]["timestamp"]


async def heard(screen: OldScreen, name: str) -> None:
    async with asyncio.timeout(15):
        while not screen.old(name):  # noqa: ASYNC110 - a screen tells nobody
            await asyncio.sleep(0.02)


async def test_who_does_not_ask_hears_nothing_of_it(server: WholeServer, team: Team) -> None:
    screen = OldScreen(server.session, server.url, await server.token(team.agent), team.id)
    screen.compat = False
    async with screen:
        await work(server, team.lead)
        await screen.sees("escrow.deleted")
        assert {name for name, _ in screen.heard} <= {"event", "presence", "hb"}


async def test_the_flag_is_a_flag(server: WholeServer, team: Team) -> None:
    screen = OldScreen(server.session, server.url, await server.token(team.agent), team.id)
    screen.compat = "yes"
    with pytest.raises(Refused) as refused:
        await screen.connect()
    assert refused.value.data["code"] == "VALIDATION_ERROR"


def test_a_price_change_has_the_name_it_had() -> None:
    event = {
        "k": "listing.price_changed",
        "e": "listing",
        "id": "1",
        "ver": 2,
        "at": "now",
        "d": {},
    }
    names = [name for name, _ in old_events_of(event)]
    assert names == ["data:update", "listing:updated", "listing:priceChanged"]
