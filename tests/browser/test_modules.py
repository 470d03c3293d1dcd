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


async def test_a_total_of_money_is_exact(page: Page) -> None:
    add = """async () => {
        const { sum } = await import("/static/entities/sums.js");
        return sum([{ p: 0.1 }, { p: 0.2 }, { p: null }], (row) => row.p);
    }"""
    assert await page.evaluate(add) == 0.3
