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
    assert await housework.purge(db) == {"idempotency_keys": 0, "sessions": 0}
