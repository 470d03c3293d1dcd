"""Away and back: nothing is missed, nothing is done twice, nothing typed is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.office import Office
from tests.browser.window import Window
from tests.browser.wire import Wire

TRIES = 200


async def same_as_fresh(window: Window, office: Office, plural: str = "escrows") -> bool:
    fresh = {row["id"]: row for row in await office.all(plural)}
    return {row["id"]: row for row in await window.rows(plural.removesuffix("s"))} == fresh


async def settles(ready: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(TRIES):
        if await ready():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the page never came to what the server has")


async def comes_to_equal(window: Window, office: Office) -> None:
    """The page's records are those of a fresh list, and its feed is that of a fresh reader."""
    whole = await office.activity()

    async def equal() -> bool:
        return await same_as_fresh(window, office) and await window.entries() == whole

    await settles(equal)


async def work(office: Office, escrows: list[Any], rounds: int) -> None:
    """What a busy team does: prices, dates, a new deal, one that is dropped."""
    for i in range(rounds):
        one = escrows[i % len(escrows)]
        body = {"purchase_price": 400000 + i, "notes": f"round {i}"}
        await office.ask("PATCH", f"/escrows/{one['id']}", body=body)
    escrows.append(await office.escrow("1 New Rd"))
    await office.ask("DELETE", f"/escrows/{escrows.pop(0)['id']}")


async def test_offline_and_back_catches_up_with_nothing_missing(
    office: Office, window: OpenWindow
) -> None:
    escrows = [await office.escrow(f"{i} Main St") for i in range(4)]
    ana = await window(await office.hire("Ana Alder"))
    await ana.context.set_offline(True)
    await ana.is_offline()
    await work(office, escrows, 15)
    await ana.context.set_offline(False)
    await ana.is_live()
    await comes_to_equal(ana, office)
    await expect(ana.page.locator(".notice")).to_contain_text("changes while you were away")


async def test_a_wire_that_loses_doubles_and_swaps_frames_changes_nothing(
    office: Office, window: OpenWindow
) -> None:
    escrows = [await office.escrow(f"{i} Main St") for i in range(4)]
    wire = Wire(noise=0.6)
    ana = await window(await office.hire("Ana Alder"), wire=wire)
    await work(office, escrows, 40)
    wire.noise = 0.0
    await work(office, escrows, 1)  # a lost last frame is noticed by the next
    await comes_to_equal(ana, office)
    await ana.is_live()
    assert "replay" in wire.modes


async def test_after_a_thousand_missed_events_the_page_starts_from_fresh_lists(
    office: Office, window: OpenWindow
) -> None:
    escrows = [await office.escrow(f"{i} Main St") for i in range(34)]
    wire = Wire()
    ana = await window(await office.hire("Ana Alder"), wire=wire)
    await ana.context.set_offline(True)
    await ana.is_offline()
    ids = [one["id"] for one in escrows]
    for i in range(30):
        batch = {"op": "update", "ids": ids, "changes": {"notes": f"round {i}"}}
        await office.ask("POST", "/escrows/batch", body=batch)
    await office.ask("DELETE", f"/escrows/{ids[0]}")
    await ana.context.set_offline(False)
    await ana.is_live()
    await settles(lambda: same_as_fresh(ana, office))
    head = await office.head()

    async def newest() -> bool:
        return bool((await ana.entries())[0]["s"] == head)

    await settles(newest)
    assert wire.modes == ["snapshot", "snapshot"]


async def test_a_page_that_followed_another_history_throws_it_away(
    office: Office, window: OpenWindow
) -> None:
    escrows = [await office.escrow(f"{i} Main St") for i in range(3)]
    wire = Wire()
    ana = await window(await office.hire("Ana Alder"), wire=wire)
    wire.forged = "0" * 32
    await ana.context.set_offline(True)
    await ana.is_offline()
    await work(office, escrows, 3)
    await ana.context.set_offline(False)
    await ana.is_live()
    await comes_to_equal(ana, office)
    assert "resync" in wire.modes


async def test_what_is_typed_offline_is_kept_over_a_reload_and_sent_once(
    office: Office, window: OpenWindow
) -> None:
    escrow = await office.escrow()
    wire = Wire()
    ana = await window(await office.hire("Ana Alder"), wire=wire)
    await ana.open(escrow)
    wire.cut = True
    await ana.context.set_offline(True)
    await ana.edit("Purchase price", "435000")
    await ana.edit("Closing date", "2027-03-04")
    await expect(ana.card(escrow).locator(".price")).to_have_text("$435,000")
    await expect(ana.page.locator(".badge")).to_contain_text("1 to send")
    await ana.context.set_offline(False)
    await ana.page.reload()
    await expect(ana.page.locator(".badge")).to_contain_text("1 to send")
    wire.cut = False
    await ana.context.set_offline(True)
    await ana.context.set_offline(False)  # back on the network: no need to wait for the next try
    await expect(ana.page.locator(".badge")).to_have_text("Live")
    [row] = await office.all("escrows")
    assert (row["purchase_price"], row["closing_date"]) == (435000, "2027-03-04")
    assert row["version"] == 2


async def test_a_write_whose_answer_was_lost_is_asked_again_and_done_once(
    office: Office, window: OpenWindow
) -> None:
    escrow = await office.escrow()
    wire = Wire()
    ana = await window(await office.hire("Ana Alder"), wire=wire)
    await ana.open(escrow)
    wire.bite = "escrows:update"
    await ana.edit("Purchase price", "435000")
    await ana.edit("Purchase price", "440000")  # based on what the page believes, not on version 1
    await expect(ana.page.locator(".badge")).to_have_text("Live")
    await expect(ana.value("Purchase price")).to_contain_text("$440,000")
    [row] = await office.all("escrows")
    assert (row["purchase_price"], row["version"], wire.bitten) == (440000, 3, 1)


async def test_a_new_record_made_offline_stands_on_the_board_until_it_can_be_sent(
    office: Office, window: OpenWindow
) -> None:
    ana = await window(await office.hire("Ana Alder"), "listings")
    await ana.context.set_offline(True)
    await ana.is_offline()
    await ana.page.get_by_role("button", name="New listing").click()
    dialog = ana.page.get_by_role("dialog", name="New listing")
    await dialog.get_by_label("Address").fill("9 Elm Ct")
    await dialog.get_by_label("List price").fill("450,000")
    await dialog.get_by_role("button", name="Add the listing").click()
    await expect(ana.page.locator(".badge")).to_contain_text("1 to send")
    await ana.context.set_offline(False)
    await expect(ana.page.locator(".badge")).to_have_text("Live")
    assert [row["property_address"] for row in await office.all("listings")] == ["9 Elm Ct"]
    assert await same_as_fresh(ana, office, "listings")
