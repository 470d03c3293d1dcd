"""python-socketio's book of clients, where coming and going costs what the client's rooms are."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import socketio  # type: ignore[import-untyped]  # the library has no types
from socketio.base_manager import BaseManager  # type: ignore[import-untyped]  # no types
from typing_extensions import override


class Pairs(dict[str, str]):
    """Session ids with those of their connections, found by either: a bidict, without its cost."""

    __slots__ = ("_invm",)

    def __init__(self) -> None:
        super().__init__()
        self._invm: dict[str, str] = {}

    @property
    def _fwdm(self) -> dict[str, str]:
        return self

    @override
    def __setitem__(self, sid: str, eio_sid: str) -> None:
        super().__setitem__(sid, eio_sid)
        self._invm[eio_sid] = sid

    @override
    def __delitem__(self, sid: str) -> None:
        del self._invm[self[sid]]
        super().__delitem__(sid)


class Clients(socketio.AsyncManager):  # type: ignore[misc]  # the library has no types
    """As the original, which walks every room of everybody when one client goes.

    The room that every client has for itself, named by its sid, is not kept: it follows from the
    list of all, room None. What it leans on is pinned by tests/realtime/test_stack_contract.py.
    """

    def __init__(self) -> None:
        super().__init__()
        self._entered: dict[tuple[str, str], set[str]] = {}
        # Sets where the original has lists that it searches.
        self.pending_connect: dict[str, set[str]] = defaultdict(set)
        self.pending_disconnect: dict[str, set[str]] = defaultdict(set)

    @override
    def is_pre_connected(self, sid: str, namespace: str) -> bool:
        return sid in self.pending_connect.get(namespace, ())

    @override
    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        return self.expect(eio_sid, namespace)

    def expect(self, eio_sid: str, namespace: str) -> str | None:
        """As `pre_connect`: a name for who is about to be let in, None for one who is."""
        if self.sid_from_eio_sid(eio_sid, namespace) is not None:
            return None
        sid: str = self.server.eio.generate_id()
        self.basic_enter_room(sid, namespace, None, eio_sid=eio_sid)
        self.pending_connect[namespace].add(sid)
        return sid

    def take_in(self, sid: str, namespace: str) -> None:
        """As `connect`: who was expected is in."""
        BaseManager.connect(self, sid, namespace)

    @override
    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self.pending_disconnect[namespace].add(sid)
        eio_sid: str | None = self.rooms[namespace][None].get(sid)
        return eio_sid

    @override
    def basic_disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        if namespace in self.rooms:
            for room in self._entered.pop((namespace, sid), ()):
                super().basic_leave_room(sid, namespace, room)
            super().basic_leave_room(sid, namespace, None)
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if namespace in pending:
                pending[namespace].discard(sid)
                if not pending[namespace]:
                    del pending[namespace]

    @override
    def basic_enter_room(
        self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None
    ) -> None:
        if room == sid:
            return
        if room is None:
            self.rooms.setdefault(namespace, {}).setdefault(None, Pairs())
        super().basic_enter_room(sid, namespace, room, eio_sid=eio_sid)
        if room is not None:
            self._entered.setdefault((namespace, sid), set()).add(room)

    @override
    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        super().basic_leave_room(sid, namespace, room)
        if room is not None and (entered := self._entered.get((namespace, sid))):
            entered.discard(room)
            if not entered:
                del self._entered[namespace, sid]

    @override
    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        everybody = self.rooms.get(namespace, {}).get(None, {})
        if isinstance(room, str) and room in everybody:
            yield room, everybody[room]
        elif isinstance(room, str) or not hasattr(room, "__len__"):
            yield from super().get_participants(namespace, room)
        else:
            found: dict[str, str] = {}
            for each in room:
                found.update(self.get_participants(namespace, each))
            yield from found.items()

    @override
    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        if sid not in self.rooms.get(namespace, {}).get(None, {}):
            return []
        return [sid, *self._entered.get((namespace, sid), ())]
