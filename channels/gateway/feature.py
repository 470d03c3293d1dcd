"""What sockets can do beside following their room; each such thing is a part of its own."""

from collections.abc import Mapping
from typing import Any, Protocol

from channels.gateway.commands import OwnRun
from channels.sockets.members import Member


class Feature(Protocol):
    """The gateway asks every feature, in the order it was given them."""

    @property
    def commands(self) -> Mapping[str, OwnRun]:
        """Commands it answers itself, by name."""

    def told(self, member: Member) -> Mapping[str, Any]:
        """What it adds to the member's `hello`."""

    def entered(self, member: Member) -> None:
        """The member has its hello and follows its room. Without waiting."""

    def left(self, member: Member) -> None:
        """The member's socket is gone; also called for one that never entered. Without waiting."""

    def closing(self) -> None:
        """The node lets nobody in any more and begins to send its members away. Without waiting."""
