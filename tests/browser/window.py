"""A browser window of one person, moved by what people do and see."""

import re
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Locator, Page, expect

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
# What a browser logs when a request is refused or the network is away; the page says it better.
EXPECTED = ("Failed to load resource", "WebSocket connection to")
GRAVE = ("serious", "critical")


class Window:
    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._overheard)

    async def go(self, place: str) -> None:
        """To a place in the page, as a followed link would."""
        await self.page.goto(f"{self.url}/#/{place}")

    async def is_live(self) -> None:
        await expect(self.page.locator(".badge.live")).to_be_visible()

    async def is_offline(self) -> None:
        await expect(self.page.locator(".badge.offline")).to_be_visible()

    def card(self, record: Any) -> Locator:
        return self.page.locator(f"a.card[data-id='{record['id']}']")

    def lane(self, name: str) -> Locator:
        heading = self.page.get_by_role("heading", name=name, exact=True)
        return self.page.locator(".lane").filter(has=heading)

    @property
    def drawer(self) -> Locator:
        return self.page.locator("dialog.drawer[open]")

    @property
    def feed(self) -> Locator:
        return self.page.locator(".feed li").first

    def value(self, label: str) -> Locator:
        return self.drawer.get_by_role("button", name=re.compile(f"^{re.escape(label)}:"))

    def field(self, label: str) -> Locator:
        """A field of what is open, whether or not it is for us to change."""
        return self.drawer.locator(".field", has_text=label)

    async def open(self, record: Any) -> None:
        await self.card(record).click()
        await expect(self.drawer).to_be_visible()

    async def type_into(self, label: str, text: str) -> None:
        """Open a field and type, without saving."""
        await self.value(label).click()
        await self.drawer.get_by_label(label, exact=True).fill(text)

    async def edit(self, label: str, text: str) -> None:
        await self.type_into(label, text)
        await self.page.keyboard.press("Enter")
        await expect(self.value(label)).to_be_visible()

    async def rows(self, entity: str) -> list[Any]:
        """The records as the page has them, without what is still to be sent."""
        found: list[Any] = await self.page.evaluate(
            "name => document.querySelector('hr-shell').room.store.all(name)", entity
        )
        return found

    async def entries(self) -> list[Any]:
        """What the feed holds, newest first."""
        found: list[Any] = await self.page.evaluate(
            "() => document.querySelector('hr-shell').room.feed.items"
        )
        return found

    async def grave_issues(self) -> list[str]:
        """What axe finds serious or critical on the page as it stands."""
        # Half-faded text has half its contrast; what counts is where it comes to rest.
        await self.page.evaluate(
            "Promise.allSettled(document.getAnimations().map((one) => one.finished))"
        )
        await self.page.evaluate(AXE.read_text())
        result = await self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{issue['id']}: {node['html'][:200]}"
            for issue in result["violations"]
            if issue["impact"] in GRAVE
            for node in issue["nodes"]
        ]

    def _overheard(self, message: Any) -> None:
        if message.type == "error" and not any(said in message.text for said in EXPECTED):
            self.faults.append(message.text)
