"""The whole system for a row of the fault table: servers, nodes, people, and the oracle."""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from typing_extensions import override

from db.database import Database
from db.events import first_bad
from db.migrate import migrate
from db.private_postgres import start_postgres
from db.private_server import PrivateServer
from db.private_valkey import start_valkey
from domains.auth.tokens import Tokens
from domains.kit.actor import Actor, Role
from tests.factories import Team, new_member, new_team
from tests.faults.crowd import Client, Decoder, Line, Records
from tests.faults.figures import Verdict, percentile
from tests.faults.nodes import Node
from tests.faults.writers import Writers

JWT_SECRET = "only-for-the-fault-suite-0123456789abcdef"
SETTLE_SECONDS = 30.0
PASSED_OVER_SECONDS = 5.0
SCREENS_EACH = 10  # a node lets one person have twenty
LISTS = {"escrow": "escrows", "listing": "listings"}


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of it: a row in full is what the fault table says, in short what CI has time for."""

    clients: int
    writes: float  # a second
    seconds: float
    full: bool = False

    @override
    def __str__(self) -> str:
        told = [
            f"{number:,.0f}{unit}"
            for number, unit in (
                (self.clients, " clients"),
                (self.writes, " writes/s"),
                (self.seconds, " s"),
            )
            if number
        ]
        return ", ".join([*told, "in full" if self.full else "SHORTENED"])


@dataclass(slots=True)
class Office:
    """What a row works with. Everything in it is real, and ended by its process id."""

    folder: Path
    seed: int
    postgres: PrivateServer
    redis: PrivateServer
    nodes: list[Node]
    session: aiohttp.ClientSession
    db: Database
    team: Team
    token: str
    chance: random.Random
    decoder: Decoder = field(default_factory=Decoder)
    clients: list[Client] = field(default_factory=list)
    writers: list[Writers] = field(default_factory=list)
    passed_over: dict[int, float] = field(default_factory=dict)  # until when, by port

    # People

    def client(
        self,
        home: Callable[[], int] | None = None,
        *,
        token: str | None = None,
        measured: bool = False,
    ) -> Client:
        """A screen of the owner, or of whose token it is."""
        chance = random.Random(f"{self.seed} client {len(self.clients)}")
        client = Client(
            home or (lambda: chance.choice(self.living()).port),
            lambda: token or self.token,
            str(self.team.id),
            self.fetch,
            self.decoder,
            chance,
        )
        client.measured = measured
        self.clients.append(client)
        return client

    async def people(self, count: int, home: Callable[[], int] | None = None) -> list[Client]:
        """So many screens, all live, ten to a person; the first of each is measured."""
        made: list[Client] = []
        for number in range(count):
            if number % SCREENS_EACH == 0:
                person = await new_member(self.db, self.team.id, Role.AGENT)
                token = await token_of(self.db, person)
            measured = number % SCREENS_EACH == 0
            made.append(self.client(home, token=token, measured=measured))
        for client in made:
            client.start()
        async with asyncio.timeout(SETTLE_SECONDS):
            await asyncio.gather(*(client.live.wait() for client in made))
        return made

    def living(self) -> list[Node]:
        return [node for node in self.nodes if node.running] or self.nodes

    def writing(self, url: Callable[[], str] | None = None) -> Writers:
        chance = random.Random(f"{self.seed} writers {len(self.writers)}")
        writers = Writers(
            self.session,
            url or (lambda: chance.choice(self.living()).url),
            lambda: self.token,
            self.seed,
        )
        self.writers.append(writers)
        return writers

    @asynccontextmanager
    async def written(self, a_second: float, agents: int = 8) -> AsyncIterator[Writers]:
        """Agents write at this pace until the block ends."""
        writers = self.writing()
        task = asyncio.create_task(writers.run(agents, a_second))
        try:
            yield writers
        finally:
            writers.stop()
            await task

    async def fetch(self, min_seq: int) -> Records:
        """All pages of the lists, archived records too, from whichever node answers."""
        records: Records = {}
        for entity, plural in LISTS.items():
            for archived in ("false", "true"):
                # By cursor: page numbers shift when a record is archived between two pages.
                cursor = ""
                while True:
                    body = await self._page(plural, archived, cursor, min_seq)
                    for record in body["data"]:
                        records[(entity, record["id"])] = record
                    if not (cursor := body["pagination"]["next_cursor"] or ""):
                        break
        return records

    async def _page(self, plural: str, archived: str, cursor: str, min_seq: int) -> dict[str, Any]:
        params = {"limit": "100", "archived": archived, "sort": "created_at"}
        if cursor:
            params["cursor"] = cursor
        headers = {"Authorization": f"Bearer {self.token}", "X-Min-Seq": str(min_seq)}
        until = time.monotonic() + SETTLE_SECONDS
        while True:
            node = self.chance.choice(self._answering())
            try:
                url = f"{node.url}/v1/{plural}"
                async with self.session.get(url, params=params, headers=headers) as answer:
                    body = await answer.json()
                    if body["success"]:
                        return dict(body)
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.passed_over[node.port] = time.monotonic() + PASSED_OVER_SECONDS
            assert time.monotonic() < until, "no node gives a list"
            await asyncio.sleep(0.2)

    def _answering(self) -> list[Node]:
        """As a load balancer has it: one that did not answer is left alone for a while."""
        now = time.monotonic()
        living = self.living()
        return [node for node in living if self.passed_over.get(node.port, 0) < now] or living

    # The oracle

    async def head(self) -> tuple[int, str]:
        row = await self.db.one(
            "SELECT seq, encode(h, 'hex') AS h FROM team_heads WHERE team_id = $1", self.team.id
        )
        return row["seq"], row["h"]

    async def settle(self, seconds: float = SETTLE_SECONDS) -> float:
        """Wait, without any further writing, until every screen stands at the head; how long."""
        head = await self.head()
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if all(client.position == head for client in self.clients if client.wanted):
                break
            await asyncio.sleep(0.02)
        for client in self.clients:
            await client.settled()
        return time.monotonic() - began

    async def judge(self, verdict: Verdict) -> None:
        """The universal oracle: each screen saw the log, and its state is a fresh list.

        Every write that was answered is in the log, once, where its answer said.
        """
        log = await self.log()
        lines = [line for line, _ in log]
        head = await self.head()
        fresh = await self.fetch(head[0])
        lost = doubled = differing = 0
        alike: dict[tuple[int, int], bool] = {}
        watching = [client for client in self.clients if client.wanted]
        for client in watching:
            held = client.lines
            whole = client.position == head and held == lines[len(lines) - len(held) :]
            lost += not whole
            doubled += client.doubled
            differing += not same(client.records, fresh, alike)
        promised = [promise for writers in self.writers for promise in writers.promises]
        places = {line.seq: op for line, op in log}
        broken = sum(places.get(promise.seq) != promise.op for promise in promised)
        bad = await first_bad(self.db, self.team.id)
        verdict.mark("events", len(lines), least=1)
        verdict.mark("screens", len(watching), least=1)
        verdict.mark("screens that lost or reordered an event", lost, most=0)
        verdict.mark("events sent again on one connection", doubled, most=0)
        verdict.mark("screens that differ from a fresh list", differing, most=0)
        verdict.mark("answered writes that are not in the log", broken, most=0)
        verdict.mark("first bad event of the hash chain", bad or 0, most=0)
        unexpected = sum(len(writers.book.unexpected) for writers in self.writers)
        verdict.mark("answers nobody should get", unexpected, most=0)
        verdict.mark("tracebacks in the logs", sum(n.tracebacks() for n in self.nodes), most=0)

    async def log(self) -> list[tuple[Line, str]]:
        rows = await self.db.fetch(
            "SELECT seq, encode(h, 'hex') AS h, kind, entity_id::text AS id, version, op"
            " FROM events WHERE team_id = $1 ORDER BY seq",
            self.team.id,
        )
        return [
            (Line(row["seq"], row["h"], row["kind"], row["id"], row["version"]), row["op"])
            for row in rows
        ]

    def lag(self, percent: float, since: float = 0.0, until: float = float("inf")) -> float:
        """How old an event was when it reached a screen, of those that came in this time."""
        seen = [lag for c in self.clients for at, lag in c.lags if since <= at <= until]
        return percentile(seen, percent)

    def modes(self) -> Counter[str]:
        return sum((client.modes for client in self.clients), Counter())

    def closes(self) -> Counter[int]:
        return sum((client.closes for client in self.clients), Counter())

    # Servers

    async def restart_redis(self) -> None:
        again = await asyncio.to_thread(start_valkey, self.folder / "valkey", self.redis.port)
        self.redis.process = again.process

    async def restart_postgres(self) -> None:
        again = await asyncio.to_thread(
            start_postgres, self.folder / "postgres", self.postgres.port
        )
        self.postgres.process = again.process


def same(held: Records, fresh: Records, alike: dict[tuple[int, int], bool]) -> bool:
    """Whether a screen's records are the fresh ones; what screens share is compared once."""
    if held.keys() != fresh.keys():
        return False
    for key, record in held.items():
        pair = (id(record), id(fresh[key]))
        if pair not in alike:
            alike[pair] = record == fresh[key]
        if not alike[pair]:
            return False
    return True


