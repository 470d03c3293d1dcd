"""What becomes of showings when their appointment, or the stop they are at, changes.

A showing that comes to be at another time, or of another listing, is asked for again: nobody has
agreed to that yet. Where its listing does not take it, what would change it is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from db.transaction import Transaction
from domains.appointments.agreements import refuse_without_agreement
from domains.appointments.asking import TAKES_PLACE, Asked, Span, ask
from domains.kit.actor import Actor
from domains.kit.child import Row
from domains.kit.resource import Record

SHOWN: Final = """
    SELECT s.id, s.listing_id, s.showing_status, p.scheduled_time, p.estimated_duration
    FROM appointment_showings AS s
    LEFT JOIN appointment_stops AS p ON p.id = s.stop_id
    WHERE s.team_id = $1 AND s.appointment_id = $2 AND s.showing_status = ANY ($3)
        AND ($4::uuid IS NULL OR s.stop_id = $4)
    ORDER BY s.listing_id, s.id
"""
PARTIES: Final = ("client_id", "lead_id", "agreement_override_reason")
MATTERS: Final = ("starts_at", "ends_at", "appointment_type", "listing_id", *PARTIES)


@dataclass(frozen=True, slots=True)
class Shown:
    """A showing that is to take place."""

    id: UUID
    listing_id: UUID | None
    showing_status: str
    scheduled_time: datetime | None
    estimated_duration: int | None

    def span(self, appointment: Row) -> Span:
        return Span.of(appointment, self.scheduled_time, self.estimated_duration)


async def follow(tx: Transaction, before: Record, after: Record) -> None:
    """Stops and showings go with an appointment that changes, or it may not change."""
    if all(before[name] == after[name] for name in MATTERS):
        return
    shown = [(was, _after(was, before, after)) for was in await _shown(tx, before)]
    asked = [now for was, now in shown if now.anew or now.span != was.span(before)]
    if _turns(before, after) and not await _any(tx, before):
        asked.append(Asked(None, after["listing_id"], Span.of(after, None, None)))
    answers = await ask(tx, after, asked)
    if any(before[name] != after[name] for name in PARTIES):
        for was, now in shown:
            if was.showing_status == "confirmed" and not now.anew:
                await refuse_without_agreement(tx, after, now.span.start)
    version = before["version"] + 1
    if by := after["starts_at"] - before["starts_at"]:
        await tx.execute(
            """
            UPDATE appointment_stops SET scheduled_time = scheduled_time + $3, version = $4
            WHERE team_id = $1 AND appointment_id = $2 AND scheduled_time IS NOT NULL
            """,
            tx.team_id,
            before["id"],
            by,
            version,
        )
    await _write(tx, before, [each for each in answers if each[0].anew], version)


def _after(was: Shown, before: Record, after: Record) -> Asked:
    """The showing as it is to be."""
    by = after["starts_at"] - before["starts_at"]
    at = was.scheduled_time and was.scheduled_time + by
    turns = _turns(before, after) and was.listing_id == before["listing_id"]
    listing_id = after["listing_id"] if turns else was.listing_id
    return Asked(
        was.id,
        listing_id,
        Span.of(after, at, was.estimated_duration),
        anew=bool(by) or listing_id != was.listing_id,
    )


async def fit_again(tx: Transaction, appointment: Record) -> None:
    """Raise ShowingNotAllowed where one that is brought back would show what is not to be shown.

    What is over by now stays as it was.
    """
    now = datetime.now(UTC)
    spans = [(each, each.span(appointment)) for each in await _shown(tx, appointment)]
    asked = [
        Asked(each.id, each.listing_id, span, anew=False)
        for each, span in spans
        if span.start > now
    ]
    await ask(tx, appointment, asked)


async def follow_stop(
    tx: Transaction, actor: Actor, record: Row, before: Row | None, after: Row
) -> dict[str, Any]:
    """The showings at a stop that moves go with it, or it may not move."""
    del actor
    if before is not None:
        await _go_with(tx, record, before, after["scheduled_time"], after["estimated_duration"])
    return {}


async def leave_stop(tx: Transaction, record: Row, stop: Row) -> None:
    """The showings at a stop that goes are at the appointment's own time, or it may not go."""
    await _go_with(tx, record, stop, None, None)
    await tx.execute(
        """
        UPDATE appointment_showings SET stop_id = NULL, version = $3
        WHERE team_id = $1 AND stop_id = $2
        """,
        tx.team_id,
        stop["id"],
        record["version"] + 1,
    )


async def _go_with(
    tx: Transaction, record: Row, stop: Row, at: datetime | None, minutes: int | None
) -> None:
    old = Span.of(record, stop["scheduled_time"], stop["estimated_duration"])
    new = Span.of(record, at, minutes)
    if old == new:
        return
    anew = old.start != new.start
    asked = [
        Asked(each.id, each.listing_id, new, anew=anew)
        for each in await _shown(tx, record, stop["id"])
    ]
    answers = await ask(tx, record, asked)
    if anew:
        await _write(tx, record, answers, record["version"] + 1)


def _turns(before: Record, after: Record) -> bool:
    """Whether what is to be shown is another listing, or a listing at all, from now on."""
    if after["appointment_type"] != "property_showing" or after["listing_id"] is None:
        return False
    return any(before[name] != after[name] for name in ("listing_id", "appointment_type"))


async def _shown(tx: Transaction, appointment: Record, stop_id: UUID | None = None) -> list[Shown]:
    rows = await tx.fetch(SHOWN, tx.team_id, appointment["id"], TAKES_PLACE, stop_id)
    return [Shown(**row) for row in rows]


async def _any(tx: Transaction, appointment: Record) -> bool:
    found = await tx.fetchval(
        "SELECT true FROM appointment_showings WHERE team_id = $1 AND appointment_id = $2 LIMIT 1",
        tx.team_id,
        appointment["id"],
    )
    return found is not None


async def _write(
    tx: Transaction, appointment: Record, answers: Sequence[tuple[Asked, bool]], version: int
) -> None:
    for asked, at_once in answers:
        status = "confirmed" if at_once else "requested"
        await tx.execute(
            WRITE if asked.id else ADD,
            tx.team_id,
            asked.id or appointment["id"],
            asked.listing_id,
            status,
            version,
            *(() if asked.id else (tx.user_id,)),
        )


WRITE: Final = """
    UPDATE appointment_showings
    SET listing_id = $3, showing_status = $4, version = $5, requested_at = clock_timestamp(),
        confirmed_at = CASE WHEN $4 = 'confirmed' THEN clock_timestamp() END
    WHERE team_id = $1 AND id = $2
"""
ADD: Final = """
    INSERT INTO appointment_showings (team_id, appointment_id, listing_id, showing_status,
        showing_type, showing_order, confirmed_at, version, created_by)
    VALUES ($1, $2, $3, $4, 'first', 1, CASE WHEN $4 = 'confirmed' THEN clock_timestamp() END,
        $5, $6)
"""


async def end_with(tx: Transaction, appointment: Record, status: str) -> None:
    """What becomes of the showings of an appointment that takes place, or does not."""
    shown, rest = ("completed", "cancelled") if status == "completed" else ("cancelled",) * 2
    await tx.execute(
        """
        UPDATE appointment_showings
        SET showing_status = CASE showing_status WHEN 'confirmed' THEN $3 ELSE $4 END, version = $5
        WHERE team_id = $1 AND appointment_id = $2 AND showing_status = ANY ($6)
        """,
        tx.team_id,
        appointment["id"],
        shown,
        rest,
        appointment["version"] + 1,
        TAKES_PLACE,
    )
