"""The socket between a page and the server, with somebody's hand on it."""

import asyncio
import random
import re
from dataclasses import dataclass, field

from playwright.async_api import Page, Route, WebSocketRoute

EVENT = '42["event",'
SOCKETS = "**/socket.io/**"


@dataclass
class Wire:
    """Passes everything on until told otherwise.

    `noise` is the part of event frames that are lost, doubled or swapped with the next. `cut` lets
    no connection through. `bite` names a command after which the line goes dead once, so that the
    server has it and the page never hears so. `forged` is a hash told in place of the page's own.
    """

    noise: float = 0.0
    cut: bool = False
    bite: str = ""
    forged: str = ""
    seed: int = 7
    bitten: int = 0
    modes: list[str] = field(default_factory=list)  # as hello and resume told them
    _held: list[str] = field(default_factory=list)

    async def lead_through(self, page: Page) -> None:
        self._random = random.Random(self.seed)
        await page.route(SOCKETS, self._polled)
        await page.route_web_socket("**/socket.io/**", self._opened)

    async def _polled(self, route: Route) -> None:
        # Long polling is the page's second way; here every byte takes the first.
        await route.abort()

    async def _opened(self, ours: WebSocketRoute) -> None:
        if self.cut:
            await ours.close()
            return
        theirs = ours.connect_to_server()
        ours.on_message(lambda said: self._asked(str(said), ours, theirs))
        theirs.on_message(lambda said: self._told(str(said), ours))

    def _asked(self, said: str, ours: WebSocketRoute, theirs: WebSocketRoute) -> None:
        if self.forged and said.startswith("40"):
            head, found, rest = said.partition('"h":"')
            said = head + found + self.forged + rest[32:] if found else said
        theirs.send(said)
        if self.bite and f'["{self.bite}"' in said:
            self.bite = ""
            self.bitten += 1
            ours.on_message(lambda _: None)
            theirs.on_message(lambda _: None)
            self._hang_up(ours)

    def _told(self, said: str, ours: WebSocketRoute) -> None:
        self.modes += re.findall(r'"mode":"(\w+)"', said)
        if not said.startswith(EVENT) or self._random.random() >= self.noise:
            ours.send(said)
            while self._held:
                ours.send(self._held.pop())
            return
        match self._random.randrange(3):
            case 0:
                pass
            case 1:
                ours.send(said)
                ours.send(said)
            case _:
                self._held.append(said)

    def _hang_up(self, ours: WebSocketRoute) -> None:
        self._closing = asyncio.ensure_future(ours.close())
