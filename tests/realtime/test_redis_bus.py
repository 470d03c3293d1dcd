"""The bus over a real Redis that is killed, frozen, restarted and told to drop its clients."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus import redis_publisher
from channels.bus.bus import SilentListener
from channels.bus.redis_bus import RedisBus
from channels.bus.redis_connection import RedisConnection
from db.events import Event
from db.private_server import PrivateServer
from db.private_valkey import start_valkey
from tests.realtime.nodes import until
from tests.realtime.simulated import MemoryLog


class Notes(SilentListener):
    """Writes down what the bus says."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.subscriptions: list[UUID] = []
        self.times_deaf = 0

    @override
    def heard(self, event: Event) -> None:
        self.events.append(event)

    @override
    def subscribed(self, team_id: UUID) -> None:
        self.subscriptions.append(team_id)

    def has_subscribed(self, team_id: UUID, times: int) -> bool:
        return self.subscriptions.count(team_id) == times

    @override
    def deaf(self) -> None:
        self.times_deaf += 1


class Station:
    """One node's bus and what it heard."""

    def __init__(self, url: str) -> None:
        self.counters = Counters()
        self.supervisor = Supervisor(self.counters)
        self.bus = RedisBus(url, counters=self.counters, supervisor=self.supervisor)
        self.notes = Notes()
        self.bus.listen(self.notes)


@asynccontextmanager
async def a_station(url: str) -> AsyncIterator[Station]:
    station = Station(url)
    station.bus.start()
    await until(lambda: station.bus.up)
    try:
        yield station
    finally:
        await station.bus.close()
        await station.supervisor.close()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateServer]:
    server = start_valkey(tmp_path / "valkey")
    yield server
    if server.running:
        server.kill()


@pytest.fixture
async def pair(redis: PrivateServer) -> AsyncIterator[tuple[Station, Station]]:
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(a_station(redis.url))
        there = await stack.enter_async_context(a_station(redis.url))
        yield here, there


async def test_both_nodes_hear_what_one_publishes_whole(pair: tuple[Station, Station]) -> None:
    here, there = pair
    log = MemoryLog(uuid4())
    await here.bus.subscribe(log.team_id)
    await there.bus.subscribe(log.team_id)
    for _ in range(500):
        here.bus.publish(log.commit())
    await until(lambda: len(there.notes.events) == len(here.notes.events) == 500)
    assert here.notes.events == there.notes.events == log.events
    assert here.counters.published == 500


async def test_a_node_hears_only_the_teams_it_asked_for(pair: tuple[Station, Station]) -> None:
    here, there = pair
    ours, theirs = MemoryLog(uuid4()), MemoryLog(uuid4())
    await there.bus.subscribe(ours.team_id)
    here.bus.publish(theirs.commit())
    here.bus.publish(ours.commit())
    await until(lambda: len(there.notes.events) == 1)
    assert there.notes.events == ours.events

    there.bus.unsubscribe(ours.team_id)
    await until(lambda: ours.team_id not in there.bus._subscriber._asked)
    here.bus.publish(ours.commit())
    await asyncio.sleep(0.1)
    assert len(there.notes.events) == 1


async def test_a_subscription_given_up_and_taken_back_at_once_holds(
    pair: tuple[Station, Station],
) -> None:
    here, there = pair
    log = MemoryLog(uuid4())
    await there.bus.subscribe(log.team_id)
    there.bus.unsubscribe(log.team_id)
    began = time.monotonic()
    await there.bus.subscribe(log.team_id)
    assert time.monotonic() - began < 0.3
    here.bus.publish(log.commit())
    await until(lambda: there.notes.events == log.events)


async def test_a_thousand_subscriptions_are_asked_for_together(
    pair: tuple[Station, Station],
) -> None:
    here, there = pair
    logs = [MemoryLog(uuid4()) for _ in range(1_000)]
    await asyncio.gather(*(there.bus.subscribe(log.team_id) for log in logs))
    assert set(there.notes.subscriptions) == {log.team_id for log in logs}
    here.bus.publish(logs[-1].commit())
    await until(lambda: there.notes.events == logs[-1].events)


