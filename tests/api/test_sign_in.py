"""Signing up, in and out, and what keeps a session open."""

import asyncio
import json
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher
from pydantic import ValidationError
from typing_extensions import override

from db.database import Database
from db.events import first_bad, read_after
from domains.auth import passwords as passwords_module
from domains.auth.passwords import Passwords
from domains.auth.service import refresh
from domains.kit.actor import Role
from domains.kit.errors import (
    Conflict,
    Forbidden,
    Unauthenticated,
    Unavailable,
)
from tests.api.desk import (
    PASSWORD,
    REMOTE,
    Account,
    Desk,
    a_new_address,
    desk_of,
    quick_hasher,
)


class Counting(PasswordHasher):
    """Counts how often a password was really tried."""

    tried = 0

    @override
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.tried += 1
        return super().verify(hash, password)


@pytest.fixture(scope="module")
def hasher() -> Counting:
    return Counting(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="module")
def desk(db: Database, hasher: Counting) -> Desk:
    return desk_of(db, hasher)


@pytest.fixture
async def olga(desk: Desk) -> Account:
    return await desk.owner()


async def signed_in(desk: Desk, who: Account, password: str = PASSWORD, **more: str) -> Account:
    body = {"email": who.email, "password": password, **more}
    return Account(who.email, await desk.ask("auth:login", body))


async def refreshed(desk: Desk, who: Account) -> Account:
    data = await desk.ask("auth:refresh", {"refresh_token": who.refresh})
    return Account(who.email, data)


# Signing up


async def test_registering_makes_a_team_and_its_owner_and_signs_in(desk: Desk) -> None:
    email = a_new_address()
    data = await desk.ask(
        "auth:register",
        {
            "email": email,
            "password": PASSWORD,
            "full_name": " Olga O'Neil ",
            "team_name": "Harbor Homes",
        },
    )
    assert data["token_type"] == "Bearer"
    assert data["expires_in"] == 900
    assert data["user"] == {"id": data["user"]["id"], "email": email, "full_name": "Olga O'Neil"}
    assert data["team"] == {"id": data["team"]["id"], "name": "Harbor Homes", "role": "owner"}
    actor = await desk.actor(data["access_token"])
    assert (actor.role, actor.name) == (Role.OWNER, "Olga O'Neil")
    assert str(actor.user_id) == data["user"]["id"]
    assert str(actor.team_id) == data["team"]["id"]


async def test_a_team_s_log_begins_with_its_owner_and_holds_no_secret(
    desk: Desk, olga: Account
) -> None:
    events = await read_after(desk.db, UUID(olga.team_id), 0)
    assert [event.kind for event in events] == ["member.joined"]
    wire = json.loads(events[0].wire)
    assert wire["d"]["role"] == "owner"
    assert wire["id"] == wire["d"]["user_id"] == olga.id
    assert wire["a"] == {"id": olga.id, "name": "Olga Owner"}
    assert olga.email.encode() not in events[0].wire
    assert olga.refresh.encode() not in events[0].wire
    assert await first_bad(desk.db, UUID(olga.team_id)) is None


async def test_an_address_has_one_account_in_whatever_case(desk: Desk, olga: Account) -> None:
    teams = await desk.db.fetchval("SELECT count(*) FROM teams")
    for email in (olga.email, olga.email.upper(), f"  {olga.email.title()}\t"):
        with pytest.raises(Conflict):
            await desk.ask(
                "auth:register",
                {
                    "email": email,
                    "password": PASSWORD,
                    "full_name": "Another",
                    "team_name": "Another",
                },
            )
    assert await desk.db.fetchval("SELECT count(*) FROM teams") == teams
    assert (await signed_in(desk, Account(olga.email.upper(), {}))).id == olga.id


async def test_of_two_who_register_one_address_at_once_one_does(desk: Desk) -> None:
    body = {"email": a_new_address(), "password": PASSWORD, "full_name": "Twin", "team_name": "Two"}
    done = await asyncio.gather(
        *(desk.ask("auth:register", body) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Conflict) for outcome in done) == 3
    assert sum(isinstance(outcome, dict) for outcome in done) == 1


