"""Who is behind a token: read from the database, and not for long taken as read."""

from datetime import timedelta
from uuid import UUID

import pytest

from db.database import Database
from domains.auth.authenticator import TRUSTED, Authenticator
from domains.auth.tokens import Tokens
from domains.kit.actor import Role
from domains.kit.errors import DomainError, TokenExpired, Unauthenticated
from tests.api.desk import SECRET, Account, Desk, desk_of


@pytest.fixture(scope="module")
def desk(db: Database) -> Desk:
    return desk_of(db)


@pytest.fixture
async def olga(desk: Desk) -> Account:
    return await desk.owner()


async def test_what_a_token_s_holder_may_do_is_read_from_the_database(
    desk: Desk, olga: Account
) -> None:
    async with desk.db.transaction() as rows:
        await rows.execute("UPDATE members SET role = 'agent' WHERE user_id = $1", UUID(olga.id))
    assert (await desk.actor(olga.access)).role == Role.AGENT


async def test_a_change_of_membership_is_felt_within_five_seconds(
    desk: Desk, olga: Account
) -> None:
    now = 0.0
    authenticator = Authenticator(desk.db, desk.tokens, clock=lambda: now)
    await authenticator.authenticate(olga.access)
    await desk.ask("auth:logout", {"refresh_token": olga.refresh})
    now = TRUSTED - 0.001
    await authenticator.authenticate(olga.access)
    now = TRUSTED
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(olga.access)
    now = 0.0
    with pytest.raises(Unauthenticated):  # a refusal is never taken back by an older answer
        await authenticator.authenticate(olga.access)


async def test_what_is_known_of_a_user_can_be_forgotten_at_once(desk: Desk, olga: Account) -> None:
    authenticator = Authenticator(desk.db, desk.tokens)
    await authenticator.authenticate(olga.access)
    await desk.ask("auth:logout", {"refresh_token": olga.refresh})
    authenticator.forget(UUID(olga.id))
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(olga.access)


async def test_a_known_actor_costs_no_query(desk: Desk, olga: Account, database_url: str) -> None:
    other = await Database.connect(database_url, min_size=1)
    authenticator = Authenticator(other, desk.tokens)
    actor = await authenticator.authenticate(olga.access)
    await other.close()
    assert await authenticator.authenticate(olga.access) is actor


async def test_the_expiry_of_a_token_is_told_though_its_actor_is_known(
    desk: Desk, olga: Account
) -> None:
    brief = Tokens([SECRET], lifetime=timedelta(seconds=-60))
    claims = desk.tokens.read(olga.access)
    authenticator = Authenticator(desk.db, desk.tokens)
    await authenticator.authenticate(olga.access)
    expired = brief.issue(claims.user_id, claims.team_id, claims.session_id)
    with pytest.raises(TokenExpired):
        await authenticator.authenticate(expired)


async def test_refusals_have_codes_that_programs_know(desk: Desk) -> None:
    with pytest.raises(DomainError) as error:
        await desk.actor("nonsense")
    assert (error.value.code, error.value.status) == ("AUTH_REQUIRED", 401)
