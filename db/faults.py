"""Telling a Postgres that is away from a statement that is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from db.errors import Unavailable

# The server is gone, going, coming up or not answering: the same statement may work in a moment.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,  # "connection is closed", "pool is closing"
    asyncpg.InternalClientError,  # what asyncpg says when the line is cut between its states
)

# Two writers stood in each other's way and Postgres let one of them go.
COLLISION = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
)


@contextmanager
def away_is_unavailable() -> Iterator[None]:
    """Turn a lost Postgres into `Unavailable`; let every other error through."""
    try:
        yield
    except AWAY as error:
        raise Unavailable("Postgres is not answering", retry_after=1) from error
