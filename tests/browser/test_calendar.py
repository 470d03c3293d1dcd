"""Appointments in the page: typed as a day and clock times, refused where somebody is elsewhere."""

import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office

TO = re.compile("^To ")


async def test_a_double_booking_is_refused_in_the_form_and_named(
    office: Office, window: OpenWindow
) -> None:
    ana = await window(await office.hire("Ana Alder"))
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    await ana.go("appointments")
    for title, start, end in (("A closing", "09:00", "10:00"), ("A showing", "09:30", "10:30")):
        await ana.page.get_by_role("button", name="New appointment").click()
        dialog = ana.page.get_by_role("dialog", name="New appointment")
        await dialog.get_by_label("Title").fill(title)
        await dialog.get_by_label("Day").fill(day)
        await dialog.get_by_label("From").fill(start)
        await dialog.get_by_label(TO).fill(end)
        await dialog.get_by_role("button", name="Add the appointment").click()
        if title == "A closing":
            await expect(ana.drawer).to_contain_text("A closing")
            await ana.page.keyboard.press("Escape")
    await expect(dialog).to_contain_text("APT-")
    await dialog.get_by_label("From").fill("10:00")
    await dialog.get_by_label(TO).fill("10:30")
    await dialog.get_by_role("button", name="Add the appointment").click()
    await expect(ana.drawer).to_contain_text("A showing")
    await expect(ana.value("From")).to_contain_text("10:00 AM")


async def test_a_tour_names_its_homes_each_on_a_line(office: Office, window: OpenWindow) -> None:
    starts = datetime.now(UTC).replace(hour=19, minute=0, second=0, microsecond=0)
    listing = await office.listing(
        "7 Lake Ave",
        listing_status="active",
        listing_contract_date=starts.date().isoformat(),
        expiration_date=(starts + timedelta(days=90)).date().isoformat(),
    )
    body = {
        "title": "Tour",
        "appointment_type": "property_showing",
        "starts_at": (starts + timedelta(days=3)).isoformat(),
        "stops": [{"location_address": text} for text in ("7 Lake Ave", "9 Elm Ct")],
        "showings": [{"listing_id": listing["id"]}, {"property_address": "9 Elm Ct"}],
    }
    tour = (await office.ask("POST", "/appointments", body=body)).data
    ana = await window(await office.hire("Ana Alder"), "appointments")
    await ana.open(tour)
    shown = ana.drawer.locator(".field", has_text="Showings").locator(".text")
    await expect(shown).to_have_text("7 Lake Ave (Requested)\n9 Elm Ct (Requested)")
    await expect(ana.lane("Requested").locator(".empty")).to_have_count(0)
    await ana.page.get_by_role("button", name="Unfold Requested").click()
    await expect(ana.lane("Requested").locator(".empty")).to_be_visible()
