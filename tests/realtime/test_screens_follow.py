"""What a connected screen sees."""

from tests.factories import Team
from tests.realtime.conftest import Opener
from tests.realtime.nodes import Node, write


async def test_a_screen_sees_what_a_colleague_writes(team: Team, a_screen: Opener) -> None:
    async with a_screen(team.agent) as screen, a_screen(team.lead) as colleague:
        answer = await colleague.call("notes:write", {"text": "closed today"})

        seen = await screen.sees("note.created", text="closed today")
        assert seen.seq == answer["data"]["seq"]
        assert seen.event["a"] == {"id": str(team.lead.user_id), "name": team.lead.name}
        await screen.sees_nothing()


async def test_events_of_one_tick_arrive_in_order_and_once(
    node: Node, team: Team, a_screen: Opener
) -> None:
    async with a_screen() as screen:
        last = await write(node.db, team.lead, "batch", count=250)
        await screen.reaches(last)
        assert [seen.seq for seen in screen.log] == list(range(last - 249, last + 1))
        assert (screen.doubled, screen.skipped) == (0, 0)
