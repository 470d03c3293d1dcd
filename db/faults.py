"""Telling a Postgres that is away from a statement that is wrong."""

import asyncpg

from db.errors import Overtaken, Unavailable

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
    asyncpg.ExclusionViolationError,  # verbs look first: who meets one was overtaken
    Overtaken,
)


class away_is_unavailable:  # noqa: N801 - it reads as a statement, like contextlib's
    """Turn a lost Postgres into `Unavailable`; let every other error through.

    A class because a generator costs thrice as much, and every read goes through here.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        """There is nothing to prepare."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and isinstance(error, AWAY):
            raise Unavailable("Postgres is not answering", retry_after=1) from error
