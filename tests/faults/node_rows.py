"""Rows 5, 6, 9, 11, 16 to 18: nodes die, forget, are deployed; clients are slow, or many."""

import asyncio
import itertools
import os
import re
import signal
import time
from contextlib import AsyncExitStack
from typing import Any

import psutil

from domains.kit.actor import Role
from tests.factories import new_member
from tests.faults.crowd import Client
from tests.faults.figures import Verdict
from tests.faults.nodes import Node
from tests.faults.office import Office, Scale, token_of
from tests.faults.proxy import proxied
from tests.realtime.storm_writers import Write

METRIC = re.compile(r"^homeroom_live_(\w+?)(?:_total)? (\S+)$", re.MULTILINE)
SLOW_CLOSES = re.compile(r'^homeroom_live_closes_total\{reason="slow"\} (\S+)$', re.MULTILINE)
SLOW = 5
SLOW_BYTES_A_SECOND = 1024
BURST = 100
MEGABYTE = 1024 * 1024


async def killed_mid_broadcast(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 5: kill -9 of the node everybody is on, while a hundred events go out."""
    first, second = office.nodes
    people = await office.people(
        scale.clients, lambda: first.port if first.running else second.port
    )
    writers = office.writing(lambda: second.url)
    ids = [await _new(writers, number) for number in range(BURST)]
    slowest = 0.0
    for number in range(3 if scale.full else 2):
        note = {"op": "update", "ids": ids, "changes": {"notes": f"burst {number}"}}
        burst = asyncio.create_task(writers.insist(Write("escrows", "batch", None, note)))
        await asyncio.sleep(office.chance.uniform(0.02, 0.15))
        await first.kill()
        killed = time.monotonic()
        assert await burst
        head = await office.head()
        while any(client.position != head for client in people):
            await asyncio.sleep(0.02)
            assert time.monotonic() - killed < 60, "some never came back"
        slowest = max(slowest, time.monotonic() - killed)
        await first.start()
        for client in people:
            client.cut()  # back to the first node
        await asyncio.sleep(1)
    await office.settle()
    verdict.mark("all on the other node with everything", slowest, most=10, unit="s")
    await office.judge(verdict)


async def publish_forgotten(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 6: the writer dies between COMMIT and PUBLISH: for 3 % of writes, and for the last."""
    forgetful, listening = office.nodes
    people = await office.people(scale.clients, lambda: listening.port)
    writers = office.writing(lambda: forgetful.url)
    task = asyncio.create_task(writers.run(8, scale.writes))
    await asyncio.sleep(scale.seconds)
    os.kill(forgetful.pid, signal.SIGUSR1)  # from here on it forgets everything
    await asyncio.sleep(0.5)
    writers.stop()
    await task
    await writers.insist(Write("escrows", "create", None, _escrow("the last of all")))
    last = time.monotonic()
    head = await office.head()
    while any(client.position != head for client in people):
        await asyncio.sleep(0.01)
        assert time.monotonic() - last < 30, "the last event never came"
    tail = time.monotonic() - last
    await office.settle()
    verdict.mark("the last event, which nobody published, seen after", tail, most=2.2, unit="s")
    verdict.mark("slowest event", office.lag(100), most=2.5, unit="s")
    counted = await metrics(office, listening)
    verdict.mark("events fetched by repair", counted["repaired"], least=1)
    await office.judge(verdict)


async def slow_consumer(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 9: readers of 1 KB/s among others."""
    node = office.nodes[0]
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(proxied("127.0.0.1", node.port, narrow=True))
        await office.people(scale.clients)
        process = psutil.Process(node.pid)
        async with office.written(scale.writes):
            await asyncio.sleep(scale.seconds)
            before = process.memory_info().rss
            calm = office.lag(99)
            slow = [office.client(lambda: proxy.port) for _ in range(SLOW)]
            for client in slow:
                client.start()
            await asyncio.gather(*(client.live.wait() for client in slow))
            await asyncio.gather(*(client.settled() for client in slow))  # their lists, read here
            proxy.bytes_a_second, slowed = SLOW_BYTES_A_SECOND, time.time()
            closed = await _all_cut(office, node, within=60)
            grown = process.memory_info().rss - before
            crowded = office.lag(99, slowed)
            proxy.heal()
        await office.settle()
    verdict.mark("slow readers", SLOW)
    verdict.mark("the last of them closed after", closed, most=15, unit="s")
    verdict.mark("memory grown for each", grown / MEGABYTE / SLOW, most=1, unit="MB")
    ratio = crowded / calm if calm else 1.0
    verdict.mark("others' p99 against before", ratio, most=1.1, soft=True)
    await office.judge(verdict)


async def rolling_deploy(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 11: every node in turn is stopped and started, under load."""
    people = await office.people(scale.clients)
    rounds = 10 if scale.full else 3
    begun = time.time()
    async with office.written(scale.writes) as writers:
        for number in range(rounds):
            node = office.nodes[number % len(office.nodes)]
            await asyncio.sleep(scale.seconds / rounds)
            await node.stop()
            await asyncio.sleep(0.5)
            await node.start()
        await asyncio.sleep(3)
    await office.settle()
    await asyncio.sleep(6)  # the grace of a leave
    ours = {client.shown_as for client in people}
    known, leaves = _came_and_went(people[0], begun, ours)
    verdict.mark("restarts", rounds, least=2)
    verdict.mark("people shown as here", known, least=len(people) / 2)
    verdict.mark("shown as gone, of all and each restart", leaves / len(people) / rounds, most=0.01)
    verdict.mark("slowest event", office.lag(100), most=12, unit="s")
    refused = writers.faults.pop("ClientConnectorError", 0)
    verdict.mark("writes that met a closed door, and went to the next", refused)
    verdict.mark("writes cut off under way", sum(writers.faults.values()), soft=True, most=0)
    verdict.mark("writes given up", writers.abandoned, most=0)
    await office.judge(verdict)


async def unruly_bus(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 16: the bus loses, doubles and delays what it carries."""
    await office.people(scale.clients)
    async with office.written(scale.writes):
        await asyncio.sleep(scale.seconds)
    await office.settle()
    counted = [await metrics(office, node) for node in office.nodes]
    lost = sum(each["publish_dropped"] for each in counted)
    repairs = sum(each["repairs"] for each in counted)
    verdict.mark("messages lost", lost, least=1)
    verdict.mark("messages doubled or late", sum(each["duplicates"] for each in counted), least=1)
    # For 10 lost there are 5 late ones, which a node does not wait for either.
    each_node = repairs / lost / len(office.nodes) if lost else 0.0
    verdict.mark("repairs of a node for each loss", each_node, most=1.5)
    verdict.mark("slowest event", office.lag(100), most=3, unit="s")
    await office.judge(verdict)


async def idle_sockets(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 17: many who only are there: memory of each, CPU of all, and no compression."""
    node = office.nodes[0]
    process = psutil.Process(node.pid)
    await office.people(scale.clients // 2)
    await asyncio.sleep(2)
    before = process.memory_info().rss
    await office.people(scale.clients - scale.clients // 2)
    await asyncio.sleep(2)
    each = (process.memory_info().rss - before) / (scale.clients - scale.clients // 2)
    full = process.memory_info().rss
    cpu = sum(process.cpu_times()[:2])
    await asyncio.sleep(scale.seconds)
    busy = (sum(process.cpu_times()[:2]) - cpu) / scale.seconds
    verdict.mark("memory of a connection", each / 1024, most=35, unit="KB")
    verdict.mark("idle CPU, of a core", busy, most=0.12)
    grown = process.memory_info().rss / full
    verdict.mark("memory after the wait, of before", grown, most=1.02)
    compressed = sum(client.compressed for client in office.clients)
    verdict.mark("connections that compress", compressed, most=0)
    await office.writing().insist(Write("escrows", "create", None, _escrow("one for the log")))
    await office.settle()
    await office.judge(verdict)


async def churn(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 18: connect and disconnect, over and over; everything goes back to where it was."""
    node = office.nodes[0]
    process = psutil.Process(node.pid)
    await office.people(5)
    await office.writing().insist(Write("escrows", "create", None, _escrow("one for the log")))
    times = 100_000 if scale.full else 3_000
    await _come_and_go(office, 1_000, scale.clients)
    before = await _standing(office, node, process)
    await _come_and_go(office, times, scale.clients)
    after = await _standing(office, node, process)
    verdict.mark("connections made and ended", times)
    for name in ("sockets", "rooms", "tasks", "files"):
        verdict.mark(f"{name} above before", after[name] - before[name], most=1)
    verdict.mark("memory, of before", after["rss"] / before["rss"], most=1.1)
    await office.settle()
    await office.judge(verdict)


async def metrics(office: Office, node: Node) -> dict[str, float]:
    """A node's own counts of its live rooms."""
    async with office.session.get(f"{node.url}/metrics") as answer:
        return {name: float(value) for name, value in METRIC.findall(await answer.text())}


async def _new(writers: Any, number: int) -> str:
    envelope = await writers.insist(Write("escrows", "create", None, _escrow(f"{number}")))
    record_id: str = envelope["data"]["id"]
    return record_id


def _escrow(name: str) -> dict[str, Any]:
    return {
        "property_address": f"{name} Pine St, Seattle",
        "purchase_price": 500000,
        "closing_date": "2027-03-01",
    }


async def _all_cut(office: Office, node: Node, *, within: float) -> float:
    """Seconds until the node has closed all who were slow."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        if await _cut_as_slow(office, node) >= SLOW:
            break
        await asyncio.sleep(1)  # an answer of /metrics is time of the node's, too
    return time.monotonic() - began


async def _cut_as_slow(office: Office, node: Node) -> int:
    async with office.session.get(f"{node.url}/metrics") as answer:
        found = SLOW_CLOSES.search(await answer.text())
    return int(float(found[1])) if found else 0


def _came_and_went(watcher: Client, since: float, ours: set[str]) -> tuple[int, int]:
    """How many of our screens one of them was shown, and how many it was told to be gone."""
    known: set[str] = set()
    gone = 0
    for at, name, body in watcher.said:
        if name == "presence":
            known.update(person["conn"] for person in body.get("join", ()))
            gone += sum(conn in ours for conn in body.get("leave", ()) if at >= since)
    return len(ours & known), gone


async def _come_and_go(office: Office, times: int, at_once: int) -> None:
    gate = asyncio.Semaphore(at_once)
    people = [await new_member(office.db, office.team.id, Role.AGENT) for _ in range(at_once // 5)]
    tokens = itertools.cycle([await token_of(office.db, person) for person in people])

    async def once() -> None:
        async with gate:
            client = office.client(token=next(tokens))
            office.clients.remove(client)
            client.start()
            await client.live.wait()
            await client.stop()

    await asyncio.gather(*(once() for _ in range(times)))
    await asyncio.sleep(3)


async def _standing(office: Office, node: Node, process: psutil.Process) -> dict[str, float]:
    counted = await metrics(office, node)
    told = {name: counted[name] for name in ("sockets", "rooms", "tasks")}
    return {**told, "files": process.num_fds(), "rss": process.memory_info().rss}
