"""Agents who work on the demo team over HTTP, at a chosen pace: a room that can be seen alive."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import aiohttp
from typing_extensions import override

from server.demo.acts import Act, Day
from server.demo.client import Away, Client, Refused
from server.demo.errands import ERRANDS, Errand
from server.demo.people import HOME

Say = Callable[[str], None]

FASTEST, SLOWEST = 0.1, 600.0  # seconds
LONGEST_MINUTES = 24 * 60.0
MOST_AGENTS = 12
TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5)
CHOICE = 50  # records an agent looks at before choosing one
THINKING = 0.5  # of the pace: between reading and writing, when colleagues may be faster
LOOKS = 3  # at one record, before an agent leaves it to faster colleagues


@dataclass(frozen=True, slots=True)
class Plan:
    """`pace` is the mean pause of one agent between two acts, in seconds."""

    url: str
    password: str
    pace: float = 4.0
    minutes: float = 10.0
    agents: int = 3
    seed: int | None = None

    def __post_init__(self) -> None:
        bounds = (
            ("pace", self.pace, FASTEST, SLOWEST),
            ("minutes", self.minutes, 0.01, LONGEST_MINUTES),
            ("agents", self.agents, 1, MOST_AGENTS),
        )
        for name, value, least, most in bounds:
            if not least <= value <= most:
                raise ValueError(f"{name} is between {least:g} and {most:g}")


@dataclass(slots=True)
class Tally:
    """What was done. `reread` counts the times a colleague had been faster."""

    acts: int = 0
    reread: int = 0
    refused: int = 0
    started: float = field(default_factory=time.monotonic)

    @override
    def __str__(self) -> str:
        seconds = time.monotonic() - self.started
        return (
            f"{self.acts} acts in {seconds:.0f} s; "
            f"{self.reread} read again after a colleague was faster, {self.refused} refused"
        )


async def simulate(plan: Plan, say: Say) -> Tally:
    """Return when the time is up; cancelled (Ctrl-C), say the tally and stop at once.

    Raise Away when the server cannot be reached, Refused when it does not let the agents in.
    """
    tally = Tally()
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        clients = [Client(http, plan.url, _email(n), plan.password) for n in range(plan.agents)]
        for client in clients:
            await client.sign_in()
        try:
            async with asyncio.timeout(plan.minutes * 60):
                async with asyncio.TaskGroup() as group:
                    for number, client in enumerate(clients):
                        _ = group.create_task(Agent(client, plan, number, tally, say).work())
        except TimeoutError:
            pass
        finally:
            say(str(tally))
    return tally


def _email(number: int) -> str:
    """More agents than people: then somebody works at two screens."""
    lead, *others = HOME.people
    return [*others, lead][number % len(HOME.people)].email


class Agent:
    """One person at one screen, doing one thing after another."""

    def __init__(self, client: Client, plan: Plan, number: int, tally: Tally, say: Say) -> None:
        self._client = client
        self._pace = plan.pace
        self._rng = Random(None if plan.seed is None else f"{plan.seed} {number}")
        self._tally = tally
        self._say = say

    async def work(self) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / self._pace))
            try:
                await self._run(self._rng.choices(ERRANDS, [e.weight for e in ERRANDS])[0])
            except Away as away:
                self._tell(f"waits: {away}")
            except Refused as refused:
                self._tally.refused += 1
                self._tell(f"was refused: {refused.code}, {refused.message}")

    async def _run(self, errand: Errand) -> None:
        query = {"limit": str(CHOICE), **errand.query}
        records = await self._client.read(f"/{errand.plural}", query)
        if not records:
            return
        record = self._rng.choice(records)
        day = Day(datetime.now(UTC).date(), self._rng)
        for _ in range(LOOKS):
            act = errand.choose(record, day)
            if act is None:
                return
            await asyncio.sleep(self._pace * THINKING * self._rng.random())
            if await self._do(act):
                return
            record = await self._client.read(f"/{errand.plural}/{record['id']}", {})

    async def _do(self, act: Act) -> bool:
        """Write it and what follows from it; False when a colleague was faster."""
        following: Act | None = act
        while following is not None:
            try:
                record = await self._client.write(following.method, following.path, following.body)
            except Refused as refused:
                if refused.code not in {"VERSION_CONFLICT", "INVALID_TRANSITION"}:
                    raise
                self._tally.reread += 1
                self._tell(f"reads again: {refused.message}")
                return False
            self._tally.acts += 1
            self._tell(following.says)
            following = following.then(record) if following.then else None
        return True

    def _tell(self, what: str) -> None:
        self._say(f"{datetime.now().astimezone():%H:%M:%S}  {self._client.name} {what}")
