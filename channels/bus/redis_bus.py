"""The bus between nodes: one Redis channel per team, and one for people who are cut off."""

from collections.abc import Callable
from uuid import UUID

from channels.base.counters import Counters
from channels.base.supervisor import Supervisor
from channels.bus.bus import Listener, SilentListener, ignore
from channels.bus.redis_publisher import Publisher
from channels.bus.redis_subscriber import Subscriber
from db.events import Event

PREFIX = "homeroom:team:"
CUT_OFF = "homeroom:cut-off"  # users whose sessions ended; one channel, for it is rarely used


class RedisBus:
    """Carries whole events, for speed alone: what Redis loses or turns round, the rooms mend."""

    def __init__(self, url: str, *, counters: Counters, supervisor: Supervisor) -> None:
        self._counters = counters
        self._supervisor = supervisor
        self._listener: Listener = SilentListener()
        self._publisher = Publisher(url, counters=counters, on_down=self.deaf)
        self._subscriber = Subscriber(
            url, self, prefix=PREFIX, beside=CUT_OFF, counters=counters, supervisor=supervisor
        )
        self._told: Callable[[UUID], None] = ignore

    @property
    def up(self) -> bool:
        return self._publisher.up and self._subscriber.up

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def publish(self, event: Event) -> None:
        self._publisher.publish(f"{PREFIX}{event.team_id}", event.pack())

    async def subscribe(self, team_id: UUID) -> None:
        await self._subscriber.subscribe(team_id)

    def unsubscribe(self, team_id: UUID) -> None:
        self._subscriber.unsubscribe(team_id)

    def cut_off(self, user_id: UUID) -> None:
        self._publisher.publish(CUT_OFF, str(user_id).encode())

    def on_cut_off(self, told: Callable[[UUID], None]) -> None:
        self._told = told

    def start(self) -> None:
        self._supervisor.start("bus publisher", self._publisher.run)
        self._supervisor.start("bus subscriber", self._subscriber.run)

    async def close(self) -> None:
        """Nothing of its own to end: its tasks, and with them its connections, are supervised."""

    # What the subscriber hears

    def hear(self, channel: str, data: bytes) -> None:
        try:
            if channel == CUT_OFF:
                self._told(UUID(data.decode()))
                return
            event = Event.unpack(data)
        except ValueError:
            self._counters.bus_malformed += 1
            return
        self._counters.bus_received += 1
        self._listener.heard(event)

    def subscribed(self, team_id: UUID) -> None:
        self._listener.subscribed(team_id)

    def deaf(self) -> None:
        self._listener.deaf()
