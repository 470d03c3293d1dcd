"""Rows 1, 2, 4: Redis dies, throws its subscribers out, is handed a monstrous message."""

import asyncio
import time

from redis.asyncio import Redis

from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale

CALM_SECONDS = 5.0
MONSTER = 40 * 1024 * 1024


async def redis_killed(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 1: kill -9 of Redis under load."""
    await office.people(scale.clients)
    async with office.written(scale.writes) as writers:
        await asyncio.sleep(CALM_SECONDS)
        office.redis.kill()
        down = time.time()
        await asyncio.sleep(scale.seconds)
        await office.restart_redis()
        up = time.time()
        await asyncio.sleep(2 * CALM_SECONDS)
    await office.settle()
    during = office.lag(99, down, up)
    after = office.lag(99, up + CALM_SECONDS)
    verdict.mark("p99 visible while Redis is away", during, most=1.0, unit="s")
    verdict.mark("p99 visible 5 s after it is back", after, most=0.1, unit="s")
    verdict.mark("failed writes", sum(writers.faults.values()) + writers.abandoned, most=0)
    await office.judge(verdict)


async def subscribers_thrown_out(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 2: CLIENT KILL TYPE pubsub, again and again."""
    await office.people(scale.clients)
    began = time.time()
    killed = 0
    async with office.written(scale.writes), Redis.from_url(office.redis.url) as redis:
        while time.time() - began < scale.seconds:
            await asyncio.sleep(5 if scale.full else 2)
            killed += await redis.client_kill_filter(_type="pubsub")
    await office.settle()
    verdict.mark("subscribers thrown out", killed, least=2)
    verdict.mark("p99 visible", office.lag(99, began), most=2.2, unit="s")
    await office.judge(verdict)


async def monstrous_message(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 4: 40 MB on a team's channel; no event of ours can be so large."""
    await office.people(scale.clients)
    async with office.written(scale.writes), Redis.from_url(office.redis.url) as redis:
        await asyncio.sleep(2)
        channels = await redis.pubsub_channels("homeroom:*")
        for channel in channels:
            await redis.publish(channel, b"x" * MONSTER)
        sent = time.time()
        await asyncio.sleep(scale.seconds)
    await office.settle()
    verdict.mark("channels that were hit", len(channels), least=1)
    verdict.mark("slowest event from then on", office.lag(100, sent), most=2.2, unit="s")
    verdict.mark("p99 visible from 2 s later", office.lag(99, sent + 2), most=0.5, unit="s")
    await office.judge(verdict)
