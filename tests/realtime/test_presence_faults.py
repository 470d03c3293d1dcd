"""Presence while nodes die, Redis forgets, and servers are replaced: nobody flickers, no ghosts."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import pytest

from channels.bus.redis_connection import RedisConnection
from channels.presence import presence
from channels.presence import store as presence_store
from channels.presence import team as presence_team
from db.database import Database
from db.private_server import PrivateServer
from db.private_valkey import start_valkey
from tests.factories import Team
from tests.presence_screens import PresenceScreen
from tests.realtime.nodes import until
from tests.realtime.presence_nodes import PresenceNode, Secrets, a_presence_node, opening
from tests.realtime.presence_walk import Walk
from tests.realtime.processes import a_process
from tests.screens import Closed, Refused

Open = Callable[..., PresenceScreen]
GONE_SECONDS = 15.0  # a dead node's people
RIGHT_SECONDS = 5.0  # after Redis lost everything
CLIENTS = 50


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateServer]:
    server = start_valkey(tmp_path / "valkey")
    yield server
    if server.running:
        os.kill(server.pid, signal.SIGCONT)
        server.kill()


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
async def nodes(
    db: Database, redis: PrivateServer, secrets: Secrets
) -> AsyncIterator[list[PresenceNode]]:
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(a_presence_node(db, redis.url, secrets))
            for _ in range(2)
        ]
        await until(lambda: all(node.store.up for node in nodes))
        yield nodes


@pytest.fixture
async def screen(session: aiohttp.ClientSession) -> AsyncIterator[Open]:
    async with opening(session) as opened:
        yield opened


@pytest.fixture
async def office(nodes: list[PresenceNode], screen: Open, team: Team) -> list[PresenceScreen]:
    """Four people on two nodes, who all see each other."""
    actors = [team.owner, team.lead, team.agent, team.viewer]
    screens = [screen(nodes[at % 2].url, actor, f"tab-{at}") for at, actor in enumerate(actors)]
    for each in screens:
        await each.connect()
    for each in screens:
        await each.shows(lambda it: len(it.here) == 4)
    return screens


def flaps(screens: list[PresenceScreen], since: list[int]) -> int:
    """Joins and leaves that were shown after so many steps, whole states compared as well."""
    return sum(_flaps(each, start) for each, start in zip(screens, since, strict=True))


def _flaps(screen: PresenceScreen, start: int) -> int:
    count = 0
    here: set[str] = set()
    for at, step in enumerate(screen.steps):
        came = {told["conn"] for told in step["join"]}
        now = came if step.get("full") else (here | came) - set(step["leave"])
        if at >= start:
            count += len(here ^ now)
        here = now
    return count


async def test_a_redis_that_forgets_everything_is_told_again_and_nobody_notices(
    redis: PrivateServer, nodes: list[PresenceNode], office: list[PresenceScreen]
) -> None:
    before, since = dict(office[0].here), [len(each.steps) for each in office]
    await _tell(redis, "FLUSHALL")
    began = time.monotonic()
    old = office[0].pv[0]
    for each in office:
        await each.shows(lambda it: it.pv[0] != old, RIGHT_SECONDS)
    await until(lambda: not any(_team(node, office[0]).replica.doubted for node in nodes))
    took = time.monotonic() - began
    _figure("seconds until presence is right after FLUSHALL", took)
    assert took < RIGHT_SECONDS
    await _are_right(nodes, office)
    assert flaps(office, since) == 0
    assert office[0].here == before


async def test_redis_restarts_with_an_old_state_and_nobody_notices(
    redis: PrivateServer,
    nodes: list[PresenceNode],
    office: list[PresenceScreen],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it finds on its disk names somebody who has left meanwhile."""
    monkeypatch.setattr(presence_team, "GRACE_SECONDS", 0.5)
    redis.kill()
    for each in office:
        await each.shows(lambda it: it.partial)
    *stay, gone = office
    await gone.disconnect()
    await stay[1].shows(lambda it: gone.conn not in it.here)  # on its own node
    since = [len(each.steps) for each in stay]
    redis.process = start_valkey(tmp_path / "valkey", redis.port).process
    began = time.monotonic()
    for each in stay:
        await each.shows(lambda it: not it.partial and gone.conn not in it.here, RIGHT_SECONDS)
    await until(lambda: not any(_team(node, office[0]).replica.doubted for node in nodes))
    took = time.monotonic() - began
    _figure("seconds until presence is right after Redis is back with an old state", took)
    assert took < RIGHT_SECONDS
    await _are_right(nodes, stay)
    assert flaps(stay, since) == 2  # who left, on the two screens that could not know


