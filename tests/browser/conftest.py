"""One browser for all tests of a worker; for each test a team of its own and clean windows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.api.whole_server import WholeServer, whole_server
from tests.browser.chromium import NoBrowser, chromium
from tests.browser.office import Office, Person, open_office
from tests.browser.window import Window
from tests.browser.wire import Wire

DESK = {"width": 1440, "height": 900}
PATIENCE_MS = 20_000  # a machine that runs two workers and two browsers may take its time
expect.set_options(timeout=PATIENCE_MS)

OpenWindow = Callable[..., Awaitable[Window]]


@pytest.fixture(scope="session")
async def server(database_url: str, redis_url: str) -> AsyncIterator[WholeServer]:
    async with whole_server(database_url, redis_url) as running:
        yield running


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    try:
        async with chromium() as running:
            yield running
    except NoBrowser as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def office(server: WholeServer) -> Office:
    return await open_office(server)


@pytest.fixture
async def stranger(browser: Browser, server: WholeServer) -> AsyncIterator[OpenWindow]:
    """Opens windows of people who are not signed in; a window may not end with an error."""
    windows: list[Window] = []

    async def open_window(**how: Any) -> Window:
        context = await browser.new_context(**{"viewport": DESK} | how)
        context.set_default_timeout(PATIENCE_MS)
        window = Window(context, await context.new_page(), server.url)
        windows.append(window)
        return window

    yield open_window
    for window in windows:
        await window.context.close()
        assert not window.faults


@pytest.fixture
async def window(stranger: OpenWindow) -> OpenWindow:
    """Opens a window of somebody who is signed in, at a place, live.

    A session is one window's: for a second window of a person, sign in again.
    """

    async def open_window(
        person: Person, place: str = "escrows", *, wire: Wire | None = None, **how: Any
    ) -> Window:
        opened = await stranger(**how)
        if wire is not None:
            await wire.lead_through(opened.page)
        # Set once: a reload must find what the page itself has kept since.
        await opened.context.add_init_script(
            f"localStorage.getItem('tried') ?? (localStorage.setItem('tried', ''),"
            f" localStorage.setItem('homeroom.refresh', '{person.refresh}'))"
        )
        await opened.go(place)
        await opened.is_live()
        return opened

    return open_window


@pytest.fixture
async def ana(office: Office, window: OpenWindow) -> Window:
    return await window(await office.hire("Ana Alder"))


@pytest.fixture
async def ben(office: Office, window: OpenWindow) -> Window:
    return await window(await office.hire("Ben Birch"))
