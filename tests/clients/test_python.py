"""clients/python against the whole server: whatever happens, it ends where the server is."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from typing_extensions import override

from channels.base.limits import SOCKETS_PER_USER
from domains.auth.sessions import open_session
from domains.kit.actor import Actor
from homeroom_client import Homeroom, Refused, Session, View
from homeroom_client.presence import digest
from server.keys import CREDENTIALS, GATEWAY
from tests.api.whole_server import WholeServer, whole_server
from tests.clients.backup import Backup
from tests.factories import LEAST, Team
from tests.screens import Screen

NOWHERE = "http://127.0.0.1:9"
PATIENCE = 20.0

Enter = Callable[..., Awaitable["Watched"]]


@pytest.fixture(scope="module")
async def server(database_url: str, redis_url: str) -> AsyncIterator[WholeServer]:
    async with whole_server(database_url, redis_url) as running:
        yield running


class Watched(Homeroom):
    """Keeps its log; `noise` is the part of its event frames that are lost, doubled or swapped."""

    noise = 0.0

    def __init__(self, session: Session, **options: Any) -> None:
        super().__init__(session, **options)
        self.log: list[dict[str, Any]] = []
        self.dice = random.Random(7)
        self._late: list[Any] = []

    @override
    def _hear(self, name: str, body: Any) -> None:
        if name != "event" or self.dice.random() >= self.noise:
            super()._hear(name, body)
            while self._late:
                super()._hear("event", self._late.pop())
            return
        match self.dice.randrange(3):
            case 0:
                super()._hear(name, body)
                super()._hear(name, body)
            case 1:
                self._late.append(body)

    @override
    def _apply(self, events: list[dict[str, Any]]) -> None:
        self.log += events
        super()._apply(events)

    async def cut(self) -> None:
        self.session.url = NOWHERE
        self.drop()
        await soon(self, lambda: self.state == "offline")

    def mend(self, server: WholeServer) -> None:
        self.session.url = server.url
        self.wake()


@pytest.fixture
async def enter(server: WholeServer) -> AsyncIterator[Enter]:
    """Opens rooms of people who are signed in."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())

        async def open_room(who: Actor, **options: Any) -> Watched:
            async with server.db.transaction() as rows:
                opened = await open_session(rows, who.user_id, who.team_id, remote="")
            session = Session(server.url, http=http, refresh_token=opened.refresh_token)
            room = Watched(session, **options)
            return await stack.enter_async_context(room)

        yield open_room


