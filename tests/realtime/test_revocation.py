"""Whose session ended is out on every node within five seconds, with Redis up or down."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from db.private_valkey import start_valkey
from domains.kit.actor import Actor, Role
from server.keys import REVOCATION, SERVICES, URLS
from server.settings import Settings
from server.tasks import change_user
from tests.factories import Team, new_member, new_team
from tests.realtime.doors import Doors, Pass, doors
from tests.screens import Refused, Screen

BOUND = 5.0


@pytest.fixture(scope="module")
async def door(database_url: str, redis_url: str) -> AsyncIterator[Doors]:
    """Two nodes."""
    async with doors(database_url, redis_url, nodes=2) as opened:
        yield opened


async def refused_over_rest(door: Doors, held: Pass, node: int) -> str:
    """The code of the first request that is refused."""
    async with asyncio.timeout(BOUND):
        while True:
            said = await door.ask("GET", "/auth/me", held, node)
            if said.status != 200:
                code: str = said.error["code"]
                return code
            await asyncio.sleep(0.1)


async def out(door: Doors, held: Pass, screens: list[Screen]) -> None:
    """Within the bound: the sockets end as revoked, requests are refused, nobody comes back."""
    async with asyncio.timeout(BOUND):
        ended = await asyncio.gather(
            *(screen.closed(within=BOUND) for screen in screens),
            *(refused_over_rest(door, held, node) for node in range(len(door.nodes))),
        )
    assert len(ended) == len(screens) + len(door.nodes)
    assert all(screen.dismissed and screen.close_code == 4003 for screen in screens)
    for node in range(len(door.nodes)):
        with pytest.raises(Refused):
            await door.screen(held, node)


async def sign_out_everywhere(door: Doors, held: Pass) -> None:
    await door.ask("POST", "/auth/logout-everywhere", held)


async def sign_out(door: Doors, held: Pass) -> None:
    await door.ask("POST", "/auth/logout", body={"refresh_token": held.refresh})


async def leave_the_team(door: Doors, held: Pass) -> None:
    await door.ask("DELETE", f"/teams/current/members/{held.actor.user_id}", held)


async def be_disabled(door: Doors, held: Pass) -> None:
    """As the operator does it, from a process that tells nobody."""
    sql = "SELECT email FROM users WHERE id = $1"
    email = await door.db.fetchval(sql, held.actor.user_id)
    urls = door.nodes[0].app[URLS]
    settings = Settings(database_url=urls.database, redis_url=urls.redis)
    assert await change_user(settings, "disable", email.upper())


ENDINGS = [sign_out_everywhere, sign_out, leave_the_team, be_disabled]


async def all_endings(door: Doors, team: Team, then: Callable[[], object]) -> None:
    """For each ending somebody who is in on both nodes, and meets it after `then`."""
    held = [await door.sign_in(await new_member(door.db, team.id, Role.AGENT)) for _ in ENDINGS]
    screens = [[await door.screen(one, node) for node in (0, 0, 1)] for one in held]
    stays = [await door.screen(await door.sign_in(team.lead), node) for node in (0, 1)]
    for one in held:
        for node in (0, 1):
            assert (await door.ask("GET", "/auth/me", one, node)).status == 200
    then()

    async def end(number: int) -> None:
        await ENDINGS[number](door, held[number])
        await out(door, held[number], screens[number])

    await asyncio.gather(*(end(number) for number in range(len(ENDINGS))))
    assert all(screen.connected for screen in stays)


async def test_who_is_out_is_out_everywhere_within_five_seconds(door: Doors, team: Team) -> None:
    await all_endings(door, team, lambda: None)


async def test_who_is_out_is_out_within_five_seconds_with_redis_killed(
    database_url: str, team: Team, tmp_path: Path
) -> None:
    redis = start_valkey(tmp_path / "valkey")
    try:
        async with doors(database_url, redis.url, nodes=2) as opened:
            await all_endings(opened, team, redis.kill)
    finally:
        if redis.running:
            redis.kill()


async def test_a_new_password_ends_every_session_but_the_one_that_chose_it(
    door: Doors, team: Team
) -> None:
    chooser, other = await door.sign_in(team.agent), await door.sign_in(team.agent)
    hash_ = await door.nodes[0].app[SERVICES].passwords.hash("correct horse battery")
    async with door.db.transaction() as rows:
        await rows.execute(
            "UPDATE users SET password_hash = $2 WHERE id = $1", team.agent.user_id, hash_
        )
    mine = [await door.screen(chooser, node) for node in (0, 1)]
    theirs = [await door.screen(other, node) for node in (0, 1)]
    wrong = {"current": "a guess at a password", "new": "another battery staple"}
    assert (await door.ask("POST", "/auth/password", chooser, body=wrong)).fields == {"current"}
    right = {"current": "correct horse battery", "new": "another battery staple"}
    assert (await door.ask("POST", "/auth/password", chooser, body=right)).status == 200
    await out(door, other, theirs)
    for node, screen in enumerate(mine):
        assert (await door.ask("GET", "/auth/me", chooser, node)).status == 200
        assert (await screen.call("teams:current"))["success"]


async def test_signing_out_on_one_device_leaves_the_others(door: Doors, team: Team) -> None:
    here, there = await door.sign_in(team.agent), await door.sign_in(team.agent)
    stays = await door.screen(there, 1)
    leaves = await door.screen(here, 1)
    await door.ask("POST", "/auth/logout", body={"refresh_token": here.refresh})
    await out(door, here, [leaves])
    assert (await stays.call("teams:current"))["success"]


async def test_who_is_removed_from_one_team_stays_in_the_other(door: Doors, team: Team) -> None:
    other = await new_team(door.db, "Lake Group")
    async with door.db.transaction() as rows:
        await rows.execute(
            "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, 'viewer')",
            other.id,
            team.agent.user_id,
        )
    guest = Actor(team.agent.user_id, other.id, Role.VIEWER, team.agent.name)
    held, as_guest = await door.sign_in(team.agent), await door.sign_in(guest)
    leaves, stays = await door.screen(held, 1), await door.screen(as_guest, 1)
    owner = await door.sign_in(team.owner)
    await door.ask("DELETE", f"/teams/current/members/{team.agent.user_id}", owner)
    await out(door, held, [leaves])
    assert (await stays.call("teams:current"))["data"]["id"] == str(other.id)


class Deaf(Screen):
    """Asks for the events of a team that is not its own."""

    @override
    def _auth(self) -> dict[str, Any]:
        return {"token": self.token, "subs": [{"team": str(uuid4())}]}


async def test_a_socket_that_asked_for_no_events_is_ended_as_well(door: Doors, team: Team) -> None:
    held = await door.sign_in(team.agent)
    deaf = Deaf(door._session, door.nodes[1].url, held.access, team.id)
    await deaf.connect()
    assert (await deaf.call("teams:current"))["success"]
    await door.ask("DELETE", f"/teams/current/members/{team.agent.user_id}", held)
    await out(door, held, [deaf])


async def test_a_role_holds_for_every_open_socket_and_request_on_every_node(
    door: Doors, team: Team
) -> None:
    held = await door.sign_in(team.agent)
    screen = await door.screen(held, 1)
    owner = await door.sign_in(team.owner)
    path = f"/teams/current/members/{team.agent.user_id}"
    changed = await door.ask("PATCH", path, owner, body={"role": "viewer"})
    await screen.reaches(changed.json["meta"]["seq"])
    assert (await screen.call("teams:current"))["data"]["role"] == "viewer"
    for node in (0, 1):  # here it was told at the commit, there by the log
        said = await door.ask("GET", "/teams/current", held, node)
        assert said.data["role"] == "viewer"


async def test_all_who_stay_are_asked_about_at_once(door: Doors, team: Team) -> None:
    for actor in (team.agent, team.lead, team.agent):
        await door.screen(await door.sign_in(actor))
    revocation = door.nodes[0].app[REVOCATION]
    moved, asked = revocation._moved, list[set[UUID]]()

    async def counted(epochs: Mapping[UUID, int]) -> Iterable[UUID]:
        asked.append(set(epochs))
        return await moved(epochs)

    revocation._moved = counted
    await revocation.look()
    revocation._moved = moved
    assert all(each >= {team.agent.user_id, team.lead.user_id} for each in asked)
    assert 1 <= len(asked) <= 2  # one of them the node's own look, perhaps


async def test_an_operator_makes_an_administrator_and_takes_it_back(
    door: Doors, team: Team
) -> None:
    held = await door.sign_in(await new_member(door.db, team.id, Role.AGENT))
    sql = "SELECT email FROM users WHERE id = $1"
    email = await door.db.fetchval(sql, held.actor.user_id)
    urls = door.nodes[0].app[URLS]
    settings = Settings(database_url=urls.database, redis_url=urls.redis)
    rival = await new_team(door.db, "Lake Group")
    chosen = {"team_id": str(rival.id)}
    assert (await door.ask("POST", "/auth/team", held, body=chosen)).status == 403
    assert await change_user(settings, "grant-admin", email)
    there = await door.ask("POST", "/auth/team", held, body=chosen)
    assert there.data["team"]["role"] == "system_admin"
    acting = Actor(held.actor.user_id, rival.id, Role.SYSTEM_ADMIN, held.actor.name)
    screen = await door.screen(Pass(acting, there.data["access_token"], ""), 1)
    assert await change_user(settings, "revoke-admin", email)
    await screen.closed(within=BOUND)
    assert screen.dismissed
    assert (await door.ask("GET", "/teams/current", held)).data["role"] == "agent"
