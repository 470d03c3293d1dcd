"""Who is known already, for a room that is open, is let in in the step that takes the CONNECT."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from typing_extensions import override

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor, Work
from channels.bus.bus import MemoryBus, MemoryHub
from db.database import Database
from db.events import Head
from domains.auth.authenticator import Bearer
from tests.factories import Team
from tests.realtime.nodes import Node, bearer, serving, token_of, until, write
from tests.screens import Refused, Screen

KNOWN = "a token that only who is known already is let in by"


class Watched(Supervisor):
    def __init__(self, counters: Counters) -> None:
        super().__init__(counters)
        self.spawned: list[str] = []

    @override
    def spawn(self, name: str, errand: Work) -> None:
        self.spawned.append(name)
        super().spawn(name, errand)


@asynccontextmanager
async def a_node(
    db: Database, known: Callable[[str], Bearer | None]
) -> AsyncIterator[tuple[Node, list[str]]]:
    """A node, and the names of what it began to do beside."""
    counters = Counters()
    supervisor = Watched(counters)
    async with serving(db, MemoryBus(MemoryHub()), counters, supervisor, known=known) as node:
        yield node, supervisor.spawned


@asynccontextmanager
async def a_room(
    db: Database, team: Team, session: aiohttp.ClientSession, known: dict[str, Bearer]
) -> AsyncIterator[tuple[Node, list[str], Screen]]:
    """As `a_node`, with the team's room open: somebody stays in it, and hears all."""
    async with a_node(db, known.get) as (node, spawned):
        stays = Screen(session, node.url, token_of(team.lead), team.id)
        await stays.connect()
        yield node, spawned, stays
        await stays.disconnect()


async def test_a_herd_that_is_known_gets_what_it_missed_without_a_task(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    known = bearer(team.agent)
    async with a_room(db, team, session, {KNOWN: known}) as (node, spawned, stays):
        screens = [Screen(session, node.url, KNOWN, team.id) for _ in range(5)]
        for screen in screens:
            await screen.connect()
            await screen.disconnect()
        last = await write(db, team.lead, "missed", count=20)
        await stays.reaches(last)
        spawned.clear()
        for screen in screens:
            await screen.connect()
        assert not [name for name in spawned if name.startswith("connect")]
        after = await write(db, team.lead, "live")
        for screen in [stays, *screens]:
            await screen.reaches(after)
            assert screen.log[-21:] == stays.log[-21:]
            assert (screen.doubled, screen.skipped) == (0, 0)
        for screen in screens:
            await screen.disconnect()


async def test_who_was_cut_off_with_the_others_and_is_later_back_gets_the_later_event_too(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    async with a_room(db, team, session, {KNOWN: bearer(team.agent)}) as (node, _, stays):
        screens = [Screen(session, node.url, KNOWN, team.id) for _ in range(3)]
        for screen in screens:
            await screen.connect()
            await screen.disconnect()
        for screen in screens:
            last = await write(db, team.lead, "missed")
            await stays.reaches(last)
            await screen.connect()
            await screen.reaches(last)
            assert screen.log == stays.log[-len(screen.log) :]
            assert (screen.doubled, screen.skipped) == (0, 0)
            await screen.disconnect()
        assert [len(screen.log) for screen in screens] == [1, 2, 3]


async def test_no_hash_that_a_client_thinks_of_is_remembered(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    async with a_room(db, team, session, {KNOWN: bearer(team.agent)}) as (node, _, stays):
        for _ in range(3):
            await stays.reaches(await write(db, team.lead, "one"))
        second = next(seen for seen in stays.log if seen.seq == 2)
        for position in [(0, "any"), (0, "other"), (1, "wrong"), (2, second.h)]:
            screen = Screen(session, node.url, KNOWN, team.id)
            screen.position = position
            await screen.connect()
            await screen.disconnect()
        room = node.rooms._rooms[team.id]
        assert list(room._standings) == [Head(2, second.h)]


async def test_for_a_room_that_is_not_open_who_is_known_waits_as_others_do(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    whole = token_of(team.agent)  # known, and may be looked up as well
    async with a_node(db, {whole: bearer(team.agent)}.get) as (node, spawned):
        screen = Screen(session, node.url, whole, team.id)
        await screen.connect()
        assert f"open {team.id}" in spawned
        await screen.disconnect()


async def test_who_was_removed_since_is_refused_in_that_step_and_nothing_is_kept(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    async with a_room(db, team, session, {KNOWN: bearer(team.agent)}) as (node, _, stays):
        last = await write(
            db, team.owner, "out", kind="member.removed", entity_id=team.agent.user_id
        )
        await stays.reaches(last)
        with pytest.raises(Refused) as refusal:
            await Screen(session, node.url, KNOWN, team.id).connect()
        assert refusal.value.data["code"] == "FORBIDDEN"
        await until(lambda: len(node.gateway._members) == 1)


async def test_what_the_ring_lost_is_waited_for_though_the_person_is_known(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    first = await write(db, team.lead, "before the room was opened", count=40)
    whole = token_of(team.agent)
    async with a_room(db, team, session, {whole: bearer(team.agent, as_of=first)}) as (node, _, _):
        screen = Screen(session, node.url, whole, team.id)
        hash_at = await db.fetchval(
            "SELECT encode(h, 'hex') FROM events WHERE team_id = $1 AND seq = 7", team.id
        )
        screen.position = (7, hash_at)
        await screen.connect()
        await screen.reaches(first)
        assert [seen.seq for seen in screen.log] == list(range(8, first + 1))
        await screen.disconnect()
