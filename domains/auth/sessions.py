"""Sessions: one sign-in on one device, kept open by refresh tokens that are used once each."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from secrets import token_bytes
from typing import Any, Protocol
from uuid import UUID

from domains.kit.opaque import REFRESH, digest, mint, successor

log = logging.getLogger(__name__)

IDLE = timedelta(days=30)  # a session not used for so long is over
LONGEST = timedelta(days=90)  # and every session after this
GRACE = timedelta(seconds=10)  # in which a client that lost the answer may ask again
KEPT = timedelta(days=7)  # how long a closed session stays to be looked at


class Rows(Protocol):
    """A connection in a transaction, or a transaction of a team's log: both serve."""

    async def fetchrow(self, sql: str, /, *args: Any) -> Any: ...
    async def fetchval(self, sql: str, /, *args: Any) -> Any: ...
    async def execute(self, sql: str, /, *args: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Opened:
    session_id: UUID
    refresh_token: str


class Refusal(StrEnum):
    UNKNOWN = "unknown"
    OVER = "over"
    REUSED = "reused"
    DISABLED = "disabled"
    NOT_A_MEMBER = "not_a_member"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The next refresh token, and whom the session belongs to."""

    opened: Opened
    holder: Any  # a row: user_id, email, full_name, team_id, team_name, role, rights


@dataclass(frozen=True, slots=True)
class Closed:
    """Somebody used a refresh token twice, so the whole session was closed."""

    user_id: UUID


async def open_session(rows: Rows, user_id: UUID, team_id: UUID, *, remote: str) -> Opened:
    """Open a session, and clear away the user's sessions that are long over."""
    await rows.execute(CLEAR, user_id, IDLE, KEPT)
    token = mint(REFRESH)
    session_id = await rows.fetchval(
        OPEN, user_id, team_id, LONGEST, _address(remote), digest(token), IDLE
    )
    return Opened(session_id, token)


async def still(rows: Rows, user_id: UUID, password_hash: str) -> bool:
    """Whether the password that was checked a moment ago is the user's to the end of this."""
    return bool(await rows.fetchval(STILL, user_id, password_hash))


async def exchange(
    rows: Rows, token: str, *, team_id: UUID | None = None, remote: str
) -> Exchange | Closed | Refusal:
    """Take a refresh token and give the next one, for the session's team or one chosen in it since.

    A token that was exchanged before is a sign that two parties hold it, one of them a thief, and
    closes the whole session. Only for a few seconds, and only while its successor is unused, is it
    taken for a client whose answer was lost: that client gets the same successor again.

    A refusal is returned, not raised: closing the session must be committed.
    """
    held = await rows.fetchrow(HELD, digest(token), GRACE, team_id)
    if held is None:
        return Refusal.UNKNOWN
    if held["open"] and held["rotated"] and not await _answer_was_lost(rows, token, held):
        await rows.execute(LOCK_USER, held["user_id"])
        await rows.execute(CLOSE, held["session_id"])
        log.warning(
            "a refresh token was used twice; its session is closed",
            extra={"session": str(held["session_id"]), "user": str(held["user_id"])},
        )
        return Closed(held["user_id"])
    if (why := _refusal(held)) is not None:
        return why
    nonce = held["nonce"] or token_bytes(32)
    following = successor(token, nonce)
    if not held["rotated"]:
        await rows.execute(ROTATE, digest(token), nonce, digest(following), IDLE, _address(remote))
    return Exchange(Opened(held["session_id"], following), held)


async def choose_team(rows: Rows, session_id: UUID, team_id: UUID) -> None:
    """Let the session's tokens be for this team, too, as if it was begun there now."""
    await rows.execute(CHOOSE, session_id, team_id)


async def close_session(rows: Rows, token: str) -> UUID | None:
    """Close the session that this refresh token, used or not, belongs to; whose it was."""
    user_id: UUID | None = await rows.fetchval(WHOSE, digest(token))
    if user_id is not None:
        await rows.execute(LOCK_USER, user_id)
        await rows.execute(CLOSE_OF, digest(token))
    return user_id


async def close_sessions(rows: Rows, user_id: UUID, *, but: UUID | None = None) -> None:
    """Close all sessions of the user, perhaps but the one they are using.

    A session that somebody is opening with the user's password waits for it, see `still`.
    """
    await rows.execute(LOCK_USER, user_id)
    await rows.execute(CLOSE_ALL, user_id, but)


def _refusal(held: Any) -> Refusal | None:
    if held["expired"] or not held["open"]:
        return Refusal.OVER
    if held["disabled"]:
        return Refusal.DISABLED
    if held["role"] is None:
        return Refusal.NOT_A_MEMBER
    return None


async def _answer_was_lost(rows: Rows, token: str, held: Any) -> bool:
    if not held["in_grace"]:
        return False
    unused = "SELECT rotated_at IS NULL FROM refresh_tokens WHERE hash = $1"
    return bool(await rows.fetchval(unused, digest(successor(token, held["nonce"]))))


def _address(remote: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(remote)
    except ValueError:
        return None


# Rows that another sign-in is clearing away are left to it.
CLEAR = """
    DELETE FROM sessions
    WHERE id IN (
        SELECT id
        FROM sessions
        WHERE user_id = $1
            AND (expires_at < now() OR last_used_at < now() - $2::interval
                OR revoked_at < now() - $3::interval)
        FOR UPDATE SKIP LOCKED
    )
"""

OPEN = """
    WITH opened AS (
        INSERT INTO sessions (user_id, team_id, expires_at, remote)
        VALUES ($1, $2, now() + $3::interval, $4)
        RETURNING id, expires_at
    ), token AS (
        INSERT INTO refresh_tokens (hash, session_id, expires_at)
        SELECT $5, id, least(now() + $6::interval, expires_at)
        FROM opened
    )
    SELECT id FROM opened
"""

# The token's row is locked: of two clients that come with the same token, the second sees what the
# first was given.
HELD = """
    SELECT s.id AS session_id,
        s.revoked_at IS NULL AND s.expires_at > now() AS open,
        t.expires_at <= now() AS expired,
        t.rotated_at IS NOT NULL AS rotated,
        t.rotated_at > now() - $2::interval AS in_grace,
        t.nonce,
        u.id AS user_id, u.email, u.full_name, u.disabled_at IS NOT NULL AS disabled,
        g.id AS team_id, g.name AS team_name, a.role, a.rights
    FROM refresh_tokens AS t
    JOIN sessions AS s ON s.id = t.session_id
    JOIN users AS u ON u.id = s.user_id
    LEFT JOIN session_teams AS c ON c.session_id = s.id AND c.team_id = coalesce($3, s.team_id)
    LEFT JOIN teams AS g ON g.id = coalesce($3, s.team_id)
    LEFT JOIN acting_role(g.id, s.user_id) AS a
        ON a.since <= coalesce(c.chosen_at, CASE WHEN s.team_id = g.id THEN s.created_at END)
    WHERE t.hash = $1
    FOR UPDATE OF t
"""

ROTATE = """
    WITH used AS (
        UPDATE refresh_tokens SET rotated_at = now(), nonce = $2
        WHERE hash = $1
        RETURNING session_id
    ), session AS (
        UPDATE sessions SET last_used_at = now(), remote = $5
        FROM used
        WHERE id = used.session_id
        RETURNING id, expires_at
    )
    INSERT INTO refresh_tokens (hash, session_id, expires_at)
    SELECT $3, id, least(now() + $4::interval, expires_at)
    FROM session
"""

CHOOSE = """
    INSERT INTO session_teams (session_id, team_id, chosen_at)
    VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (session_id, team_id) DO UPDATE SET chosen_at = excluded.chosen_at
"""

CLOSE = "UPDATE sessions SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL"

CLOSE_OF = """
    UPDATE sessions SET revoked_at = now()
    FROM refresh_tokens AS t
    WHERE t.hash = $1 AND sessions.id = t.session_id AND revoked_at IS NULL
"""

CLOSE_ALL = """
    UPDATE sessions SET revoked_at = now()
    WHERE user_id = $1 AND revoked_at IS NULL AND id IS DISTINCT FROM $2
"""

WHOSE = """
    SELECT s.user_id
    FROM refresh_tokens AS t
    JOIN sessions AS s ON s.id = t.session_id
    WHERE t.hash = $1
"""

LOCK_USER = "SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE"

STILL = "SELECT true FROM users WHERE id = $1 AND password_hash = $2 FOR SHARE"
