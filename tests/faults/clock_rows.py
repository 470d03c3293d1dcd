"""Row 12: the nodes' clocks are wrong by ten minutes, one ahead and one behind."""

import asyncio
from datetime import timedelta
from pathlib import Path

from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale, token_of

SKEWS = ("+600", "-600")  # seconds
PLACES = ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib")


def libfaketime() -> str | None:
    """The library that tells a process another time."""
    for place in PLACES:
        for found in Path(place).glob("**/faketime/libfaketime.so.1"):
            return str(found)
    return None


async def skewed(office: Office, scale: Scale, verdict: Verdict) -> None:
    library = libfaketime()
    assert library is not None, "libfaketime is not installed"
    for node, skew in zip(office.nodes, SKEWS, strict=True):
        await node.stop()
        node.environment |= {
            "LD_PRELOAD": library,
            "FAKETIME": f"{skew}s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        node.readiness = "/healthz"  # /readyz says that its clock is wrong
        await node.start()
    offsets = [await _offset(office, node.url) for node in office.nodes]
    statuses = [await _status(office, f"{node.url}/readyz") for node in office.nodes]
    people = await office.people(scale.clients)
    async with office.written(scale.writes):
        await asyncio.sleep(scale.seconds / 2)
        for client in people[::2]:
            client.cut()
        await asyncio.sleep(scale.seconds / 2)
    await office.settle()
    wrong = 0
    for lifetime, expected in ((timedelta(minutes=2), 200), (timedelta(minutes=-2), 401)):
        token = await token_of(office.db, office.team.agent, lifetime)
        for node in office.nodes:
            wrong += await _status(office, f"{node.url}/v1/auth/me", token) != expected
    verdict.mark("nodes that say their clock is wrong", statuses.count(503), least=2)
    measured = max(abs(abs(offset) - 600) for offset in offsets)
    verdict.mark("the offset they measured, away from 600 s", measured, most=1, unit="s")
    verdict.mark("tokens judged by the wrong clock", wrong, most=0)
    await office.judge(verdict)


async def _status(office: Office, url: str, token: str | None = None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with office.session.get(url, headers=headers) as answer:
        return answer.status


async def _offset(office: Office, url: str) -> float:
    """As the node's metrics tell it."""
    for _ in range(100):
        async with office.session.get(f"{url}/metrics") as answer:
            for line in (await answer.text()).splitlines():
                name, _, value = line.partition(" ")
                if name == "homeroom_clock_offset_seconds" and float(value):
                    return float(value)
        await asyncio.sleep(0.1)
    return 0.0
