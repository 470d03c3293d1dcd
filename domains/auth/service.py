"""Signing in and out, and telling who is behind a token."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from db.database import Database
from domains.auth.models import Me, Membership, Signed, SignIn, User
from domains.auth.sessions import Opened, Refusal, close_session, exchange, open_session
from domains.auth.tokens import Claims, Tokens
from domains.kit.actor import Actor, Role
from domains.kit.errors import DomainError, Forbidden, Unauthenticated
from domains.kit.services import Services

TRUSTED = 5.0  # seconds a membership is taken as read; a removal is felt everywhere within them
REMEMBERED = 10_000

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
    stored = None if who is None else who["password_hash"]
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
        if better is not None:
            await rows.execute(REHASH, who["user_id"], stored, better)
        opened = await open_session(rows, who["user_id"], who["team_id"], remote=remote)
    return signed(services, who, opened)


async def refresh(services: Services, token: str, *, remote: str) -> Signed:
    """Exchange a refresh token for the next pair of tokens."""
    async with services.db.transaction() as rows:
        given = await exchange(rows, token, remote=remote)
    if isinstance(given, Refusal):
        raise refused(given)
    return signed(services, given.holder, given.opened)


async def sign_out(services: Services, token: str) -> None:
    """Close the session; closing it again, or one that never was, is fine."""
    async with services.db.transaction() as rows:
        await close_session(rows, token)


async def me(db: Database, actor: Actor) -> Me:
    who = await db.fetchrow(ME, actor.user_id, actor.team_id)
    if who is None or who["role"] is None:
        raise refused(Refusal.NOT_A_MEMBER)
    return Me(user=_user(who), team=_team(who))


def signed(services: Services, who: Any, opened: Opened) -> Signed:
    """Make the answer to everybody who comes in, from a row of theirs as NEWCOMER reads it."""
    tokens = services.tokens
    return Signed(
        access_token=tokens.issue(who["user_id"], who["team_id"], opened.session_id),
        refresh_token=opened.refresh_token,
        expires_in=int(tokens.lifetime.total_seconds()),
        user=_user(who),
        team=_team(who),
    )


def refused(why: Refusal) -> DomainError:
    kind, sentence = REFUSALS[why]
    return kind(sentence)


def _user(who: Any) -> User:
    return User(id=who["user_id"], email=who["email"], full_name=who["full_name"])


def _team(who: Any) -> Membership:
    return Membership(id=who["team_id"], name=who["team_name"], role=Role(who["role"]))


class Authenticator:
    """From an access token to the actor, for REST and sockets alike.

    Role and membership come from Postgres, in one query, and are taken as read for TRUSTED seconds;
    the token only says where to look.
    """

    def __init__(
        self, db: Database, tokens: Tokens, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._clock = clock
        self._actors: OrderedDict[str, tuple[Actor, float]] = OrderedDict()

    async def authenticate(self, token: str) -> Actor:
        """Raise TokenExpired, Unauthenticated, or Forbidden for one who may no longer come in."""
        claims = self._tokens.read(token)
        # By the token itself: its hash is known since `read`, three UUIDs would be hashed anew.
        known = self._actors.get(token)
        if known is not None and self._clock() < known[1]:
            return known[0]
        self._actors.pop(token, None)
        asked = self._clock()  # before the query: what it saw may be that old when it answers
        actor = await self._look_up(claims)
        self._actors[token] = (actor, asked + TRUSTED)
        if len(self._actors) > REMEMBERED:
            self._actors.popitem(last=False)
        return actor

    def forget(self, user_id: UUID) -> None:
        """Look the user up afresh next time: what they may do was just changed on this node."""
        theirs = [token for token, (who, _) in self._actors.items() if who.user_id == user_id]
        for token in theirs:
            del self._actors[token]

    async def _look_up(self, claims: Claims) -> Actor:
        row = await self._db.fetchrow(ACTOR, claims.session_id, claims.user_id, claims.team_id)
        if row is None or not row["open"]:
            raise refused(Refusal.OVER)
        if row["disabled"]:
            raise refused(Refusal.DISABLED)
        if row["role"] is None:
            raise refused(Refusal.NOT_A_MEMBER)
        return Actor(claims.user_id, claims.team_id, Role(row["role"]), row["full_name"])


# Without a team named, the membership that was taken up first.
WHO = """
    SELECT u.id AS user_id, u.email, u.full_name, u.password_hash,
        u.disabled_at IS NOT NULL AS disabled, m.team_id, m.team_name, m.role
    FROM users AS u
    LEFT JOIN LATERAL (
        SELECT m.team_id, m.role, t.name AS team_name
        FROM members AS m
        JOIN teams AS t ON t.id = m.team_id
        WHERE m.user_id = u.id AND m.removed_at IS NULL AND ($2::uuid IS NULL OR m.team_id = $2)
        ORDER BY m.joined_at, m.team_id
        LIMIT 1
    ) AS m ON true
    WHERE lower(u.email) = $1
"""

REHASH = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2"

ME = """
    SELECT u.id AS user_id, u.email, u.full_name, t.id AS team_id, t.name AS team_name, m.role
    FROM members AS m
    JOIN users AS u ON u.id = m.user_id
    JOIN teams AS t ON t.id = m.team_id
    WHERE m.user_id = $1 AND m.team_id = $2 AND m.removed_at IS NULL
"""

# A session from before the member was removed and came back stays closed.
ACTOR = """
    SELECT u.full_name, u.disabled_at IS NOT NULL AS disabled, m.role,
        s.revoked_at IS NULL AND s.expires_at > now() AS open
    FROM sessions AS s
    JOIN users AS u ON u.id = s.user_id
    LEFT JOIN members AS m
        ON m.team_id = s.team_id AND m.user_id = s.user_id
        AND m.removed_at IS NULL AND m.joined_at <= s.created_at
    WHERE s.id = $1 AND s.user_id = $2 AND s.team_id = $3
"""
