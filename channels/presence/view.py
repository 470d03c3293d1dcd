"""What each screen of a team is told of the people there: by its rights, a few times a second."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from channels.presence.entry import Entry, digest
from channels.presence.replica import Replica
from channels.room.audience import Sees
from channels.sockets import wire
from channels.sockets.members import Member
from db.events import EVERYONE

COALESCE_SECONDS = 0.25
COALESCE_LARGE_SECONDS = 1.0
KNOWN_AUDIENCES = 4_096
SLICE = 250  # screens told in one turn of the loop
LARGE = 200  # above it a screen is told the count, and who is at the record it has open
SMALL = 160  # below it again everybody; in between it stays as it was


@dataclass(frozen=True, slots=True)
class View:
    """Screens with equal views are told the same bytes; one whose view changes is told all."""

    run: str
    partial: bool
    hidden: frozenset[str]  # audiences it is not of
    large: bool
    record: str | None  # in a large team: what it has open


@dataclass(slots=True, eq=False)
class Seat:
    """One member's place. `conn` names its entry, None while another socket has taken that."""

    member: Member
    conn: str | None
    view: View | None = None  # as of what it was last told
    tokens: float = 0.0
    counted_at: float = 0.0


class TeamView:
    def __init__(self, replica: Replica, sees: Sees) -> None:
        self.seats: dict[str, Seat] = {}
        self.partial = False
        self._replica = replica
        self._sees = sees
        self._recent: dict[str, str] = {}  # audiences of records, as the log told them last
        self._shown: dict[View, dict[str, Entry]] = {}
        self._large = False
        self._count = 0
        self._said = False
        self._flush: asyncio.TimerHandle | None = None
        self._outgoing: deque[tuple[Member, Any]] = deque()
        self._sending: asyncio.Handle | None = None

    # What it is told

    def touch(self) -> None:
        """Something changed: tell the screens, with all that changes until then."""
        if self._flush is None and self.seats:
            pause = COALESCE_LARGE_SECONDS if self._large else COALESCE_SECONDS
            self._flush = asyncio.get_running_loop().call_later(pause, self.flush)

    def heard_audience(self, record: str, audience: str) -> bool:
        """Remember who may know of a record; False where everybody always could."""
        if audience == EVERYONE and record not in self._recent:
            return False
        self._recent[record] = audience
        if len(self._recent) > KNOWN_AUDIENCES:
            del self._recent[next(iter(self._recent))]
        self.touch()
        return True

    def knows_audience(self, record: str, audience: str) -> None:
        """Somebody is there: from now on, what the log tells of the record matters."""
        if audience != EVERYONE:
            self._recent.setdefault(record, audience)

    def may_see(self, record: str, audience: str, who: Any) -> bool:
        """By the audience it had when somebody said to be there, and by the last the log told."""
        return all(
            each == EVERYONE or self._sees(who, each)
            for each in (audience, self._recent.get(record, EVERYONE))
        )

    def close(self) -> None:
        self._rest()
        self._outgoing.clear()
        if self._sending:
            self._sending.cancel()

    # What it tells

    def flush(self) -> None:
        self._rest()
        before, self._shown = self._shown, {}
        packets: dict[tuple[View, bool], Any] = {}
        restricted = self._restricted()
        for seat in list(self.seats.values()):  # one who is too slow goes while it is told
            if seat.conn is not None and seat.conn not in self._replica.entries:
                seat.view = None  # it is told when it is here itself
                continue
            view = self._view(seat, restricted)
            full = seat.view != view or view not in before
            if (view, full) not in packets:
                packets[view, full] = self._packet(view, None if full else before[view])
            seat.view = view
            packet = packets[view, full]
            if packet:
                self._said = True
                self._outgoing.append((seat.member, packet))
        self._count = len(self._replica.entries)
        self._send()

    def tell_digests(self) -> None:
        """To check by, once after each while in which anything was said."""
        if self._flush:
            self.flush()
        if not self._said:
            return
        self._said = False
        packets: dict[View, Any] = {}
        for seat in list(self.seats.values()):  # one who is too slow goes while it is told
            view = seat.view
            if view is None or view not in self._shown:
                continue
            if view not in packets:
                told = self._head(view) | {
                    "digest": digest(each.told() for each in self._shown[view].values())
                }
                packets[view] = wire.said("presence.digest", told)
            self._outgoing.append((seat.member, packets[view]))
        self._send()

    def told(self, seat: Seat) -> dict[str, Any]:
        """All that this screen may know, now."""
        view = self._view(seat, self._restricted())
        here = [each.told() for each in self._render(view).values()]
        return self._head(view) | {"digest": digest(here), "here": here}

    # Inside

    def _rest(self) -> None:
        if self._flush:
            self._flush.cancel()
            self._flush = None

    def _send(self) -> None:
        """Push what waits, in order, and let others have their turn in between."""
        if self._sending is None:
            self._send_some()

    def _send_some(self) -> None:
        self._sending = None
        for _ in range(min(SLICE, len(self._outgoing))):
            member, packet = self._outgoing.popleft()
            member.push(packet)
        if self._outgoing:
            self._sending = asyncio.get_running_loop().call_soon(self._send_some)

    def _packet(self, view: View, before: Mapping[str, Entry] | None) -> Any:
        """All of a view, or what changed in it; None when nothing did."""
        if view not in self._shown:
            self._shown[view] = self._render(view)
        here = self._shown[view]
        told = self._head(view)
        if before is None:
            join = [each.told() for each in here.values()]
            return wire.said("presence", told | {"full": True, "join": join})
        join = [each.told() for conn, each in here.items() if conn not in before]
        upd = [
            each.told()
            for conn, each in here.items()
            if conn in before and not each.looks_like(before[conn])
        ]
        leave = [conn for conn in before if conn not in here]
        counts = view.large and self._count != told["n"]
        if not (join or upd or leave or counts):
            return None
        return wire.said("presence", told | {"join": join, "upd": upd, "leave": leave})

    def _head(self, view: View) -> dict[str, Any]:
        replica = self._replica
        head: dict[str, Any] = {
            "team": str(replica.team_id),
            "pv": replica.pv,
            "run": replica.run,
            "n": len(replica.entries),
        }
        if view.partial:
            head["partial"] = True
        if view.large:
            head["large"] = True
        return head

    def _view(self, seat: Seat, restricted: Iterable[str]) -> View:
        who = seat.member.who
        hidden = frozenset(each for each in restricted if not self._sees(who, each))
        record = None
        if self._large and seat.conn in self._replica.entries:
            record = self._replica.entries[seat.conn].place.record
        return View(self._replica.run, self.partial, hidden, self._large, record)

    def _render(self, view: View) -> dict[str, Entry]:
        here = self._replica.entries
        if view.large:
            return {
                entry.conn: entry
                for entry in here.values()
                if view.record
                and entry.place.record == view.record
                and not self._audiences(entry) & view.hidden
            }
        if not view.hidden:
            return here.copy()
        return {
            entry.conn: entry.veiled() if self._audiences(entry) & view.hidden else entry
            for entry in here.values()
        }

    def _restricted(self) -> set[str]:
        """The audiences that matter here but for everybody's; sets the size too."""
        here = self._replica.entries
        self._large = len(here) > (SMALL if self._large else LARGE)
        found: set[str] = set()
        for entry in here.values():
            found |= self._audiences(entry)
        return found

    def _audiences(self, entry: Entry) -> set[str]:
        record = entry.place.record
        if record is None:
            return set()
        return {entry.audience, self._recent.get(record, EVERYONE)} - {EVERYONE}
