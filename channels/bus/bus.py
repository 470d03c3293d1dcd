"""How committed events travel between nodes: fast, unordered, and allowed to lose them."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from db.events import Event


class Listener(Protocol):
    """What a node does with its bus; all of it at once, without waiting."""

    def heard(self, event: Event) -> None: ...

    def subscribed(self, team_id: UUID) -> None:
        """From here on the team's events arrive; those before may have been missed."""

    def deaf(self) -> None:
        """The bus is down: nothing arrives until `subscribed` is called again."""


class Bus(Protocol):
    @property
    def up(self) -> bool:
        """Whether events published and received now can be expected to arrive."""

    def listen(self, listener: Listener) -> None: ...

    def publish(self, event: Event) -> None:
        """Tell all nodes. Never waits, never raises: the head poll finds what is lost."""

    async def subscribe(self, team_id: UUID) -> None:
        """Return when the team's events arrive, or at once while the bus is down."""

    def unsubscribe(self, team_id: UUID) -> None: ...

    def cut_off(self, user_id: UUID) -> None:
        """Tell all nodes that this user's sessions ended. As `publish`: polls find what is lost."""

    def on_cut_off(self, told: Callable[[UUID], None]) -> None:
        """Have `told` called with each user that any node cuts off."""

    def start(self) -> None: ...

    async def close(self) -> None: ...


class SilentListener:
    """Nobody, until a room opens."""

    def heard(self, _: Event) -> None:
        return

    def subscribed(self, _: UUID) -> None:
        return

    def deaf(self) -> None:
        return


def ignore(_: UUID) -> None:
    """Nobody wants to know."""


Route = Callable[[Event], Iterable[float]]


def straight(_: Event) -> Iterable[float]:
    """One copy, at once."""
    return (0.0,)


class MemoryHub:
    """What several `MemoryBus`es of one process share.

    `route` says after how long each copy of an event arrives: no copy is a loss, two a duplicate.
    """

    def __init__(self, route: Route = straight) -> None:
        self.route = route
        self.buses: list[MemoryBus] = []

    def carry(self, event: Event) -> None:
        loop = asyncio.get_running_loop()
        for bus in self.buses:
            for delay in self.route(event):
                if delay:
                    loop.call_later(delay, bus.take, event)
                else:
                    loop.call_soon(bus.take, event)


class MemoryBus:
    """A bus for one process without Redis, for tests."""

    def __init__(self, hub: MemoryHub) -> None:
        self._hub = hub
        self._teams: set[UUID] = set()
        self._listener: Listener = SilentListener()
        self._told: Callable[[UUID], None] = ignore
        self._up = False

    @property
    def up(self) -> bool:
        return self._up

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def start(self) -> None:
        self._hub.buses.append(self)
        self._up = True
        for team_id in self._teams:
            self._listener.subscribed(team_id)

    async def close(self) -> None:
        if self._up:
            self._hub.buses.remove(self)
            self._up = False
            self._listener.deaf()

    def publish(self, event: Event) -> None:
        if self._up:
            self._hub.carry(event)

    async def subscribe(self, team_id: UUID) -> None:
        self._teams.add(team_id)

    def unsubscribe(self, team_id: UUID) -> None:
        self._teams.discard(team_id)

    def cut_off(self, user_id: UUID) -> None:
        if self._up:
            for bus in self._hub.buses:
                asyncio.get_running_loop().call_soon(bus.tell, user_id)

    def on_cut_off(self, told: Callable[[UUID], None]) -> None:
        self._told = told

    def tell(self, user_id: UUID) -> None:
        self._told(user_id)

    def take(self, event: Event) -> None:
        if self._up and event.team_id in self._teams:
            self._listener.heard(event)
