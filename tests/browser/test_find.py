"""One box in the page that finds whatever the team knows."""

from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office


async def test_a_slash_finds_anything_by_a_name_with_a_typo_and_enter_opens_it(
    office: Office, window: OpenWindow
) -> None:
    await office.escrow("9 Elm Ct")
    lead = (await office.ask("POST", "/leads", body={"last_name": "Wojciechowski"})).data
    ana = await window(await office.hire("Ana Alder"))
    box = ana.page.get_by_role("combobox", name="Find anything")
    await ana.page.keyboard.press("/")
    await expect(box).to_be_focused()
    await box.fill("wojcichowski")
    found = ana.page.get_by_role("option")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("Wojciechowski")
    assert await ana.grave_issues() == []
    await ana.page.keyboard.press("Enter")
    await expect(ana.drawer).to_contain_text(lead["display_id"])
    await expect(box).to_be_hidden()

    await ana.page.get_by_role("button", name="Find anything").click()
    await box.fill("elm")
    await expect(found).to_contain_text("9 Elm Ct")
    await box.fill("zzzz")
    await expect(ana.page.locator(".find")).to_contain_text("Nothing is like “zzzz”.")
    await ana.page.keyboard.press("Escape")
    await expect(box).to_be_hidden()


async def test_what_is_private_is_found_by_nobody_else(office: Office, window: OpenWindow) -> None:
    body = {"last_name": "Wojciechowski", "is_private": True}
    await office.ask("POST", "/leads", body=body)
    ana = await window(await office.hire("Ana Alder"))
    await ana.page.keyboard.press("/")
    await ana.page.get_by_role("combobox", name="Find anything").fill("wojciechowski")
    await expect(ana.page.locator(".find")).to_contain_text("Nothing is like")
