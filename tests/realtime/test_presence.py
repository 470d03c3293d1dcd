"""Who is here, on any node: told to those who may know, without flicker, right to the last line."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from channels.presence import team as presence_team
from channels.presence import view as presence_view
from channels.presence.entry import digest
from db.database import Database
from domains.kit.actor import Actor
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.factories import Team
from tests.presence_screens import PresenceScreen
from tests.realtime.nodes import until, write
from tests.realtime.presence_nodes import PresenceNode, Secrets, a_presence_node, opening
from tests.realtime.presence_walk import Walk

Open = Callable[..., PresenceScreen]
SHORT_GRACE = 0.5
COALESCED = presence_view.COALESCE_SECONDS + 0.5


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
async def nodes(
    db: Database, redis_url: str, secrets: Secrets
) -> AsyncIterator[list[PresenceNode]]:
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(a_presence_node(db, redis_url, secrets))
            for _ in range(2)
        ]
        await until(lambda: all(node.store.up for node in nodes))
        yield nodes


@pytest.fixture
async def screen(session: aiohttp.ClientSession) -> AsyncIterator[Open]:
    async with opening(session) as opened:

        def on(node: PresenceNode, actor: Actor, inst: str | None = None) -> PresenceScreen:
            return opened(node.url, actor, inst)

        yield on


def a_listing() -> str:
    return f"listing:{uuid4()}"


async def test_people_on_two_nodes_see_each_other_come_look_and_edit(
    nodes: list[PresenceNode], screen: Open, team: Team
) -> None:
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner)
    await ana.connect()
    await ana.shows(lambda it: it.names() == ["Ana Agent"])
    await olga.connect()
    await olga.shows(lambda it: it.names() == ["Ana Agent", "Olga Owner"])
    assert olga.steps[0]["full"]
    await ana.shows(lambda it: it.names() == ["Ana Agent", "Olga Owner"])
    assert ana.joins() == ["Olga Owner"]

    listing = a_listing()
    answer = await olga.set("viewing", listing)
    assert answer["data"].keys() == {"pv", "run", "conn"}
    assert answer["data"]["conn"] == olga.conn
    await ana.shows(lambda it: ("Olga Owner", "viewing", listing, None) in it.doing())
    await olga.set("editing", listing, "list_price")
    await ana.shows(lambda it: ("Olga Owner", "editing", listing, "list_price") in it.doing())
    await olga.set("idle", listing)
    await ana.shows(lambda it: ("Olga Owner", "idle", listing, None) in it.doing())

    whole = (await ana.call("presence:get", {}))["data"]
    assert {each["conn"]: each for each in whole["here"]} == ana.here
    assert whole["digest"] == digest(ana.here.values())
    assert whole["n"] == 2


async def test_a_field_is_held_by_who_edits_it_first_and_stops_nobody(
    nodes: list[PresenceNode], screen: Open, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_team, "FIELD_LEASE_MS", 600)
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner)
    await ana.connect()
    await olga.connect()
    listing = a_listing()
    assert (await ana.set("editing", listing, "notes"))["data"]["lease"]["held_by"] == "me"
    told = (await olga.set("editing", listing, "notes"))["data"]["lease"]
    assert told["held_by"] == {"id": str(team.agent.user_id), "name": "Ana Agent"}
    assert told["conn"] == ana.conn
    assert (await olga.set("editing", listing, "city"))["data"]["lease"]["held_by"] == "me"

    await ana.set("viewing", listing)  # gives it back
    assert (await olga.set("editing", listing, "notes"))["data"]["lease"]["held_by"] == "me"
    assert (await ana.set("editing", listing, "notes"))["data"]["lease"]["conn"] == olga.conn
    # Who says no more that it edits looks on, and holds nothing.
    await ana.shows(lambda it: ("Olga Owner", "viewing", listing, None) in it.doing())
    assert (await ana.set("editing", listing, "notes"))["data"]["lease"]["held_by"] == "me"


async def test_a_tab_that_comes_back_in_time_never_left(
    nodes: list[PresenceNode], screen: Open, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_team, "GRACE_SECONDS", SHORT_GRACE)
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner, inst="tab-1")
    await ana.connect()
    await olga.connect()
    listing = a_listing()
    await olga.set("viewing", listing)
    await ana.shows(lambda it: ("Olga Owner", "viewing", listing, None) in it.doing())
    before, steps = dict(ana.here), len(ana.steps)
    for _ in range(3):  # on the other node, the other way round, and on the same one
        for node in (nodes[0], nodes[1], nodes[1]):
            await olga.drop()
            await olga.connect(node.url)
            await olga.set("viewing", listing)
    await asyncio.sleep(SHORT_GRACE + COALESCED)
    assert ana.here == before
    assert len(ana.steps) == steps, ana.steps[steps:]
    assert olga.here == before

    await olga.disconnect()
    began = time.monotonic()
    await ana.shows(lambda it: it.names() == ["Ana Agent"])
    assert time.monotonic() - began >= SHORT_GRACE


async def test_who_is_cut_off_has_no_grace(
    nodes: list[PresenceNode], screen: Open, team: Team
) -> None:
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner)
    await ana.connect()
    await olga.connect()
    await ana.shows(lambda it: it.names() == ["Ana Agent", "Olga Owner"])
    gone = team.owner.user_id
    await write(nodes[0].node.db, team.agent, "", kind="member.removed", entity_id=gone)
    await ana.shows(lambda it: it.names() == ["Ana Agent"], within=presence_team.GRACE_SECONDS / 2)


async def test_who_comes_back_and_says_nothing_is_online(
    nodes: list[PresenceNode], screen: Open, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_team, "GRACE_SECONDS", SHORT_GRACE)
    ana = screen(nodes[0], team.agent, inst="tab")
    await ana.connect()
    await ana.set("viewing", a_listing())
    await ana.disconnect()
    await ana.connect()
    await ana.shows(lambda it: it.doing() == {("Ana Agent", "online", None, None)})


async def test_a_twin_of_a_tab_is_somebody_of_their_own_once_it_says_something(
    nodes: list[PresenceNode], screen: Open, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_team, "GRACE_SECONDS", SHORT_GRACE)
    one, two = (screen(node, team.agent, inst="copied") for node in nodes)
    await one.connect()
    await two.connect()
    await two.shows(lambda it: len(it.here) == 1)
    listing = a_listing()
    await until(lambda: nodes[0].counters.presence_online == 0)
    said = (await one.set("viewing", listing))["data"]
    assert said["conn"] != two.conn
    await two.shows(lambda it: len(it.here) == 2)
    await two.disconnect()
    await one.shows(lambda it: it.doing() == {("Ana Agent", "viewing", listing, None)})


async def test_others_do_not_learn_who_is_at_a_record_they_may_not_see(
    nodes: list[PresenceNode], screen: Open, team: Team, secrets: Secrets
) -> None:
    listing = a_listing()
    secrets.owners[listing] = team.owner.user_id
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner)
    tab = screen(nodes[0], team.owner)  # the owner's other one
    for each in (ana, olga, tab):
        await each.connect()
    await olga.set("editing", listing, "private_notes")
    await tab.shows(lambda it: ("Olga Owner", "editing", listing, "private_notes") in it.doing())
    await asyncio.sleep(COALESCED)
    assert all("record" not in each and "field" not in each for each in ana.here.values())
    assert listing not in str(ana.steps)
    assert "private_notes" not in str(ana.steps)
    whole = (await ana.call("presence:get", {}))["data"]
    assert listing not in str(whole)
    assert whole["digest"] == digest(ana.here.values())

    refused = await ana.set("viewing", listing)
    assert refused["error"]["code"] == "NOT_FOUND"


async def test_a_record_that_becomes_private_takes_its_presence_with_it(
    nodes: list[PresenceNode], db: Database, screen: Open, team: Team, secrets: Secrets
) -> None:
    listing = a_listing()
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner)
    await ana.connect()
    await olga.connect()
    await olga.set("viewing", listing)
    await ana.set("viewing", listing)
    await ana.shows(lambda it: ("Olga Owner", "viewing", listing, None) in it.doing())

    def changed(audience: str) -> Any:
        record = UUID(listing.partition(":")[2])
        return write(
            db, team.owner, "", kind="listing.updated", entity_id=record, audience=audience
        )

    secrets.owners[listing] = team.owner.user_id
    await changed(f"private:{team.owner.user_id}")
    alone = {("Ana Agent", "online", None, None), ("Olga Owner", "online", None, None)}
    await ana.shows(lambda it: it.doing() == alone)
    # She may not be there herself any more; the owner still is, and sees it.
    await olga.shows(
        lambda it: (
            it.doing()
            == {("Ana Agent", "online", None, None), ("Olga Owner", "viewing", listing, None)}
        )
    )
    secrets.owners.clear()
    await changed("all")
    await ana.shows(lambda it: ("Olga Owner", "viewing", listing, None) in it.doing())


NO_PRESENCE: list[Any] = [
    None,
    [],
    "viewing",
    {},
    {"state": "away"},
    {"state": ["online"]},
    {"state": "editing"},
    {"state": "online", "record": f"listing:{uuid4()}"},
    {"state": "viewing", "record": "listing:1"},
    {"state": "viewing", "record": 7},
    {"state": "viewing", "record": f"listing:{uuid4()}", "field": "city"},
    {"state": "editing", "record": f"listing:{uuid4()}", "field": "What is typed\x00"},
    {"state": "editing", "record": f"listing:{uuid4()}", "field": "x" * 65},
    {"state": "online", "text": "hello"},
]


async def test_what_is_no_presence_is_refused(
    nodes: list[PresenceNode], screen: Open, team: Team
) -> None:
    ana = screen(nodes[0], team.agent)
    await ana.connect()
    for payload in NO_PRESENCE:
        refused = await ana.call("presence:set", payload)
        assert refused["error"]["code"] == "VALIDATION_ERROR", payload
    assert (await ana.call("presence:get", {"all": True}))["error"]["code"] == "VALIDATION_ERROR"
    nowhere = await ana.set("viewing", f"nothing:{uuid4()}")
    assert nowhere["error"]["code"] == "NOT_FOUND"


async def test_a_flood_of_places_is_told_a_few_times_and_the_last_one_counts(
    nodes: list[PresenceNode], screen: Open, team: Team
) -> None:
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner)
    await ana.connect()
    await olga.connect()
    await ana.shows(lambda it: len(it.here) == 2)
    listing, steps = a_listing(), len(ana.steps)
    answers = await asyncio.gather(
        *(olga.set("editing", listing, f"field_{number}") for number in range(30))
    )
    assert sum("coalesced" in answer["data"] for answer in answers) > 20
    await ana.shows(lambda it: ("Olga Owner", "editing", listing, "field_29") in it.doing())
    assert len(ana.steps) - steps < 10


async def test_in_a_large_team_a_screen_is_told_the_count_and_who_is_where_it_is(
    nodes: list[PresenceNode], screen: Open, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_view, "LARGE", 5)
    monkeypatch.setattr(presence_view, "SMALL", 4)
    monkeypatch.setattr(presence_view, "COALESCE_LARGE_SECONDS", 0.3)
    many = [screen(nodes[number % 2], team.agent) for number in range(7)]
    for each in many:
        await each.connect()
    await many[0].shows(lambda it: it.count == 7 and not it.here)
    one, other = a_listing(), a_listing()
    for number, each in enumerate(many[:6]):
        await each.set("viewing", one if number < 2 else other)
    await many[0].shows(lambda it: set(it.here) == {many[0].conn, many[1].conn})
    await many[5].shows(lambda it: len(it.here) == 4)
    assert not many[6].here
    await many[1].set("viewing", other)
    await many[0].shows(lambda it: set(it.here) == {many[0].conn})
    whole = (await many[0].call("presence:get"))["data"]
    assert (whole["n"], len(whole["here"]), whole["large"]) == (7, 1, True)


async def test_digests_follow_what_was_said_and_fit(
    nodes: list[PresenceNode], screen: Open, team: Team
) -> None:
    ana, olga = screen(nodes[0], team.agent), screen(nodes[1], team.owner)
    await ana.connect()
    await olga.connect()
    await ana.shows(lambda it: len(it.here) == 2)
    here = nodes[0].presence._teams[team.id].view
    here.tell_digests()
    here.tell_digests()  # nothing was said in between: nothing to check
    await ana.shows(lambda it: len(it.digests) == 1)
    await asyncio.sleep(0.1)
    (told,) = ana.digests
    assert told == {
        "team": str(team.id),
        "pv": told["pv"],
        "run": ana.pv[0],
        "n": 2,
        "digest": digest(ana.here.values()),
    }


async def test_after_any_walk_every_screen_shows_what_every_other_last_said(
    nodes: list[PresenceNode],
    session: aiohttp.ClientSession,
    team: Team,
    secrets: Secrets,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presence_team, "GRACE_SECONDS", SHORT_GRACE)
    seed = int(os.environ.get("FAULT_SEED", "1"))
    async with opening(session) as opened:
        walk = Walk(seed, nodes, team, secrets, opened)
        await walk.go(steps=18, pause=0.15)
        await asyncio.sleep(SHORT_GRACE + 2 * COALESCED)
        await walk.judge()


async def test_the_policy_of_records_decides_who_is_seen_at_them(
    api: Api, session: aiohttp.ClientSession, owner: Client, agent: Client, lead: Client, team: Team
) -> None:
    made = await agent.make(LISTINGS, is_private=True)
    listing = f"listing:{made['id']}"
    url = api.url.rstrip("/")
    ana, lea, vic, olga = (
        PresenceScreen(session, url, client.token, team.id)
        for client in (agent, lead, await api.sign_in(team.viewer), owner)
    )
    async with ana, lea, vic, olga:
        assert (await ana.set("editing", listing, "private_remarks"))["success"]
        assert (await vic.set("viewing", listing))["error"]["code"] == "NOT_FOUND"
        assert (await vic.set("viewing", f"pelican:{uuid4()}"))["error"]["code"] == "NOT_FOUND"
        place = ("Ana Agent", "editing", listing, "private_remarks")
        await lea.shows(lambda it: place in it.doing())
        await olga.shows(lambda it: place in it.doing())
        await vic.shows(lambda it: len(it.here) == 4)
        await asyncio.sleep(COALESCED)
        assert listing not in str(vic.steps)

        # Open to the team, and shut again: by the log, with no word from her.
        await agent.patch(f"/listings/{made['id']}", {"is_private": False})
        await vic.shows(lambda it: place in it.doing())
        await agent.patch(f"/listings/{made['id']}", {"is_private": True})
        await vic.shows(lambda it: ("Ana Agent", "online", None, None) in it.doing())


async def test_a_changed_role_changes_who_is_seen_where(
    api: Api, session: aiohttp.ClientSession, owner: Client, agent: Client, lead: Client, team: Team
) -> None:
    made = await agent.make(LISTINGS, is_private=True)
    url = api.url.rstrip("/")
    ana, lea = (PresenceScreen(session, url, each.token, team.id) for each in (agent, lead))
    async with ana, lea:
        await ana.set("viewing", f"listing:{made['id']}")
        await lea.shows(lambda it: it.here.get(ana.conn, {}).get("record") is not None)
        path = f"/teams/current/members/{team.lead.user_id}"
        await owner.patch(path, {"role": "agent"})
        await lea.shows(lambda it: it.here[ana.conn]["state"] == "online")
        await owner.patch(path, {"role": "lead"})
        await lea.shows(lambda it: it.here[ana.conn]["state"] == "viewing")
        assert ana.faults == lea.faults == []