async def test_without_redis_the_people_of_a_node_see_each_other(
    redis: PrivateServer,
    nodes: list[PresenceNode],
    office: list[PresenceScreen],
    screen: Open,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence_team, "GRACE_SECONDS", 0.5)
    here, there = office[0], office[1]
    os.kill(redis.pid, signal.SIGSTOP)
    new = screen(nodes[0].url, team.agent, "new")
    await new.connect()
    answer = await here.set("viewing", "listing:00000000-0000-0000-0000-000000000001")
    assert answer["success"]
    await office[2].disconnect()
    await new.shows(
        lambda it: (
            it.partial
            and it.names() == ["Ana Agent", "Lea Lead", "Olga Owner", "Vic Viewer"]
            and new.conn in it.here
        )
    )
    await new.shows(lambda it: office[2].conn not in it.here)
    await here.shows(lambda it: it.partial and it.here[here.conn]["state"] == "viewing")
    assert office[2].conn in there.here  # it cannot know
    os.kill(redis.pid, signal.SIGCONT)
    screens = [here, there, office[3], new]
    for each in screens:
        await each.shows(
            lambda it: not it.partial and set(it.here) == {each.conn for each in screens},
            RIGHT_SECONDS,
        )
    await _are_right(nodes, screens)


async def test_the_people_of_a_killed_and_of_a_frozen_node_are_gone_in_time(
    database_url: str, redis_url: str, screen: Open, team: Team, tmp_path: Path, db: Database
) -> None:
    environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    module = "tests.realtime.presence_nodes"
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(a_presence_node(db, redis_url))
        killed, frozen = [
            await stack.enter_async_context(
                a_process(module, tmp_path / f"{name}.log", **environment)
            )
            for name in ("killed", "frozen")
        ]
        ana = screen(here.url, team.agent)
        lost, moved = (screen(killed.url, team.lead, tab) for tab in ("lost", "moved"))
        still = screen(frozen.url, team.viewer, "still")
        for each in (ana, lost, moved, still):
            await each.connect()
        await ana.shows(lambda it: len(it.here) == 4)
        killed.process.kill()
        os.kill(frozen.process.pid, signal.SIGSTOP)
        began = time.monotonic()
        await lost.disconnect()
        await moved.disconnect()
        await moved.connect(here.url)  # as a client does whose server is gone
        await ana.shows(lambda it: set(it.here) == {ana.conn, moved.conn}, GONE_SECONDS)
        took = time.monotonic() - began
        assert moved.conn not in ana.leaves()
        os.kill(frozen.process.pid, signal.SIGCONT)
        await ana.shows(lambda it: set(it.here) == {ana.conn, moved.conn, still.conn})
        await _are_right([here], [ana, moved, still])
    _figure("seconds until the people of a killed and of a frozen node are gone", took)
    assert took < GONE_SECONDS


