"""The parts that only compute, asked in a browser: order of events, words, amounts."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.api.whole_server import WholeServer


@pytest.fixture(scope="module")
async def page(browser: Browser, server: WholeServer) -> Any:
    page = await browser.new_page()
    await page.goto(f"{server.url}/#/signin")
    yield page
    await page.close()


SEQUENCE = """async (frames) => {
    const { Sequence } = await import("/clients/js/src/sequence.js");
    const applied = [];
    let asked = 0;
    const apply = (events) => applied.push(...events.map(({ s }) => s));
    const sequence = new Sequence(apply, () => asked++);
    sequence.start(10, "h10");
    for (const frame of frames) sequence.take(frame.map((s) => ({ s, h: `h${s}` })));
    await new Promise((go) => setTimeout(go, 400));
    return [applied, asked, sequence.seq, sequence.hash];
}"""


@pytest.mark.parametrize(
    ("frames", "applied", "asked"),
    [
        pytest.param([[11, 12], [13]], [11, 12, 13], 0, id="in order"),
        pytest.param([[11], [11], [10, 11]], [11], 0, id="known ones again"),
        pytest.param([[13], [12], [11]], [11, 12, 13], 0, id="backwards"),
        pytest.param([[11], [13, 14]], [11], 1, id="one missing"),
        pytest.param([[12]], [], 1, id="the first missing"),
    ],
)
async def test_events_are_applied_once_and_in_order(
    page: Page, frames: list[list[int]], applied: list[int], asked: int
) -> None:
    last = applied[-1] if applied else 10
    assert await page.evaluate(SEQUENCE, frames) == [applied, asked, last, f"h{last}"]


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("450,000", 450000),
        ("$450k", 450000),
        ("1.2m", 1200000),
        ("99.95", 99.95),
        ("", None),
        ("a lot", "Type a number, such as 450,000."),
        ("1-2", "Type a number, such as 450,000."),
    ],
)
async def test_an_amount_is_read_as_agents_type_it(page: Page, typed: str, amount: Any) -> None:
    read = """async (typed) => {
        const { field, read } = await import("/static/entities/field.js");
        try { return read(field("price", "Price", "money"), typed); }
        catch (problem) { return problem.message; }
    }"""
    assert await page.evaluate(read, typed) == amount


SAID = """async (event) => {
    const { plain, sentence } = await import("/static/entities/sentences.js");
    const row = { property_address: "12 Main St" };
    const whole = { id: "1", a: { id: "a", name: "Ana" }, at: "2026-03-01T00:00:00Z", ...event };
    return plain(sentence(whole, row, (id) => ({ b: "Ben" })[id] ?? "", "me"));
}"""


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (
            "listing.price_changed",
            {"list_price": [450000, 435000], "price_change_reason": [None, "No offers"]},
            "Ana changed the list price of 12 Main St from $450,000 to $435,000: “No offers”",
        ),
        (
            "escrow.updated",
            {"closing_date": [None, "2019-03-04"]},
            "Ana set the closing date of 12 Main St to Mar 4, 2019",
        ),
        (
            "escrow.updated",
            {"escrow_number": ["E-1", None]},
            "Ana cleared the escrow number of 12 Main St, it was E-1",
        ),
        ("escrow.updated", {"notes": ["a", "b"]}, "Ana edited the notes of 12 Main St"),
        (
            "escrow.updated",
            {"owner_id": ["a", "b"]},
            "Ana set the agent of 12 Main St to Ben",
        ),
        (
            "escrow.updated",
            {
                "contingencies": [
                    [{"type": "loan", "status": "pending"}],
                    [{"type": "loan", "status": "waived"}],
                ]
            },
            "Ana waived the loan contingency of 12 Main St",
        ),
        (
            "listing.status_changed",
            {"listing_status": ["active", "active_under_contract"]},
            "Ana moved 12 Main St from Active to Active under contract",
        ),
        (
            "escrow.updated",
            {"city": [None, "Kent"], "mls_number": ["1", "2"], "hoa_fee": [None, 99.5]},
            "Ana changed 12 Main St: city to Kent, MLS number from 1 to 2, HOA fee to $99.50",
        ),
        (
            "escrow.updated",
            {name: [None, "x"] for name in ("city", "state", "county", "subdivision", "apn")},
            "Ana changed 12 Main St: city to x, state to x, county to x and 2 more",
        ),
        ("escrow.archived", {}, "Ana archived 12 Main St"),
        ("escrow.deleted", {}, "Ana deleted the escrow 12 Main St"),
    ],
)  # fmt: skip
async def test_an_event_is_told_in_a_sentence(
    page: Page, kind: str, changes: dict[str, Any], said: str
) -> None:
    event = {"k": kind, "e": kind.partition(".")[0], "ch": changes}
    assert await page.evaluate(SAID, event) == said


async def test_a_total_of_money_is_exact(page: Page) -> None:
    add = """async () => {
        const { sum } = await import("/static/entities/sums.js");
        return sum([{ p: 0.1 }, { p: 0.2 }, { p: null }], (row) => row.p);
    }"""
    assert await page.evaluate(add) == 0.3
