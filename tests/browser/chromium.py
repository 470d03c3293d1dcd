"""Finds a Chromium and starts it; where there is none, says so."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Error, Playwright, async_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",  # tests run as root in CI, where Chromium refuses its sandbox
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WANTED = "install chromium-headless-shell and libatomic1, or set CHROMIUM to a browser"


class NoBrowser(Exception):
    """No Chromium on this machine, or nothing to drive it with."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    driver = async_playwright()
    try:
        playwright = await driver.__aenter__()
    except Exception as error:  # its own Node dies where a library is missing, in several ways
        raise NoBrowser(f"Playwright does not start here ({error}); {WANTED}") from error
    try:
        browser = await _launched(playwright)
        yield browser
        await browser.close()
    finally:
        await driver.__aexit__()


async def _launched(playwright: Playwright) -> Browser:
    path = _found(playwright.chromium.executable_path)
    try:
        return await playwright.chromium.launch(executable_path=path, args=list(QUIET))
    except Error as error:
        raise NoBrowser(f"{path} does not start: {error.message.splitlines()[0]}") from error


def _found(brought: str) -> str:
    """`brought` is where Playwright keeps its own, if it was ever told to fetch one."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), brought)
    if not Path(path).exists():
        raise NoBrowser(f"no Chromium found: {WANTED}")
    return path
