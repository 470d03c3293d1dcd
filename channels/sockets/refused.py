"""A connection that is not let in, or not let stay."""

import logging
from collections.abc import Awaitable
from typing import TypeVar

from db.errors import Unavailable

log = logging.getLogger(__name__)

W = TypeVar("W")


class Refused(Exception):
    """`code` and `retry_ms` are for the program, `message` for people."""

    def __init__(self, code: str, message: str, *, retry_ms: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_ms = retry_ms

    def told(self) -> dict[str, str | int]:
        """As `connect_error` carries it."""
        told: dict[str, str | int] = {"code": self.code, "message": self.message}
        return told if self.retry_ms is None else told | {"retry_ms": self.retry_ms}


async def admitted(looking_up: Awaitable[W]) -> W:
    """Who was looked up; what the server refuses them for, as a Refused.

    Errors of the server's that have `code` and `message` are its refusals. Raise Unavailable or
    TimeoutError when nobody can say.
    """
    try:
        return await looking_up
    except (Unavailable, TimeoutError):
        raise
    except Exception as error:
        code = getattr(error, "code", None)
        if not isinstance(code, str):
            log.exception("authentication failed")
            raise Refused("INTERNAL", "Something went wrong here") from error
        after = getattr(error, "retry_after", None)
        retry_ms = None if after is None else int(after * 1000)
        raise Refused(code, getattr(error, "message", code), retry_ms=retry_ms) from error
