"""What others typed is text, whatever it looks like."""

from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office

HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>'


async def test_stored_markup_is_shown_as_typed_and_never_runs(
    office: Office, window: OpenWindow
) -> None:
    escrow = await office.escrow(
        f"1 {HOSTILE}", buyers=[HOSTILE], sellers=["Sam"], notes=HOSTILE, escrow_company=HOSTILE
    )
    ben = await window(await office.hire(f"Ben {HOSTILE}"[:80]))
    path = f"/escrows/{escrow['id']}"
    await office.ask("PATCH", path, body={"escrow_company": f"{HOSTILE}!", "city": HOSTILE})
    await expect(ben.card(escrow)).to_contain_text("<script>window.ran=1</script>")
    await ben.open(escrow)
    await expect(ben.value("Notes")).to_contain_text(HOSTILE)
    await ben.drawer.get_by_role("tab", name="History").click()
    await expect(ben.drawer.locator(".feed li")).to_have_count(2)
    await ben.go("activity")
    await expect(ben.feed).to_contain_text("onerror")
    await ben.go("team")
    await expect(ben.page.locator(".people")).to_contain_text("<img src=x")
    assert await ben.page.evaluate("window.ran") is None


async def test_a_link_that_is_none_is_not_made_one(office: Office, window: OpenWindow) -> None:
    listing = await office.listing(virtual_tour_link="https://tour.example/7")
    owner = await window(office.owner, f"listings/{listing['id']}")
    out = owner.drawer.get_by_role("link", name="Open virtual tour link")
    await expect(out).to_have_attribute("href", "https://tour.example/7")
    await expect(out).to_have_attribute("rel", "noreferrer")


async def test_the_browser_itself_refuses_injected_scripts(
    office: Office, window: OpenWindow
) -> None:
    owner = await window(office.owner)
    refused = await owner.page.evaluate(
        """() => {
            try { document.body.innerHTML = "<b>x</b>"; return false; } catch { return true; }
        }"""
    )
    assert refused
    owner.faults.clear()  # the refusal itself is logged
