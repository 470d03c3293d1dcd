"""How many sockets one person may hold on a node: the newest stay."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from channels.base.limits import SOCKETS_PER_USER
from channels.gateway.commands import OwnRun
from channels.sockets.members import Close, Member


class SocketsPerUser:
    """The oldest goes, and is told to stay away, or it would come back and push out the next.

    Refusing the newest would lock somebody out whose dead connections nobody has noticed yet.
    """

    def __init__(self, most: int = SOCKETS_PER_USER) -> None:
        self._most = most
        self._of: dict[UUID, dict[Member, None]] = {}

    @property
    def commands(self) -> Mapping[str, OwnRun]:
        return {}

    def told(self, _: Member) -> Mapping[str, Any]:
        return {}

    def entered(self, member: Member) -> None:
        sockets = self._of.setdefault(member.who.user_id, {})
        sockets[member] = None
        while len(sockets) > self._most:
            oldest = next(iter(sockets))
            del sockets[oldest]
            oldest.close(Close.REPLACED)

    def left(self, member: Member) -> None:
        sockets = self._of.get(member.who.user_id, {})
        sockets.pop(member, None)
        if not sockets:
            self._of.pop(member.who.user_id, None)

    def closing(self) -> None:
        return
