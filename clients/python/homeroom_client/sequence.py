"""Puts a team's events into their order: applies the next, ignores the known, holds the early."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

PATIENCE_SECONDS: Final = 0.3
MOST_HELD: Final = 1000

Event = dict[str, Any]


class Sequence:
    """`apply` gets every event exactly once, in order; `ask` is called when one stays away."""

    def __init__(self, apply: Callable[[list[Event]], None], ask: Callable[[], None]) -> None:
        self.seq = 0
        self.hash = ""
        self.placed = False  # until the data this position belongs to has been asked for
        self._held: dict[int, Event] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._apply = apply
        self._ask = ask

    @property
    def gap(self) -> bool:
        return bool(self._held)

    def start(self, seq: int, h: str) -> None:
        """The data now stands at this point; what came before it is of no interest any more."""
        self.seq, self.hash, self.placed = seq, h, True
        self._held = {number: event for number, event in self._held.items() if number > seq}
        self._drain()

    def take(self, events: Iterable[Event]) -> None:
        self._held |= {event["s"]: event for event in events if event["s"] > self.seq}
        self._drain()

    def watch(self) -> None:
        """Still missing something after an answer: wait once more, then ask once more."""
        self.calm()
        if self.gap:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PATIENCE_SECONDS, self._ask_now)

    def calm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _drain(self) -> None:
        if not self.placed:
            return
        ready = []
        while event := self._held.pop(self.seq + 1, None):
            ready.append(event)
            self.seq, self.hash = event["s"], event["h"]
        if ready:
            self._apply(ready)
        if not self.gap:
            self.calm()
        elif len(self._held) > MOST_HELD:
            self._held.clear()
            self._ask_now()
        elif self._timer is None or ready:
            self.watch()

    def _ask_now(self) -> None:
        self.calm()
        self._ask()
