"""One whole server for all tests of the API."""

from collections.abc import AsyncIterator

import pytest

from tests.api.whole_server import WholeServer, whole_server


@pytest.fixture(scope="session")
async def server(database_url: str, redis_url: str) -> AsyncIterator[WholeServer]:
    async with whole_server(database_url, redis_url) as running:
        yield running
