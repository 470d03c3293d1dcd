"""Brokers in the rooms of their teams: seen there, out in order, and shown all teams live."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from db.private_valkey import start_valkey
from domains.kit.actor import Actor, Role
from domains.listings.resource import LISTINGS
from server.keys import ROOMS
from tests.factories import Team, new_brokerage, new_member, new_record, new_team
from tests.realtime.doors import Doors, Pass, doors
from tests.realtime.live_views import LiveView
from tests.realtime.nodes import until
from tests.screens import Refused, Screen
from tests.walk import head, told

BOUND = 5.0
STEPS = 12


@dataclass(frozen=True, slots=True)
class Company:
    """Two teams, and two brokers of both."""

    first: Team
    second: Team
    bea: Actor
    bob: Actor

    def there(self, actor: Actor) -> Actor:
        """The same in the second team."""
        return Actor(actor.user_id, self.second.id, actor.role, actor.name)


@pytest.fixture(scope="module")
async def door(database_url: str, redis_url: str) -> AsyncIterator[Doors]:
    """Two nodes."""
    async with doors(database_url, redis_url, nodes=2) as opened:
        yield opened


async def a_company(door: Doors, team: Team) -> Company:
    second = await new_team(door.db, "Lake Group")
    await new_brokerage(door.db, team, second)
    bea = await new_member(door.db, team.id, Role.BROKER, "Bea Broker")
    return Company(team, second, bea, await new_member(door.db, team.id, Role.BROKER, "Bob"))


async def burst(door: Doors, *teams: Team) -> None:
    for _ in range(6):
        await asyncio.gather(*(new_record(door.db, LISTINGS, each.agent) for each in teams))


def last_heard(screen: Screen, whom: Actor, kind: str) -> None:
    """What it heard last, is that they are out."""
    seen = screen.log[-1]
    assert (seen.kind, seen.id) == (kind, str(whom.user_id)), [s.kind for s in screen.log]


async def heard_until(door: Doors, screen: Screen, team: Team, whom: Actor) -> None:
    """It heard nothing after they were out.

    Without Redis the look at who is cut off may come before the one at the log: it is not told.
    """
    (out,) = [
        event["s"]
        for event in await told(door.db, team)
        if (event["k"], event["id"]) == ("broker.removed", str(whom.user_id))
    ]
    assert all(seen.seq <= out for seen in screen.log)


async def removed_in_a_burst(door: Doors, company: Company, *, redis: bool = True) -> None:
    here, there = await door.sign_in(company.bea), await door.sign_in(company.there(company.bea))
    screens = [await door.screen(here, 0), await door.screen(here, 1), await door.screen(there, 1)]
    stays = await door.screen(await door.sign_in(company.first.lead), 1)
    bob = await door.sign_in(company.bob)

    async def end() -> None:
        await asyncio.sleep(0.05)
        path = f"/brokerages/current/brokers/{company.bea.user_id}"
        said = await door.ask("DELETE", path, bob)
        assert said.status == 200

    await asyncio.gather(burst(door, company.first, company.second), end())
    await asyncio.gather(*(screen.closed(within=BOUND) for screen in screens))
    await stays.reaches(await head(door.db, company.first))
    for screen in screens:
        assert screen.dismissed
        assert {seen.event["t"] for seen in screen.log} <= {screen.team}  # no other team's event
        if redis:
            last_heard(screen, company.bea, "broker.removed")
        team = company.first if screen.team == str(company.first.id) else company.second
        await heard_until(door, screen, team, company.bea)
    for held in (here, there):
        for node in (0, 1):
            with pytest.raises(Refused):
                await door.screen(held, node)
    assert stays.connected


async def test_a_removed_broker_hears_nothing_after_it_in_any_team(door: Doors, team: Team) -> None:
    await removed_in_a_burst(door, await a_company(door, team))


async def test_a_removed_broker_hears_nothing_after_it_with_redis_killed(
    database_url: str, team: Team, tmp_path: Path
) -> None:
    redis = start_valkey(tmp_path / "valkey")
    try:
        async with doors(database_url, redis.url, nodes=2) as opened:
            company = await a_company(opened, team)
            redis.kill()
            await removed_in_a_burst(opened, company, redis=False)
    finally:
        if redis.running:
            redis.kill()


async def test_a_team_that_leaves_is_rid_of_its_brokers_with_the_event_that_says_so(
    door: Doors, team: Team
) -> None:
    company = await a_company(door, team)
    here = await door.screen(await door.sign_in(company.bea), 1)
    there = await door.screen(await door.sign_in(company.there(company.bea)), 1)
    owner = await door.sign_in(company.second.owner)

    async def leave() -> None:
        await asyncio.sleep(0.05)
        assert (await door.ask("DELETE", "/teams/current/brokerage", owner)).status == 200

    await asyncio.gather(burst(door, company.first, company.second), leave())
    await there.closed(within=BOUND)
    last_heard(there, company.bea, "broker.removed")
    await here.reaches(await head(door.db, company.first))
    assert here.connected


async def test_a_broker_who_owns_the_team_stays_as_its_owner(door: Doors, team: Team) -> None:
    company = await a_company(door, team)
    async with door.db.transaction() as rows:
        await rows.execute(
            "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, 'owner')",
            team.id,
            company.bea.user_id,
        )
    screen = await door.screen(await door.sign_in(company.bea), 1)
    assert (await screen.call("teams:current"))["data"]["role"] == "broker"
    bob = await door.sign_in(company.bob)
    await door.ask("DELETE", f"/brokerages/current/brokers/{company.bea.user_id}", bob)
    await screen.reaches(await head(door.db, team))
    assert screen.connected
    wide = {"view": "all", "list": "listings:list", "params": {"scope": "brokerage"}}
    refused = await screen.call("view:open", wide)
    assert refused["error"]["code"] == "FORBIDDEN"
    moved = await screen.call("brokerages:update", {"op": "a", "body": {"name": "Mine"}})
    assert moved["error"]["code"] == "FORBIDDEN"


async def test_a_broker_is_present_in_the_team_and_no_member(door: Doors, team: Team) -> None:
    company = await a_company(door, team)
    held = await door.sign_in(company.bea)
    await door.screen(held, 1)
    lead = await door.screen(await door.sign_in(team.lead), 0)

    async def shown() -> set[str]:
        answer = await lead.call("presence:get")
        return {entry["user"]["id"] for entry in answer["data"]["here"]}

    async with asyncio.timeout(BOUND):
        while str(company.bea.user_id) not in await shown():  # noqa: ASYNC110 - told in its time
            await asyncio.sleep(0.05)
    members = (await lead.call("teams:members"))["data"]
    assert str(company.bea.user_id) not in {member["id"] for member in members}


async def view_of(door: Doors, held: Pass) -> LiveView:
    view = LiveView(await door.screen(held, 0), "all", "listings:list", scope="brokerage", limit=50)
    opened = await view.open()
    assert opened["success"], opened
    return view


async def shows(view: LiveView, ids: set[str]) -> None:
    async with asyncio.timeout(BOUND):
        while {row["id"] for row in view.rows} != ids:  # noqa: ASYNC110 - a screen has no event
            await asyncio.sleep(0.02)


async def test_a_list_of_the_brokerage_is_kept_open_over_all_its_teams(
    door: Doors, team: Team
) -> None:
    """Whatever is written, wherever, and whichever teams come and go."""
    company, chance = await a_company(door, team), random.Random(4)
    third = await new_team(door.db, "Third Team")
    bea = await door.sign_in(company.bea)
    brokerage = (await door.ask("GET", "/brokerages/current", bea)).data["id"]
    await door.ask("POST", "/brokerages/current/teams", bea, body={"team_id": str(third.id)})
    owner = await door.sign_in(third.owner)
    made: dict[Team, list[str]] = {company.first: [], company.second: [], third: []}
    view, joined = await view_of(door, bea), False
    for _ in range(STEPS):
        for _ in range(chance.randrange(3)):
            each = chance.choice(list(made))
            made[each].append((await new_record(door.db, LISTINGS, each.agent))["id"])
        if chance.random() < 0.4:
            method = "DELETE" if joined else "POST"
            body = None if joined else {"brokerage_id": brokerage}
            said = await door.ask(method, "/teams/current/brokerage", owner, 1, body=body)
            assert said.status == 200, said.raw
            if said.json["data"] is not None and said.data["status"] == "asked":
                offered = {"team_id": str(third.id)}
                await door.ask("POST", "/brokerages/current/teams", bea, body=offered)
            joined = not joined
        ours = [company.first, company.second, *([third] if joined else [])]
        await shows(view, {one for each in ours for one in made[each]})
    assert (await view.close())["success"]
    await until(lambda: not door.nodes[0].app[ROOMS]._kept)


async def test_a_list_of_the_brokerage_ends_with_its_broker(door: Doors, team: Team) -> None:
    company = await a_company(door, team)
    view = await view_of(door, await door.sign_in(company.bea))
    bob = await door.sign_in(company.bob)
    await door.ask("DELETE", f"/brokerages/current/brokers/{company.bea.user_id}", bob)
    await new_record(door.db, LISTINGS, company.second.agent)
    await view.screen.closed(within=BOUND)
    assert view.rows == []
    await until(lambda: not door.nodes[0].app[ROOMS]._kept)
