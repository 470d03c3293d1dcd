"""The log as a room needs it: what came after, and where it stands."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from channels.room import membership
from db import events
from db.database import Database
from db.events import Event, Head


class Log(Protocol):
    """Every method raises `db.errors.Unavailable` while Postgres is away."""

    async def read_after(self, team_id: UUID, after: int, limit: int) -> list[Event]: ...

    async def heads(self, team_ids: Collection[UUID]) -> dict[UUID, Head]: ...

    async def about_members(self, team_id: UUID, after: int, last: int) -> list[Event]:
        """The events after `after`, up to `last`, that say who is in the team and as what."""
        ...

    async def timeline(self) -> str | None:
        """Which history of Postgres answers; another one after a failover. None: not to be told."""


class PostgresLog:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def read_after(self, team_id: UUID, after: int, limit: int) -> list[Event]:
        return await events.read_after(self._db, team_id, after, limit)

    async def heads(self, team_ids: Collection[UUID]) -> dict[UUID, Head]:
        return await events.heads(self._db, team_ids)

    async def about_members(self, team_id: UUID, after: int, last: int) -> list[Event]:
        return await events.read_kinds(self._db, team_id, after, last, membership.KINDS)

    async def timeline(self) -> str | None:
        return await events.timeline(self._db)
