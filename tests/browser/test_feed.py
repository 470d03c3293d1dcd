"""The feed says what the server says, live, and shows nobody what is not for them."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office
from tests.browser.test_away import settles
from tests.browser.window import Window

PAGE = 40


async def rounds(office: Office, escrows: list[Any], count: int) -> None:
    """As many entries: what is written to several at once is one."""
    ids = [escrow["id"] for escrow in escrows]
    for number in range(count):
        changes = {"notes": f"round {number} of {count}"}
        body = {"op": "update", "ids": ids, "changes": changes}
        await office.ask("POST", "/escrows/batch", body=body)


@pytest.fixture
async def escrows(office: Office) -> list[Any]:
    return [await office.escrow(f"{number} Oak Ave") for number in (1, 2)]


async def is_fresh(window: Window, office: Office) -> None:
    """It has what a fresh reader gets, without a gap, and nothing twice."""
    whole = await office.activity()

    async def equal() -> bool:
        shown = await window.entries()
        return shown == whole[: len(shown)] and len(shown) >= min(PAGE, len(whole))

    await settles(equal)


async def test_what_one_did_to_many_is_one_entry_and_grows(
    office: Office, ana: Window, escrows: list[Any]
) -> None:
    owner = office.owner.name
    await expect(ana.feed).to_contain_text(f"{owner} added 2 escrows: 2 Oak Ave and 1 Oak Ave")
    await office.escrow("3 Oak Ave")
    await expect(ana.feed).to_contain_text(f"{owner} added 3 escrows: 3 Oak Ave, 2 Oak Ave and")
    await expect(ana.feed.get_by_role("link")).to_have_count(0)
    await ana.feed.get_by_role("button", name="Show all 3").click()
    inside = ana.feed.locator(".inside li")
    await expect(inside).to_have_count(3)
    await office.escrow("4 Oak Ave")
    await expect(inside).to_have_count(4)
    await expect(inside.first.get_by_role("link", name="4 Oak Ave")).to_be_visible()
    assert await ana.grave_issues() == []
    await ana.feed.get_by_role("button", name="Show less").click()
    await expect(inside).to_have_count(0)
    one = f"/escrows/{escrows[0]['id']}"
    await office.ask("PATCH", one, body={"city": "Kent"})
    await expect(ana.feed).to_contain_text(f"{owner} set the city of 1 Oak Ave to Kent")
    await expect(ana.feed.locator("strong.new")).to_have_text("Kent")
    await ana.feed.get_by_role("link", name="1 Oak Ave").click()
    await expect(ana.drawer).to_contain_text("1 Oak Ave")
    await ana.drawer.get_by_role("tab", name="History").click()
    history = ana.drawer.locator(".feed li")
    await expect(history).to_contain_text(["set the city of 1 Oak Ave", "added the escrow"])


async def test_ones_own_deeds_are_ones_own(office: Office, window: OpenWindow) -> None:
    alder = await office.hire("Ana Alder")
    ana = await window(alder)
    await office.ask("PATCH", "/users/me", by=alder, body={"title": "Broker Associate"})
    await expect(ana.feed).to_contain_text("You set the title of your profile to Broker Associate")
    (said, *_) = await office.activity()
    assert said["sentence"] == "Ana Alder set the title of their profile to Broker Associate"


async def test_the_past_joins_the_present_without_a_gap(
    office: Office, window: OpenWindow, escrows: list[Any]
) -> None:
    await rounds(office, escrows, PAGE + 5)
    ana = await window(await office.hire("Ana Alder"), "activity")
    await is_fresh(ana, office)
    await ana.page.get_by_role("button", name="Show earlier").click()
    await expect(ana.page.get_by_role("button", name="Show earlier")).to_have_count(0)
    await rounds(office, escrows, 3)  # which push as many off the live page
    await is_fresh(ana, office)
    whole = await office.activity()
    await expect(ana.page.locator(".feed > li")).to_have_count(len(whole))
    await ana.context.set_offline(True)
    await ana.is_offline()
    await expect(ana.page.locator(".feed > li")).to_have_count(len(whole))
    await rounds(office, escrows, PAGE + 2)
    await ana.context.set_offline(False)
    await ana.is_live()
    await is_fresh(ana, office)


async def test_what_becomes_private_goes_from_the_past_too(
    office: Office, window: OpenWindow, escrows: list[Any]
) -> None:
    secret = await office.escrow("9 Elm Ct")
    await office.ask("PATCH", f"/escrows/{secret['id']}", body={"city": "Kent"})
    await rounds(office, escrows, PAGE)
    birch = await office.hire("Ben Birch")
    ben = await window(birch, "activity")
    feed = ben.page.locator(".feed")
    await expect(feed).not_to_contain_text("9 Elm Ct")
    await ben.page.get_by_role("button", name="Show earlier").click()
    await expect(feed.get_by_text(re.compile("set the city of"))).to_contain_text("9 Elm Ct")
    added = ben.page.locator(".feed > li", has_text="added 3 escrows")
    await added.get_by_role("button", name="Show all 3").click()
    await expect(added.locator(".inside")).to_contain_text("9 Elm Ct")
    await office.ask("PATCH", f"/escrows/{secret['id']}", body={"is_private": True})
    await expect(feed).not_to_contain_text("9 Elm Ct")
    await expect(feed).to_contain_text("added 2 escrows: 2 Oak Ave and 1 Oak Ave")
    await expect(ben.page.locator(".inside li")).to_have_count(2)

    async def fresh() -> bool:
        return await ben.entries() == await office.activity(by=birch)

    await settles(fresh)
    assert "9 Elm Ct" not in str(await ben.entries())
