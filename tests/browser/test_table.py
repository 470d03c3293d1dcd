"""The records as a table, and finding one."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office
from tests.browser.window import Window


async def table(window: Window) -> Locator:
    await window.page.get_by_role("button", name="Table").click()
    rows = window.page.locator("tbody tr")
    await rows.first.wait_for()
    return rows


async def test_a_heading_sorts_and_the_choice_is_remembered(
    office: Office, window: OpenWindow
) -> None:
    for price in (300000, 1000000, 95000):
        await office.escrow(f"{price} Main St", purchase_price=price)
    owner = await window(office.owner)
    rows = await table(owner)
    heading = owner.page.get_by_role("columnheader", name="Purchase price")
    await heading.get_by_role("button").click()
    await expect(heading).to_have_attribute("aria-sort", "ascending")
    await expect(rows).to_contain_text(["$95,000", "$300,000", "$1,000,000"])
    await heading.get_by_role("button").click()
    await owner.page.reload()
    await expect(rows).to_contain_text(["$1,000,000", "$300,000", "$95,000"])


async def test_search_status_owner_and_archive_narrow_it_down(
    office: Office, window: OpenWindow
) -> None:
    ana = await office.hire("Ana Alder")
    await office.escrow("1 Oak St", city="Kent")
    await office.escrow("2 Elm St", owner_id=ana.id)
    gone = await office.escrow("3 Ash St")
    await office.ask("PATCH", f"/escrows/{gone['id']}/archive")
    owner = await window(ana)
    rows = await table(owner)
    await expect(rows).to_have_count(2)
    await owner.page.get_by_role("searchbox").fill("oak kent")
    await expect(rows).to_contain_text(["1 Oak St"])
    await owner.page.get_by_role("searchbox").fill("")
    await owner.page.get_by_role("button", name="Mine").click()
    await expect(rows).to_contain_text(["2 Elm St"])
    await owner.page.get_by_label("Status").select_option("closed")
    await expect(owner.page.get_by_text("Nothing matches")).to_be_visible()
    await owner.page.get_by_label("Status").select_option("")
    await owner.page.get_by_role("button", name="Mine").click()
    await owner.page.get_by_role("button", name="Archived").click()
    await expect(rows).to_contain_text(["3 Ash St"])


async def test_a_row_says_who_changed_it(office: Office, window: OpenWindow) -> None:
    escrow = await office.escrow()
    ana = await window(await office.hire("Ana Alder"))
    rows = await table(ana)
    await office.ask("PATCH", f"/escrows/{escrow['id']}", body={"purchase_price": 435000})
    await expect(rows.first).to_contain_text("$435,000")
    await expect(rows.first).to_contain_text("Olga: purchase price")


async def test_a_listing_that_ended_is_listed_anew(office: Office, window: OpenWindow) -> None:
    listing = await office.listing()
    await office.ask(
        "PATCH",
        f"/listings/{listing['id']}/status",
        body={"status": "cancelled", "reason": "Moved"},
    )
    owner = await window(office.owner, f"listings/{listing['id']}")
    await owner.drawer.get_by_role("button", name="Relist…").click()
    dialog = owner.page.get_by_role("dialog", name="Relist")
    await dialog.get_by_label("List price").fill("440k")
    await dialog.get_by_role("button", name="Relist").click()
    await expect(owner.drawer).to_contain_text("Incomplete")
    await expect(owner.drawer).to_contain_text("$440,000")