@pytest.mark.parametrize("domain", ["demo.example", "office.test", "example.com", "bücher.example"])
async def test_an_address_need_not_be_deliverable(desk: Desk, domain: str) -> None:
    email = f"{uuid4().hex}@{domain}"
    body = {"email": email, "password": PASSWORD, "full_name": "Eve", "team_name": "Any"}
    assert (await desk.ask("auth:register", body))["user"]["email"] == email


REGISTRATION = {
    "email": "new@homes.example",
    "password": PASSWORD,
    "full_name": "New",
    "team_name": "New",
}
WRONG: dict[str, dict[str, Any]] = {
    "no address": {"email": None},
    "an address without @": {"email": "new.homes.example"},
    "two addresses": {"email": "a@homes.example,b@homes.example"},
    "an address with a line break": {"email": "new@homes.example\nbcc: all@homes.example"},
    "an address with NUL": {"email": "new\x00@homes.example"},
    "an address with half a character": {"email": "new\ud800@homes.example"},
    "an address that is too long": {"email": "n" * 250 + "@homes.example"},
    "a private domain": {"email": "new@printer.local"},
    "a number for an address": {"email": 7},
    "a short password": {"password": "123456789"},
    "a long password": {"password": "x" * 129},
    "a password with NUL": {"password": "correct\x00horse"},
    "a password with half a character": {"password": "correct horse \udfff"},
    "a number for a password": {"password": 1234567890},
    "no name": {"full_name": "   "},
    "a name with NUL": {"full_name": "N\x00ew"},
    "a name of two lines": {"full_name": "New\nOwner"},
    "a name that is too long": {"full_name": "N" * 201},
    "a list for a name": {"team_name": ["New"]},
    "a role of one's own": {"role": "owner"},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
async def test_a_registration_of_the_wrong_shape_changes_nothing(
    desk: Desk, change: dict[str, Any]
) -> None:
    before = await desk.db.fetchval("SELECT count(*) FROM teams")
    with pytest.raises(ValidationError) as error:
        await desk.ask("auth:register", {**REGISTRATION, **change})
    (name,) = change
    (fault,) = error.value.errors()
    assert fault["loc"] in {(name,), ()}  # half a character is not even JSON, which is nowhere
    assert PASSWORD not in str(error.value)
    assert await desk.db.fetchval("SELECT count(*) FROM teams") == before


# Signing in


async def test_signing_in_opens_a_session_of_its_own(desk: Desk, olga: Account) -> None:
    again = await signed_in(desk, olga)
    assert again.data["user"] == olga.data["user"]
    assert again.data["team"] == olga.data["team"]
    assert again.refresh != olga.refresh
    assert desk.tokens.read(again.access).session_id != desk.tokens.read(olga.access).session_id
    me = await desk.ask("auth:me", by=again)
    assert me == {name: olga.data[name] for name in ("user", "team", "rights")}


async def test_a_wrong_address_costs_and_says_the_same_as_a_wrong_password(
    desk: Desk, olga: Account, hasher: Counting
) -> None:
    said = []
    for email in (olga.email, a_new_address()):
        before = hasher.tried
        with pytest.raises(Unauthenticated) as error:
            await signed_in(desk, Account(email, {}), "wrong battery staple")
        assert hasher.tried == before + 1
        said.append((error.value.code, error.value.message, error.value.details))
    assert said[0] == said[1]


async def test_an_account_whose_hash_cannot_be_read_is_like_any_other(
    desk: Desk, olga: Account, hasher: Counting
) -> None:
    async with desk.db.transaction() as rows:
        await rows.execute("UPDATE users SET password_hash = '!' WHERE id = $1", UUID(olga.id))
    before = hasher.tried
    with pytest.raises(Unauthenticated):
        await signed_in(desk, olga)
    assert hasher.tried == before + 2  # the second is the one that takes its time


async def test_the_same_password_typed_on_another_keyboard_fits(desk: Desk) -> None:
    email = a_new_address()
    composed, decomposed = "schöne Häuser", "scho\u0308ne Ha\u0308user"
    assert composed != decomposed
    body = {"email": email, "password": composed, "full_name": "Jörg", "team_name": "Süd"}
    await desk.ask("auth:register", body)
    await signed_in(desk, Account(email, {}), decomposed)


async def test_a_hash_made_with_other_parameters_is_made_anew_on_sign_in(
    desk: Desk, olga: Account
) -> None:
    async def stored() -> str:
        sql = "SELECT password_hash FROM users WHERE id = $1"
        kept: str = await desk.db.fetchval(sql, UUID(olga.id))
        return kept

    other = desk_of(desk.db, quick_hasher(rounds=2))
    first = await stored()
    await signed_in(desk, olga)
    assert await stored() == first
    await signed_in(other, olga)
    second = await stored()
    assert second != first
    assert second.startswith("$argon2id$")
    assert not other.services.passwords.outdated(second)
    await signed_in(other, olga)
    assert await stored() == second


async def test_more_sign_ins_at_once_than_can_be_checked_are_told_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords_module, "QUEUE", 2)
    passwords = Passwords(quick_hasher())
    tried = await asyncio.gather(
        *(passwords.check(None, PASSWORD) for _ in range(5)), return_exceptions=True
    )
    refused = [outcome for outcome in tried if isinstance(outcome, Unavailable)]
    assert len(refused) == 3
    assert refused[0].retry_after
    assert await passwords.check(None, PASSWORD) is False


