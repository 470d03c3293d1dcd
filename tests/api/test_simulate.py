"""Simulated agents against a whole server: they work, collide, wait and give up as people would."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from db.events import first_bad, heads
from server.demo.acts import Act
from server.demo.client import Away, Client, Refused
from server.demo.people import ANA, BEN, HOME, id_of
from server.demo.seed import seed
from server.demo.simulate import Agent, Plan, Tally, simulate
from tests.api.test_demo import PASSWORD, empty_database
from tests.api.whole_server import WholeServer, whole_server
from tests.conftest import Servers

TEAM = id_of(HOME.name)


@pytest.fixture(scope="module")
async def office(servers: Servers) -> AsyncIterator[WholeServer]:
    """A server of its own, with the demo in it."""
    async with empty_database(servers, "simulated") as desk:
        await seed(desk.services, PASSWORD)
        name = await desk.db.fetchval("SELECT current_database()")
        url = f"{servers.postgres.rpartition('/')[0]}/{name}"
        async with whole_server(url, servers.redis) as server:
            yield server


@pytest.fixture
def plan(office: WholeServer) -> Plan:
    return Plan(office.url, PASSWORD, pace=0.1, minutes=0.05, agents=4, seed=1)


async def test_agents_fill_the_log_with_what_they_say_they_did(
    plan: Plan, office: WholeServer
) -> None:
    db, said = office.db, list[str]()
    before = (await heads(db, [TEAM]))[TEAM].seq
    tally = await simulate(plan, said.append)
    assert tally.refused == 0
    assert tally.acts >= 10
    # When the time is up, an agent may be cut off between the commit and its answer.
    logged = (await heads(db, [TEAM]))[TEAM].seq - before
    assert tally.acts <= logged <= tally.acts + plan.agents
    assert len(said) == tally.acts + tally.reread + 1
    assert f"{tally.acts} acts" in said[-1]
    assert await first_bad(db, TEAM) is None


async def test_the_calendar_has_what_lies_ahead(office: WholeServer) -> None:
    rows = await office.db.fetch(
        """
        SELECT a.*, (SELECT count(*) FROM appointment_stops AS s WHERE s.appointment_id = a.id)
            AS stops
        FROM appointments AS a
        WHERE a.team_id = $1 AND a.starts_at > now() AND a.description LIKE 'Demo, built%'
        """,
        TEAM,
    )
    assert len(rows) >= 20
    assert sum(row["overlap_reason"] is not None for row in rows) == 1
    assert [row["stops"] for row in rows if row["stops"]] == [3]


async def test_an_agent_who_was_slower_reads_again(plan: Plan) -> None:
    said: list[str] = []
    async with aiohttp.ClientSession() as http:
        ana, ben = (Client(http, plan.url, p.email, PASSWORD) for p in (ANA, BEN))
        await ana.sign_in()
        await ben.sign_in()
        (listing,) = await ana.read("/listings", {"status": "active", "limit": "1"})
        path = f"/listings/{listing['id']}"
        await ben.write("PATCH", path, {"list_price": 1_000_000, "version": listing["version"]})
        tally = Tally()
        agent = Agent(ana, plan, 0, tally, said.append)
        stale = Act(
            "lowered it", "PATCH", path, {"list_price": 900_000, "version": listing["version"]}
        )
        assert not await agent._do(stale)
        now = await ana.read(path, {})
    assert now["list_price"] == 1_000_000
    assert tally.reread == 1
    assert "Ben Demo" in said[0]


async def test_a_token_that_expired_is_renewed_on_the_way(plan: Plan) -> None:
    async with aiohttp.ClientSession() as http:
        ana = Client(http, plan.url, ANA.email, PASSWORD)
        await ana.sign_in()
        ana._access = "worn out"
        assert await ana.read("/listings", {"limit": "1"})
        assert ana._access != "worn out"
        ana._access = ana._refresh = "x" * 43
        assert await ana.read("/listings", {"limit": "1"})


async def test_a_wrong_password_is_told_at_once(plan: Plan) -> None:
    with pytest.raises(Refused, match="AUTH_REQUIRED"):
        await simulate(replace(plan, password="not the password"), print)


async def test_a_server_that_is_not_there_is_given_up_on(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.demo.client.TRIES", 2)
    nowhere = replace(plan, url=f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(Away, match="does not answer"):
        await simulate(nowhere, print)


async def test_agents_stop_at_once_when_they_are_told_to(plan: Plan) -> None:
    said: list[str] = []
    begun = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        begun.set()

    work = asyncio.create_task(simulate(replace(plan, minutes=10), say))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert "acts in" in said[-1]


@pytest.mark.parametrize(
    "wrong", [{"pace": 0.0}, {"pace": 1e9}, {"minutes": 0.0}, {"agents": 0}, {"agents": 500}]
)
def test_a_plan_has_bounds(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="is between"):
        Plan("http://localhost", PASSWORD, **wrong)  # type: ignore[arg-type]  # agents is an int
