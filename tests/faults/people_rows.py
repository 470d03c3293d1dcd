"""Row 19: people are removed in the middle of a burst, and while they are coming in."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson

from domains.kit.actor import Actor, Role
from tests.factories import new_member
from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale, token_of
from tests.screens import Closed, Refused, Screen

INTERLEAVINGS = 10_000
SOCKETS = 2  # of each person on each node
MOST = 15  # that somebody opens who goes on coming: beyond twenty the oldest is replaced
STAYS = 15.0  # seconds after which a socket counts as one that stays

Ending = Callable[[Office, Actor], Awaitable[int | None]]
Seat = tuple[Screen, "asyncio.Task[float | None]"]


@dataclass(slots=True)
class Figures:
    """What the removals came to."""

    leaked: int = 0
    stayed: int = 0
    removed: list[float] = field(default_factory=list)  # seconds until the last socket was out
    disabled: list[float] = field(default_factory=list)


async def cut_off(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Half the people are cut off with Redis up, half after it was killed."""
    await simulated(office, verdict)
    await office.people(scale.clients)
    rounds = 40 if scale.full else 4
    up, down = Figures(), Figures()
    async with office.written(scale.writes):
        for _ in range(rounds):
            await cut_one_off(office, up)
        office.redis.kill()
        for _ in range(rounds):
            await cut_one_off(office, down)
        await office.restart_redis()
    await office.settle()
    verdict.mark("people cut off while events go out", 4 * rounds, least=1)
    verdict.mark("events with a number after the removal", up.leaked + down.leaked, most=0)
    verdict.mark("sockets that stayed", up.stayed + down.stayed, most=0)
    for name, figures in (("Redis up", up), ("Redis down", down)):
        verdict.mark(f"removed: last socket out, {name}", max(figures.removed), most=2.2, unit="s")
        verdict.mark(f"disabled: last socket out, {name}", max(figures.disabled), most=5, unit="s")
    await office.judge(verdict)


async def simulated(office: Office, verdict: Verdict) -> None:
    """The interleavings of rooms in memory, in a process of their own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.realtime.races", str(office.seed), str(INTERLEAVINGS)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    tally = orjson.loads(said)
    verdict.mark("interleavings of join, removal, role and burst", tally["runs"], least=10_000)
    verdict.mark("joins in them that met a removal", tally["denied"], least=1)
    for kind in ("leaked", "overseen", "stayed", "wronged"):
        verdict.mark(f"in them {kind}", tally[kind], most=0)


async def cut_one_off(office: Office, figures: Figures) -> None:
    """Somebody is removed from the team, then somebody else disabled altogether."""
    leaver = await new_member(office.db, office.team.id, Role.AGENT)
    figures.removed.append(await _cut(office, figures, leaver, remove))
    disabled = await new_member(office.db, office.team.id, Role.AGENT)
    figures.disabled.append(await _cut(office, figures, disabled, disable))


async def remove(office: Office, person: Actor) -> int:
    """The number of the event that says so."""
    url = f"{office.chance.choice(office.nodes).url}/v1/teams/current/members/{person.user_id}"
    headers = {"Authorization": f"Bearer {office.token}"}
    async with office.session.delete(url, headers=headers) as answer:
        body = await answer.json()
        seq: int = body["meta"]["seq"]
        return seq


async def disable(office: Office, person: Actor) -> None:
    """By hand, which tells no node; the log says nothing about it."""
    async with office.db.transaction() as rows:
        sql = "UPDATE users SET disabled_at = now() WHERE id = $1"
        await rows.execute(sql, person.user_id)


async def _cut(office: Office, figures: Figures, person: Actor, end: Ending) -> float:
    """Cut somebody off who is in on every node and goes on coming; seconds until all was out."""
    token = await token_of(office.db, person)
    seats = [await _enter(office, node.url, token) for node in office.nodes for _ in range(SOCKETS)]
    coming = [asyncio.create_task(_keep_coming(office, n.url, token)) for n in office.nodes]
    await asyncio.sleep(office.chance.uniform(0.1, 0.4))
    removal = await end(office, person)
    began = time.monotonic()
    for came in await asyncio.gather(*coming):
        seats += came
    ends = await asyncio.gather(*(out for _, out in seats))
    figures.stayed += ends.count(None)
    for screen, _ in seats:
        if removal is not None:
            figures.leaked += sum(seen.seq > removal for seen in screen.log)
        await screen.disconnect()
    return max(at - began for at in ends if at is not None)


async def _enter(office: Office, url: str, token: str) -> Seat:
    """A socket, and when it is out; raise Refused."""
    screen = Screen(office.session, url, token, office.team.id)
    await screen.connect()
    return screen, asyncio.create_task(_out(screen))


async def _keep_coming(office: Office, url: str, token: str) -> list[Seat]:
    """Open sockets until one is refused."""
    seats: list[Seat] = []
    try:
        while len(seats) < MOST:
            seats.append(await _enter(office, url, token))
            await asyncio.sleep(office.chance.uniform(0.01, 0.1))
    except (Refused, Closed):
        return seats
    return seats


async def _out(screen: Screen) -> float | None:
    try:
        await screen.closed(within=STAYS)
    except TimeoutError:
        return None
    return time.monotonic()
