"""Presence between nodes: kept in Redis, for the living alone; what Redis loses they put back."""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4

import orjson
from redis.exceptions import ResponseError

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.redis_link import Away, Exchange, RedisLink
from channels.bus.redis_subscriber import Subscriber
from channels.presence import scripts
from channels.presence.entry import Entry

PREFIX = "homeroom:presence:"  # of keys; the nodes' own begin with NODE
NODE = "homeroom:presence:node:"
NODES = "homeroom:nodes"
CHANNEL = "homeroom:here:"
DRAIN_MS = 10_000  # for the people of a node that goes to come back elsewhere
TEAMS_PER_COMMAND = 512
HEAD = re.compile(rb'{"team":"([^"]+)","run":"([^"]*)","pv":([0-9]+),')
RUN_ID = re.compile(rb"run_id:(\w+)")


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a team's presence, the same on every node."""

    team_id: UUID
    run: str
    pv: int
    message: bytes  # what was told of it; many are known by their number already, and not read

    @classmethod
    def of(cls, message: bytes) -> "Change":
        head = HEAD.match(message)
        if head is None:
            raise ValueError("No change of presence")
        return cls(UUID(head[1].decode()), head[2].decode(), int(head[3]), message)

    def read(self) -> tuple[list[Entry], list[str]]:
        """Who was put, and who went."""
        told = orjson.loads(self.message)
        return [Entry.of(flat) for flat in told["put"]], told["del"]


@dataclass(frozen=True, slots=True)
class Full:
    """All of a team's presence at `pv`."""

    run: str
    pv: int
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Hold:
    """Who holds the lease of a field, and until when (ms)."""

    conn: str
    until: int


class Listener(Protocol):
    """What a node does with what it hears; without waiting."""

    def heard(self, change: Change) -> None: ...

    def subscribed(self, team_id: UUID) -> None:
        """From here on the team's changes arrive; those before may have been missed."""

    def came_up(self) -> None:
        """Redis answers again; what it knows may be old, or nothing."""

    def went_down(self) -> None: ...


