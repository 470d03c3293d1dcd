"""Records that are seen by whom another one is seen by, and change with it.

An appointment about a private lead is as hidden as the lead. When the lead is shown, hidden or
given to somebody else, so is the appointment: in the same transaction, told by an event of its own.
"""

from db.transaction import Transaction
from domains.kit.resource import Follower, Record, Resource
from domains.kit.rows import update
from domains.kit.tell import tell


async def lead_on(tx: Transaction, resource: Resource, before: Record, after: Record) -> None:
    """Give what follows a record the audience that it is to have now, where that is another."""
    if before["audience"] == after["audience"]:
        return
    for follower in resource.followers:
        for row, audience in await _lock_all(tx, follower, after):
            new = await update(tx, follower.resource, row["id"], {follower.audience: audience})
            # Who sees nothing of a deleted one must not be shown it now.
            done = "updated" if row["deleted_at"] is None else "deleted"
            tell(tx, follower.resource, f"{follower.resource.name}.{done}", new, before=row)


async def _lock_all(
    tx: Transaction, follower: Follower, record: Record
) -> list[tuple[Record, str | None]]:
    """All that follow it, whoever may see them: deleted ones too, which may be brought back."""
    rows = await tx.fetch(
        f"""
        SELECT r.*, {follower.resource.image_sql} AS image, {follower.now} AS audience_now
        FROM {follower.resource.table} AS r
        WHERE r.team_id = $1 AND {follower.of.replace("{}", "$2")}
            AND r.{follower.audience} IS DISTINCT FROM {follower.now}
        ORDER BY r.id
        FOR NO KEY UPDATE OF r
        """,
        tx.team_id,
        record["id"],
    )
    return [(dict(row), row["audience_now"]) for row in rows]
