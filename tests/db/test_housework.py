"""What has expired goes, in small steps, and nothing else does."""

import pytest

from db.database import Database
from server import housework
from tests.factories import Team

KEY = """
    INSERT INTO idempotency_keys (team_id, user_id, key, fingerprint, expires_at)
    SELECT $1, $2, 'key ' || n || $3, '', now() + $3::interval
    FROM generate_series(1, $4::int) AS n
"""
SESSION = """
    INSERT INTO sessions (user_id, team_id, expires_at)
    VALUES ($1, $2, now() + $3::interval)
"""


async def test_expired_keys_and_sessions_are_deleted_and_the_others_stay(
    db: Database, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housework, "AT_ONCE", 10)
    user = team.agent.user_id
    async with db.transaction() as rows:
        await rows.execute(KEY.replace("$3::interval", "'-1 hour'"), team.id, user, "old", 25)
        await rows.execute(KEY.replace("$3::interval", "'1 hour'"), team.id, user, "new", 5)
        for age in ("-8 days", "-6 days", "1 day"):
            await rows.execute(SESSION.replace("$3", f"'{age}'"), user, team.id)
    gone = await housework.purge(db)
    assert gone["idempotency_keys"] >= 25
    assert gone["sessions"] >= 1
    keys = "SELECT count(*) FROM idempotency_keys WHERE team_id = $1"
    sessions = "SELECT count(*) FROM sessions WHERE team_id = $1"
    assert await db.fetchval(keys, team.id) == 5
    assert await db.fetchval(sessions, team.id) == 2
    assert not any((await housework.purge(db)).values())


JOB = """
    WITH made AS (
        INSERT INTO pgqueuer (priority, entrypoint, status, updated)
        VALUES (0, 'some:job', $1, now() - interval '31 days')
        RETURNING id
    )
    INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority, created)
    SELECT id, 'queued', 'some:job', 0, now() - interval '31 days' FROM made
    RETURNING job_id
"""


async def test_what_is_told_of_a_job_goes_a_month_after_it_but_not_before_it(db: Database) -> None:
    async with db.transaction() as rows:
        waits = await rows.fetchval(JOB, "queued")
        failed = await rows.fetchval(JOB, "failed")
    gone = await housework.purge(db)
    assert gone["failed_jobs"] == gone["job_log"] == 1
    left = "SELECT id FROM pgqueuer WHERE id = ANY ($1)"
    assert [row["id"] for row in await db.fetch(left, [waits, failed])] == [waits]
    told = "SELECT job_id FROM pgqueuer_log WHERE job_id = ANY ($1)"
    assert [row["job_id"] for row in await db.fetch(told, [waits, failed])] == [waits]
    async with db.transaction() as rows:
        await rows.execute("DELETE FROM pgqueuer WHERE id = $1", waits)
