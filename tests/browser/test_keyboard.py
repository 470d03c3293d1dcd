"""Everything without a mouse."""

from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import PASSWORD, Office


async def test_sign_in_find_a_record_and_edit_it_with_the_keyboard_alone(
    office: Office, stranger: OpenWindow
) -> None:
    escrow = await office.escrow()
    window = await stranger()
    await window.go("")
    keys = window.page.keyboard
    await keys.press("Tab")
    await keys.type(office.owner.email)
    await keys.press("Tab")
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await window.is_live()

    card = window.card(escrow)
    for _ in range(30):
        await keys.press("Tab")
        if await card.evaluate("(card) => card === document.activeElement"):
            break
    await keys.press("Enter")
    await expect(window.drawer.get_by_role("heading", name="12 Main St")).to_be_focused()

    price = window.value("Purchase price")
    for _ in range(12):
        await keys.press("Tab")
        if await price.evaluate("(button) => button === document.activeElement"):
            break
    await keys.press("Enter")
    await keys.type("435,000")
    await keys.press("Enter")
    await expect(price).to_contain_text("$435,000")
    await expect(price).to_be_focused()

    await keys.press("Enter")
    await keys.type("1")
    await keys.press("Escape")
    await expect(price).to_contain_text("$435,000")
    await keys.press("Escape")
    await expect(window.drawer).to_have_count(0)
    await expect(card).to_be_focused()


async def test_a_dialog_keeps_the_focus_and_gives_it_back(
    office: Office, window: OpenWindow
) -> None:
    opened = await window(office.owner)
    button = opened.page.get_by_role("button", name="New escrow")
    await button.focus()
    await opened.page.keyboard.press("Enter")
    dialog = opened.page.get_by_role("dialog", name="New escrow")
    await expect(dialog.get_by_label("Address")).to_be_focused()
    await opened.page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("Purchase price is needed.")
    await expect(dialog.get_by_label("Address")).to_be_focused()
    await opened.page.keyboard.press("Escape")
    await expect(button).to_be_focused()


async def test_the_skip_link_leads_past_the_bar(office: Office, window: OpenWindow) -> None:
    opened = await window(office.owner)
    await opened.page.keyboard.press("Tab")
    await opened.page.keyboard.press("Enter")
    await expect(opened.page.locator("main")).to_be_focused()
    assert opened.page.url.endswith("#/escrows")


async def test_escape_closes_only_what_is_on_top(office: Office, window: OpenWindow) -> None:
    escrow = await office.escrow()
    opened = await window(office.owner, f"escrows/{escrow['id']}")
    await opened.drawer.get_by_role("button", name="Delete…").click()
    dialog = opened.page.get_by_role("dialog", name="Delete this escrow?")
    await expect(dialog).to_be_visible()
    await opened.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(opened.drawer).to_be_visible()
    await opened.page.keyboard.press("Escape")
    await expect(opened.drawer).to_have_count(0)


async def test_tabs_in_the_drawer_are_changed_with_the_arrows(
    office: Office, window: OpenWindow
) -> None:
    escrow = await office.escrow()
    opened = await window(office.owner, f"escrows/{escrow['id']}")
    await opened.drawer.get_by_role("tab", name="Details").focus()
    await opened.page.keyboard.press("ArrowRight")
    await expect(opened.drawer.get_by_role("tab", name="History")).to_be_focused()
    await expect(opened.drawer).to_contain_text("You added the escrow 12 Main St")
