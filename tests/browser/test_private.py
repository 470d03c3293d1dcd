"""What is private is on its agent's page and on a lead's, and goes from the others'."""

from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office


async def test_a_record_made_private_goes_from_a_colleague_s_page_and_comes_back_shared(
    office: Office, window: OpenWindow
) -> None:
    alder, birch = await office.hire("Ana Alder"), await office.hire("Ben Birch")
    escrow = await office.escrow(owner_id=alder.id)
    ana, ben = await window(alder), await window(birch)
    await ben.open(escrow)
    privacy = ben.field("Private")
    await expect(privacy.locator("button")).to_have_count(0)
    await expect(ben.value("Agent")).to_have_count(0)  # nor is it his to say whose it is
    await ana.open(escrow)
    await expect(ana.value("Agent")).to_be_visible()
    await ana.value("Private").click()
    await ana.drawer.get_by_label("Private", exact=True).select_option("true")
    await ana.page.keyboard.press("Enter")
    await expect(ana.drawer.locator(".tag.secret")).to_have_text("Private")
    await expect(ana.card(escrow)).to_contain_text("Private 12 Main St")

    await expect(ben.card(escrow)).to_have_count(0)
    await expect(ben.drawer).to_have_count(0)
    await expect(ben.page.locator(".notices")).to_contain_text(
        "This escrow is private now, and no longer shown to you."
    )
    await expect(ben.page.locator(".feed")).not_to_contain_text("12 Main St")
    assert await ben.rows("escrow") == []
    await ben.page.reload()
    await ben.is_live()
    await expect(ben.card(escrow)).to_have_count(0)
    await expect(ben.page.locator(".feed")).not_to_contain_text("12 Main St")

    await ana.value("Private").click()
    await ana.drawer.get_by_label("Private", exact=True).select_option("false")
    await ana.page.keyboard.press("Enter")
    await expect(ben.card(escrow)).to_be_visible()
    await expect(ben.card(escrow)).not_to_contain_text("Private")
    await expect(ben.feed).to_contain_text("Ana Alder shared 12 Main St")
    assert [*ana.faults, *ben.faults] == []


async def test_a_record_can_be_private_from_the_start(office: Office, window: OpenWindow) -> None:
    alder, birch = await office.hire("Ana Alder"), await office.hire("Ben Birch")
    ana, ben = await window(alder), await window(birch)
    await ana.page.get_by_role("button", name="New escrow").click()
    dialog = ana.page.get_by_role("dialog", name="New escrow")
    await dialog.get_by_label("Address").fill("9 Elm Ct")
    await dialog.get_by_label("Purchase price").fill("$1.2m")
    await dialog.get_by_label("Closing date").fill("2027-02-01")
    await expect(dialog.get_by_label("Private")).to_have_value("false")
    await dialog.get_by_label("Private").select_option("true")
    await dialog.get_by_role("button", name="Add the escrow").click()
    await expect(ana.drawer.locator(".tag.secret")).to_be_visible()
    assert await ana.grave_issues() == []
    assert await ben.rows("escrow") == []
    assert len(await office.all("escrows")) == 1


async def test_a_promotion_shows_what_is_private_and_a_demotion_takes_it_away(
    office: Office, window: OpenWindow
) -> None:
    birch = await office.hire("Ben Birch")
    escrow = await office.escrow(is_private=True)
    ben, member = await window(birch), f"/teams/current/members/{birch.id}"
    await expect(ben.card(escrow)).to_have_count(0)
    await office.ask("PATCH", member, body={"role": "lead"})
    await expect(ben.card(escrow)).to_contain_text("Private 12 Main St")
    await expect(ben.page.locator(".feed")).to_contain_text("added the escrow 12 Main St")
    await office.ask("PATCH", member, body={"role": "agent"})
    await expect(ben.card(escrow)).to_have_count(0)
    await expect(ben.page.locator(".feed")).not_to_contain_text("12 Main St")