async def soon(room: Homeroom, true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        await room.until(true)


async def an_escrow(server: WholeServer, team: Team, **fields: Any) -> Any:
    body = {**LEAST["escrows"], **fields}
    return (await server.ask("POST", "/v1/escrows", by=team.lead, body=body)).data


async def change(server: WholeServer, team: Team, record: Any, **body: Any) -> None:
    path = f"/v1/escrows/{record['id']}"
    said = await server.ask("PATCH", path, by=team.lead, body=body)
    assert said.status == 200, said.raw


async def work(server: WholeServer, team: Team, escrows: list[Any], rounds: int) -> None:
    dice = random.Random(rounds)
    for number in range(rounds):
        await change(server, team, dice.choice(escrows), notes=f"round {number}")
        if dice.random() < 0.1:
            escrows.append(await an_escrow(server, team))
        if dice.random() < 0.05 and len(escrows) > 2:
            gone = escrows.pop(0)["id"]
            await server.ask("DELETE", f"/v1/escrows/{gone}", by=team.lead)


async def equals(room: Watched, server: WholeServer, who: Actor) -> None:
    """Its records are those of a fresh list, and each event up to the head was applied once."""
    page = await server.ask("GET", "/v1/escrows?limit=100", by=who)
    archived = await server.ask("GET", "/v1/escrows?limit=100&archived=true", by=who)
    fresh = {row["id"]: row for row in [*page.data, *archived.data]}
    await soon(room, lambda: room.seq >= page.json["meta"]["as_of_seq"])
    await soon(room, lambda: room.confirmed("escrows") == fresh)
    seqs = [event["s"] for event in room.log]
    assert seqs == list(range(seqs[0], room.seq + 1)) if seqs else True


async def test_events_are_applied_once_and_in_order_over_a_bad_wire(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    escrows = [await an_escrow(server, team) for _ in range(4)]
    room = await enter(team.agent)
    room.noise = 0.5
    await work(server, team, escrows, 60)
    room.noise = 0.0
    await work(server, team, escrows, 1)
    await equals(room, server, team.agent)
    assert room.connections == 1
    assert "replay" in room.modes


async def test_a_line_that_breaks_at_random_moments_loses_nothing(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    escrows = [await an_escrow(server, team) for _ in range(4)]
    room = await enter(team.agent)
    working = asyncio.create_task(work(server, team, escrows, 60))
    while not working.done():
        await asyncio.sleep(0.1 * random.Random(room.connections).random())
        room.drop()
        room.wake()
    await working
    await equals(room, server, team.agent)
    assert room.connections > 2


async def test_events_can_be_iterated(server: WholeServer, team: Team, enter: Enter) -> None:
    room = await enter(team.agent)
    stream = room.events()
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    made = await an_escrow(server, team)
    await change(server, team, made, notes="Called")
    seen = [await first, await anext(stream)]
    assert [event["k"] for event in seen] == ["escrow.created", "escrow.updated"]
    await room.close()
    assert [event async for event in stream] == []


async def test_what_is_written_offline_is_shown_kept_over_a_restart_and_sent_once(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    made = await an_escrow(server, team)
    kept: dict[str, str] = {}
    first = await enter(team.agent, kept=kept)
    await first.cut()
    new = LEAST["escrows"]
    for unsent in (
        first.update("escrows", made["id"], {"purchase_price": 435000}),
        first.update("escrows", made["id"], {"notes": "Called"}),
        first.create("escrows", dict(new)),
    ):
        task = asyncio.ensure_future(unsent)
        await asyncio.sleep(0)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
    shown = first.get("escrows", made["id"])
    assert shown
    assert (shown["purchase_price"], shown["pending"]) == (435000, 1)
    assert (len(first.all("escrows")), first.unsent, len(kept)) == (2, 2, 2)
    await first.close()

    second = await enter(team.agent, kept=kept)
    await soon(second, lambda: second.unsent == 0)
    await equals(second, server, team.agent)
    row = second.confirmed("escrows")[made["id"]]
    assert (row["purchase_price"], row["notes"], row["version"]) == (435000, "Called", 2)
    assert (len(second.all("escrows")), kept) == (2, {})


async def test_a_write_whose_answer_was_lost_is_done_once(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    made = await an_escrow(server, team)
    room = await enter(team.agent)
    writing = asyncio.ensure_future(room.update("escrows", made["id"], {"notes": "Called"}))
    await asyncio.sleep(0.001)
    room.drop()
    room.wake()
    row = await writing
    assert (row["notes"], row["version"]) == ("Called", 2)
    await equals(room, server, team.agent)


async def test_other_fields_merge_and_the_same_field_conflicts_and_rolls_back(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    made = await an_escrow(server, team)
    refusals: list[str] = []
    room = await enter(team.agent, on_refused=lambda _, refused: refusals.append(refused.code))
    await room.cut()
    note = asyncio.ensure_future(room.update("escrows", made["id"], {"notes": "Called"}))
    await asyncio.sleep(0)
    await change(server, team, made, purchase_price=470000)
    room.mend(server)
    row = await note
    assert (row["notes"], row["purchase_price"]) == ("Called", 470000)

    await soon(room, lambda: room.confirmed("escrows")[made["id"]]["version"] == 3)
    await room.cut()
    price = asyncio.ensure_future(room.update("escrows", made["id"], {"purchase_price": 1}))
    await asyncio.sleep(0)
    shown = room.get("escrows", made["id"])
    assert shown
    assert shown["purchase_price"] == 1
    await change(server, team, made, purchase_price=480000)
    room.mend(server)
    with pytest.raises(Refused) as conflict:
        await price
    (clash,) = conflict.value.details
    assert (clash["base"], clash["current"], clash["yours"]) == (470000, 480000, 1)
    assert refusals == ["VERSION_CONFLICT"]
    await equals(room, server, team.agent)


async def test_a_history_that_is_not_the_server_s_is_thrown_away(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    await an_escrow(server, team)
    room = await enter(team.agent)
    room._order.hash = "0" * 32
    room.drop()
    await soon(room, lambda: "resync" in room.modes)
    await equals(room, server, team.agent)


async def test_a_restored_database_takes_those_with_it_who_saw_what_is_gone(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    escrows = [await an_escrow(server, team) for _ in range(3)]
    room = await enter(team.agent)
    backup = await Backup.of(server.db, str(team.id))
    await work(server, team, list(escrows), 5)
    await equals(room, server, team.agent)
    lost = room.seq
    await backup.restore()
    await soon(room, lambda: "resync" in room.modes)
    room.log.clear()
    await change(server, team, escrows[0], notes="another past")
    await equals(room, server, team.agent)
    assert room.seq < lost


async def test_a_stale_token_is_refreshed_once_without_a_loop(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    await an_escrow(server, team)
    room = await enter(team.agent)
    room.session._token = "eyJhbGciOiJIUzI1NiJ9.e30.c3RhbGU"
    room.session._got_at = 0.0
    room.drop()
    room.wake()
    await soon(room, lambda: room.connections == 2 and room.state == "live")
    await equals(room, server, team.agent)


async def test_the_token_is_refreshed_on_the_open_line(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    room = await enter(team.agent)
    before = room.session._token
    credentials = server.app[CREDENTIALS]
    for member, (end, _) in list(credentials._ends.items()):
        credentials._look_at(member, end - 60)
    await soon(room, lambda: room.session._token != before)
    await room.call("auth:me")
    assert (room.connections, room.state) == (1, "live")


async def test_who_is_removed_is_told_so_and_stays_away(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    room = await enter(team.agent)
    path = f"/v1/teams/current/members/{team.agent.user_id}"
    await server.ask("DELETE", path, by=team.owner)
    with pytest.raises(Refused) as gone:
        await soon(room, lambda: False)
    assert gone.value.is_final
    assert room.state == "closed"


async def test_a_stopping_server_is_left_and_come_back_to_when_it_said(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    room = await enter(team.agent)
    await server.app[GATEWAY]._drain()
    await soon(room, lambda: room.connections == 2 and room.state == "live")
    assert room.modes == ["snapshot", "live"]


async def test_one_too_many_ends_the_oldest_and_it_does_not_push_back(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    room = await enter(team.viewer)
    token = await server.token(team.viewer)
    async with AsyncExitStack() as stack:
        for _ in range(SOCKETS_PER_USER):
            screen = Screen(server.session, server.url, token, team.id)
            await stack.enter_async_context(screen)
        with pytest.raises(Refused) as replaced:
            await soon(room, lambda: False)
    assert (replaced.value.code, room.connections) == ("REPLACED", 1)


async def test_a_record_that_becomes_private_goes_and_comes_back(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    made = await an_escrow(server, team)
    room = await enter(team.agent)
    await change(server, team, made, is_private=True)
    await soon(room, lambda: room.get("escrows", made["id"]) is None)
    await change(server, team, made, notes="between us")
    await equals(room, server, team.agent)
    await change(server, team, made, is_private=False)
    await soon(room, lambda: room.get("escrows", made["id"]) is not None)
    await equals(room, server, team.agent)


async def test_a_view_is_a_fresh_list_over_a_broken_line_too(
    server: WholeServer, team: Team, enter: Enter
) -> None:
    escrows = [await an_escrow(server, team, purchase_price=n + 1) for n in range(5)]
    room = await enter(team.agent)
    query = {"status": "pending", "sort": "purchase_price", "order": "desc", "limit": 4}
    view = await room.view("escrows", query)
    await same(server, team, room, view)
    await work(server, team, escrows, 10)
    await same(server, team, room, view)
    room.drop()
    await work(server, team, escrows, 3)
    await same(server, team, room, view)
    await room.close_view(view)
    with pytest.raises(Refused, match="colour"):
        await room.view("escrows", {"colour": "red"})


async def same(server: WholeServer, team: Team, room: Watched, view: View) -> None:
    query = "&".join(f"{name}={value}" for name, value in view.params.items())
    fresh = await server.ask("GET", f"/v1/escrows?{query}", by=team.agent)
    await soon(room, lambda: view.current and view.rows == fresh.data)
    assert view.total == fresh.json["pagination"]["total"]


async def test_people_see_each_other(server: WholeServer, team: Team, enter: Enter) -> None:
    made = await an_escrow(server, team)
    ana, ben = await enter(team.agent), await enter(team.lead)
    record = f"escrow:{made['id']}"
    told = await ana.presence.set("editing", record, "notes")
    assert told["lease"]["held_by"] == "me"
    await soon(ben, lambda: bool(ben.presence.of(record)))
    (there,) = ben.presence.of(record)
    assert (there["user"]["name"], there["field"]) == (team.agent.name, "notes")
    assert ana.presence.of(record) == []
    everybody = (await ben.call("presence:get"))["data"]
    assert digest(ben.presence.here.values()) == everybody["digest"]
    ben.presence.here.clear()
    ben.presence.check({**everybody, "digest": "another"})
    await soon(ben, lambda: bool(ben.presence.of(record)))
    ana.drop()
    await soon(ana, lambda: ana.connections == 2 and ana.connected)
    await soon(ben, lambda: bool(ben.presence.of(record)))
    await ana.close()
    await soon(ben, lambda: not ben.presence.of(record))
