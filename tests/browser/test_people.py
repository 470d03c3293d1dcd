"""Leads and clients in the page: read when their page is opened, and live from then on."""

from playwright.async_api import expect

from tests.browser.office import Office
from tests.browser.window import Window


async def test_a_page_is_read_when_it_is_opened_and_lives_from_then_on(
    office: Office, ana: Window, ben: Window
) -> None:
    early = (await office.ask("POST", "/clients", body={"last_name": "Nguyễn"})).data
    await ana.go("clients")
    await expect(ana.card(early)).to_contain_text("Nguyễn")

    await ben.go("clients")
    await ben.page.get_by_role("button", name="New client").click()
    dialog = ben.page.get_by_role("dialog", name="New client")
    await dialog.get_by_label("First name").fill("Noor")
    await dialog.get_by_label("Phone").fill("(206) 555-0117")
    await dialog.get_by_role("button", name="Add the client").click()
    await expect(ana.lane("Active").locator(".card")).to_have_count(2)
    await expect(ana.feed).to_contain_text("Ben Birch added the client Noor")


async def test_a_lead_in_the_pond_goes_to_who_claims_it_and_both_screens_know(
    office: Office, ana: Window, ben: Window
) -> None:
    lead = (await office.ask("POST", "/leads", body={"last_name": "Okafor"})).data
    await office.ask("POST", f"/leads/{lead['id']}/release")
    for one in (ana, ben):
        await one.go("leads")
        await expect(one.card(lead)).to_contain_text("In the pond")
        await one.open(lead)
    await ana.drawer.get_by_role("button", name="Claim", exact=True).click()
    for one in (ana, ben):
        await expect(one.card(lead)).not_to_contain_text("In the pond")
        await expect(one.drawer.get_by_role("button", name="Claim", exact=True)).to_have_count(0)
        await expect(one.field("Agent")).to_contain_text("Ana Alder")


async def test_who_claims_too_late_is_told_whose_it_is(office: Office, ana: Window) -> None:
    lead = (await office.ask("POST", "/leads", body={"last_name": "Okafor"})).data
    await office.ask("POST", f"/leads/{lead['id']}/release")
    await ana.go("leads")
    await ana.open(lead)
    await expect(ana.drawer.get_by_role("button", name="Claim", exact=True)).to_be_visible()
    ben = await office.hire("Ben Birch")
    await ana.context.set_offline(True)
    await ana.is_offline()
    await office.ask("POST", f"/leads/{lead['id']}/claim", by=ben)
    await ana.drawer.get_by_role("button", name="Claim", exact=True).click()
    await ana.context.set_offline(False)
    await expect(ana.page.locator("hr-notices")).to_contain_text("Ben Birch")
    await expect(ana.field("Agent")).to_contain_text("Ben Birch")
