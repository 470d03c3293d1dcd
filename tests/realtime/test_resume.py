"""Coming back: every mode, over real sockets and a real log."""

import asyncio
from uuid import uuid4

import aiohttp
import orjson
import pytest

from channels.room import standing
from tests.factories import Team
from tests.realtime.conftest import Opener
from tests.realtime.nodes import Node, token_of, until, write
from tests.screens import Refused, Screen

WRONG = "f" * 32


async def test_hello_comes_first_and_says_everything(team: Team, a_screen: Opener) -> None:
    async with a_screen(team.lead) as screen:
        hello = screen.hello
        assert hello["proto"] == 1
        assert hello["conn"]
        assert hello["now"].endswith("+00:00")
        assert hello["hb"] == 15
        assert hello["lim"]["bytes"] == 65536
        assert hello["user"] == {"id": str(team.lead.user_id), "name": team.lead.name}
        [standing] = hello["teams"]
        assert standing == {
            "team": str(team.id),
            "head": 0,
            "h": standing["h"],
            "mode": "snapshot",
        }


async def test_nothing_missed_is_live(node: Node, team: Team, a_screen: Opener) -> None:
    screen = a_screen()
    await screen.connect()
    await screen.disconnect()
    await screen.connect()
    assert screen.hello["teams"][0]["mode"] == "live"
    await write(node.db, team.lead, "after")
    await screen.sees("note.created", text="after")


async def test_what_was_missed_is_replayed_from_the_ring(
    node: Node, team: Team, a_screen: Opener
) -> None:
    screen, stays = a_screen(), a_screen(team.lead)
    await screen.connect()
    await stays.connect()
    await screen.disconnect()
    last = await write(node.db, team.lead, "missed", count=120)
    await stays.reaches(last)

    await screen.connect()
    standing = screen.hello["teams"][0]
    assert (standing["mode"], standing["from"], standing["to"]) == ("replay", 1, 120)
    await screen.reaches(last)
    await write(node.db, team.lead, "live")
    await screen.reaches(last + 1)
    assert screen.log == stays.log
    assert (screen.doubled, screen.skipped) == (0, 0)
    assert node.counters.range_reads == 0


async def test_what_the_ring_lost_is_replayed_from_postgres(
    node: Node, team: Team, a_screen: Opener
) -> None:
    first = await write(node.db, team.lead, "before the room was opened", count=40)
    screen = a_screen()
    screen.position = (7, (await node_hash(node, team, 7)))
    await screen.connect()
    standing = screen.hello["teams"][0]
    assert (standing["mode"], standing["from"], standing["to"]) == ("replay", 8, first)
    await screen.reaches(first)
    assert [seen.seq for seen in screen.log] == list(range(8, first + 1))
    assert node.counters.range_reads == 1


async def test_a_herd_that_returns_at_once_shares_one_read(
    node: Node, team: Team, a_screen: Opener
) -> None:
    last = await write(node.db, team.lead, "missed", count=60)
    screens = [a_screen() for _ in range(25)]
    for seq, screen in enumerate(screens, 1):
        screen.position = (seq, await node_hash(node, team, seq))
    await asyncio.gather(*(screen.connect() for screen in screens))
    await asyncio.gather(*(screen.reaches(last) for screen in screens))
    assert all((screen.doubled, screen.skipped) == (0, 0) for screen in screens)
    assert node.counters.range_reads <= 3


@pytest.mark.parametrize("behind", [1_000, 1_001])
async def test_a_thousand_events_are_replayed_and_more_are_not(
    node: Node, team: Team, a_screen: Opener, behind: int
) -> None:
    last = await write(node.db, team.lead, ".", count=1_001)
    screen = a_screen()
    screen.position = (last - behind, await node_hash(node, team, last - behind))
    await screen.connect()
    assert screen.hello["teams"][0]["mode"] == ("replay" if behind == 1_000 else "snapshot")
    await screen.reaches(last)


async def test_more_bytes_than_a_client_is_owed_at_once_are_a_snapshot(
    node: Node, team: Team, a_screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "REPLAY_BYTES", 50_000)
    await write(node.db, team.lead, "x" * 10_000, count=10)
    screen = a_screen()
    screen.position = (1, await node_hash(node, team, 1))
    await screen.connect()
    assert screen.hello["teams"][0]["mode"] == "snapshot"


