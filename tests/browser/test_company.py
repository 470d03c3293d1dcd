"""Who else is here: in the bar, on the card, at the record and beside the field."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.office import Office
from tests.browser.window import Window


@pytest.fixture
async def escrow(office: Office) -> Any:
    return await office.escrow()


async def test_who_looks_at_a_record_and_edits_a_field_is_seen_by_the_other(
    ana: Window, ben: Window, escrow: Any
) -> None:
    bar = ben.page.get_by_role("button", name="Here now: Ana Alder")
    await expect(bar).to_be_visible()
    await ana.open(escrow)
    await expect(ben.card(escrow)).to_contain_text("Ana is here")
    await ben.open(escrow)
    await expect(ben.drawer.get_by_role("img", name="Ana here, too")).to_be_visible()
    await ana.type_into("Purchase price", "440000")
    editing = ben.drawer.locator(".field", has_text="Purchase price").locator(".meanwhile")
    await expect(editing).to_have_text(re.compile(r"Ana is editing\s+this"))
    await bar.click()
    folk = ben.page.locator("#company li")
    await expect(folk).to_contain_text("edits the purchase price of 12 Main St")
    assert await ben.grave_issues() == []
    await ben.page.keyboard.press("Escape")
    await ana.page.keyboard.press("Enter")
    await expect(editing).to_have_count(0)


async def test_a_reload_shows_nobody_leaving(ana: Window, ben: Window) -> None:
    bar = ben.page.locator("hr-company button")
    await expect(bar).to_be_visible()
    await ben.page.evaluate(
        """() => { window.seen = []; const { company } = document.querySelector("hr-shell").room;
            company.addEventListener("change", () => seen.push(company.others.length)); }"""
    )
    await ana.page.reload()
    await ana.is_live()
    await ana.go("listings")
    await ben.page.wait_for_timeout(6_000)  # longer than a leave is held back
    assert 0 not in await ben.page.evaluate("window.seen")
    await ana.page.close()
    await expect(bar).to_have_count(0)