@asynccontextmanager
async def opened(
    folder: Path, seed: int, *, nodes: int = 2, module: str = "server", **settings: str
) -> AsyncIterator[Office]:
    """A fresh Postgres, a fresh Valkey, so many nodes, and a team with somebody of each role."""
    postgres = await asyncio.to_thread(start_postgres, folder / "postgres")
    redis = await asyncio.to_thread(start_valkey, folder / "valkey")
    running: list[Node] = []
    try:
        await migrate(postgres.url)
        db = await Database.connect(postgres.url)
        environment = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "JWT_SECRET": JWT_SECRET,
            "DEMO": "false",
            "LOG_LEVEL": "warning",
            **settings,
        }
        for number in range(nodes):
            own = {name: str(seed + number) for name in ("LEAK_SEED", "FORGET_SEED")}
            log = folder / f"node{number}.log"
            what = (module, "run") if module == "server" else (module,)
            running.append(Node(log, {**environment, **own}, sys.executable, "-m", *what))
        await asyncio.gather(*(node.start() for node in running))
        team = await new_team(db)
        # What is kept open for a next request would be counted as a node's open files (row 18).
        wire = aiohttp.TCPConnector(limit=0, keepalive_timeout=1.0)
        async with aiohttp.ClientSession(connector=wire) as session:
            office = Office(
                folder, seed, postgres, redis, running, session, db, team,
                await token_of(db, team.owner), random.Random(seed),
            )  # fmt: skip
            try:
                yield office
            finally:
                await asyncio.gather(*(client.stop() for client in office.clients))
        await db.close()
    finally:
        await asyncio.gather(*(node.kill() for node in running), return_exceptions=True)
        await asyncio.to_thread(redis.kill)
        await asyncio.to_thread(postgres.kill)


async def token_of(db: Database, person: Actor, lifetime: timedelta = timedelta(days=1)) -> str:
    """A token of a session that stands in Postgres, for a whole day unless told otherwise."""
    async with db.transaction() as rows:
        session_id = await rows.fetchval(
            "INSERT INTO sessions (user_id, team_id, expires_at)"
            " VALUES ($1, $2, now() + interval '7 days') RETURNING id",
            person.user_id,
            person.team_id,
        )
    tokens = Tokens([JWT_SECRET], lifetime=lifetime)
    return tokens.issue(person.user_id, person.team_id, session_id)


def beside(url: str, port: int) -> str:
    """The same server by another port: a proxy's."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{port}"))
