"""Where a screen stands when it comes (back), and what it must be given to be up to date."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from channels.room.history import History
from db.events import Event, Head

REPLAY_EVENTS = 1_000
REPLAY_BYTES = 512 * 1024  # half an outbox: a replay alone never makes a client slow


class Mode(StrEnum):
    LIVE = "live"  # nothing was missed
    REPLAY = "replay"  # what was missed follows
    SNAPSHOT = "snapshot"  # too much was missed, or all: fetch lists, start at the head
    RESYNC = "resync"  # it saw a log that is not ours: throw its state away, fetch lists
    DENIED = "denied"  # not a member


@dataclass(frozen=True)
class Standing:
    team_id: UUID
    mode: Mode
    head: Head
    missed: Sequence[Event] = ()

    @cached_property
    def told(self) -> dict[str, Any]:
        """As `hello` and the answer to `resume` say it."""
        team = str(self.team_id)
        if self.mode is Mode.DENIED:
            return {"team": team, "mode": self.mode}
        told = {"team": team, "head": self.head.seq, "h": self.head.h, "mode": self.mode}
        if self.missed:
            told |= {"from": self.missed[0].seq, "to": self.missed[-1].seq}
        return told


def stand(
    team_id: UUID, since: Head | None, head: Head, histories: Sequence[History]
) -> Standing | None:
    """Judge a screen at `since` against the log at `head`; None when `histories` cannot tell.

    `since` past the head is such a case: this node may simply be behind another one.
    """
    if since is None or head.seq - since.seq > REPLAY_EVENTS:
        return Standing(team_id, Mode.SNAPSHOT, head)
    if since.seq == head.seq:
        return Standing(team_id, Mode.LIVE if since.h == head.h else Mode.RESYNC, head)
    missed: list[Event] = []
    at = since
    for history in histories:
        if not history.covers(at.seq):
            continue
        if at.seq and history.hash_at(at.seq) != at.h:  # before the first event logs cannot differ
            return Standing(team_id, Mode.RESYNC, head)
        # What was just read may be ahead of what the room has delivered: that comes live.
        missed += history.between(at.seq, head.seq)
        at = Head(missed[-1].seq, missed[-1].h) if missed else at
    if at.seq != head.seq:
        return None
    if sum(len(event.wire) for event in missed) > REPLAY_BYTES:
        return Standing(team_id, Mode.SNAPSHOT, head)
    return Standing(team_id, Mode.REPLAY, head, missed)
