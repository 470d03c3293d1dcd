"""The lender of connections: bounded, fair, and never at a loss for one that was cut off."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from db import connections
from db.connections import Connections
from db.database import Database
from db.errors import Unavailable


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[Connections]:
    """At most two connections, and little patience."""

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(database_url)

    lender = Connections(connect, most=2, patience=0.3)
    yield lender
    await lender.close(2)


async def test_a_connection_given_back_is_lent_again(two: Connections) -> None:
    async with two.lend() as first:
        pass
    async with two.lend() as second:
        assert second is first


async def test_no_more_are_open_than_allowed_and_the_rest_wait_their_turn(two: Connections) -> None:
    order: list[int] = []

    async def use(number: int) -> None:
        async with two.lend() as connection:
            await connection.execute("SELECT pg_sleep(0.01)")
            order.append(number)

    await asyncio.gather(*(use(number) for number in range(20)))
    assert len(list(two)) == 2
    assert sorted(order) == list(range(20))
    assert all(abs(place - number) <= 2 for place, number in enumerate(order))


async def test_who_waits_too_long_hears_it_and_leaves_the_line(two: Connections) -> None:
    async with two.lend(), two.lend():
        with pytest.raises(TimeoutError):
            await two.take()
    async with two.lend() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_who_is_cancelled_while_waiting_loses_nobody_a_connection(two: Connections) -> None:
    async with two.lend():
        async with two.lend():
            waiting = asyncio.create_task(two.take())
            await asyncio.sleep(0)
        waiting.cancel()  # in the very moment it was handed one
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with asyncio.timeout(0.2), two.lend() as connection:
            assert not connection.is_closed()


async def test_a_statement_cut_off_takes_its_connection_with_it(two: Connections) -> None:
    async def sleep() -> None:
        async with two.lend() as connection:
            await connection.execute("SELECT pg_sleep(60)")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await sleep()
    assert list(two) == []
    async with two.lend() as connection:
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_transaction_left_open_is_not_handed_on(two: Connections) -> None:
    async with two.lend() as first:
        await first.execute("BEGIN")
    async with two.lend() as second:
        assert second is not first


async def test_a_line_unused_for_long_is_not_trusted(
    two: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two.lend() as first:
        pass
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0)
    async with two.lend() as second:
        assert second is not first


async def test_closing_waits_for_who_has_one_and_refuses_who_comes_after(two: Connections) -> None:
    async with two.lend() as connection:
        closing = asyncio.create_task(two.close(2))
        await asyncio.sleep(0.02)
        with pytest.raises(asyncpg.InterfaceError):
            await two.take()
        assert await connection.fetchval("SELECT 1") == 1
    await closing
    assert list(two) == []


async def test_a_killed_session_is_replaced_for_the_next_reader(database_url: str) -> None:
    db = await Database.connect(database_url, min_size=1, max_size=1)
    with pytest.raises(Unavailable):
        await db.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await db.fetchval("SELECT 1") == 1
    await db.close()
