"""Every page and dialog, in light and in dark, on a desk and on a phone, as axe sees it."""

from typing import Any

import pytest

from tests.browser.conftest import DESK, OpenWindow
from tests.browser.office import Office
from tests.browser.window import Window

PHONE = {"width": 390, "height": 844}
LOOKS = [
    pytest.param({"color_scheme": "light", "viewport": DESK}, id="light"),
    pytest.param({"color_scheme": "dark", "viewport": DESK}, id="dark"),
    pytest.param({"color_scheme": "light", "viewport": PHONE}, id="phone"),
]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("way", ["signin", "register", "join?token=x"])
async def test_the_way_in_has_no_grave_issue(
    stranger: OpenWindow, look: dict[str, Any], way: str
) -> None:
    window = await stranger(**look)
    await window.go(way)
    await window.page.locator("form").wait_for()
    await window.page.keyboard.press("Enter")
    assert await window.grave_issues() == []
    await window.page.get_by_role("button").last.click()
    assert await window.grave_issues() == []


@pytest.mark.parametrize("look", LOOKS)
async def test_no_page_of_the_room_has_a_grave_issue(
    office: Office, window: OpenWindow, look: dict[str, Any]
) -> None:
    await furnish(office)
    opened = await window(office.owner, **look)
    found = {place: await issues_at(opened, place) for place in PLACES}
    found["table"] = await in_a_table(opened)
    assert {where: issues for where, issues in found.items() if issues} == {}


@pytest.mark.parametrize("look", LOOKS)
async def test_no_drawer_or_dialog_has_a_grave_issue(
    office: Office, window: OpenWindow, look: dict[str, Any]
) -> None:
    escrow, listing = await furnish(office)
    opened = await window(office.owner, f"escrows/{escrow['id']}", **look)
    found = {}
    await opened.drawer.get_by_role("tab").first.wait_for()
    found["drawer"] = await opened.grave_issues()
    await opened.value("Purchase price").click()
    found["editor"] = await opened.grave_issues()
    await opened.page.keyboard.press("Escape")
    await opened.drawer.get_by_role("button", name="Cancelled…").click()
    await opened.page.get_by_role("button", name="Move to cancelled").click()
    found["move with errors"] = await opened.grave_issues()
    await opened.page.keyboard.press("Escape")
    await opened.drawer.get_by_role("tab", name="History").click()
    await opened.drawer.locator(".feed li").first.wait_for()
    found["history"] = await opened.grave_issues()
    await opened.go(f"listings/{listing['id']}")
    await opened.drawer.get_by_role("tab", name="History").click()
    await opened.drawer.locator(".prices li").first.wait_for()
    found["prices"] = await opened.grave_issues()
    await opened.page.keyboard.press("Escape")
    await opened.page.get_by_role("button", name="New listing").click()
    found["new listing"] = await opened.grave_issues()
    assert {where: issues for where, issues in found.items() if issues} == {}


PLACES = ("escrows", "listings", "activity", "team")


async def furnish(office: Office) -> tuple[Any, Any]:
    """Records in several states, with a story each."""
    pending = [{"type": "loan", "status": "pending", "due_date": "2027-01-05"}]
    escrow = await office.escrow(contingencies=pending, notes="Call Maya")
    await office.escrow("13 Main St", closing_date="2020-01-01")
    listing = await office.listing(bedrooms=3, square_feet=1800)
    path = f"/listings/{listing['id']}"
    await office.ask("POST", f"{path}/price", body={"list_price": 435000, "reason": "No offers"})
    await office.ask("PATCH", f"/escrows/{escrow['id']}", body={"purchase_price": 460000})
    await office.ask("PATCH", f"{path}/status", body={"status": "coming_soon"})
    return escrow, listing


async def issues_at(window: Window, place: str) -> list[str]:
    await window.go(place)
    await window.page.get_by_role("heading", level=1).wait_for()
    await window.page.wait_for_function("document.querySelector('hr-shell').room.ready")
    return await window.grave_issues()


async def in_a_table(window: Window) -> list[str]:
    await window.go("escrows")
    await window.page.get_by_role("button", name="Table").click()
    await window.page.locator("tbody tr").first.wait_for()
    return await window.grave_issues()
