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


@dataclass(frozen=True, slots=True)
class _Known:
    """A token's bearer: taken as read `until`; while vouched for, until the token `ends`."""

    bearer: Bearer
    until: float
    ends: float


class Authenticator:
    """The token only says where to look.

    Role, rights and membership come from Postgres, in one query, and are taken as read for TRUSTED
    seconds; for longer while `moved` finds, again and again, that the user's epoch is what it was:
    all that ends a session or changes a membership moves it. So those who are cut off together and
    come back together are let in without a query.
    """

    def __init__(
        self, db: Database, tokens: Tokens, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._reads = SharedReads(db)
        self._tokens = tokens
        self._clock = clock
        # By the token itself: its hash is kept with it, three UUIDs would be hashed anew.
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._vouched: dict[UUID, tuple[int, float]] = {}  # a user's epoch, and until when it holds
        self._forgotten = 0

    async def authenticate(self, token: str) -> Bearer:
        """Raise TokenExpired, Unauthenticated, or Forbidden for one who may no longer come in."""
        bearer = self.known(token)
        if bearer is not None:
            return bearer
        self._known.pop(token, None)
        claims = self._tokens.read(token)
        # Before the query: what it saw may be that old when it answers.
        asked, forgotten = self._clock(), self._forgotten
        bearer = await self._look_up(claims)
        if forgotten == self._forgotten:  # else it may have been read before what was to be felt
            ends = asked + self._tokens.remaining(claims)
            self._known[token] = _Known(bearer, min(asked + TRUSTED, ends), ends)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return bearer

    def known(self, token: str) -> Bearer | None:
        """Who bears it, if that is taken as read; None says nothing about the token."""
        known = self._known.get(token)
        return known.bearer if known is not None and self._holds(known) else None

    def forget(self, user_id: UUID) -> None:
        """Look the user up afresh next time: what they may do was just changed."""
        self._vouched.pop(user_id, None)
        self._forget(lambda bearer: bearer.user_id == user_id)

    def forget_team(self, team_id: UUID) -> None:
        """Look its members up afresh: they were read in a past that is no more."""
        self._forget(lambda bearer: bearer.team_id == team_id)

    # For sockets, which outlive the moment they were let in

    async def again(self, bearer: Bearer) -> Bearer:
        """Read anew what is known of a bearer; raise as `authenticate` does when they are out."""
        return await self._read(
            bearer.session_id, bearer.user_id, bearer.team_id, bearer.expires_at
        )

    async def moved(self, epochs: Mapping[UUID, int]) -> list[UUID]:
        """The users among these whose epoch is another by now; one that is gone, too."""
        asked = self._clock()
        rows = await self._db.fetch(MOVED, list(epochs), list(epochs.values()))
        moved = [row["id"] for row in rows]
        if len(self._vouched) > REMEMBERED:
            self._vouched = {user: v for user, v in self._vouched.items() if asked < v[1]}
        self._vouched.update((user, (epoch, asked + TRUSTED)) for user, epoch in epochs.items())
        for user_id in moved:
            self.forget(user_id)
        return moved

    def _holds(self, known: "_Known") -> bool:
        now = self._clock()
        if now < known.until:
            return True
        vouched = self._vouched.get(known.bearer.user_id)
        if vouched is None or now >= known.ends:
            return False
        epoch, until = vouched
        return epoch == known.bearer.epoch and now < until

    def _forget(self, whose: Callable[[Bearer], bool]) -> None:
        self._forgotten += 1
        for token in [token for token, known in self._known.items() if whose(known.bearer)]:
            del self._known[token]

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
            rights=frozenset(row["rights"]),
        )


MOVED = """
    SELECT k.id
    FROM unnest($1::uuid[], $2::bigint[]) AS k (id, epoch)
    LEFT JOIN users AS u ON u.id = k.id
    WHERE u.epoch IS DISTINCT FROM k.epoch
"""
