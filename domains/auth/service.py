"""Signing in and out."""

from typing import Any
from uuid import UUID

from db.database import Database
from domains.auth.models import Me, Membership, PasswordChange, Signed, SignIn, User
from domains.auth.sessions import (
    Closed,
    Opened,
    Refusal,
    close_session,
    close_sessions,
    exchange,
    open_session,
    still,
)
from domains.kit.actor import Actor, Role
from domains.kit.errors import Conflict, DomainError, Forbidden, Invalid, Unauthenticated
from domains.kit.services import Services

REFUSALS: dict[Refusal, tuple[type[DomainError], str]] = {
    Refusal.UNKNOWN: (Unauthenticated, "The refresh token is not valid; sign in again"),
    Refusal.OVER: (Unauthenticated, "This session is over; sign in again"),
    Refusal.REUSED: (Unauthenticated, "This session was closed for safety; sign in again"),
    Refusal.DISABLED: (Forbidden, "This account is disabled"),
    Refusal.NOT_A_MEMBER: (Forbidden, "You are not a member of this team"),
}


async def sign_in(services: Services, body: SignIn, *, remote: str) -> Signed:
    """Raise Unauthenticated for a wrong password or address, in the same words and time."""
    db = services.db
    who = await db.fetchrow(WHO, body.email, body.team_id)
    stored: Any = None if who is None else who["password_hash"]
    fits = await services.passwords.check(stored, body.password)
    if who is None or not fits:
        raise Unauthenticated("The e-mail address or the password is wrong")
    if who["disabled"]:
        raise refused(Refusal.DISABLED)
    if who["role"] is None:
        raise refused(Refusal.NOT_A_MEMBER)
    better = None
    if services.passwords.outdated(who["password_hash"]):
        better = await services.passwords.hash(body.password)
    async with db.transaction() as rows:
        if better is not None and await rows.fetchval(REHASH, who["user_id"], stored, better):
            stored = better
        if not await still(rows, who["user_id"], stored):
            raise Unauthenticated("The password was changed a moment ago")
        opened = await open_session(rows, who["user_id"], who["team_id"], remote=remote)
    return signed(services, who, opened)


async def refresh(services: Services, token: str, *, remote: str) -> Signed:
    """Exchange a refresh token for the next pair of tokens."""
    async with services.db.transaction() as rows:
        given = await exchange(rows, token, remote=remote)
    if isinstance(given, Closed):
        services.cut_off(given.user_id)
        raise refused(Refusal.REUSED)
    if isinstance(given, Refusal):
        raise refused(given)
    return signed(services, given.holder, given.opened)


async def sign_out(services: Services, token: str) -> None:
    """Close the session; closing it again, or one that never was, is fine."""
    async with services.db.transaction() as rows:
        user_id = await close_session(rows, token)
    if user_id is not None:
        services.cut_off(user_id)


async def sign_out_everywhere(services: Services, user_id: UUID) -> None:
    """Close every session of the user, in every team; sockets and access tokens end with them."""
    async with services.db.transaction() as rows:
        await close_sessions(rows, user_id)
    services.cut_off(user_id)


async def change_password(
    services: Services, user_id: UUID, session_id: UUID, body: PasswordChange
) -> None:
    """Take a new password for the current one, and close every session but this one."""
    db = services.db
    stored = await db.fetchval("SELECT password_hash FROM users WHERE id = $1", user_id)
    if not await services.passwords.check(stored, body.current):
        raise Invalid.field("current", "This is not your password", "wrong")
    following = await services.passwords.hash(body.new)
    async with db.transaction() as rows:
        await close_sessions(rows, user_id, but=session_id)
        if not await rows.fetchval(REHASH, user_id, stored, following):
            raise Conflict("The password was changed a moment ago")
    services.cut_off(user_id)


async def me(db: Database, actor: Actor) -> Me:
    who = await db.fetchrow(ME, actor.user_id, actor.team_id)
    if who is None or who["role"] is None:
        raise refused(Refusal.NOT_A_MEMBER)
    return Me(user=_user(who), team=_team(who), rights=who["rights"])


def signed(services: Services, who: Any, opened: Opened) -> Signed:
    """Make the answer to everybody who comes in, from a row of theirs as NEWCOMER reads it."""
    tokens = services.tokens
    return Signed(
        access_token=tokens.issue(who["user_id"], who["team_id"], opened.session_id),
        refresh_token=opened.refresh_token,
        expires_in=int(tokens.lifetime.total_seconds()),
        user=_user(who),
        team=_team(who),
        rights=who["rights"],
    )


def refused(why: Refusal) -> DomainError:
    kind, sentence = REFUSALS[why]
    return kind(sentence)


def _user(who: Any) -> User:
    return User(id=who["user_id"], email=who["email"], full_name=who["full_name"])


def _team(who: Any) -> Membership:
    return Membership(id=who["team_id"], name=who["team_name"], role=Role(who["role"]))


# Without a team named, the membership that was taken up first.
WHO = """
    SELECT u.id AS user_id, u.email, u.full_name, u.password_hash,
        u.disabled_at IS NOT NULL AS disabled, m.team_id, m.team_name, m.role, m.rights
    FROM users AS u
    LEFT JOIN LATERAL (
        SELECT m.team_id, m.role, m.rights, t.name AS team_name
        FROM members AS m
        JOIN teams AS t ON t.id = m.team_id
        WHERE m.user_id = u.id AND m.removed_at IS NULL AND ($2::uuid IS NULL OR m.team_id = $2)
        ORDER BY m.joined_at, m.team_id
        LIMIT 1
    ) AS m ON true
    WHERE lower(u.email) = $1
"""

REHASH = """
    UPDATE users SET password_hash = $3
    WHERE id = $1 AND password_hash = $2
    RETURNING true
"""

ME = """
    SELECT u.id AS user_id, u.email, u.full_name, t.id AS team_id, t.name AS team_name, m.role,
        m.rights
    FROM members AS m
    JOIN users AS u ON u.id = m.user_id
    JOIN teams AS t ON t.id = m.team_id
    WHERE m.user_id = $1 AND m.team_id = $2 AND m.removed_at IS NULL
"""
