"""What keeps a session open, and what closes it."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from db.database import Database
from domains.kit.actor import Role
from domains.kit.errors import Unauthenticated
from tests.api.desk import PASSWORD, Account, Desk, a_new_address, desk_of


@pytest.fixture(scope="module")
def desk(db: Database) -> Desk:
    return desk_of(db)


@pytest.fixture
async def olga(desk: Desk) -> Account:
    return await desk.owner()


async def signed_in(desk: Desk, who: Account, password: str = PASSWORD, **more: str) -> Account:
    body = {"email": who.email, "password": password, **more}
    return Account(who.email, await desk.ask("auth:login", body))


async def refreshed(desk: Desk, who: Account) -> Account:
    data = await desk.ask("auth:refresh", {"refresh_token": who.refresh})
    return Account(who.email, data)


async def rotated_ago(desk: Desk, ago: timedelta) -> None:
    """Let this much time pass since every exchange so far."""
    async with desk.db.transaction() as rows:
        await rows.execute("UPDATE refresh_tokens SET rotated_at = rotated_at - $1::interval", ago)


async def test_a_refresh_token_buys_the_next_pair_once(desk: Desk, olga: Account) -> None:
    second = await refreshed(desk, olga)
    third = await refreshed(desk, second)
    assert len({olga.refresh, second.refresh, third.refresh}) == 3
    sessions = {desk.tokens.read(who.access).session_id for who in (olga, second, third)}
    assert len(sessions) == 1
    assert third.data["user"] == olga.data["user"]
    assert (await desk.actor(third.access)).role == Role.OWNER


async def test_a_lost_answer_can_be_asked_for_again_for_some_seconds(
    desk: Desk, olga: Account
) -> None:
    second = await refreshed(desk, olga)
    again = await refreshed(desk, olga)
    assert again.refresh == second.refresh
    await rotated_ago(desk, timedelta(seconds=8))
    assert (await refreshed(desk, olga)).refresh == second.refresh
    await refreshed(desk, second)


async def test_two_windows_that_refresh_at_once_get_the_same_token(
    desk: Desk, olga: Account
) -> None:
    both = await asyncio.gather(*(refreshed(desk, olga) for _ in range(6)))
    assert len({who.refresh for who in both}) == 1
    await refreshed(desk, both[0])


async def closed_for_good(desk: Desk, *held: Account) -> None:
    for who in held:
        with pytest.raises(Unauthenticated):
            await refreshed(desk, who)
        with pytest.raises(Unauthenticated):
            await desk.actor(who.access)


async def test_a_token_used_again_later_closes_the_whole_session(desk: Desk, olga: Account) -> None:
    elsewhere = await signed_in(desk, olga)
    second = await refreshed(desk, olga)
    third = await refreshed(desk, second)
    await rotated_ago(desk, timedelta(seconds=11))
    with pytest.raises(Unauthenticated):
        await refreshed(desk, olga)
    await closed_for_good(desk, third, second, olga)
    await refreshed(desk, elsewhere)  # another session is none of its business


async def test_a_lost_answer_cannot_be_asked_for_later(desk: Desk, olga: Account) -> None:
    second = await refreshed(desk, olga)
    await rotated_ago(desk, timedelta(seconds=11))
    with pytest.raises(Unauthenticated):
        await refreshed(desk, olga)
    await closed_for_good(desk, second, olga)


async def test_a_token_used_again_after_its_successor_closes_the_session_at_once(
    desk: Desk, olga: Account
) -> None:
    second = await refreshed(desk, olga)
    third = await refreshed(desk, second)
    with pytest.raises(Unauthenticated):
        await refreshed(desk, olga)
    await closed_for_good(desk, third, second, olga)


async def test_an_unknown_token_is_refused_and_closes_nothing(desk: Desk, olga: Account) -> None:
    flipped = olga.refresh[:-2] + ("A" if olga.refresh[-2] != "A" else "B") + olga.refresh[-1]
    with pytest.raises(Unauthenticated):
        await desk.ask("auth:refresh", {"refresh_token": flipped})
    await refreshed(desk, olga)


@pytest.mark.parametrize("token", ["", "x", "hrr_" + "x" * 44, "hrr_" + "é" * 43, None, 7])
async def test_what_is_no_refresh_token_has_the_wrong_shape(desk: Desk, token: object) -> None:
    with pytest.raises(ValidationError):
        await desk.ask("auth:refresh", {"refresh_token": token})


async def test_a_session_unused_for_thirty_days_is_over(desk: Desk, olga: Account) -> None:
    sql = """
        SELECT expires_at - created_at
        FROM refresh_tokens
        WHERE session_id = $1
    """
    session = desk.tokens.read(olga.access).session_id
    assert await desk.db.fetchval(sql, session) == timedelta(days=30)
    async with desk.db.transaction() as rows:
        await rows.execute(
            "UPDATE refresh_tokens SET expires_at = now() WHERE session_id = $1", session
        )
    with pytest.raises(Unauthenticated):
        await refreshed(desk, olga)


async def test_a_session_is_over_after_ninety_days_however_much_it_is_used(
    desk: Desk, olga: Account
) -> None:
    session = desk.tokens.read(olga.access).session_id
    sql = "SELECT expires_at - created_at FROM sessions WHERE id = $1"
    assert await desk.db.fetchval(sql, session) == timedelta(days=90)
    async with desk.db.transaction() as rows:
        await rows.execute(
            "UPDATE sessions SET expires_at = now() + interval '1 day' WHERE id = $1", session
        )
    second = await refreshed(desk, olga)
    outlives = """
        SELECT count(*)
        FROM refresh_tokens AS t
        JOIN sessions AS s ON s.id = t.session_id
        WHERE s.id = $1 AND t.expires_at > s.expires_at AND t.rotated_at IS NULL
    """
    assert await desk.db.fetchval(outlives, session) == 0
    async with desk.db.transaction() as rows:
        await rows.execute("UPDATE sessions SET expires_at = now() WHERE id = $1", session)
    await closed_for_good(desk, second)


async def test_signing_in_clears_away_sessions_that_are_long_over(
    desk: Desk, olga: Account
) -> None:
    old, recent = await signed_in(desk, olga), await signed_in(desk, olga)
    for who in (old, recent):
        await desk.ask("auth:logout", {"refresh_token": who.refresh})
    async with desk.db.transaction() as rows:
        await rows.execute(
            "UPDATE sessions SET revoked_at = now() - interval '8 days' WHERE id = $1",
            desk.tokens.read(old.access).session_id,
        )
    latest = await signed_in(desk, olga)
    kept = await desk.db.fetch("SELECT id FROM sessions WHERE user_id = $1", UUID(olga.id))
    assert {row["id"] for row in kept} == {
        desk.tokens.read(who.access).session_id for who in (olga, recent, latest)
    }


async def test_signing_out_closes_the_session_and_can_be_said_twice(
    desk: Desk, olga: Account
) -> None:
    elsewhere = await signed_in(desk, olga)
    second = await refreshed(desk, olga)
    for _ in range(2):
        assert await desk.ask("auth:logout", {"refresh_token": olga.refresh}) is None
    await closed_for_good(desk, second)
    await desk.actor(elsewhere.access)
    assert await desk.ask("auth:logout", {"refresh_token": "hrr_" + "x" * 43}) is None


async def test_nothing_that_opens_a_door_lies_in_the_database(desk: Desk, olga: Account) -> None:
    second = await refreshed(desk, olga)
    email = a_new_address()
    invited = await desk.ask("teams:invite", {"email": email, "role": "agent"}, by=second)
    secrets = (PASSWORD, olga.refresh, second.refresh, second.access, invited["token"])
    tables = await desk.db.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert len(tables) >= 8
    for table in tables:
        kept = await desk.db.fetchval(
            f"SELECT coalesce(json_agg(t)::text, '') FROM {table['relname']} AS t"
        )
        for secret in secrets:
            assert secret not in kept
            assert secret.encode().hex() not in kept
