"""Lends Postgres connections, one at a time to each who asks, without a task, a timer or a proxy.

asyncpg's own pool makes all of these for each use, which is more work than reading a row by its id.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

IDLE_SECONDS = 300.0  # a line unused for longer may have been dropped on the way without a word
CUT_OFF = (asyncio.CancelledError, TimeoutError)


class Connections:
    """At most `most` of them; who finds none free waits in line, `patience` seconds at most."""

    def __init__(
        self, connect: "Callable[[], Awaitable[Connection]]", *, most: int, patience: float
    ) -> None:
        self._connect = connect
        self._most = most
        self._patience = patience
        self._all: set[Connection] = set()
        self._opening = 0
        # The last one used first, for Postgres has its plans warm; and since when it is free.
        self._free: list[tuple[Connection, float]] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._closed = False

    def __iter__(self) -> "Iterator[Connection]":
        return iter(self._all)

    async def open(self, count: int) -> None:
        """Have so many from the start, which also tells whether Postgres is there."""
        for connection in [await self.take() for _ in range(count)]:
            self.give_back(connection)

    def lend(self) -> "Loan":
        return Loan(self)

    async def take(self) -> "Connection":
        """Raise TimeoutError when none becomes free, InterfaceError after `close`."""
        while True:
            if self._closed:
                raise asyncpg.InterfaceError("the connections are closed")
            while self._free:
                connection, since = self._free.pop()
                if not connection.is_closed() and _now() - since < IDLE_SECONDS:
                    return connection
                self._all.discard(connection)
                connection.terminate()
            if len(self._all) + self._opening < self._most:
                return await self._open()
            handed = await self._wait()
            if handed is not None:
                return handed

    def give_back(self, connection: "Connection") -> None:
        """Hand it to who waits longest, so that nobody who comes later is served before."""
        if connection.is_closed() or self._closed:
            self._all.discard(connection)
            connection.terminate()
            self._wake(None)
        elif not self._wake(connection):
            self._free.append((connection, _now()))

    async def close(self, seconds: float) -> None:
        """Let those who have one finish, but no longer than so many seconds."""
        self._closed = True
        while self._wake(None):
            pass
        for connection, _ in self._free:
            self._all.discard(connection)
            with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=seconds)
        self._free.clear()
        deadline = _now() + seconds
        while self._all and _now() < deadline:  # noqa: ASYNC110 - nobody waits here but at the end
            await asyncio.sleep(0.01)
        for connection in self._all:
            connection.terminate()

    async def _open(self) -> "Connection":
        self._opening += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._wake(None)  # another may have better luck, or hear why not
            raise
        finally:
            self._opening -= 1
        self._all.add(connection)
        return connection

    async def _wait(self) -> "Connection | None":
        """A connection, or None: look again, for one has gone or all of them go."""
        turn: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._patience):
                return await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._pass_on(turn.result())
            raise

    def _pass_on(self, connection: "Connection | None") -> None:
        """It was handed to one who had just stopped waiting."""
        if connection is None:
            self._wake(None)
        else:
            self.give_back(connection)

    def _wake(self, connection: "Connection | None") -> bool:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False


class Loan:
    """`async with` it; a class and not a generator because every read goes through it."""

    __slots__ = ("_connection", "_lender")

    _connection: "Connection"

    def __init__(self, lender: Connections) -> None:
        self._lender = lender

    async def __aenter__(self) -> "Connection":
        self._connection = await self._lender.take()
        return self._connection

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        connection = self._connection
        # Where a statement was cut off it may still be running, and its answer is nobody's.
        if not connection.is_closed() and (
            isinstance(error, CUT_OFF) or connection.is_in_transaction()
        ):
            connection.terminate()
        self._lender.give_back(connection)


def _now() -> float:
    return asyncio.get_running_loop().time()
