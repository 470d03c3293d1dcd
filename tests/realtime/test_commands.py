"""Commands over a socket: REST's envelope comes back, in order, and nobody waits for a neighbor."""

import asyncio
from typing import Any

import pytest

from channels.base import limits
from tests.factories import Team
from tests.realtime.conftest import Opener
from tests.realtime.nodes import Node, until


async def test_the_answer_is_the_envelope(team: Team, a_screen: Opener) -> None:
    async with a_screen(team.lead) as screen:
        said = {"text": "für Ana 🏡", "n": 1.5, "none": None}
        assert await screen.call("notes:echo", said) == {
            "success": True,
            "data": {"name": team.lead.name, "payload": said},
        }


async def test_no_payload_is_an_empty_one(a_screen: Opener) -> None:
    async with a_screen() as screen:
        assert (await screen.call("notes:echo"))["data"]["payload"] == {}


@pytest.mark.parametrize("payload", [5, "text", True, [], [{}]])
async def test_a_payload_that_is_no_object_is_refused(a_screen: Opener, payload: Any) -> None:
    async with a_screen() as screen:
        envelope = await screen.call("notes:echo", payload)
        assert envelope["success"] is False
        assert envelope["error"]["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("name", ["notes:nope", "connect", "disconnect", "hello", "", "x" * 5000])
async def test_a_command_that_is_not_there_is_not_found(a_screen: Opener, name: str) -> None:
    async with a_screen() as screen:
        envelope = await screen.call(name, {})
        assert envelope["error"]["code"] == "NOT_FOUND"
        assert screen.connected


async def test_a_fault_of_ours_is_logged_and_says_nothing_about_itself(
    a_screen: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_screen() as screen:
        envelope = await screen.call("notes:fail", {"why": "secret detail"})
        assert envelope["error"]["code"] == "INTERNAL"
        assert "secret" not in str(envelope)
        assert "secret detail" in caplog.text
        assert (await screen.call("notes:echo"))["success"]


NO_COMMANDS = [
    "", "{}", "[]", "[5]", '["notes:echo",{},{}]', '["notes:echo"', '["notes:echo",{"x":NaN}]',
    '["notes:echo",{"x":"\\ud800"}]', '["notes:echo",' + "[" * 5000 + "]" * 5000 + "]",
]  # fmt: skip


@pytest.mark.parametrize("arguments", NO_COMMANDS, ids=lambda arguments: repr(arguments[:30]))
async def test_what_is_no_command_is_refused_and_the_socket_stays(
    a_screen: Opener, arguments: str
) -> None:
    async with a_screen() as screen:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        screen._acks[77] = answer
        await screen.say(f"4277{arguments}")
        envelope = await asyncio.wait_for(answer, 5)
        assert envelope["error"]["code"] == "VALIDATION_ERROR"
        assert screen.connected


async def test_a_clients_commands_run_in_order(a_screen: Opener) -> None:
    async with a_screen() as screen:
        waits = [0.05, 0.0, 0.02, 0.0]
        calls = [
            asyncio.create_task(screen.call("notes:wait", {"seconds": wait, "n": n}))
            for n, wait in enumerate(waits)
        ]
        done = []
        for call in calls:
            call.add_done_callback(lambda task: done.append(calls.index(task)))
        await asyncio.gather(*calls)
        assert done == [0, 1, 2, 3]


async def test_a_slow_command_keeps_neither_pings_nor_others_waiting(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen() as screen, a_screen(team.lead) as other:
        slow = asyncio.create_task(screen.call("notes:wait", {"seconds": 1.0}))
        await asyncio.sleep(0.05)
        socket: Any = node.gateway._members[screen.hello["conn"]].road
        socket.last_ping = 1.0  # as if a ping were out
        await screen.say("3")
        await until(lambda: socket.last_ping is None, 0.5)
        async with asyncio.timeout(0.5):
            assert (await other.call("notes:write", {"text": "meanwhile"}))["success"]
            await screen.sees("note.created", text="meanwhile")
        assert not slow.done()
        assert (await slow)["success"]


async def test_too_many_commands_at_once_are_refused_not_kept(
    a_screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMMANDS_WAITING", 4)
    async with a_screen() as screen:
        first = asyncio.create_task(screen.call("notes:wait", {"seconds": 0.2}))
        await asyncio.sleep(0.05)
        envelopes = await asyncio.gather(*(screen.call("notes:echo") for _ in range(10)))
        refused = [e["error"]["code"] for e in envelopes if not e["success"]]
        assert refused == ["RATE_LIMITED"] * 6
        assert (await first)["success"]


async def test_large_answers_are_not_piled_up_for_a_client_that_does_not_read(
    node: Node, a_screen: Opener
) -> None:
    async with a_screen() as screen:
        member = node.gateway._members[screen.hello["conn"]]
        calls = [
            asyncio.create_task(screen.call("notes:large", {"bytes": 200_000})) for _ in range(20)
        ]
        most = 0
        while not all(call.done() for call in calls):
            most = max(most, member.road.owed_bytes)
            await asyncio.sleep(0)
        assert all(envelope["success"] for envelope in await asyncio.gather(*calls))
        assert most < 400_000


async def test_commands_not_begun_are_dropped_with_their_socket(
    node: Node, a_screen: Opener
) -> None:
    screen = a_screen()
    await screen.connect()
    for _ in range(5):
        await screen.say('42["notes:wait",{"seconds":0.2}]')
    await until(lambda: node.counters.commands == 1)
    await screen.disconnect()
    await until(lambda: node.counters.sockets == 0)
    await asyncio.sleep(0.5)
    assert node.counters.commands == 1
    assert node.gateway._commands._lines == {}
