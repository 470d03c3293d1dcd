"""Who is behind a token: read from the database, and not for long taken as read."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from db.database import Database
from db.errors import Unavailable
from domains.auth.authenticator import TRUSTED, Authenticator
from domains.auth.tokens import Tokens
from domains.kit.actor import Role
from domains.kit.errors import DomainError, TokenExpired, Unauthenticated
from tests.api.desk import PASSWORD, SECRET, Account, Desk, desk_of


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


async def test_what_was_read_while_it_changed_is_not_remembered(desk: Desk, olga: Account) -> None:
    authenticator = Authenticator(desk.db, desk.tokens)
    reading = asyncio.create_task(authenticator.authenticate(olga.access))
    await asyncio.sleep(0)
    authenticator.forget(UUID(olga.id))
    await reading
    assert not authenticator._known


async def epoch_of(desk: Desk, who: Account) -> int:
    epoch: int = await desk.db.fetchval("SELECT epoch FROM users WHERE id = $1", UUID(who.id))
    return epoch


async def test_whatever_ends_or_changes_a_session_moves_its_user_s_number(desk: Desk) -> None:
    olga = await desk.owner()
    mia = await desk.member(olga, "agent")
    login = {"email": mia.email, "password": PASSWORD}
    again = Account(mia.email, await desk.ask("auth:login", login))
    seen = [await epoch_of(desk, mia)]

    async def moved() -> bool:
        seen.append(await epoch_of(desk, mia))
        return seen[-1] > seen[-2]

    await desk.ask("auth:refresh", {"refresh_token": mia.refresh})
    assert not await moved()  # the session goes on
    await desk.ask("auth:logout", {"refresh_token": again.refresh})
    assert await moved()
    await desk.ask("auth:logout", {"refresh_token": again.refresh})
    assert not await moved()  # it was closed before
    await desk.ask("teams:role", {"role": "viewer"}, by=olga, id_=mia.id)
    assert await moved()
    await desk.ask("auth:password", {"current": PASSWORD, "new": "another battery staple"}, by=mia)
    assert await moved()
    await desk.ask("auth:logout_everywhere", by=mia)
    assert await moved()
    await desk.ask("teams:remove", by=olga, id_=mia.id)
    assert await moved()
    async with desk.db.transaction() as rows:
        await rows.execute("UPDATE users SET disabled_at = now() WHERE id = $1", UUID(mia.id))
    assert await moved()


async def test_a_read_of_who_bears_a_token_is_of_one_moment(desk: Desk, olga: Account) -> None:
    bearer = await Authenticator(desk.db, desk.tokens).authenticate(olga.access)
    assert bearer.as_of == 1  # she joined the team she founded
    await desk.member(olga)
    fresh = await Authenticator(desk.db, desk.tokens).again(bearer)
    assert (fresh.as_of, fresh.epoch) == (2, bearer.epoch)
    assert fresh.expires_at == desk.tokens.read(olga.access).expires_at.timestamp()


async def test_the_users_whose_number_moved_are_named(desk: Desk, olga: Account) -> None:
    authenticator = Authenticator(desk.db, desk.tokens)
    mine, nobody = UUID(olga.id), uuid4()
    epoch = await epoch_of(desk, olga)
    assert await authenticator.moved({mine: epoch}) == []
    assert await authenticator.moved({mine: epoch + 1}) == [mine]
    assert await authenticator.moved({mine: epoch, nobody: 0}) == [nobody]


async def test_a_sign_in_with_the_old_password_does_not_outlive_its_change(
    desk: Desk, olga: Account
) -> None:
    change = {"current": PASSWORD, "new": "another battery staple"}
    login = {"email": olga.email, "password": PASSWORD}
    for _ in range(5):
        said = await asyncio.gather(
            desk.ask("auth:password", change, by=olga),
            *(desk.ask("auth:login", login) for _ in range(6)),
            return_exceptions=True,
        )
        for got in said[1:]:
            if isinstance(got, dict):  # it was let in, before the change or not at all
                with pytest.raises(Unauthenticated):
                    await desk.actor(got["access_token"])
        assert said[0] is None
        change = {"current": change["new"], "new": change["current"]}
        login["password"] = change["current"]


async def test_who_is_asked_about_and_stays_the_same_costs_no_query_until_the_token_ends(
    desk: Desk, olga: Account, database_url: str
) -> None:
    now = 0.0
    other = await Database.connect(database_url, min_size=1)
    authenticator = Authenticator(other, desk.tokens, clock=lambda: now)
    bearer = await authenticator.authenticate(olga.access)
    ends = desk.tokens.remaining(desk.tokens.read(olga.access))
    while now + TRUSTED < ends:
        now += TRUSTED - 0.1
        assert await authenticator.moved({bearer.user_id: bearer.epoch}) == []
    await other.close()
    assert await authenticator.authenticate(olga.access) is bearer
    now = ends + 1
    with pytest.raises(Unavailable):  # it would have to ask
        await authenticator.authenticate(olga.access)


async def test_who_was_vouched_for_is_out_as_soon_as_the_poll_says_so(
    desk: Desk, olga: Account
) -> None:
    now = 0.0
    authenticator = Authenticator(desk.db, desk.tokens, clock=lambda: now)
    bearer = await authenticator.authenticate(olga.access)
    epochs = {bearer.user_id: bearer.epoch}
    assert await authenticator.moved(epochs) == []
    await desk.ask("auth:logout", {"refresh_token": olga.refresh})
    assert await authenticator.moved(epochs) == [bearer.user_id]
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(olga.access)


async def test_an_older_number_vouches_for_nobody(desk: Desk, olga: Account) -> None:
    now = 0.0
    authenticator = Authenticator(desk.db, desk.tokens, clock=lambda: now)
    bearer = await authenticator.authenticate(olga.access)
    await authenticator.moved({bearer.user_id: bearer.epoch})
    authenticator._vouched[bearer.user_id] = (bearer.epoch - 1, TRUSTED * 2)
    await desk.ask("auth:logout", {"refresh_token": olga.refresh})
    now = TRUSTED
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(olga.access)


async def test_the_members_of_a_team_whose_past_changed_are_read_anew(
    desk: Desk, olga: Account
) -> None:
    authenticator = Authenticator(desk.db, desk.tokens)
    bearer = await authenticator.authenticate(olga.access)
    authenticator.forget_team(uuid4())
    assert await authenticator.authenticate(olga.access) is bearer
    authenticator.forget_team(bearer.team_id)
    assert await authenticator.authenticate(olga.access) is not bearer
