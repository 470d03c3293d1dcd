"""A seeded storm over two real server processes, and the oracle that judges it."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp

from db.database import Database
from db.events import first_bad
from db.private_valkey import start_valkey
from tests.realtime.processes import a_server
from tests.realtime.storm_writers import Book, over_rest, over_socket, work
from tests.screens import Records, Screen

SCREENS = 20
REST_WRITERS = 4
SOCKET_WRITERS = 4
OUTAGE = (0.4, 0.65)  # of the storm: when Redis is killed, and when it is started again
STEADY = 0.3  # of the screens never leave: nothing may need a reconnect to arrive
SETTLE_SECONDS = 10.0
RENEW_SECONDS = 600.0
METRIC = re.compile(r"^homeroom_live_(\w+)_total (\S+)$", re.MULTILINE)
SHOWN = ("duplicates", "out_of_order", "repairs", "repaired", "range_reads", "publish_dropped")
JWT_SECRET = "only-for-this-storm-0123456789abcdef"


@dataclass(slots=True)
class Account:
    email: str
    token: str
    team_id: UUID


class Storm:
    """`run` does the damage, `judge` compares every screen with the log and with fresh lists."""

    def __init__(
        self, seed: int, seconds: float, session: aiohttp.ClientSession, db: Database
    ) -> None:
        self.chance = random.Random(seed)
        self.seconds = seconds
        self.book = Book()
        self.reconnects = 0
        self.screens: list[Screen] = []
        self.nodes: list[str] = []
        self.outage: tuple[float, float] = (0.0, 0.0)
        self.counted: Counter[str] = Counter()
        self._seed = seed
        self._session = session
        self._db = db
        self._stop = asyncio.Event()

    async def run(self, database_url: str, folder: Path) -> None:
        redis = start_valkey(folder / "valkey")
        environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis.url,
            "JWT_SECRET": JWT_SECRET,
            "DEMO": "false",
        }
        try:
            async with AsyncExitStack() as stack:
                for number in range(2):
                    server = a_server(
                        "tests.realtime.leaky_node",
                        folder / f"node{number}.log",
                        LEAK_SEED=str(self._seed + number),
                        **environment,
                    )
                    self.nodes.append(await stack.enter_async_context(server))
                await self._blow(folder, redis)
                await self._settle()
                await self._judge()
                await self._count()
            for number in range(2):
                assert "Traceback" not in (folder / f"node{number}.log").read_text()
        finally:
            redis.kill()

    # The damage

    async def _blow(self, folder: Path, redis: Any) -> None:
        account = await self._register()
        self.account = account
        for _ in range(SCREENS):
            screen = Screen(
                self._session, self._node(), account.token, account.team_id, fetch=self.fetch
            )
            self.screens.append(screen)
        await asyncio.gather(*(screen.connect() for screen in self.screens))
        tasks = [asyncio.create_task(each) for each in self._agents(account)]
        restless = self.screens[int(STEADY * SCREENS) :]
        tasks += [asyncio.create_task(self._wander(screen)) for screen in restless]
        renewing = asyncio.create_task(self._renew(account))
        await asyncio.sleep(self.seconds * OUTAGE[0])
        redis.kill()
        began = time.time()
        await asyncio.sleep(self.seconds * (OUTAGE[1] - OUTAGE[0]))
        again = await asyncio.to_thread(start_valkey, folder / "valkey", redis.port)
        redis.process = again.process
        self.outage = (began, time.time())
        await asyncio.sleep(self.seconds * (1 - OUTAGE[1]))
        self._stop.set()
        await asyncio.gather(*tasks)
        renewing.cancel()

    def _agents(self, account: Account) -> Any:
        for number in range(REST_WRITERS):
            chance = random.Random(f"{self._seed} rest {number}")
            send = over_rest(self._session, self._node, lambda: account.token)
            yield work(chance, self.book, send, self._stop)
        for number in range(SOCKET_WRITERS):
            chance = random.Random(f"{self._seed} socket {number}")
            screen = self.screens[-1 - number]  # these wander, so answers get lost
            yield work(chance, self.book, over_socket(screen), self._stop)

    async def _wander(self, screen: Screen) -> None:
        """Come and go, with a goodbye or without, now to one node and now to the other."""
        while not self._stop.is_set():
            await asyncio.sleep(self.chance.uniform(0.2, 4.0))
            await (screen.drop() if self.chance.random() < 0.5 else screen.disconnect())
            await asyncio.sleep(self.chance.uniform(0, 0.8))
            await screen.connect(self._node())
            self.reconnects += 1

    def _node(self) -> str:
        return self.chance.choice(self.nodes)

    async def _register(self) -> Account:
        email = f"storm{self._seed}-{time.time_ns()}@homes.example"
        team = {"full_name": "Olga Owner", "team_name": "Harbor Homes"}
        data = await self._sign("register", email, **team)
        return Account(email, data["access_token"], UUID(data["team"]["id"]))

    async def _renew(self, account: Account) -> None:
        """A long storm outlives a token."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            account.token = (await self._sign("login", account.email))["access_token"]
            for screen in self.screens:
                screen.token = account.token

    async def _sign(self, way: str, email: str, **more: str) -> Any:
        body = {"email": email, "password": "correct horse battery", **more}
        answer = await self._session.post(f"{self.nodes[0]}/v1/auth/{way}", json=body)
        return (await answer.json())["data"]

    # The oracle

    async def _settle(self) -> None:
        """No more writes: every screen must have them all, by what is already on its way."""
        head = await self._head()
        self.settled = time.monotonic()
        await asyncio.gather(*(screen.reaches(head, SETTLE_SECONDS) for screen in self.screens))
        self.settled = time.monotonic() - self.settled

    async def _judge(self) -> None:
        assert await first_bad(self._db, self.account.team_id) is None
        rows = await self._db.fetch(
            "SELECT seq, encode(h, 'hex') AS h, kind, entity_id::text AS id, version"
            " FROM events WHERE team_id = $1 ORDER BY seq",
            self.account.team_id,
        )
        log = [tuple(row) for row in rows]
        assert [entry[0] for entry in log] == list(range(1, len(log) + 1))
        assert self.book.unexpected == []
        fresh = await self.fetch(len(log))
        for number, screen in enumerate(self.screens):
            received = [(s.seq, s.h, s.kind, s.id, s.version) for s in screen.log]
            # What was there before a screen came in is its lists' business.
            assert received == log[len(log) - len(received) :], f"screen {number}"
            assert screen.modes["snapshot"] == 1, f"screen {number}: {screen.modes}"
            assert screen.modes["resync"] == 0
            assert (screen.doubled, screen.skipped) == (0, 0), f"screen {number}"
            for entity in ("escrow", "listing"):
                assert screen.records.get(entity, {}) == fresh[entity], f"screen {number}"
            await screen.disconnect()

    async def _count(self) -> None:
        """Read what the nodes counted: a storm in which nothing was lost proves nothing."""
        for node in self.nodes:
            answer = await self._session.get(f"{node}/metrics")
            for name, value in METRIC.findall(await answer.text()):
                self.counted[name] += int(float(value))
        assert self.counted["repaired"] > 0
        assert self.counted["range_reads"] > 0
        assert self.counted["publish_failed"] + self.counted["publish_dropped"] > 0
        assert self.counted["task_restarts"] == 0

    async def _head(self) -> int:
        head: int = await self._db.fetchval(
            "SELECT seq FROM team_heads WHERE team_id = $1", self.account.team_id
        )
        return head

    async def fetch(self, min_seq: int) -> Records:
        """All pages of the two lists, archived records included, from any node."""
        records: Records = {"escrow": {}, "listing": {}}
        for entity in records:
            for archived in ("false", "true"):
                async for record in self._pages(f"{entity}s", archived, min_seq):
                    records[entity][record["id"]] = record
        return records

    async def _pages(
        self, domain: str, archived: str, min_seq: int
    ) -> AsyncIterator[dict[str, Any]]:
        # By cursor: page numbers shift when a record is archived between two pages.
        params = {"limit": "100", "archived": archived, "sort": "created_at"}
        while True:
            answer = await self._session.get(
                f"{self._node()}/v1/{domain}",
                params=params,
                headers={
                    "Authorization": f"Bearer {self.account.token}",
                    "X-Min-Seq": str(min_seq),
                },
            )
            body = await answer.json()
            assert body["success"], body
            for record in body["data"]:
                yield record
            if not (cursor := body["pagination"]["next_cursor"]):
                return
            params["cursor"] = cursor

    def report(self) -> str:
        lags = sorted(s.lag for screen in self.screens for s in screen.log if s.lag is not None)
        modes = sum((screen.modes for screen in self.screens), Counter[str]())
        assert lags
        middle, late = lags[len(lags) // 2], lags[int(len(lags) * 0.99)]
        return (
            f"{max(screen.position[0] for screen in self.screens if screen.position)} events,"
            f" {self.book.written} writes, {self.book.refused} refused,"
            f" {self.reconnects} reconnects {dict(modes)},"
            f" lag p50 {middle * 1000:.0f} ms, p99 {late * 1000:.0f} ms,"
            f" max {lags[-1] * 1000:.0f} ms; settled in {self.settled * 1000:.0f} ms;"
            f" { ({name: self.counted[name] for name in SHOWN}) }"
        )