async def test_a_member_of_two_teams_enters_the_first_or_the_one_named(
    desk: Desk, olga: Account
) -> None:
    rita = await desk.owner()
    invited = await desk.ask("teams:invite", {"email": olga.email, "role": "viewer"}, by=rita)
    body = {"token": invited["token"], "full_name": "Any", "password": PASSWORD}
    assert (await desk.ask("auth:accept", body))["team"]["id"] == rita.team_id
    assert (await signed_in(desk, olga)).team_id == olga.team_id
    there = await signed_in(desk, olga, team_id=rita.team_id)
    assert there.data["team"] == {"id": rita.team_id, "name": "Harbor Homes", "role": "viewer"}
    assert (await desk.actor(there.access)).role == Role.VIEWER
    assert (await refreshed(desk, there)).team_id == rita.team_id


async def test_nobody_enters_a_team_they_are_not_in(desk: Desk, olga: Account) -> None:
    rita = await desk.owner()
    with pytest.raises(Forbidden):
        await signed_in(desk, olga, team_id=rita.team_id)
    session = desk.tokens.read(olga.access).session_id
    crossed = desk.tokens.issue(UUID(olga.id), UUID(rita.team_id), session)
    with pytest.raises(Unauthenticated):
        await desk.actor(crossed)
    borrowed = desk.tokens.issue(UUID(rita.id), UUID(olga.team_id), session)
    with pytest.raises(Unauthenticated):
        await desk.actor(borrowed)


async def test_a_disabled_account_is_shut_out_everywhere(desk: Desk, olga: Account) -> None:
    async with desk.db.transaction() as rows:
        await rows.execute("UPDATE users SET disabled_at = now() WHERE id = $1", UUID(olga.id))
    for attempt in (signed_in(desk, olga), refreshed(desk, olga), desk.actor(olga.access)):
        with pytest.raises(Forbidden):
            await attempt
    with pytest.raises(Unauthenticated):  # what the password's owner alone may know
        await signed_in(desk, olga, "wrong battery staple")


async def test_the_address_a_session_comes_from_is_noted_if_it_is_one(
    desk: Desk, olga: Account
) -> None:
    session = desk.tokens.read(olga.access).session_id
    sql = "SELECT host(remote) FROM sessions WHERE id = $1"
    assert await desk.db.fetchval(sql, session) == REMOTE
    await refresh(desk.services, olga.refresh, remote="unknown; DROP TABLE sessions")
    assert await desk.db.fetchval(sql, session) is None
