"""A connected socket as a room sees it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, Self
from uuid import UUID

from channels.sockets.wire import Packet, Parcel


class Close(Enum):
    """Why the server ends a connection: the code in the WebSocket close frame, and its counter.

    An official client reconnects by itself after every one of them except those that are final,
    which are told by a Socket.IO disconnect.
    """

    UNAUTHENTICATED = 4001  # no session was asked for in time
    EXPIRED = 4001  # noqa: PIE796 - its token has; to clients the same, to us another
    REVOKED = 4003
    SLOW = 4008
    REPLACED = 4009  # the same person has opened too many others since
    DRAIN = 4010
    RESTORED = 4012  # the log is not the one this socket was told; it learns more when it resumes
    RATE = 4013  # it went on after being told to wait
    MALFORMED = 4014

    code: int

    def __new__(cls, code: int) -> Self:
        close = object.__new__(cls)
        close._value_ = len(cls.__members__)  # two reasons may share a code and are still two
        close.code = code
        return close

    @property
    def reason(self) -> str:
        return self.name.lower()

    @property
    def final(self) -> bool:
        return self in (Close.REVOKED, Close.REPLACED)


class Who(Protocol):
    """The signed-in person behind a socket, by the token they showed.

    `as_of` is the last event of the team's log that was seen when role, rights and membership were
    read, `epoch` a number of the user's that moves with what the log does not tell.
    """

    @property
    def user_id(self) -> UUID: ...

    @property
    def team_id(self) -> UUID: ...

    @property
    def role(self) -> str: ...

    @property
    def rights(self) -> Collection[str]: ...

    @property
    def name(self) -> str: ...

    @property
    def session_id(self) -> UUID: ...

    @property
    def expires_at(self) -> float: ...

    @property
    def as_of(self) -> int: ...

    @property
    def epoch(self) -> int: ...


class Road(Protocol):
    """Where packets for one socket go: its connection."""

    @property
    def owed_bytes(self) -> int: ...

    @property
    def overdue(self) -> bool:
        """Whether its client is too slow to be waited for."""

    def push(self, packet: Packet) -> None: ...

    def give(self, parcel: Parcel) -> None: ...

    def cut(self, reason: Close) -> None: ...


@dataclass(slots=True, eq=False)
class Member:
    """One socket of one person. Everything it receives goes by its one road, so order holds."""

    sid: str
    who: Any  # a Who, of the type the server's `authenticate` returns
    road: Road
    gone: bool = False
    inst: str | None = None  # what the client calls its tab, the same over reconnects
    ended: Close | None = None  # why we closed it; None where it went by itself

    def push(self, packet: Packet) -> None:
        """One who is too slow to be waited for is closed instead, and resumes when it is back."""
        if self.gone:
            return
        if self.road.overdue:
            self.close(Close.SLOW)
        else:
            self.road.push(packet)

    def give(self, parcel: Parcel) -> None:
        """As `push`; every member of a large room comes through here for every event."""
        if self.gone:
            return
        if self.road.overdue:
            self.close(Close.SLOW)
        else:
            self.road.give(parcel)

    def close(self, reason: Close) -> None:
        """Nothing reaches this member from here on; its socket follows."""
        if not self.gone:
            self.gone = True
            self.ended = reason
            self.road.cut(reason)
