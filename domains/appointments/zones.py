"""In which time zone an appointment is, where nobody says: the property's, or the team's."""

from collections.abc import Mapping
from typing import Any, Final

from db.transaction import Transaction
from domains.listings.resource import TIME_ZONE

# SQL over a listing `r`.
PROPERTY_ZONE: Final = (
    f"coalesce({TIME_ZONE}, (SELECT t.time_zone FROM teams AS t WHERE t.id = r.team_id))"
)


async def defaults(tx: Transaction, given: Mapping[str, Any]) -> Mapping[str, Any]:
    if given.get("time_zone") is not None:
        return {}
    zone = await tx.fetchval(
        f"""
        SELECT coalesce(
            (SELECT {PROPERTY_ZONE} FROM listings AS r WHERE r.team_id = $1 AND r.id = $2),
            t.time_zone)
        FROM teams AS t
        WHERE t.id = $1
        """,
        tx.team_id,
        given.get("listing_id"),
    )
    return {"time_zone": zone}
