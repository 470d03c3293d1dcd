"""The log: one row for each committed change of a team, gapless, in commit order, hash-chained."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

if TYPE_CHECKING:
    from db.database import Database

NONE = "-"  # in a packed event: there is no such word
EVERYONE = "all"  # the audience of what the whole team may see


@dataclass(frozen=True, slots=True)
class Event:
    """A committed event as it travels between nodes and to screens.

    `wire` is the finished JSON object of the event frame, the same bytes live and in replay.
    `h` is the chain hash after this event (32 hex digits); (seq, h) is the resume token.
    `audience` may see the record since; `audience_before` could until then, where it differs.
    `entity` is the kind of record it is about; "" where that is not known.
    """

    team_id: UUID
    seq: int
    h: str
    kind: str
    entity_id: UUID
    audience: str
    wire: bytes
    audience_before: str | None = None
    # The hash before this event, when it travels between nodes; the same event either way.
    previous: str | None = field(default=None, compare=False)
    entity: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is the same to everybody in the team."""
        return self.audience == EVERYONE and self.audience_before is None

    def pack(self) -> bytes:
        """One Redis message: a header line for the node, then the frame for the screen."""
        about = f"{self.kind} {self.entity or NONE} {self.entity_id} {self.audience}"
        before = f"{self.audience_before or NONE} {self.previous or NONE}"
        return f"{self.team_id} {self.seq} {self.h} {about} {before}\n".encode() + self.wire

    @classmethod
    def unpack(cls, message: bytes) -> "Event":
        """Raise ValueError on anything that is not a packed event."""
        head, _, wire = message.partition(b"\n")
        team, seq, h, kind, entity, entity_id, audience, *rest = head.decode().split(" ")
        before, previous = (None if word == NONE else word for word in rest)
        return cls(
            team_id=UUID(team),
            seq=int(seq),
            h=h,
            kind=kind,
            entity_id=UUID(entity_id),
            audience=audience,
            wire=wire,
            audience_before=before,
            previous=previous,
            entity="" if entity == NONE else entity,
        )


@dataclass(frozen=True, slots=True)
class Head:
    """Where a team's log stands."""

    seq: int
    h: str


TIMELINE = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)"

COLUMNS = """
    e.team_id, e.seq, encode(e.h, 'hex') AS h, e.kind, e.entity, e.entity_id, e.audience,
    e.audience_before,
    event_wire(e) AS wire
"""


def event_of(row: "asyncpg.Record", previous: str | None = None) -> Event:
    return Event(
        team_id=row["team_id"],
        seq=row["seq"],
        h=row["h"],
        kind=row["kind"],
        entity_id=row["entity_id"],
        audience=row["audience"],
        wire=row["wire"].encode(),
        audience_before=row["audience_before"],
        previous=previous,
        entity=row["entity"],
    )


async def read_after(db: "Database", team_id: UUID, after: int, limit: int = 1000) -> list[Event]:
    """The team's next events after `after`, in order, at most `limit`."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS}
        FROM (
            SELECT *
            FROM events
            WHERE team_id = $1 AND seq > $2
            ORDER BY seq
            LIMIT $3
        ) AS e
        ORDER BY e.seq
        """,
        team_id,
        after,
        limit,
    )
    return [event_of(row) for row in rows]


async def read_kinds(
    db: "Database", team_id: UUID, after: int, last: int, kinds: Collection[str]
) -> list[Event]:
    """The team's events of these kinds after `after`, up to `last`, in order."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS}
        FROM events AS e
        WHERE e.team_id = $1 AND e.seq > $2 AND e.seq <= $3 AND e.kind = ANY ($4)
        ORDER BY e.seq
        """,
        team_id,
        after,
        last,
        list(kinds),
    )
    return [event_of(row) for row in rows]


async def heads(db: "Database", team_ids: Collection[UUID]) -> dict[UUID, Head]:
    """The heads of these teams, in one query; an unknown team is left out."""
    rows = await db.fetch(
        """
        SELECT team_id, seq, encode(h, 'hex') AS h
        FROM team_heads
        WHERE team_id = ANY ($1)
        """,
        list(team_ids),
    )
    return {row["team_id"]: Head(row["seq"], row["h"]) for row in rows}


async def timeline(db: "Database") -> str | None:
    """Which history of Postgres this is: another one after a failover or a restore to a moment.

    None where it cannot be told, on a service that does not let one ask.
    """
    try:
        found: str | None = await db.fetchval(TIMELINE)
    except asyncpg.PostgresError:
        return None
    return found


async def hash_at(db: "Database", team_id: UUID, seq: int) -> str | None:
    """The chain hash after event `seq`, or None where there is no such event."""
    sql = "SELECT encode(h, 'hex') FROM events WHERE team_id = $1 AND seq = $2"
    if seq == 0:
        sql = "SELECT encode(first_hash($1), 'hex') WHERE $2 = 0"
    h: str | None = await db.fetchval(sql, team_id, seq)
    return h


async def first_bad(db: "Database", team_id: UUID) -> int | None:
    """Walk a team's whole chain: the first seq altered or missing, None when it holds."""
    async with db.transaction() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        sql = "SELECT first_bad_event($1)"
        seq: int | None = await connection.fetchval(sql, team_id, timeout=3600)
    return seq