@pytest.mark.parametrize("at", [3, 10])
async def test_a_screen_that_saw_another_past_resyncs(
    node: Node, team: Team, a_screen: Opener, at: int
) -> None:
    await write(node.db, team.lead, "past", count=10)
    screen = a_screen()
    screen.position = (at, WRONG)
    await screen.connect()
    assert screen.hello["teams"][0]["mode"] == "resync"
    assert screen.position == (10, await node_hash(node, team, 10))


async def test_a_screen_that_is_ahead_of_the_log_resyncs(
    node: Node, team: Team, a_screen: Opener
) -> None:
    await write(node.db, team.lead, "past", count=10)
    screen = a_screen()
    screen.position = (11, WRONG)
    await screen.connect()
    assert screen.hello["teams"][0]["mode"] == "resync"


async def test_a_screen_that_is_only_ahead_of_this_node_is_not_told_to_resync(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen() as stays:
        node.bus.unsubscribe(team.id)  # what is written now, this node does not hear of
        last = await write(node.db, team.lead, "seen elsewhere", count=3)
        screen = a_screen()
        screen.position = (last, await node_hash(node, team, last))
        await screen.connect()
        assert screen.hello["teams"][0]["mode"] == "live"
        await stays.reaches(last)


async def test_another_teams_log_is_denied(team: Team, a_screen: Opener) -> None:
    screen = a_screen()
    other = uuid4()
    screen._auth = lambda: {  # type: ignore[method-assign]  # as no screen of ours would ask
        "token": screen.token,
        "subs": [{"team": str(team.id)}, {"team": str(other), "s": 0, "h": WRONG}],
    }
    await screen.connect()
    ours, theirs = screen.hello["teams"]
    assert (ours["team"], ours["mode"]) == (str(team.id), "snapshot")
    assert theirs == {"team": str(other), "mode": "denied"}
    envelope = await screen.call("resume", {"team": str(other), "s": 0, "h": WRONG})
    assert envelope == {"success": True, "data": {"team": str(other), "mode": "denied"}}


async def test_a_screen_resumes_on_the_socket_it_has(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen() as screen:
        await write(node.db, team.lead, "one", count=5)
        await screen.reaches(5)
        screen.position = (2, screen.log[1].h)
        del screen.log[2:]
        assert (await screen.resume())["mode"] == "replay"
        await screen.reaches(5)
        assert [seen.seq for seen in screen.log] == [1, 2, 3, 4, 5]
        assert (await screen.resume())["mode"] == "live"


@pytest.mark.parametrize(
    ("payload", "about"),
    [
        (None, "object"),
        ([], "object"),
        ({}, "team"),
        ({"team": "x"}, "team"),
        ({"team": 5}, "team"),
        ({"team": str(uuid4()), "s": -1, "h": ""}, "s:"),
        ({"team": str(uuid4()), "s": True, "h": ""}, "s:"),
        ({"team": str(uuid4()), "s": 2**63, "h": ""}, "s:"),
        ({"team": str(uuid4()), "s": 1}, "h:"),
        ({"team": str(uuid4()), "s": 1, "h": "f" * 65}, "h:"),
    ],
)
async def test_a_resume_that_makes_no_sense_is_refused(
    a_screen: Opener, payload: object, about: str
) -> None:
    async with a_screen() as screen:
        envelope = await screen.call("resume", payload)
        assert not envelope["success"]
        assert envelope["error"]["code"] == "VALIDATION_ERROR"
        assert about in envelope["error"]["message"]


async def test_heartbeats_carry_the_head(node: Node, team: Team, a_screen: Opener) -> None:
    async with a_screen() as screen:
        last = await write(node.db, team.lead, "one")
        await screen.reaches(last)
        node.rooms.beat()
        await until(lambda: bool(screen.beats))
        assert screen.beats[0]["teams"] == {str(team.id): [last, screen.log[-1].h]}
        assert "stale" not in screen.beats[0]


async def test_those_outside_the_audience_get_a_tombstone_and_keep_count(
    node: Node, team: Team, a_screen: Opener
) -> None:
    insider, outsider = a_screen(team.agent), a_screen(team.lead)
    await insider.connect()
    await outsider.connect()
    private = await write(
        node.db, team.agent, "between us", audience=f"private:{team.agent.user_id}"
    )
    public = await write(node.db, team.agent, "for all")
    await insider.reaches(public)
    await outsider.reaches(public)
    assert [seen.event["k"] for seen in outsider.log] == ["-", "note.created"]
    assert outsider.log[0].event == {
        "t": str(team.id),
        "s": private,
        "h": insider.log[0].h,
        "k": "-",
    }
    assert insider.log[0].event["d"]["text"] == "between us"

    await outsider.disconnect()
    outsider.position, outsider.log = (0, WRONG), []
    await outsider.connect()
    await outsider.reaches(public)
    assert [seen.event["k"] for seen in outsider.log] == ["-", "note.created"]


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        (None, "AUTH_REQUIRED"),
        ("token", "AUTH_REQUIRED"),
        ({}, "AUTH_REQUIRED"),
        ({"token": 5}, "AUTH_REQUIRED"),
        ({"token": "nobody"}, "AUTH_REQUIRED"),
        ({"token": "expired"}, "TOKEN_EXPIRED"),
        ({"token": "away"}, "UNAVAILABLE"),
        ({"token": "broken"}, "INTERNAL"),
        ({"token": "x", "proto": 0}, "PROTO_TOO_OLD"),
        ({"token": "x", "proto": "1"}, "PROTO_TOO_OLD"),
        ({"token": "x", "subs": {}}, "VALIDATION_ERROR"),
        ({"token": "x", "subs": [5]}, "VALIDATION_ERROR"),
        ({"token": "x", "subs": [{"team": str(uuid4())}] * 51}, "VALIDATION_ERROR"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    node: Node, a_screen: Opener, auth: object, code: str
) -> None:
    screen = a_screen()
    screen._auth = lambda: auth  # type: ignore[assignment, method-assign, return-value]
    with pytest.raises(Refused) as refused:
        await screen.connect()
    assert refused.value.data["code"] == code
    assert refused.value.message == refused.value.data["message"]
    assert ("retry_ms" in refused.value.data) == (code == "UNAVAILABLE")
    assert node.counters.refusals[code] == 1


async def test_a_newer_client_is_answered_in_our_protocol(a_screen: Opener) -> None:
    screen = a_screen()
    screen._auth = lambda: {"token": screen.token, "proto": 9}  # type: ignore[method-assign]
    assert (await screen.connect())["proto"] == 1


async def test_a_client_that_leaves_while_it_is_looked_up_leaves_nothing(
    node: Node, team: Team, a_screen: Opener
) -> None:
    screen = a_screen(token="slow " + token_of(team.agent))
    connecting = asyncio.create_task(screen.connect())
    await until(lambda: node.gateway._server.manager.rooms != {})
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    await until(lambda: node.counters.sockets == 0)
    await asyncio.sleep(0.5)
    assert node.gateway._members == {}
    assert node.gateway._server.manager.rooms == {}


async def test_a_poller_that_says_goodbye_while_it_is_looked_up_leaves_nothing(
    node: Node, team: Team, session: aiohttp.ClientSession
) -> None:
    poll = f"{node.url}/socket.io/?EIO=4&transport=polling"
    sid = orjson.loads((await (await session.get(poll)).text())[1:])["sid"]
    auth = orjson.dumps({"token": "slow " + token_of(team.agent)}).decode()
    connecting = asyncio.create_task(session.post(f"{poll}&sid={sid}", data=f"40{auth}"))
    await until(lambda: node.gateway._server.manager.rooms != {})
    await session.post(f"{poll}&sid={sid}", data="1")
    await connecting
    assert node.gateway._members == {}
    server = node.gateway._server
    assert (server.manager.rooms, server.manager.pending_connect) == ({}, {})
    assert (server.environ, server._strangers) == ({}, {})


async def test_nobody_is_left_behind_after_screens_come_and_go(
    node: Node, a_screen: Opener
) -> None:
    screens: list[Screen] = [a_screen() for _ in range(20)]
    await asyncio.gather(*(screen.connect() for screen in screens))
    assert node.counters.sockets == 20
    await asyncio.gather(*(screen.disconnect() for screen in screens))
    await until(lambda: node.counters.sockets == 0)
    server = node.gateway._server
    await until(lambda: not server.eio.sockets)
    assert (node.gateway._members, server.manager.rooms, server.environ) == ({}, {}, {})
    [room] = node.rooms._rooms.values()
    assert room.members == {}


async def node_hash(node: Node, team: Team, seq: int) -> str:
    h = await node.db.fetchval(
        "SELECT encode(h, 'hex') FROM events WHERE team_id = $1 AND seq = $2", team.id, seq
    )
    return str(h or WRONG)