async def test_a_rolling_restart_shows_nobody_leaving(
    redis: PrivateServer,
    db: Database,
    screen: Open,
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two nodes are replaced one after the other under fifty clients, who go where they can."""
    monkeypatch.setattr(presence, "BEAT_SECONDS", 1.0)
    monkeypatch.setattr(presence_store, "DRAIN_MS", 3_000)
    async with AsyncExitStack() as stack:
        old = [AsyncExitStack() for _ in range(2)]
        urls = []
        for each in old:
            node = await each.enter_async_context(a_presence_node(db, redis.url))
            await until(lambda store=node.store: store.up)  # type: ignore[misc]  # its own store
            urls.append(node.url)
        actors = [team.owner, team.lead, team.agent, team.viewer]
        screens = [screen(urls[at % 2], actors[at % 4], f"tab-{at}") for at in range(CLIENTS)]
        for one in screens:
            await one.connect()
        for one in screens:
            await one.shows(lambda it: len(it.here) == CLIENTS)
        since = [len(one.steps) for one in screens]
        stop = asyncio.Event()
        returns = asyncio.gather(*(_stays(one, urls, stop) for one in screens))
        for at, each in enumerate(old):
            urls[at] = urls[1 - at]  # the proxy sends nobody there any more
            await each.aclose()
            node = await stack.enter_async_context(a_presence_node(db, redis.url))
            urls[at] = node.url
        await asyncio.sleep(presence_team.GRACE_SECONDS + 1.0)  # and longer than the lease
        stop.set()
        await returns
        assert all(len(one.here) == CLIENTS for one in screens)
        _figure("joins and leaves shown in a rolling restart", flaps(screens, since))
        assert flaps(screens, since) == 0


async def test_after_a_walk_through_faults_every_screen_is_right_again(
    redis: PrivateServer,
    nodes: list[PresenceNode],
    screen: Open,
    team: Team,
    secrets: Secrets,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PRESENCE_WALK is its length in steps of each person."""
    monkeypatch.setattr(presence_team, "GRACE_SECONDS", 0.5)
    seed = int(os.environ.get("FAULT_SEED", "7"))
    steps = int(os.environ.get("PRESENCE_WALK", "16"))
    walk = Walk(seed, nodes, team, secrets, screen)
    chance = random.Random(seed)
    walking = asyncio.create_task(walk.go(steps, pause=0.6))
    while not walking.done():
        await asyncio.sleep(chance.uniform(0.2, 1.2))
        match chance.choice(["flush", "restart", "freeze", "drop"]):
            case "flush":
                await _tell(redis, "FLUSHALL")
            case "drop":
                await _tell(redis, "CLIENT", "KILL", "TYPE", "pubsub")
            case "freeze":
                os.kill(redis.pid, signal.SIGSTOP)
                await asyncio.sleep(chance.uniform(0.2, 2.0))
                os.kill(redis.pid, signal.SIGCONT)
            case "restart":
                redis.kill()
                await asyncio.sleep(chance.uniform(0, 1.0))
                started = await asyncio.to_thread(start_valkey, tmp_path / "valkey", redis.port)
                redis.process = started.process
    await walking
    await asyncio.sleep(RIGHT_SECONDS + 1.0)
    await walk.judge()


async def _tell(redis: PrivateServer, *command: str) -> None:
    admin = RedisConnection(redis.url)
    await admin.open()
    await admin.send(command)
    await admin.receive()
    await admin.close()


async def _stays(one: PresenceScreen, urls: list[str], stop: asyncio.Event) -> None:
    """Come back whenever the connection ends, wherever there is a node."""
    at = int((one.inst or "0").removeprefix("tab-"))
    while not stop.is_set():
        if not one.connected:
            with suppress(OSError, aiohttp.ClientError, Refused, Closed):
                await one.connect(urls[at % 2])
                await one.set("online")
        await asyncio.sleep(0.05)


def _figure(name: str, seen: float) -> None:
    """For `./run faults`."""
    sys.stdout.write(f"\nfigure: {name}: {seen:.3g}\n")


def _team(node: PresenceNode, one: PresenceScreen) -> presence_team.TeamPresence:
    (team,) = [each for key, each in node.presence._teams.items() if str(key) == one.team]
    return team


async def _are_right(nodes: list[PresenceNode], screens: list[PresenceScreen]) -> None:
    """Everybody shows the same people as the servers do."""
    for node in nodes:
        _team(node, screens[0]).view._said = True
        _team(node, screens[0]).view.tell_digests()
    await asyncio.sleep(0.2)
    assert {frozenset(each.here) for each in screens} == {frozenset(s.conn for s in screens)}
    assert sum(each.wrong_digests for each in screens) == 0
