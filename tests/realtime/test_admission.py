"""A herd is let in at the pace the node can take; who would wait too long is told when to come."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import MemoryBus, MemoryHub
from channels.gateway.admission import LINE_SECONDS, Admission, Full
from db.database import Database
from tests.factories import Team
from tests.realtime.nodes import serving, token_of, until
from tests.realtime.simulated import simulate
from tests.screens import Refused, Screen


@dataclass
class Herd:
    """Clients that do as they are told, and what came of it."""

    admission: Admission
    work: Callable[[], Awaitable[None]]
    began: float
    waits: list[float] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)

    async def come(self) -> None:
        for attempt in range(1, 20):
            asked = _now()
            try:
                async with self.admission.place():
                    self.waits.append(_now() - asked)
                    await self.work()
            except Full:
                await asyncio.sleep(self.admission.retry_ms() / 1000)
            else:
                self.tries.append(attempt)
                return
        raise AssertionError("never let in")

    @property
    def seconds(self) -> float:
        return _now() - self.began


def _now() -> float:
    return asyncio.get_running_loop().time()


async def a_herd(size: int, admission: Admission, work: Callable[[], Awaitable[None]]) -> Herd:
    herd = Herd(admission, work, _now())
    await asyncio.gather(*(herd.come() for _ in range(size)))
    return herd


@pytest.mark.parametrize(("size", "seconds_each"), [(100, 0.05), (5_000, 0.003), (1, 1.0)])
def test_what_a_node_can_take_in_time_is_sent_away_not_once(size: int, seconds_each: float) -> None:
    async def story() -> None:
        admission = Admission(Counters(), at_once=8)
        herd = await a_herd(size, admission, lambda: asyncio.sleep(seconds_each))
        assert set(herd.tries) == {1}
        assert len(herd.waits) == size

    simulate(story())


def test_a_herd_beyond_that_is_spread_over_the_time_it_needs() -> None:
    """3,000 at 20 ms each, eight at once, take 7.5 s; a node that slow says so to the last ones."""

    async def story() -> None:
        admission = Admission(Counters(), at_once=8)
        for _ in range(10):  # it has seen some already, and knows its pace
            await a_herd(100, admission, lambda: asyncio.sleep(0.02))
        herd = await a_herd(3_000, admission, lambda: asyncio.sleep(0.02))
        assert max(herd.waits) < LINE_SECONDS * 2
        assert 1 < max(herd.tries) <= 4
        assert herd.seconds < 7.5 * 3

    simulate(story())


def test_those_sent_away_are_told_different_moments() -> None:
    async def story() -> None:
        admission = Admission(Counters())
        moments = sorted(admission.retry_ms() for _ in range(1_000))
        assert moments[0] >= 900
        assert moments[-1] - moments[0] > 300
        assert len(set(moments)) > 200

    simulate(story())


def test_who_stops_waiting_gives_the_place_to_the_next() -> None:
    async def story() -> None:
        admission = Admission(Counters(), at_once=1)
        order: list[str] = []

        async def stay(name: str, seconds: float) -> None:
            async with admission.place():
                order.append(name)
                await asyncio.sleep(seconds)

        first, second, third = (
            asyncio.create_task(stay(name, 1.0)) for name in ("first", "second", "third")
        )
        await asyncio.sleep(0.5)
        second.cancel()
        await asyncio.gather(first, third)
        assert order == ["first", "third"]
        await stay("again", 0.0)  # nothing of a place was lost

    simulate(story())


def test_a_turn_that_meets_a_cancellation_is_not_lost() -> None:
    async def story() -> None:
        admission = Admission(Counters(), at_once=1)
        async with admission.place():
            waiting = asyncio.create_task(_pass_through(admission))
            await asyncio.sleep(0)
        waiting.cancel()  # in the very step in which its turn came
        await asyncio.gather(waiting, return_exceptions=True)
        await _pass_through(admission)

    simulate(story())


async def _pass_through(admission: Admission) -> None:
    async with asyncio.timeout(1), admission.place():
        pass


async def test_sockets_wait_for_their_turn_and_the_rest_is_told_when_to_come(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    counters = Counters()
    admission = Admission(counters, at_once=1, seconds=0.0)
    bus = MemoryBus(MemoryHub())
    async with serving(db, bus, counters, Supervisor(counters), admission=admission) as node:
        slow = f"slow {token_of(team.agent)}"
        screens = [Screen(session, node.url, slow, team.id) for _ in range(4)]
        outcomes = await asyncio.gather(
            *(screen.connect() for screen in screens), return_exceptions=True
        )
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert len(refusals) == 2  # one was inside, one in the line
        for refusal in refusals:
            assert refusal.data["code"] == "UNAVAILABLE"
            assert refusal.data["retry_ms"] >= 900
        assert counters.refusals["UNAVAILABLE"] == 2
        assert counters.sign_ins_waited == 1
        for screen in screens:
            await screen.disconnect()
        await until(lambda: counters.sockets == 0)


async def test_who_leaves_while_waiting_costs_nobody_a_sign_in(
    db: Database, team: Team, session: aiohttp.ClientSession
) -> None:
    counters = Counters()
    admission = Admission(counters, at_once=1)
    bus = MemoryBus(MemoryHub())
    async with serving(db, bus, counters, Supervisor(counters), admission=admission) as node:
        first = Screen(session, node.url, f"slow {token_of(team.agent)}", team.id)
        arriving = asyncio.create_task(first.connect())
        await asyncio.sleep(0.05)
        async with session.ws_connect(f"{node.url}/socket.io/?EIO=4&transport=websocket") as ws:
            await ws.receive_str()
            await ws.send_str(f'40{{"token":"slow {token_of(team.lead)}"}}')
            await until(lambda: counters.sign_ins_waited == 1)
        await arriving
        await until(lambda: counters.sockets == 1)
        assert len(node.gateway._members) == 1
        await first.disconnect()
