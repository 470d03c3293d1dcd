"""Access tokens: what is issued is read, and nothing else is."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest

from domains.auth import tokens as tokens_module
from domains.auth.tokens import ALGORITHM, KIND, LEEWAY, Tokens, key_id
from domains.kit.errors import TokenExpired, Unauthenticated

OLD = "an old secret of more than thirty-two bytes"
NEW = "a new secret of more than thirty-two bytes"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Clock:
    """Shows the time it is set to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def tokens(*secrets: str, clock: Clock | None = None, audience: str = "homeroom") -> Tokens:
    return Tokens(secrets or (NEW,), audience=audience, clock=clock or Clock())


def issued(by: Tokens) -> str:
    return by.issue(uuid4(), uuid4(), uuid4())


def forged(headers: dict[str, Any] | None = None, key: str = NEW, /, **claims: Any) -> str:
    """A token with the right key and everything right but what is given."""
    fine = {
        "iss": "homeroom",
        "aud": "homeroom",
        "sub": str(uuid4()),
        "team": str(uuid4()),
        "sid": str(uuid4()),
        "jti": uuid4().hex,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 900,
    }
    payload = {name: value for name, value in {**fine, **claims}.items() if value is not None}
    header = {"kid": key_id(NEW.encode()), "typ": KIND, **(headers or {})}
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers=header)


def unsigned(algorithm: str) -> str:
    """A token that claims another algorithm and carries no signature."""
    header = {"alg": algorithm, "kid": key_id(NEW.encode()), "typ": KIND}
    _, payload, _ = forged().split(".")
    text = json.dumps(header).encode()
    return f"{base64.urlsafe_b64encode(text).rstrip(b'=').decode()}.{payload}."


def test_a_token_says_who_and_which_session_and_nothing_of_roles() -> None:
    user, team, session = uuid4(), uuid4(), uuid4()
    token = tokens().issue(user, team, session)
    claims = tokens().read(token)
    assert (claims.user_id, claims.team_id, claims.session_id) == (user, team, session)
    assert claims.issued_at == NOW
    assert claims.expires_at == NOW + timedelta(minutes=15)
    inside = jwt.decode(token, options={"verify_signature": False})
    assert set(inside) == {"iss", "aud", "sub", "team", "sid", "jti", "iat", "exp"}


def test_no_two_tokens_are_the_same() -> None:
    ours = tokens()
    user, team, session = uuid4(), uuid4(), uuid4()
    assert ours.issue(user, team, session) != ours.issue(user, team, session)


def test_an_expired_token_is_told_from_an_invalid_one() -> None:
    clock = Clock()
    ours = tokens(clock=clock)
    token = issued(ours)
    clock.now = NOW + timedelta(minutes=15) + LEEWAY - timedelta(seconds=1)
    ours.read(token)
    clock.now += timedelta(seconds=1)
    with pytest.raises(TokenExpired) as error:
        ours.read(token)
    assert error.value.code == "TOKEN_EXPIRED"
    with pytest.raises(TokenExpired):
        tokens(clock=clock).read(token)  # one that never saw it while it was good


def test_a_new_secret_signs_while_the_old_one_still_verifies() -> None:
    before, during, after = tokens(OLD), tokens(NEW, OLD), tokens(NEW)
    during.read(issued(before))
    after.read(issued(during))
    with pytest.raises(Unauthenticated):
        after.read(issued(before))


@pytest.mark.parametrize("secrets", [[], [""], ["x" * 31], [NEW, "short"]])
def test_a_secret_under_32_bytes_is_refused(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        Tokens(secrets)


def test_a_secret_does_not_show_in_its_key_id() -> None:
    header = jwt.get_unverified_header(issued(tokens()))
    assert header == {"alg": "HS256", "typ": "at+jwt", "kid": key_id(NEW.encode())}
    assert len(header["kid"]) == 16


NOT_OURS = {
    "nothing": "",
    "a word": "x",
    "three words": "a.b.c",
    "NUL": "\x00",
    "half a character": "\ud800",
    "letters beyond ASCII": "é.é.é",
    "another scheme": "Basic bGVhZDpwYXNzd29yZA==",
    "too long": "." * 3000,
    "no algorithm": unsigned("none"),
    "another hash, unsigned": unsigned("HS512"),
    "a public key's algorithm": unsigned("RS256"),
    "another secret": forged(None, OLD),
    "an unknown key": forged({"kid": "unknown"}),
    "no purpose": forged({"typ": "JWT"}),
    "another purpose": forged({"typ": "refresh+jwt"}),
    "another issuer": forged(iss="somebody else"),
    "another audience": forged(aud="another program"),
    "two audiences": forged(aud=["homeroom", "another program"]),
    "a subject that is no id": forged(sub="1 OR 1=1"),
    "a team that is no text": forged(team=7),
    "a session that is no id": forged(sid="\x00"),
    "a time in words": forged(exp="soon"),
    "a time beyond time": forged(exp=10**20),
    "a time that is a list": forged(exp=[]),
    "an issue time in words": forged(iat="once"),
    "an issue time before time": forged(iat=-(10**20)),
    **{
        f"no {name}": forged(**{name: None})
        for name in ("iss", "aud", "sub", "team", "sid", "jti", "iat", "exp")
    },
}


@pytest.mark.parametrize("token", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_anything_else_is_refused_in_one_sentence(token: str) -> None:
    with pytest.raises(Unauthenticated) as error:
        tokens().read(token)
    assert error.value.code == "AUTH_REQUIRED"
    assert error.value.message == "The access token is not valid"


def test_a_token_altered_in_any_character_is_refused() -> None:
    ours = tokens()
    token = issued(ours)
    ours.read(token)
    # The last character of a signature has bits that encode nothing: the one before it counts.
    for place in range(0, len(token) - 1, 7):
        letter = "A" if token[place] != "A" else "B"
        with pytest.raises(Unauthenticated):
            ours.read(token[:place] + letter + token[place + 1 :])


def test_checked_tokens_are_remembered_in_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "REMEMBERED", 3)
    ours = tokens()
    made = [issued(ours) for _ in range(10)]
    read = [ours.read(token) for token in made]
    assert len(ours._read) == 3
    assert [ours.read(token) for token in made] == read  # forgotten is not refused
