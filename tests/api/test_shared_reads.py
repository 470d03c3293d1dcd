"""Sign-ins that meet share a statement, and each gets its own answer."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from typing_extensions import override

from db.database import Database
from db.errors import Unavailable
from domains.auth.shared_reads import SharedReads
from tests.factories import Team


class Counting(Database):
    """The same database; its statements are counted, and fail on demand."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.statements = 0
        self.away = False

    @override
    async def fetch(
        self, sql: str, *args: Any, timeout: float | None = None
    ) -> list[asyncpg.Record]:
        self.statements += 1
        if self.away:
            raise Unavailable("Postgres is not answering")
        return await self._db.fetch(sql, *args, timeout=timeout)


async def a_session(db: Database, team: Team) -> Any:
    return await db.fetchval(
        """
        INSERT INTO sessions (id, user_id, team_id, expires_at)
        VALUES ($1, $2, $3, now() + interval '1 day')
        RETURNING id
        """,
        uuid4(),
        team.agent.user_id,
        team.id,
    )


async def test_those_who_ask_meanwhile_share_the_next_statement(db: Database, team: Team) -> None:
    counting = Counting(db)
    reads = SharedReads(counting)
    session = await a_session(db, team)
    good = (session, team.agent.user_id, team.id)
    keys = [good, (session, uuid4(), team.id), (uuid4(), *good[1:]), good]
    answers = await asyncio.gather(*(reads.read(key) for key in keys))
    assert counting.statements == 1
    assert [answer and answer["open"] for answer in answers] == [True, None, None, True]
    await reads.read(good)
    assert counting.statements == 2, "an answer is not given to who asked after it"


async def test_a_failure_is_told_to_all_who_asked_and_to_nobody_else(
    db: Database, team: Team
) -> None:
    counting = Counting(db)
    reads = SharedReads(counting)
    key = (uuid4(), team.agent.user_id, team.id)
    counting.away = True
    answers = await asyncio.gather(*(reads.read(key) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3
    counting.away = False
    assert await reads.read(key) is None


async def test_who_does_not_wait_leaves_the_others_their_answer(db: Database, team: Team) -> None:
    reads = SharedReads(db)
    key = (uuid4(), team.agent.user_id, team.id)
    impatient = asyncio.create_task(reads.read(key))
    patient = asyncio.create_task(reads.read(key))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient is None
    with pytest.raises(asyncio.CancelledError):
        await impatient
