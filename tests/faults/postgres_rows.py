"""Rows 7, 13, 21, 27: Postgres goes away in the worst moments, is crowded, is tampered with."""

import asyncio
import json
import random
import time
from uuid import uuid4

import asyncpg

from db.database import Database
from db.errors import Unavailable
from db.events import first_bad
from db.transaction import Answer, Draft, Operation, Transaction, Writer
from tests.db.proxy import proxied
from tests.faults.figures import Verdict
from tests.faults.office import Office, Scale

CUT = 0.15  # of the COMMITs
PATIENCE = 60.0
AUDIT = "SELECT first_bad_event($1)"


class Aborted(Exception):
    """A verb that changed its mind."""


async def commit_cut(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 7: the line is cut before or after COMMIT, and the client sends its write again."""
    tries = 10_000 if scale.full else 400
    async with proxied(office.postgres.url, office.seed) as proxy:
        db = await Database.connect(proxy.url, max_size=4)
        proxy.share = CUT
        ops = [f"{office.seed}-{number}" for number in range(tries)]
        waiting = iter(ops)

        async def worker() -> None:
            for op in waiting:
                await _insist(db, office, op)

        await asyncio.gather(*(worker() for _ in range(4)))
        proxy.share = 0.0
        await db.close()
    rows = await office.db.fetch(
        "SELECT op, count(*) AS n FROM events WHERE team_id = $1 GROUP BY op", office.team.id
    )
    counts = {row["op"]: row["n"] for row in rows}
    verdict.mark("operations", tries)
    verdict.mark("COMMITs cut", proxy.cuts, least=tries * CUT / 2)
    verdict.mark("operations done not once", sum(counts.get(op) != 1 for op in ops), most=0)
    verdict.mark("first bad event", await first_bad(office.db, office.team.id) or 0, most=0)


async def postgres_restarted(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 13: a restart, then a crash."""
    people = await office.people(scale.clients)
    for client in people:
        client.closes.clear()
    slowest = 0.0
    async with office.written(scale.writes) as writers:
        for crash in (False, True):
            await asyncio.sleep(scale.seconds / 2)
            await asyncio.to_thread(office.postgres.kill if crash else office.postgres.stop)
            await asyncio.sleep(2)
            await office.restart_postgres()
            up = time.time()
            await asyncio.sleep(5)
            answered = [at for at, _ in writers.waits if at > up]
            slowest = max(slowest, min(answered, default=up + 60) - up)
    await office.settle()
    verdict.mark("first write after Postgres is up", slowest, most=5, unit="s")
    verdict.mark("sockets that were closed", sum(sum(c.closes.values()) for c in people), most=0)
    verdict.mark("writes given up", writers.abandoned, most=0)
    await office.judge(verdict)


async def crowded_counter(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 21: 64 writers of one team, a tenth of whom change their minds."""
    db = await Database.connect(office.postgres.url, max_size=10)
    committed = aborted = 0
    until = time.monotonic() + scale.seconds

    async def work(tx: Transaction) -> Answer:
        if chance.random() < 0.1:
            raise Aborted
        tx.append(_note(f"{chance.random()}"))
        return Answer("null")

    async def writer() -> None:
        nonlocal committed, aborted
        while time.monotonic() < until:
            try:
                await db.write(Writer(office.team.id, office.team.agent.user_id), work)
                committed += 1
            except Aborted:
                aborted += 1

    chance = random.Random(office.seed)
    began = time.monotonic()
    waiting: list[int] = []
    watcher = asyncio.create_task(_watch_locks(office, waiting))
    await asyncio.gather(*(writer() for _ in range(64)))
    took = time.monotonic() - began
    watcher.cancel()
    await db.close()
    row = await office.db.one(
        "SELECT count(*) AS n, max(seq) AS last, min(seq) AS first FROM events WHERE team_id = $1",
        office.team.id,
    )
    deadlocks = await office.db.fetchval("SELECT sum(deadlocks)::int FROM pg_stat_database")
    verdict.mark("writes committed", committed, least=1)
    verdict.mark("writes aborted", aborted, least=1)
    verdict.mark("holes in the sequence", row["last"] - row["first"] + 1 - row["n"], most=0)
    verdict.mark("events without an answer, or the reverse", abs(row["n"] - committed), most=0)
    verdict.mark("first bad event", await first_bad(office.db, office.team.id) or 0, most=0)
    verdict.mark("deadlocks", deadlocks, most=0)
    verdict.mark("sessions that waited for a lock at once", max(waiting, default=0), most=10)
    verdict.mark("writes a second", committed / took, least=300, soft=True)


async def tampered(office: Office, scale: Scale, verdict: Verdict) -> None:
    """Row 27: a row of the log is altered or deleted; the audit names it."""
    events = 2_000 if scale.full else 200
    writer = Writer(office.team.id, office.team.agent.user_id)

    async def work(tx: Transaction) -> Answer:
        for number in range(100):
            tx.append(_note(f"{number}"))
        return Answer("null")

    for _ in range(events // 100):
        await office.db.write(writer, work)
    verdict.mark("first bad event before", await first_bad(office.db, office.team.id) or 0, most=0)
    ways = (
        'UPDATE events SET data = \'{"text":"forged"}\' WHERE team_id = $1 AND seq = $2',
        "UPDATE events SET kind = 'note.forged' WHERE team_id = $1 AND seq = $2",
        "UPDATE events SET actor_id = gen_random_uuid() WHERE team_id = $1 AND seq = $2",
        "UPDATE events SET at = at - interval '1 day' WHERE team_id = $1 AND seq = $2",
        "UPDATE events SET digest = sha256('x') WHERE team_id = $1 AND seq = $2",
        "DELETE FROM events WHERE team_id = $1 AND seq = $2",
    )
    missed = tried = 0
    for way in ways:
        for seq in [1, events, *office.chance.sample(range(2, events), 8)]:
            tried += 1
            missed += await _first_bad_after(office, way, seq) != seq
    verdict.mark("forgeries tried", tried, least=1)
    verdict.mark("forgeries not named at their event", missed, most=0)
    verdict.mark("first bad event after", await first_bad(office.db, office.team.id) or 0, most=0)


async def _first_bad_after(office: Office, forgery: str, seq: int) -> int | None:
    """What the audit says of a log with this forgery, which is then undone."""
    connection = await asyncpg.connect(office.postgres.url)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(forgery, office.team.id, seq)
        found: int | None = await connection.fetchval(AUDIT, office.team.id)
        return found
    finally:
        await transaction.rollback()
        await connection.close()


async def _watch_locks(office: Office, waiting: list[int]) -> None:
    """Note again and again how many sessions wait for a lock."""
    while True:
        waiting.append(
            await office.db.fetchval(
                "SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            )
        )
        await asyncio.sleep(0.2)


async def _insist(db: Database, office: Office, op: str) -> None:
    """Send one operation until it is answered."""
    writer = Writer(office.team.id, office.team.agent.user_id, Operation(op, op.encode()))

    async def work(tx: Transaction) -> Answer:
        tx.append(_note(op))
        return Answer("null")

    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            await db.write(writer, work)
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError(f"nobody took {op}")


def _note(text: str) -> Draft:
    note = uuid4()
    image = json.dumps({"id": str(note), "text": text, "version": 1})
    return Draft("note.created", "note", note, 1, image)
