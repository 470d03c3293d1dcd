"""One statement at a time for all who ask meanwhile: a herd that signs in is a few reads."""

import asyncio
from uuid import UUID

import asyncpg

from db.database import Database

Key = tuple[UUID, UUID, UUID]  # a session, its user, its team

MOST = 500  # questions of a statement


class SharedReads:
    """Who asks alone is answered as soon as ever; nobody by what was read before they asked."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._asked: dict[Key, asyncio.Future[asyncpg.Record | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def read(self, key: Key) -> asyncpg.Record | None:
        """What Postgres says of this session now; None when there is no such one."""
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_look)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._work(), name="bearers")
        # Whoever does not wait any longer leaves the others their answer.
        return await asyncio.shield(answer)

    async def _work(self) -> None:
        while self._asked:
            answers = {key: self._asked.pop(key) for key in list(self._asked)[:MOST]}
            try:
                rows = await self._db.fetch(BEARERS, *map(list, zip(*answers, strict=True)))
            except Exception as error:  # noqa: BLE001 - each of those who asked is told
                for answer in answers.values():
                    answer.set_exception(error)
                continue
            found = {(row["id"], row["user_id"], row["team_id"]): row for row in rows}
            for key, answer in answers.items():
                answer.set_result(found.get(key))


def _look(answer: asyncio.Future[asyncpg.Record | None]) -> None:
    """A failure that nobody waited for any more is not worth asyncio's warning."""
    if not answer.cancelled():
        answer.exception()


# A session, or the choice of another team for it, from before its user began to act in the team
# stays closed: they were out in between. One statement is one snapshot: a change of what they may
# do there that it did not see has a number after `as_of`.
BEARERS = """
    SELECT k.id, k.user_id, k.team_id, u.full_name, u.disabled_at IS NOT NULL AS disabled, u.epoch,
        a.role, a.rights, h.seq AS as_of, s.revoked_at IS NULL AND s.expires_at > now() AS open
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS k (id, user_id, team_id)
    JOIN sessions AS s ON s.id = k.id AND s.user_id = k.user_id
    JOIN users AS u ON u.id = s.user_id
    JOIN team_heads AS h ON h.team_id = k.team_id
    LEFT JOIN session_teams AS c ON c.session_id = s.id AND c.team_id = k.team_id
    LEFT JOIN acting_role(k.team_id, k.user_id) AS a
        ON a.since <= coalesce(c.chosen_at, s.created_at)
    WHERE s.team_id = k.team_id OR c.team_id = k.team_id
"""
