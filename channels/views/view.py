"""A list on one screen: whose it is, what it shows, and how it begins and ends."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from orjson import Fragment

from channels.gateway.commands import Answer, success
from channels.sockets import wire
from channels.sockets.members import Member
from channels.views.changes import Rows


class Declined(Exception):
    """The list may not be read by this reader, or not like this; the envelope says why."""

    def __init__(self, envelope: bytes, code: str, message: str) -> None:
        super().__init__(message)
        self.envelope = envelope
        self.code = code
        self.message = message


class Reading(Rows, Protocol):
    """`heads` are the last events it has seen of other teams, where it shows records of theirs."""

    @property
    def heads(self) -> Mapping[UUID, int]: ...


class LiveList(Protocol):
    """A list as one reader may see it.

    Lists with the same `key` show the same to everybody who may ask for them. `topics` are the
    entities whose events may change it. `read` may raise Unavailable or Declined. `instead` is the
    list for a reader whom the rows that were read are not for, though most others share them.
    """

    @property
    def key(self) -> bytes: ...

    @property
    def team_id(self) -> UUID: ...

    @property
    def topics(self) -> Collection[str]: ...

    def read(self) -> Awaitable[Reading]: ...

    def instead(self, rows: Any, /) -> "LiveList | None": ...


class Shared(Protocol):
    """What a view is in together with its equals."""

    def drop(self, view: "View", /) -> None: ...


@dataclass(slots=True, eq=False)
class View:
    """A list on one screen. `rows` is what it shows: None until it was given them.

    `look` finds the list for a reader, `who` is the reader whose list it is: once the member is
    somebody else, with another role, it is shown nothing more of it. `keep` is called as the list
    is given, `forget` when it ends by itself, `settled` is set when it was given or refused.
    """

    member: Member
    name: str
    look: Callable[[Any], LiveList]
    answer: Answer
    keep: Callable[["View"], None]
    forget: Callable[["View"], None]
    settled: asyncio.Future[None]
    who: Any = None
    live: LiveList | None = None  # of `who`
    rows: Rows | None = None
    group: Shared | None = None

    def leave(self) -> None:
        if self.group:
            self.group.drop(self)

    def give(self, rows: Rows) -> None:
        """Answer to `view:open`."""
        self.rows = rows
        data = {
            "view": self.name,
            "s": rows.head,
            "ids": list(rows.ids),
            "rows": [Fragment(image) for image in rows.images],
            "total": rows.total,
            "pagination": Fragment(rows.pagination),
            "stats": Fragment(rows.stats),
        }
        self.answer(success(data))
        self.keep(self)
        self._settle()

    def refuse(self, envelope: bytes) -> None:
        self.leave()
        self.answer(envelope)
        self._settle()

    def end(self, declined: Declined) -> None:
        """The reader may not see this list (any more)."""
        if self.rows is None:
            self.refuse(declined.envelope)
            return
        self.forget(self)
        told = {
            "view": self.name,
            "s": self.rows.head,
            "total": 0,
            "changes": [{"k": "row.leave", "id": row} for row in self.rows.ids],
            "closed": {"code": declined.code, "message": declined.message},
        }
        self.member.push(wire.said("view", told))

    def _settle(self) -> None:
        if not self.settled.done():
            self.settled.set_result(None)
