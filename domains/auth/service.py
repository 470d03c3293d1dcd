"""Signing in and out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from db.database import Database
from domains.auth.models import Chosen, Me, Membership, PasswordChange, Signed, SignIn, User
from domains.auth.sessions import (
    Closed,
    Opened,
    Refusal,
    choose_team,
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


async def refresh(
    services: Services, token: str, *, team_id: UUID | None = None, remote: str
) -> Signed:
    """Exchange a refresh token for the next pair of tokens."""
    async with services.db.transaction() as rows:
        given = await exchange(rows, token, team_id=team_id, remote=remote)
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


async def choose(
    services: Services, user_id: UUID, session_id: UUID, team_id: UUID, *, until: datetime
) -> Chosen:
    """Give a session a token for another team that its user may act in.

    It ends with the one it was asked with, so nobody goes on with a token they only got hold of.
    """
    async with services.db.transaction() as rows:
        who = await rows.fetchrow(ME, user_id, team_id)
        if who is None:
            raise refused(Refusal.NOT_A_MEMBER)
        await choose_team(rows, session_id, team_id)
    token = services.tokens.issue(user_id, team_id, session_id, until=until)
    return Chosen(
        access_token=token,
        expires_in=services.tokens.seconds_to(until),
        user=_user(who),
        team=_team(who),
        rights=who["rights"],
    )


async def me(db: Database, actor: Actor) -> Me:
    who = await db.fetchrow(ME, actor.user_id, actor.team_id)
    if who is None or who["role"] is None:
        raise refused(Refusal.NOT_A_MEMBER)
    return Me(user=_user(who), team=_team(who), rights=who["rights"])


def signed(services: Services, who: Any, opened: Opened) -> Signed:
    """Make the answer to everybody who comes in, from a row of theirs as ME reads it."""
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


# Without a team named: the membership that was taken up first, or else a team of one's brokerage.
WHO = """
    SELECT u.id AS user_id, u.email, u.full_name, u.password_hash,
        u.disabled_at IS NOT NULL AS disabled, t.id AS team_id, t.name AS team_name, a.role,
        a.rights
    FROM users AS u
    LEFT JOIN teams AS t ON t.id = coalesce($2, (
        SELECT m.team_id
        FROM members AS m
        WHERE m.user_id = u.id AND m.removed_at IS NULL
        ORDER BY m.joined_at, m.team_id
        LIMIT 1
    ), (
        SELECT o.id
        FROM brokers AS b
        JOIN teams AS o ON o.brokerage_id = b.brokerage_id
        WHERE b.user_id = u.id AND b.removed_at IS NULL
        ORDER BY o.brokerage_joined_at, o.id
        LIMIT 1
    ))
    LEFT JOIN acting_role(t.id, u.id) AS a ON true
    WHERE lower(u.email) = $1
"""

REHASH = """
    UPDATE users SET password_hash = $3
    WHERE id = $1 AND password_hash = $2
    RETURNING true
"""

ME = """
    SELECT u.id AS user_id, u.email, u.full_name, t.id AS team_id, t.name AS team_name, a.role,
        a.rights
    FROM users AS u
    JOIN teams AS t ON t.id = $2
    JOIN acting_role(t.id, u.id) AS a ON true
    WHERE u.id = $1
"""
