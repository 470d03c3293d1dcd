"""Row 8: a node is cut off from Redis or Postgres, both ways or one way, and nobody says so."""

import asyncio
import time
from contextlib import AsyncExitStack

from tests.faults.crowd import Client
from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale, beside
from tests.faults.proxy import Proxy, proxied

CALM_SECONDS = 3.0


async def partitioned(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Every way to part one node from what it needs, one after the other, under load."""
    cut_off, _ = office.nodes
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(proxied("127.0.0.1", office.redis.port))
        postgres = await stack.enter_async_context(proxied("127.0.0.1", office.postgres.port))
        cut_off.environment["REDIS_URL"] = beside(office.redis.url, redis.port)
        cut_off.environment["DATABASE_URL"] = beside(office.postgres.url, postgres.port)
        await cut_off.stop()
        await cut_off.start()
        people = await office.people(scale.clients, lambda: cut_off.port)
        writers = office.writing(lambda: office.nodes[1].url)
        task = asyncio.create_task(writers.run(8, scale.writes))
        for name, proxy, up, down in _ways(redis, postgres):
            await asyncio.sleep(CALM_SECONDS)
            for client in people:
                client.stale = False
                client.said.clear()
            parted = time.time()
            proxy.part(up=up, down=down)
            told = await _told(people, scale.seconds) if proxy is postgres else 0.0
            await asyncio.sleep(max(0.0, parted + scale.seconds - time.time()))
            if proxy is redis:
                lag = office.lag(100, parted + CALM_SECONDS, time.time())
                verdict.mark(f"{name}: slowest event", lag, most=3, unit="s")
            else:
                verdict.mark(f"{name}: clients told after", told, most=12, unit="s")
            proxy.heal()
        await asyncio.sleep(CALM_SECONDS)
        writers.stop()
        await task
        await office.settle()
        verdict.mark("writes given up", writers.abandoned, most=0)
        await office.judge(verdict)
        for client in people:
            await client.stop()


def _ways(redis: Proxy, postgres: Proxy) -> list[tuple[str, Proxy, bool, bool]]:
    return [
        ("no Redis", redis, True, True),
        ("Redis does not hear", redis, True, False),
        ("Redis is not heard", redis, False, True),
        ("no Postgres", postgres, True, True),
        ("Postgres is not heard", postgres, False, True),
    ]


async def _told(people: list[Client], within: float) -> float:
    """Seconds until every client knows that its node is behind: by a stale heartbeat or a close."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        if all(client.stale or not client.live.is_set() for client in people):
            break
        await asyncio.sleep(0.05)
    return time.monotonic() - began
