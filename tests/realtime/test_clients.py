"""python-socketio's book of clients: ours says what theirs says, at the cost of one's own rooms."""

from typing import Any

import pytest
import socketio  # type: ignore[import-untyped]  # the library has no types
from typing_extensions import override

from channels.sockets.clients import Clients

EVERYWHERE = ["/", "/other"]


class Ids:
    """Names by number; theirs wastes one on a client that comes twice."""

    def __init__(self) -> None:
        self.number = -1

    def __call__(self) -> str:
        self.number += 1
        return f"sid{self.number}"


def books() -> tuple[Any, Any]:
    """Ours and theirs, on servers that give the same ids."""
    both = []
    for kind in (Clients, socketio.AsyncManager):
        server = socketio.AsyncServer(async_mode="aiohttp", client_manager=kind())
        server.eio.generate_id = Ids()
        both.append(server.manager)
    return both[0], both[1]


def said(book: Any, sids: list[str]) -> list[Any]:
    several: list[Any] = [["a", "b"], ["a", *sids[:2]]]
    rooms: list[Any] = [None, "a", "b", "nowhere", *several, *sids]
    return [
        [sorted(book.get_participants(space, room)) for space in EVERYWHERE for room in rooms],
        [
            sorted(map(str, book.get_rooms(sid, space) or []))
            for space in EVERYWHERE
            for sid in sids
        ],
        [book.is_connected(sid, space) for space in EVERYWHERE for sid in sids],
        [book.eio_sid_from_sid(sid, "/") for sid in sids],
        [book.sid_from_eio_sid(f"eio{number}", "/") for number in range(5)],
    ]


async def test_ours_says_what_theirs_says() -> None:
    ours, theirs = books()
    sids: list[str] = []

    async def both(name: str, *args: Any) -> None:
        results = []
        for book in (ours, theirs):
            result = getattr(book, name)(*args)
            results.append(await result if hasattr(result, "__await__") else result)
        assert results[0] == results[1]
        if name == "pre_connect":
            ours.server.eio.generate_id.number = theirs.server.eio.generate_id.number
        if name == "pre_connect" and isinstance(results[0], str):
            sids.append(results[0])
        assert said(ours, sids) == said(theirs, sids)

    for number in range(4):
        await both("pre_connect", f"eio{number}", "/")
    await both("pre_connect", "eio0", "/")  # a second time: None
    await both("pre_connect", "eio0", "/other")
    for sid in sids[:4]:
        await both("connect", sid, "/")
    for number, room in [(0, "a"), (1, "a"), (1, "b"), (2, "b"), (2, "a")]:
        await both("enter_room", sids[number], "/", room)
    await both("leave_room", sids[1], "/", "a")
    await both("leave_room", sids[1], "/", "a")
    await both("close_room", "b", "/")
    await both("enter_room", sids[1], "/", "b")
    await both("pre_disconnect", sids[2], "/")
    for sid in sids[:4]:
        await both("disconnect", sid, "/")
        await both("disconnect", sid, "/")
    await both("disconnect", sids[4], "/other")
    assert (ours.rooms, ours._entered) == ({}, {})
    assert (ours.pending_connect, ours.pending_disconnect) == ({}, {})


async def test_a_disconnect_walks_no_rooms_but_its_own() -> None:
    ours, _ = books()
    sids: list[Any] = [await ours.pre_connect(f"eio{number}", "/") for number in range(100)]
    for number, sid in enumerate(sids):
        await ours.connect(sid, "/")
        await ours.enter_room(sid, "/", f"room {number}")
    looked: list[Any] = []

    class Rooms(dict[Any, Any]):
        @override
        def __getitem__(self, room: Any) -> Any:
            looked.append(room)
            return super().__getitem__(room)

        @override
        def copy(self) -> Any:
            pytest.fail("every room is walked")

    ours.rooms["/"] = Rooms(ours.rooms["/"])
    await ours.disconnect(sids[7], "/")
    assert set(looked) == {"room 7", None}
