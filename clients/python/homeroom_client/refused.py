"""A request that was refused or never arrived, with the server's code and details."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

PASSING: Final = frozenset({"OFFLINE", "UNAVAILABLE", "RATE_LIMITED", "TOKEN_EXPIRED"})
FINAL: Final = ("AUTH_", "TOKEN_", "FORBIDDEN", "VALIDATION_")


class Refused(Exception):
    """`code` and `details` are for the program, the message for people."""

    def __init__(
        self,
        code: str,
        message: str,
        details: Sequence[Mapping[str, Any]] = (),
        retry_ms: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = list(details)
        self.retry_ms = retry_ms

    @property
    def passes(self) -> bool:
        """Trying the same thing again later is right."""
        return self.code in PASSING

    @property
    def is_final(self) -> bool:
        """Said of a session: it is over."""
        return self.code.startswith(FINAL)


def offline() -> Refused:
    return Refused("OFFLINE", "The server cannot be reached right now.")


def opened(envelope: Any, retry_ms: int = 0) -> dict[str, Any]:
    """The envelope itself when it says success; otherwise its error, raised."""
    if isinstance(envelope, dict) and envelope.get("success"):
        return envelope
    error = (envelope.get("error") if isinstance(envelope, dict) else None) or {}
    raise Refused(
        error.get("code", "INTERNAL"),
        error.get("message", "The server gave an answer we do not understand."),
        error.get("details", ()),
        error.get("retry_ms") or retry_ms,
    )
