"""Postgres: pooled reads, and the one way to write."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Self
from uuid import uuid4

import asyncpg

from db.connections import Connections, Loan
from db.errors import Unavailable
from db.events import Event
from db.faults import AWAY, COLLISION, away_is_unavailable
from db.transaction import Answer, Transaction, Writer
from db.turns import Turns

log = logging.getLogger(__name__)

ACQUIRE_TIMEOUT = 3.0  # seconds for a connection; beyond it the caller hears 503 rather than waits
COMMAND_TIMEOUT = 15.0
STREAMS = 2
ATTEMPTS = 5
CLOSE_TIMEOUT = 5.0
SETTLE_TIMEOUT = 10.0  # seconds to find out what became of a COMMIT whose answer was lost

SESSION = {
    "timezone": "UTC",
    "lock_timeout": "5s",
    "statement_timeout": "12s",
    "idle_in_transaction_session_timeout": "20s",
    "application_name": "homeroom",
    "pg_trgm.word_similarity_threshold": "0.42",  # one letter of six may be wrong
    "random_page_cost": "1.1",  # what is read often is in memory, and the rest on no turning disk
    "jit": "off",  # compiling costs more than our queries run
}

Work = Callable[[Transaction], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Landing:
    """What a sealed transaction will have written if its COMMIT went through."""

    answer: Answer
    events: list[Event]


class _CommitUnknown(Exception):
    """The connection was lost during COMMIT."""

    def __init__(self, landing: _Landing) -> None:
        self.landing = landing


def _ignore(event: Event) -> None:
    """Tell nobody: the head poll of the nodes will."""


class Database:
    """The pool. `announce` is called for each event once it is committed, in order."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._turns = Turns()
        self._streaming = asyncio.Semaphore(STREAMS)
        self.announce: Callable[[Event], None] = _ignore

    @classmethod
    async def connect(cls, url: str, *, min_size: int = 2, max_size: int = 10) -> Self:
        async def open_one() -> "asyncpg.Connection[asyncpg.Record]":
            connection = await asyncpg.connect(
                url,
                command_timeout=COMMAND_TIMEOUT,
                timeout=ACQUIRE_TIMEOUT,
                server_settings=SESSION,
            )
            await _speak_json(connection)
            return connection

        connections = Connections(open_one, most=max_size, patience=ACQUIRE_TIMEOUT)
        with away_is_unavailable():
            await connections.open(min_size)
        return cls(connections)

    async def close(self) -> None:
        await self._connections.close(CLOSE_TIMEOUT)

    def _connection(self) -> Loan:
        return self._connections.lend()

    # Reads

    async def fetch(
        self, sql: str, *args: Any, timeout: float | None = None
    ) -> list[asyncpg.Record]:
        with away_is_unavailable():
            async with self._connection() as connection:
                return await connection.fetch(sql, *args, timeout=timeout)

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        with away_is_unavailable():
            async with self._connection() as connection:
                return await connection.fetchrow(sql, *args)

    async def one(self, sql: str, *args: Any) -> asyncpg.Record:
        """The row of a statement that always gives one."""
        row = await self.fetchrow(sql, *args)
        if row is None:
            raise LookupError(sql)
        return row

    async def fetchval(self, sql: str, *args: Any, timeout: float | None = None) -> Any:
        with away_is_unavailable():
            async with self._connection() as connection:
                return await connection.fetchval(sql, *args, timeout=timeout)

    async def stream(
        self, sql: str, *args: Any, prefetch: int = 200
    ) -> AsyncIterator[asyncpg.Record]:
        """Rows of a long answer, a few at a time, from one snapshot.

        It holds its connection for as long as its reader takes, so only a few run at once: slow
        downloads must not keep everybody else from the pool.
        """
        with away_is_unavailable():
            async with (
                self._streaming,
                self._connection() as connection,
                connection.transaction(readonly=True),
            ):
                async for row in connection.cursor(sql, *args, prefetch=prefetch):
                    yield row

    # Writes

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """Rows of no team's log (sessions, tokens). Whatever a screen shows goes by `write`."""
        with away_is_unavailable():
            try:
                async with self._connection() as connection, connection.transaction():
                    yield connection
            except COLLISION as error:
                raise Unavailable("These rows are being written; try again") from error

    async def write(self, writer: Writer, work: Work) -> Answer:
        """Run `work` in one transaction, append its events, commit, and announce them.

        Rows come first and the team's head last, so the lock that orders the log is held only for
        the append and the COMMIT. `work` may run more than once; each run starts from nothing.

        Raise Unavailable when Postgres is away, KeyReused when the operation's key came before with
        another request, and whatever `work` raises; in every case nothing was written.
        """
        async with self._turns.turn(writer.team_id):
            for attempt in range(ATTEMPTS):
                try:
                    landing = await self._attempt(writer, work)
                except _CommitUnknown as lost:
                    if not await self._settled(lost.landing):
                        continue
                    landing = lost.landing
                except COLLISION as error:
                    log.warning(
                        "write collided", extra={"team": str(writer.team_id), "why": str(error)}
                    )
                    await asyncio.sleep(0.01 * 2**attempt)
                    continue
                for event in landing.events:
                    self.announce(event)
                return landing.answer
        raise Unavailable("This team's records are too busy", retry_after=1)

    async def _attempt(self, writer: Writer, work: Work) -> _Landing:
        with away_is_unavailable():
            async with self._connection() as connection:
                transaction = connection.transaction()
                await transaction.start()
                try:
                    landing = await _perform(Transaction(connection, writer), work)
                except BaseException:
                    with suppress(*AWAY):
                        await transaction.rollback()
                    raise
                if landing.answer.replayed:
                    await transaction.rollback()  # nothing was written, so nothing can be lost
                    return landing
                try:
                    await transaction.commit()
                except AWAY as error:
                    raise _CommitUnknown(landing) from error
                return landing

    async def _settled(self, landing: _Landing) -> bool:
        """Find out whether a COMMIT whose answer was lost took effect.

        The lost session holds the head's lock until it has committed or rolled back, so once we
        have that lock, the row at the sequence number it was given tells the whole truth: that of
        one team, where it is told in several.
        """
        if not landing.events:
            return False
        first = landing.events[0]
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT):
                while True:
                    try:
                        async with self._connection() as connection, connection.transaction():
                            await connection.execute(LOCK_HEAD, first.team_id)
                            return bool(
                                await connection.fetchval(LANDED, first.team_id, first.seq, first.h)
                            )
                    except (*AWAY, *COLLISION):
                        await asyncio.sleep(0.2)
        except TimeoutError:
            raise Unavailable(
                "Postgres went away while saving; send the same request with the same key again"
            ) from None


# Two statements, because the second must see what was committed while the first one waited.
LOCK_HEAD = "SELECT FROM team_heads WHERE team_id = $1 FOR NO KEY UPDATE"
LANDED = """
    SELECT EXISTS (
        SELECT FROM events
        WHERE team_id = $1 AND seq = $2 AND encode(h, 'hex') = $3
    )
"""


async def _perform(tx: Transaction, work: Work) -> _Landing:
    before = await tx.recall()
    if before is not None:
        return _Landing(before, [])
    answer = await work(tx)
    op = tx.writer.op.key if tx.writer.op else str(uuid4())
    events = await tx.seal(op)
    told = [event.seq for event in events if event.team_id == tx.team_id]
    if told:
        answer = replace(answer, seq=told[-1])
    await tx.keep(answer)
    return _Landing(answer, events)


async def _speak_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
        )
