"""Two people, two windows, one room."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office
from tests.browser.window import Window


@pytest.fixture
async def escrow(office: Office) -> Any:
    return await office.escrow()


async def test_an_edit_in_one_window_is_seen_in_the_other(
    ana: Window, ben: Window, escrow: Any
) -> None:
    await ana.open(escrow)
    await ana.edit("Purchase price", "435,000")
    card = ben.card(escrow)
    await expect(card.locator(".price")).to_have_text("$435,000")
    await expect(card.locator(".byline")).to_have_text("Ana: purchase price")
    await expect(ben.feed).to_contain_text(
        "Ana Alder lowered the purchase price of 12 Main St from $450,000 to $435,000"
    )
    await expect(ben.page.locator("[aria-live=polite]")).to_contain_text("Ana Alder lowered")
    await expect(ben.page.locator(".figures")).to_contain_text("$435K")


async def test_ones_own_edit_is_shown_at_once_and_not_pointed_out(ana: Window, escrow: Any) -> None:
    await ana.open(escrow)
    await ana.edit("Purchase price", "435000")
    await expect(ana.card(escrow).locator(".price")).to_have_text("$435,000")
    await expect(ana.feed).to_contain_text("You lowered the purchase price")
    await expect(ana.card(escrow)).not_to_contain_text("purchase price")


async def test_a_move_takes_the_card_to_its_new_lane(ana: Window, ben: Window, escrow: Any) -> None:
    await ana.open(escrow)
    await ana.drawer.get_by_role("button", name="Active…").click()
    dialog = ana.page.get_by_role("dialog", name="Move to active")
    await dialog.get_by_label("Buyers").fill("Maya Chen\nJon Peters")
    await dialog.get_by_label("Sellers").fill("Sam Ito")
    await dialog.get_by_role("button", name="Move to active").click()
    await expect(ben.lane("Active").locator(".card")).to_contain_text("Maya Chen +1")
    await expect(ben.feed).to_contain_text("Ana Alder moved 12 Main St from Pending to Active")


async def test_a_move_shows_what_the_server_still_misses(ana: Window, office: Office) -> None:
    pending = [{"type": "loan", "status": "pending"}]
    escrow = await office.escrow(
        escrow_status="active", acceptance_date="2026-01-05", contingencies=pending,
        buyers=["Maya Chen"], sellers=["Sam Ito"],
    )  # fmt: skip
    await ana.open(escrow)
    await ana.drawer.get_by_role("button", name="Closed…").click()
    dialog = ana.page.get_by_role("dialog", name="Move to closed")
    await dialog.get_by_role("button", name="Move to closed").click()
    await expect(dialog).to_contain_text("The loan contingency is not removed or waived.")


async def test_a_new_record_appears_and_a_deleted_one_goes(ana: Window, ben: Window) -> None:
    await ana.page.get_by_role("button", name="New escrow").click()
    dialog = ana.page.get_by_role("dialog", name="New escrow")
    await dialog.get_by_label("Address").fill("9 Elm Ct")
    await dialog.get_by_label("Purchase price").fill("$1.2m")
    await dialog.get_by_label("Closing date").fill("2027-02-01")
    await dialog.get_by_role("button", name="Add the escrow").click()
    await expect(ana.drawer).to_contain_text("9 Elm Ct")
    await expect(ben.lane("Pending").locator(".card")).to_contain_text("$1,200,000")
    await ana.drawer.get_by_role("button", name="Delete…").click()
    await ana.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(ben.page.locator(".card")).to_have_count(0)
    await expect(ben.feed).to_contain_text("Ana Alder deleted the escrow 9 Elm Ct")


async def test_a_record_deleted_under_ones_hands_says_so(
    ana: Window, escrow: Any, office: Office
) -> None:
    await ana.open(escrow)
    await office.ask("DELETE", f"/escrows/{escrow['id']}")
    await expect(ana.drawer).to_contain_text("It has just been deleted.")


async def test_edits_of_different_fields_both_stay(ana: Window, ben: Window, escrow: Any) -> None:
    await ana.open(escrow)
    await ben.open(escrow)
    await ben.type_into("Closing date", "2027-03-04")
    await ana.edit("Purchase price", "435000")
    await expect(ben.card(escrow).locator(".price")).to_have_text("$435,000")
    await ben.page.keyboard.press("Enter")
    await expect(ben.page.locator(".notice")).to_contain_text(
        "other changes to 12 Main St were kept"
    )
    await expect(ana.value("Closing date")).to_contain_text("Mar 4, 2027")


async def test_edits_of_the_same_field_ask_who_is_right(
    ana: Window, ben: Window, escrow: Any
) -> None:
    await ana.open(escrow)
    await ben.open(escrow)
    await ben.type_into("Purchase price", "470000")
    await ana.edit("Purchase price", "435000")
    await expect(ben.drawer).to_contain_text("Ana Alder has just made it $435,000")
    await ben.page.keyboard.press("Enter")
    clash = ben.page.get_by_role("dialog", name="Ana Alder changed the same thing")
    await expect(clash).to_contain_text("It was $450,000")
    await expect(clash.locator(".option")).to_contain_text(["$435,000", "$470,000"])
    await clash.get_by_label("$470,000").check()
    await clash.get_by_role("button", name="Save my choice").click()
    await expect(ana.card(escrow).locator(".price")).to_have_text("$470,000")


async def test_keeping_theirs_changes_nothing(
    ana: Window, ben: Window, escrow: Any, office: Office
) -> None:
    await ana.open(escrow)
    await ben.open(escrow)
    await ben.type_into("Purchase price", "470000")
    await ana.edit("Purchase price", "435000")
    await expect(ben.card(escrow).locator(".price")).to_have_text("$435,000")
    await ben.page.keyboard.press("Enter")
    await ben.page.get_by_role("button", name="Save my choice").click()
    await expect(ben.value("Purchase price")).to_contain_text("$435,000")
    assert [row["version"] for row in await office.all("escrows")] == [2]


async def test_a_refused_edit_rolls_back_and_says_why(ana: Window, office: Office) -> None:
    escrow = await office.escrow(acceptance_date="2026-01-05")
    await ana.open(escrow)
    await ana.type_into("Closing date", "1999-01-01")
    await ana.page.keyboard.press("Enter")
    await expect(ana.drawer.get_by_role("alert")).to_contain_text("before acceptance_date")
    await ana.page.keyboard.press("Escape")
    await expect(ana.value("Closing date")).not_to_contain_text("1999")


async def test_a_viewer_reads_and_is_offered_nothing_to_change(
    office: Office, window: OpenWindow, escrow: Any
) -> None:
    vic = await window(await office.hire("Vic Vale", role="viewer"))
    await vic.open(escrow)
    await expect(vic.drawer).to_contain_text("$450,000")
    await expect(vic.drawer.get_by_role("button", name="Purchase price")).to_have_count(0)
    await expect(vic.page.get_by_role("button", name="New escrow")).to_have_count(0)
