"""Who was removed from a team hears nothing that came after."""

import asyncio

import pytest

from domains.kit.actor import Role
from tests.factories import Team
from tests.realtime.conftest import Opener
from tests.realtime.nodes import Node, token_of, until, write
from tests.screens import Closed, Refused


async def test_a_removed_member_is_out_before_the_next_event(
    node: Node, team: Team, a_screen: Opener
) -> None:
    removed, stays = a_screen(team.agent), a_screen(team.lead)
    await removed.connect()
    await stays.connect()
    await write(node.db, team.owner, "before")
    revocation = await write(
        node.db, team.owner, "out", kind="member.removed", entity_id=team.agent.user_id
    )
    after = await write(node.db, team.owner, "after", count=50)
    await stays.reaches(after)
    await removed.closed()
    assert [seen.seq for seen in removed.log] == list(range(1, revocation + 1))
    assert node.counters.closes["revoked"] == 1


async def test_who_was_looked_up_before_the_removal_does_not_slip_in_after_it(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen(team.lead) as stays:
        revocation = await write(
            node.db, team.owner, "out", kind="member.removed", entity_id=team.agent.user_id
        )
        await stays.reaches(revocation)
        late = a_screen(team.agent)  # its token still opens the door of this test's node
        with pytest.raises(Refused) as refusal:
            await late.connect()
        assert refusal.value.data["code"] == "FORBIDDEN"


async def test_who_was_looked_up_before_the_removal_does_not_open_the_room_after_it(
    node: Node, team: Team, a_screen: Opener
) -> None:
    await write(node.db, team.owner, "out", kind="member.removed", entity_id=team.agent.user_id)
    with pytest.raises(Refused) as refusal:
        await a_screen(team.agent).connect()  # the first to come: nobody here heard of it
    assert refusal.value.data["code"] == "FORBIDDEN"


async def test_a_role_is_as_the_log_says_though_it_was_read_before_the_room_opened(
    node: Node, team: Team, a_screen: Opener
) -> None:
    agent = team.agent.user_id
    await write(node.db, team.owner, ".", kind="role.changed", entity_id=agent, role="viewer")
    async with a_screen(team.agent) as screen:
        assert node.gateway._members[screen.hello["conn"]].who.role is Role.VIEWER


async def test_a_session_from_before_the_removal_stays_out_when_the_person_is_back(
    node: Node, team: Team, a_screen: Opener
) -> None:
    for kind, role in [("member.removed", ""), ("member.joined", ""), ("role.changed", "lead")]:
        await write(node.db, team.owner, ".", kind=kind, entity_id=team.agent.user_id, role=role)
    with pytest.raises(Refused):
        await a_screen(team.agent).connect()


async def test_a_member_that_was_denied_on_the_way_is_shown_out(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen(team.agent) as screen:
        member = node.gateway._members[screen.hello["conn"]]
        node.rooms.leave(member)  # as one that never asked for its team's events
        removed = await write(
            node.db, team.owner, "out", kind="member.removed", entity_id=team.agent.user_id
        )
        await until(lambda: node.rooms._rooms[team.id].applied.seq == removed)
        await screen.resume()
        await screen.closed()
        assert node.counters.closes["revoked"] == 1


async def test_who_comes_back_is_let_in_again(node: Node, team: Team, a_screen: Opener) -> None:
    async with a_screen(team.lead) as stays:
        for kind in ("member.removed", "member.joined"):
            last = await write(node.db, team.owner, ".", kind=kind, entity_id=team.agent.user_id)
        await stays.reaches(last)
        async with a_screen(team.agent, token=token_of(team.agent, as_of=last)) as back:
            await write(node.db, team.owner, "welcome back")
            await back.sees("note.created", text="welcome back")


async def test_who_comes_back_is_let_in_though_this_node_has_not_heard_of_it(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen(team.lead) as stays:
        agent = team.agent.user_id
        removed = await write(node.db, team.owner, ".", kind="member.removed", entity_id=agent)
        await stays.reaches(removed)
        node.bus.unsubscribe(team.id)
        joined = await write(node.db, team.owner, ".", kind="member.joined", entity_id=agent)
        async with a_screen(team.agent, token=token_of(team.agent, as_of=joined)) as back:
            assert back.hello["teams"][0]["mode"] == "snapshot"


async def test_a_role_nobody_here_knows_counts_as_none(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen(team.agent) as screen:
        agent = team.agent.user_id
        await write(node.db, team.owner, ".", kind="role.changed", entity_id=agent, role="czar")
        await screen.closed()
        assert node.counters.closes["revoked"] == 1


async def test_a_changed_role_holds_for_the_next_command_on_an_open_socket(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen(team.agent) as screen:
        member = node.gateway._members[screen.hello["conn"]]
        last = await write(
            node.db,
            team.owner,
            "demoted",
            kind="role.changed",
            entity_id=team.agent.user_id,
            role="viewer",
        )
        await screen.reaches(last)
        assert member.who.role is Role.VIEWER

        again = a_screen(team.agent)  # looked up, as it were, before the change
        await again.connect()
        assert node.gateway._members[again.hello["conn"]].who.role is Role.VIEWER
        assert screen.connected


async def test_what_a_removed_member_asked_is_neither_answered_nor_begun(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen(team.agent) as screen:
        running = asyncio.create_task(screen.call("notes:wait", {"seconds": 0.5}))
        waiting = asyncio.create_task(screen.call("notes:write", {"text": "from outside"}))
        await until(lambda: node.counters.commands == 1)
        removed = await write(
            node.db, team.owner, "out", kind="member.removed", entity_id=team.agent.user_id
        )
        for call in (running, waiting):
            with pytest.raises(Closed):
                await call
        await asyncio.sleep(0.6)
        assert node.counters.commands == 1
        assert (await node.rooms._log.heads([team.id]))[team.id].seq == removed