async def test_a_killed_and_restarted_redis_is_heard_again(
    redis: PrivateServer, pair: tuple[Station, Station], tmp_path: Path
) -> None:
    here, there = pair
    log = MemoryLog(uuid4())
    await there.bus.subscribe(log.team_id)
    redis.kill()
    await until(lambda: not there.bus.up and there.notes.times_deaf > 0)
    for _ in range(20):
        here.bus.publish(log.commit())
        await asyncio.sleep(0.01)
    assert not here.bus.up
    other = uuid4()
    began = time.monotonic()
    await there.bus.subscribe(other)
    assert time.monotonic() - began < 0.1  # while it is away nobody waits for it

    again = start_valkey(tmp_path / "valkey", redis.port)
    began = time.monotonic()
    try:
        await until(lambda: here.bus.up and there.bus.up)
        await until(lambda: there.notes.subscriptions.count(log.team_id) == 2)
        await until(lambda: other in there.notes.subscriptions)
        assert time.monotonic() - began < 3
        after = log.commit()
        here.bus.publish(after)
        await until(lambda: there.notes.events[-1:] == [after])
        lost = here.counters.publish_failed + here.counters.publish_dropped
        assert lost == 20
    finally:
        again.kill()


async def test_a_frozen_redis_is_noticed_within_three_seconds(
    redis: PrivateServer, pair: tuple[Station, Station]
) -> None:
    here, there = pair
    log = MemoryLog(uuid4())
    await there.bus.subscribe(log.team_id)
    os.kill(redis.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        here.bus.publish(log.commit())
        assert time.monotonic() - began < 0.01
        await until(lambda: not here.bus.up)
        assert time.monotonic() - began < redis_publisher.TIMEOUT + 0.3
        await until(lambda: not there.bus.up)
        assert time.monotonic() - began < 3
    finally:
        os.kill(redis.pid, signal.SIGCONT)
    await until(lambda: here.bus.up and there.bus.up)
    await until(lambda: there.notes.subscriptions.count(log.team_id) == 2)


async def test_dropped_subscribers_come_back(
    redis: PrivateServer, pair: tuple[Station, Station]
) -> None:
    here, there = pair
    log = MemoryLog(uuid4())
    await there.bus.subscribe(log.team_id)
    admin = RedisConnection(redis.url)
    await admin.open()
    for times in range(2, 5):
        await admin.send(("CLIENT", "KILL", "TYPE", "pubsub"))
        await until(partial(there.notes.has_subscribed, log.team_id, times))
    await admin.close()
    here.bus.publish(log.commit())
    await until(lambda: there.notes.events == log.events)


async def test_a_message_that_is_none_of_ours_is_counted_and_dropped(
    pair: tuple[Station, Station],
) -> None:
    here, there = pair
    log = MemoryLog(uuid4())
    await there.bus.subscribe(log.team_id)
    for message in (b"", b"x", b"a b c d e f\n{}", b"\xff\n"):
        here.bus._publisher.publish(f"homeroom:team:{log.team_id}", message)
    here.bus.publish(log.commit())
    await until(lambda: there.notes.events == log.events)
    assert there.counters.bus_malformed == 4


async def test_a_full_queue_drops_and_counts(
    redis: PrivateServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_publisher, "MAX_QUEUED", 10)
    async with a_station(redis.url) as station:
        log = MemoryLog(uuid4())
        for _ in range(25):  # in one tick: the publisher has no turn
            station.bus.publish(log.commit())
        assert station.counters.publish_dropped == 15
        await until(lambda: station.counters.published == 10)


async def test_without_any_redis_nothing_waits_and_nothing_fails() -> None:
    counters = Counters()
    supervisor = Supervisor(counters)
    bus = RedisBus("redis://127.0.0.1:1/0", counters=counters, supervisor=supervisor)
    bus.start()
    await bus.subscribe(uuid4())
    log = MemoryLog(uuid4())
    for _ in range(10):
        bus.publish(log.commit())
        await asyncio.sleep(0.01)
    assert not bus.up
    assert counters.published == 0
    assert counters.task_restarts == 0
    await supervisor.close()
