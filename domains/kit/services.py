"""What every domain is given to work with; built once by the server."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from db.database import Database
from domains.kit.resource import Resource
from domains.kit.words import Words


class AccessTokens(Protocol):
    """Signs the short-lived tokens that requests and sockets carry."""

    @property
    def lifetime(self) -> timedelta: ...

    def issue(
        self, user_id: UUID, team_id: UUID, session_id: UUID, *, until: datetime | None = None
    ) -> str: ...

    def seconds_to(self, end: datetime) -> int: ...


class PasswordHashes(Protocol):
    """Keeps passwords as hashes that are slow to guess from."""

    async def hash(self, password: str) -> str: ...

    async def check(self, stored: str | None, password: str) -> bool:
        """Tell whether the password fits; None (nobody there) takes as long and is false."""
        ...

    def outdated(self, stored: str) -> bool: ...


def tell_nobody(_: UUID) -> None:
    """Every node finds it out for itself, within seconds."""


@dataclass(frozen=True, slots=True)
class Services:
    db: Database
    tokens: AccessTokens
    passwords: PasswordHashes
    # Called once a change that ends sessions of this user is committed: nodes act on it at once.
    cut_off: Callable[[UUID], None] = tell_nobody
    resources: tuple[Resource, ...] = ()  # all kinds of record, for what is said of each of them
    words: tuple[Words, ...] = ()  # and how what else is in the log is told
