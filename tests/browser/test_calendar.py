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