class PresenceStore:
    """Every method raises Away while Redis is; `node` is this process for as long as it lives."""

    def __init__(self, url: str, *, counters: Counters, supervisor: Supervisor) -> None:
        self.node = uuid4().hex[:16]
        self._listener: Listener
        self._counters = counters
        self._supervisor = supervisor
        self._epoch = ""
        self._clock = time.time() - time.monotonic()  # until Redis says better
        self._sha: dict[str, bytes] = {}
        self._link = RedisLink(
            url, prepare=self._prepare, on_up=self._came_up, on_down=self._went_down
        )
        self._subscriber = Subscriber(
            url, self, prefix=CHANNEL, counters=counters, supervisor=supervisor
        )

    @property
    def up(self) -> bool:
        return self._link.up

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def start(self) -> None:
        self._supervisor.start("presence link", self._link.run)
        self._supervisor.start("presence subscriber", self._subscriber.run)

    def now(self) -> int:
        """Milliseconds by the clock of Redis, so that no node's own clock matters."""
        return int((time.monotonic() + self._clock) * 1000)

    async def subscribe(self, team_id: UUID) -> None:
        await self._subscriber.subscribe(team_id)

    def unsubscribe(self, team_id: UUID) -> None:
        self._subscriber.unsubscribe(team_id)

    async def change(
        self, team_id: UUID, puts: Sequence[Entry], gone: Iterable[tuple[str, str]]
    ) -> tuple[Change | None, dict[str, Hold]]:
        """Put entries and take away those (conn, sid) that left; who holds the fields of each put.

        None when nothing changed. An entry that another socket took since is left alone.
        """
        reply = await self._run(
            scripts.CHANGE,
            (self._key(team_id), f"{NODE}{self.node}", NODES),
            *(self._epoch, _fresh(), f"{CHANNEL}{team_id}", str(team_id), self.node),
            *(str(len(puts)), *(entry.text() for entry in puts)),
            *(part for pair in gone for part in pair),
        )
        holds = {
            entry.conn: Hold(holder.decode(), until)
            for entry, holder, until in zip(puts, reply[1::2], reply[2::2], strict=True)
            if holder
        }
        return (Change.of(reply[0]) if reply[0] else None), holds

    async def read(self, team_id: UUID) -> Full:
        run, pv, *texts = await self._run(
            scripts.READ, (self._key(team_id),), self._epoch, _fresh()
        )
        return Full(run.decode(), int(pv), [Entry.of(orjson.loads(text)) for text in texts])

    async def heads(self, team_ids: Sequence[UUID]) -> dict[UUID, tuple[str, int]]:
        """Where each team's presence stands: (run, pv)."""
        found = {}
        for start in range(0, len(team_ids), TEAMS_PER_COMMAND):
            some = team_ids[start : start + TEAMS_PER_COMMAND]
            keys = [self._key(team_id) for team_id in some]
            reply = await self._run(scripts.HEADS, keys, self._epoch)
            heads = zip(some, reply[::2], reply[1::2], strict=True)
            found.update({team_id: (run.decode(), pv) for team_id, run, pv in heads})
        return found

    async def beat(self, lease_ms: int = scripts.LEASE_MS) -> list[str]:
        """Say that this node lives; the nodes that do not any more."""
        now, *dead = await self._run(
            scripts.BEAT, (NODES, f"{NODE}{self.node}"), self.node, str(lease_ms)
        )
        self._clock = now / 1000 - time.monotonic()
        return [node.decode() for node in dead]

    async def reap(self, node: str) -> int:
        """Take away the people of a dead node; how many. Any number of nodes may try at once."""
        reaped = 0
        for team in await self._link.call("SMEMBERS", f"{NODE}{node}"):
            team_id = UUID(team.decode())
            message = await self._run(
                scripts.REAP,
                (self._key(team_id), NODES),
                *(self._epoch, _fresh(), f"{CHANNEL}{team_id}", str(team_id), node),
            )
            reaped += len(Change.of(message).read()[1]) if message else 0
        await self._run(scripts.BURY, (NODES, f"{NODE}{node}"), node)
        return reaped

    async def farewell(self) -> None:
        """Leave this node's people to the others, for as long as a reconnect may take."""
        await self.beat(DRAIN_MS)

    # What the subscriber hears

    def hear(self, _: str, data: bytes) -> None:
        try:
            change = Change.of(data)
        except ValueError:
            self._counters.bus_malformed += 1
            return
        self._listener.heard(change)

    def subscribed(self, team_id: UUID) -> None:
        self._listener.subscribed(team_id)

    def deaf(self) -> None:
        """Changes are missed now; each beat's look at the heads finds them."""

    # The link

    async def _prepare(self, exchange: Exchange) -> None:
        loads: list[tuple[str | bytes, ...]] = [
            ("SCRIPT", "LOAD", script) for script in scripts.SCRIPTS
        ]
        try:
            (info,) = await exchange([("INFO", "server")])
        except (
            ResponseError
        ):  # not allowed here: an old state on its disk goes unnoticed for longer
            info = b""
        found = RUN_ID.search(info)
        self._epoch = found[1].decode() if found else ""
        shas = await exchange(loads)
        self._sha = dict(zip(scripts.SCRIPTS, shas, strict=True))

    async def _run(self, script: str, keys: Sequence[str], *args: str) -> Any:
        sha = self._sha.get(script)
        if sha is None:
            raise Away
        return await self._link.call("EVALSHA", sha, str(len(keys)), *keys, *args)

    def _came_up(self) -> None:
        self._listener.came_up()

    def _went_down(self) -> None:
        self._listener.went_down()

    @staticmethod
    def _key(team_id: UUID) -> str:
        return f"{PREFIX}{team_id}"


def _fresh() -> str:
    """The run of a hash that has to be made."""
    return uuid4().hex[:12]
