"""What a piece of writing is made of: who writes, the rows, the events, the answer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from db.errors import KeyReused, OutOfSight
from db.events import COLUMNS, EVERYONE, Event, event_of
from db.jobs import enqueue

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class Operation:
    """A client's name for one write, so that it can be sent again safely for as long as it lasts.

    `fingerprint` is a digest of the request: the same key with another one is refused.
    """

    key: str
    fingerprint: bytes
    lasts: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Writer:
    """On whose behalf a transaction writes, in which team, and as which operation.

    `sees` are the audiences the writer is of; None is all there are.
    """

    team_id: UUID
    user_id: UUID
    op: Operation | None = None
    sees: Collection[str] | None = (EVERYONE,)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has its place in the sequence.

    `data` is the record's whole image after the change, `before` the image it had (None when it is
    new), both JSON texts; the names in `volatile` follow from others and are not told as changes.
    `audience` may see the record from now on, `audience_before` could until now. It is told in the
    log of `team_id`, the writer's own where none is named.
    """

    kind: str
    entity: str
    entity_id: UUID
    version: int
    data: str
    before: str | None = None
    audience: str = EVERYONE
    audience_before: str | None = None
    team_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write tells its caller: JSON text of the data, and where in the log it landed.

    `shows` are the records in it: when it is given again, they must still be for the caller to see.
    """

    data: str
    status: int = 200
    meta: Mapping[str, Any] = field(default_factory=dict)
    seq: int | None = None
    replayed: bool = False
    shows: Sequence[UUID] = ()


# Derived from other fields or moved by every write: never news of their own.
VOLATILE = (
    "version",
    "updated_at",
    "last_modified_by",
    "rights",
    "allowed_transitions",
    "acts_as",
    "label",
    "standard_status",
    "days_on_market",
    "cumulative_days_on_market",
    "agreement_status",
    "lead_ids",
    "escrow_count",
    "lifetime_value",
    "closed_value",
    "pending_value",
)

# The head is locked here already and not by the function, to learn the hash before the first event.
APPEND = f"""
    WITH head AS MATERIALIZED (
        SELECT team_id, encode(h, 'hex') AS h
        FROM team_heads
        WHERE team_id = $1
        FOR NO KEY UPDATE
    )
    SELECT {COLUMNS}, head.h AS previous
    FROM head, append_events(head.team_id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS e
"""

CLAIM = """
    INSERT INTO idempotency_keys (team_id, user_id, key, fingerprint, expires_at)
    VALUES ($1, $2, $3, $4, now() + $5::interval)
    ON CONFLICT (team_id, user_id, key) DO NOTHING
    RETURNING true
"""

RECALL = """
    SELECT fingerprint, status, body, meta, seq, $4::text[] IS NOT NULL AND EXISTS (
        SELECT FROM private_records AS p
        WHERE p.team_id = $1 AND p.record_id = ANY (k.shows)
            AND NOT audience_words(p.audience) && $4
    ) AS hidden
    FROM idempotency_keys AS k
    WHERE team_id = $1 AND user_id = $2 AND key = $3
"""

KEEP = """
    UPDATE idempotency_keys SET status = $4, body = $5, meta = $6, seq = $7, shows = $8
    WHERE team_id = $1 AND user_id = $2 AND key = $3
"""


class Transaction:
    """One transaction in one team: write rows through it, and `append` what became of them."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", writer: Writer) -> None:
        self._connection = connection
        self._drafts: list[Draft] = []
        self.writer = writer

    @property
    def team_id(self) -> UUID:
        return self.writer.team_id

    @property
    def user_id(self) -> UUID:
        return self.writer.user_id

    async def fetch(self, sql: str, *args: Any) -> "list[asyncpg.Record]":
        return await self._connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> "asyncpg.Record | None":
        return await self._connection.fetchrow(sql, *args)

    async def one(self, sql: str, *args: Any) -> "asyncpg.Record":
        """The row of a statement that always gives one."""
        row = await self.fetchrow(sql, *args)
        if row is None:
            raise LookupError(sql)
        return row

    async def fetchval(self, sql: str, *args: Any) -> Any:
        return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        return await self._connection.execute(sql, *args)

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        await self._connection.executemany(sql, rows)

    def append(self, draft: Draft) -> None:
        """Take an event to be written last, when every row stands."""
        self._drafts.append(draft)

    async def enqueue(
        self,
        name: str,
        payload: Mapping[str, Any],
        *,
        at: datetime | None = None,
        key: str | None = None,
    ) -> int | None:
        """Have the job of this name done once this transaction is committed, not before `at`.

        None where a job with this key waits already, or runs: it is not enqueued again.
        """
        return await enqueue(self._connection, name, payload, at=at, key=key)

    async def recall(self) -> Answer | None:
        """Claim the operation's key, or give back what was answered to it before.

        Raise OutOfSight where that shows a record which is not for the writer to see any more.
        """
        op = self.writer.op
        if op is None:
            return None
        key = (self.team_id, self.user_id, op.key)
        if await self.fetchval(CLAIM, *key, op.fingerprint, op.lasts):
            return None
        kept = await self.fetchrow(RECALL, *key, self.writer.sees)
        if kept is None or kept["fingerprint"] != op.fingerprint:
            raise KeyReused(op.key)
        if kept["hidden"]:
            raise OutOfSight
        return Answer(kept["body"], kept["status"], kept["meta"] or {}, kept["seq"], replayed=True)

    async def seal(self, op: str) -> list[Event]:
        """Append the drafts: last before COMMIT, and alone under the heads' locks.

        What concerns several teams is told in the log of each, with heads locked in one order.
        """
        by_team: dict[UUID, list[Draft]] = {}
        for draft in self._drafts:
            by_team.setdefault(draft.team_id or self.team_id, []).append(draft)
        events: list[Event] = []
        for team_id in sorted(by_team):
            events += await self._seal(team_id, by_team[team_id], op)
        return events

    async def _seal(self, team_id: UUID, drafts: list[Draft], op: str) -> list[Event]:
        rows = await self.fetch(
            APPEND,
            team_id,
            self.user_id,
            op,
            [d.kind for d in drafts],
            [d.entity for d in drafts],
            [d.entity_id for d in drafts],
            [d.version for d in drafts],
            [d.audience for d in drafts],
            [d.audience_before for d in drafts],
            [d.data for d in drafts],
            [d.before for d in drafts],
            VOLATILE,
        )
        if not rows:
            raise LookupError(f"team {team_id} has no head")
        events: list[Event] = []
        for row in rows:
            events.append(event_of(row, events[-1].h if events else row["previous"]))
        return events

    async def keep(self, answer: Answer) -> None:
        """Remember the answer under the operation's key, in the same transaction as the change."""
        op = self.writer.op
        if op is not None:
            key = (self.team_id, self.user_id, op.key)
            meta = dict(answer.meta) or None
            await self.execute(
                KEEP, *key, answer.status, answer.data, meta, answer.seq, answer.shows
            )
