"""Access tokens: JSON Web Tokens that say who and which session, never what they may do."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt

from domains.kit.errors import TokenExpired, Unauthenticated

ALGORITHM = "HS256"
KIND = "at+jwt"  # RFC 9068; a token made for another purpose with the same key is not let in
LIFETIME = timedelta(minutes=15)
# A token is good for so long after its end: its holder has the next one on the way. Clocks are no
# reason, for all nodes judge by Postgres's.
LEEWAY = timedelta(seconds=30)
SHORTEST_SECRET = 32  # bytes, as long as the hash: a shorter one can be guessed from any token
LONGEST_TOKEN = 2048  # characters; ours have about 450
REMEMBERED = 10_000  # checked tokens kept, so that a request does not pay for its token again
REQUIRED = ["iss", "aud", "sub", "team", "sid", "iat", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a checked token says. Role and membership are looked up, so it grants nothing itself."""

    user_id: UUID
    team_id: UUID
    session_id: UUID
    token_id: str
    issued_at: datetime
    expires_at: datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


class Tokens:
    """Issues and reads access tokens.

    The first secret signs, all of them verify: to change the secret without signing anybody out,
    put the new one first and drop the old one a quarter of an hour later.
    """

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        issuer: str = "homeroom",
        audience: str = "homeroom",
        lifetime: timedelta = LIFETIME,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        keys = [secret.encode() for secret in secrets]
        if not keys:
            raise ValueError("A secret to sign tokens with is missing")
        if any(len(key) < SHORTEST_SECRET for key in keys):
            raise ValueError(f"A secret to sign tokens with needs at least {SHORTEST_SECRET} bytes")
        self.lifetime = lifetime
        self._keys = {key_id(key): key for key in keys}
        self._signing = keys[0]
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._read: OrderedDict[str, Claims] = OrderedDict()

    def issue(
        self, user_id: UUID, team_id: UUID, session_id: UUID, *, until: datetime | None = None
    ) -> str:
        """A token for its lifetime; `until` ends it earlier, with the one it was asked with."""
        now = self._clock()
        ends = now + self.lifetime
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "team": str(team_id),
            "sid": str(session_id),
            "jti": uuid4().hex,
            "iat": int(now.timestamp()),
            "exp": int(min(ends, until or ends).timestamp()),
        }
        headers = {"kid": key_id(self._signing), "typ": KIND}
        return jwt.encode(claims, self._signing, algorithm=ALGORITHM, headers=headers)

    def read(self, token: str) -> Claims:
        """Raise TokenExpired for one of ours that is too old, Unauthenticated for anything else."""
        claims = self._read.get(token)
        if claims is None:
            claims = self._verify(token)
            self._read[token] = claims
            if len(self._read) > REMEMBERED:
                self._read.popitem(last=False)
        if self._clock() >= claims.expires_at + LEEWAY:
            self._read.pop(token, None)
            raise TokenExpired("The access token has expired")
        return claims

    def seconds_to(self, end: datetime) -> int:
        """How long a token that ends then can be used without being late."""
        return max(0, int((end - self._clock()).total_seconds()))

    def remaining(self, claims: Claims) -> float:
        """Seconds until `read` refuses the token these were read from."""
        return (claims.expires_at + LEEWAY - self._clock()).total_seconds()

    def _verify(self, token: str) -> Claims:
        if len(token) > LONGEST_TOKEN:
            raise _not_ours()
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(header.get("kid", ""))
            if key is None or header.get("typ") != KIND:
                raise _not_ours()
            # The times are checked in `read`, by our clock, on every use.
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": REQUIRED,
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            return _claims(claims)
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise _not_ours() from error


def key_id(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.sha256(b"homeroom key id\n" + key).hexdigest()[:16]


def _claims(claims: dict[str, Any]) -> Claims:
    return Claims(
        user_id=UUID(str(claims["sub"])),
        team_id=UUID(str(claims["team"])),
        session_id=UUID(str(claims["sid"])),
        token_id=claims["jti"],
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _not_ours() -> Unauthenticated:
    # One sentence for every fault: which check failed is of use to a forger only.
    return Unauthenticated("The access token is not valid")
