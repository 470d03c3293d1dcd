"""From an access token to who bears it, for REST and sockets alike."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from db.database import Database
from domains.auth.service import refused
from domains.auth.sessions import Refusal
from domains.auth.shared_reads import SharedReads
from domains.auth.tokens import Claims, Tokens
from domains.kit.actor import Actor, Role

TRUSTED = 4.0  # seconds a membership is taken as read: its end is felt everywhere within five
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Bearer(Actor):
    """A member by the token they hold; all who show the same token share one.

    `as_of` is the last event of the team's log, and `epoch` the user's, when Postgres was asked:
    what ends this session or changes this membership later has moved one of them.
    """

    session_id: UUID
    expires_at: float  # seconds since 1970, by Postgres's clock
    as_of: int
    epoch: int


class Authenticator:
    """The token only says where to look.

    Role and membership come from Postgres, in one query, and are taken as read for TRUSTED seconds.
    """

    def __init__(
        self, db: Database, tokens: Tokens, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._reads = SharedReads(db)
        self._tokens = tokens
        self._clock = clock
        # By the token itself: its hash is kept with it, three UUIDs would be hashed anew.
        self._known: OrderedDict[str, tuple[Bearer, float]] = OrderedDict()
        self._forgotten = 0

    async def authenticate(self, token: str) -> Bearer:
        """Raise TokenExpired, Unauthenticated, or Forbidden for one who may no longer come in."""
        known = self._known.get(token)
        if known is not None and self._clock() < known[1]:
            return known[0]
        self._known.pop(token, None)
        claims = self._tokens.read(token)
        # Before the query: what it saw may be that old when it answers.
        asked, forgotten = self._clock(), self._forgotten
        bearer = await self._look_up(claims)
        if forgotten == self._forgotten:  # else it may have been read before what was to be felt
            self._known[token] = bearer, asked + min(TRUSTED, self._tokens.remaining(claims))
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return bearer

    def forget(self, user_id: UUID) -> None:
        """Look the user up afresh next time: what they may do was just changed."""
        self._forgotten += 1
        theirs = [token for token, (who, _) in self._known.items() if who.user_id == user_id]
        for token in theirs:
            del self._known[token]

    # For sockets, which outlive the moment they were let in

    async def again(self, bearer: Bearer) -> Bearer:
        """Read anew what is known of a bearer; raise as `authenticate` does when they are out."""
        return await self._read(
            bearer.session_id, bearer.user_id, bearer.team_id, bearer.expires_at
        )

    async def moved(self, epochs: Mapping[UUID, int]) -> list[UUID]:
        """The users among these whose epoch is another by now; one that is gone, too."""
        rows = await self._db.fetch(MOVED, list(epochs), list(epochs.values()))
        moved = [row["id"] for row in rows]
        for user_id in moved:
            self.forget(user_id)
        return moved

    async def _look_up(self, claims: Claims) -> Bearer:
        return await self._read(
            claims.session_id, claims.user_id, claims.team_id, claims.expires_at.timestamp()
        )

    async def _read(
        self, session_id: UUID, user_id: UUID, team_id: UUID, expires_at: float
    ) -> Bearer:
        row = await self._reads.read((session_id, user_id, team_id))
        if row is None or not row["open"]:
            raise refused(Refusal.OVER)
        if row["disabled"]:
            raise refused(Refusal.DISABLED)
        if row["role"] is None:
            raise refused(Refusal.NOT_A_MEMBER)
        return Bearer(
            user_id,
            team_id,
            Role(row["role"]),
            row["full_name"],
            session_id,
            expires_at,
            row["as_of"],
            row["epoch"],
        )


MOVED = """
    SELECT k.id
    FROM unnest($1::uuid[], $2::bigint[]) AS k (id, epoch)
    LEFT JOIN users AS u ON u.id = k.id
    WHERE u.epoch IS DISTINCT FROM k.epoch
"""
