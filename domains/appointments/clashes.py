"""Nobody is at two appointments at once: found before it is written, so that it can be told.

What holds is the exclusion constraint on appointment_bookings. Who is overtaken between the look
and the write meets it, begins again, and is told here.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from db.transaction import Transaction
from domains.kit.errors import AppointmentClash, Detail
from domains.kit.policy import within
from domains.kit.resource import Record

GIVES_WAY = frozenset({"cancelled", "denied", "no_show"})

FIND = f"""
    SELECT b.user_id, u.full_name, a.id, a.display_id, a.title, a.starts_at, a.ends_at,
        {within("a.audience", "$6")} AS seen
    FROM appointment_bookings AS b
    JOIN appointments AS a ON a.id = b.appointment_id
    JOIN users AS u ON u.id = b.user_id
    WHERE b.team_id = $1 AND b.span && tstzrange($2, $3)
        AND b.appointment_id IS DISTINCT FROM $4
        AND b.user_id IN (
            SELECT unnest($5::uuid[])
            UNION
            SELECT t.user_id
            FROM appointment_attendees AS t
            WHERE t.team_id = $1 AND t.appointment_id = $4 AND t.rsvp_status <> 'declined'
        )
    ORDER BY a.starts_at, a.id
    LIMIT 10
"""


def takes_time(appointment: Record) -> bool:
    """As the function of that name in Postgres has it."""
    return (
        appointment.get("deleted_at") is None
        and appointment.get("archived_at") is None
        and appointment.get("overlap_reason") is None
        and appointment["appointment_status"] not in GIVES_WAY
    )


async def refuse_clash(
    tx: Transaction,
    appointment: Record,
    people: Sequence[Any],
    *,
    own: UUID | None,
    field: str = "starts_at",
) -> None:
    """Raise AppointmentClash where one of these people, or who attends, is elsewhere then.

    The other appointment is named by its number and its times, and by its title to who may see it.
    """
    if not takes_time(appointment):
        return
    rows = await tx.fetch(
        FIND,
        tx.team_id,
        appointment["starts_at"],
        appointment["ends_at"],
        own,
        people,
        tx.writer.sees,
    )
    if not rows:
        return
    details: list[Detail] = [
        {
            "field": field,
            "message": f"{row['full_name']} is at {row['display_id']} then",
            "code": "clash",
            "user_id": str(row["user_id"]),
            "display_id": row["display_id"],
            "starts_at": row["starts_at"].isoformat(),
            "ends_at": row["ends_at"].isoformat(),
            **({"id": str(row["id"]), "label": row["title"]} if row["seen"] else {}),
        }
        for row in rows
    ]
    first = rows[0]
    what = f"{first['title']} ({first['display_id']})" if first["seen"] else first["display_id"]
    raise AppointmentClash(
        f"{first['full_name']} is at {what} from {first['starts_at'].isoformat()}"
        f" to {first['ends_at'].isoformat()}",
        details,
    )
