"""On a phone: one lane at a time, the record on the whole screen, nothing wider than the hand."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office
from tests.browser.window import Window

PHONE = {"width": 390, "height": 844}


@pytest.fixture
async def phone(office: Office, window: OpenWindow) -> Window:
    return await window(office.owner, viewport=PHONE, has_touch=True)


async def test_no_page_is_wider_than_the_screen(office: Office, phone: Window) -> None:
    escrow = await office.escrow("1234 A Street With Quite A Long Name Indeed, Unit 5678")
    for place in ("escrows", "listings", "activity", "team", f"escrows/{escrow['id']}"):
        await phone.go(place)
        await phone.page.get_by_role("heading").first.wait_for()
        assert await phone.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


async def test_the_board_stops_at_a_lane(office: Office, phone: Window) -> None:
    await office.escrow()
    snap = await phone.page.locator(".board").evaluate("(b) => getComputedStyle(b).scrollSnapType")
    assert snap == "x mandatory"


async def test_a_record_takes_the_whole_screen_and_is_edited_there(
    office: Office, phone: Window
) -> None:
    escrow = await office.escrow()
    await phone.card(escrow).tap()
    box = await phone.drawer.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (PHONE["width"], PHONE["height"])
    await phone.value("Purchase price").tap()
    await phone.drawer.get_by_label("Purchase price", exact=True).fill("435000")
    await phone.drawer.get_by_role("button", name="Save").tap()
    await expect(phone.value("Purchase price")).to_contain_text("$435,000")
    await phone.drawer.get_by_role("button", name="Close").tap()
    await expect(phone.card(escrow).locator(".price")).to_have_text("$435,000")


async def test_what_is_tapped_is_large_enough(office: Office, phone: Window) -> None:
    escrow = await office.escrow()
    await phone.open(escrow)
    small = await phone.page.evaluate(
        """() => [...document.querySelectorAll("button, a, select, input")]
            .filter((one) => one.checkVisibility() && one.getClientRects().length > 0)
            .filter((one) => !one.closest(".unseen, .skip"))
            .filter((one) => { const { width, height } = one.getBoundingClientRect();
                return width < 24 || height < 24; })
            .map((one) => one.outerHTML.slice(0, 100))"""
    )
    assert small == []
