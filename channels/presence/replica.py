"""A team's presence as one node knows it: every change in turn, or all of it anew."""

from uuid import UUID

from channels.presence.entry import Entry
from channels.presence.store import Change, Full


class Replica:
    """`doubted` are people that a Redis which forgot everything has not been told of again yet."""

    def __init__(self, team_id: UUID) -> None:
        self.team_id = team_id
        self.run = ""
        self.pv = 0
        self.entries: dict[str, Entry] = {}
        self.doubted: set[str] = set()

    def take(self, change: Change) -> list[str] | None:
        """Apply the next change; whom it is about, None when we lack one before it."""
        if change.run != self.run or change.pv > self.pv + 1:
            return None
        if change.pv <= self.pv:
            return []
        self.pv = change.pv
        puts, dels = change.read()
        for conn in dels:
            self.entries.pop(conn, None)
            self.doubted.discard(conn)
        for entry in puts:
            self.put(entry)
        return [*dels, *(entry.conn for entry in puts)]

    def replace(self, full: Full) -> None:
        """Take over what Redis has. After it lost its memory, absence there says nothing yet."""
        forgotten = self.run not in ("", full.run)
        before = self.entries
        self.entries = {entry.conn: entry for entry in full.entries}
        self.run, self.pv = full.run, full.pv
        self.doubted &= before.keys() - self.entries.keys()
        if forgotten:
            self.doubted |= before.keys() - self.entries.keys()
        for conn in self.doubted:
            self.entries[conn] = before[conn]

    def settle(self) -> None:
        """Those whom no node has told of again are gone."""
        for conn in self.doubted:
            self.entries.pop(conn, None)
        self.doubted.clear()

    def put(self, entry: Entry) -> None:
        self.entries[entry.conn] = entry
        self.doubted.discard(entry.conn)

    def drop(self, conn: str, sid: str) -> None:
        if conn in self.entries and self.entries[conn].sid == sid:
            del self.entries[conn]
            self.doubted.discard(conn)
