"""What each member takes of the team's leads: capacity, territories, languages, claims."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from db.as_of import AsOf, as_of
from db.database import Database
from db.transaction import Answer, Draft, Operation, Transaction
from domains.kit.actor import LEADS, WRITERS, Actor
from domains.kit.endpoint import Reply
from domains.kit.errors import NotFound, VersionConflict
from domains.kit.policy import allow, audiences_of, within
from domains.kit.resource import Record
from domains.kit.writes import writer

ENTITY: Final = "lead_agent"
CLAIM_LIMIT: Final = 10  # where nobody said otherwise

# An agent's leads that somebody still has to work on, and those of them that were claimed.
OPEN = """
    r.team_id = m.team_id AND r.owner_id = m.user_id AND NOT r.in_pond
    AND r.lead_status IN ('new', 'contacted', 'qualified')
    AND r.archived_at IS NULL AND r.deleted_at IS NULL
"""
CLAIMED = f"{OPEN} AND r.claimed_at IS NOT NULL AND r.lead_status <> 'qualified'"

TAKES = "coalesce(a.takes_leads, m.role = 'agent')"
LIMIT = f"coalesce(a.claim_limit, {CLAIM_LIMIT})"
COLUMNS = f"""
    m.user_id AS id, u.full_name, {TAKES} AS takes_leads, a.capacity, {LIMIT} AS claim_limit,
    coalesce(a.territories, '{{}}') AS territories, coalesce(a.languages, '{{}}') AS languages,
    coalesce(a.version, 0) AS version
"""
IMAGE = f"(SELECT row_to_json(x)::text FROM (SELECT {COLUMNS}) AS x)"
MEMBERS = """
    members AS m
    JOIN users AS u ON u.id = m.user_id
    LEFT JOIN lead_agents AS a ON a.team_id = m.team_id AND a.user_id = m.user_id
"""
# Who may have leads; in this order they take turns.
WORKING = "m.removed_at IS NULL AND m.role <> 'viewer' AND u.disabled_at IS NULL"
IN_TURN = "m.joined_at, m.user_id"


async def list_agents(db: Database, actor: Actor) -> Reply:
    """Everybody who may have leads, with what they take, and have of those the actor sees."""
    allow(actor, WRITERS, "see who gets leads")
    seen = within("r.audience", "$2")
    row = await db.one(
        f"""
        SELECT {as_of((ENTITY, "lead", "member"))} AS as_of, (
            SELECT coalesce(json_agg(x), '[]')::text
            FROM (
                SELECT {COLUMNS},
                    (SELECT count(*) FROM leads AS r WHERE {OPEN} AND {seen}) AS open_leads,
                    (SELECT count(*) FROM leads AS r WHERE {CLAIMED} AND {seen}) AS open_claims
                FROM {MEMBERS}
                WHERE m.team_id = $1 AND {WORKING}
                ORDER BY u.full_name, m.user_id
            ) AS x
        ) AS items
        """,
        actor.team_id,
        audiences_of(actor),
    )
    return Reply(row["items"].encode(), as_of=AsOf.read(row["as_of"]))


async def change(
    db: Database,
    actor: Actor,
    key: str,
    given: Mapping[str, Any],
    *,
    base: int | None,
    op: Operation | None,
) -> Answer:
    """Say what a member takes of the team's leads."""
    allow(actor, LEADS, "say what leads others take")

    async def work(tx: Transaction) -> Answer:
        old = await _lock(tx, key)
        if base is not None and base != old["version"]:
            raise VersionConflict(
                "Somebody changed this since you read it",
                [{"field": "version", "current": old["version"], "yours": base}],
            )
        wanted = {name: value for name, value in given.items() if old[name] != value}
        if not wanted:
            return Answer(old["image"], meta={"version": old["version"]})
        sets = "".join(f", {name} = ${i + 3}" for i, name in enumerate(wanted))
        await tx.execute(
            f"""
            UPDATE lead_agents AS a SET version = a.version + 1{sets}
            WHERE a.team_id = $1 AND a.user_id = $2
            """,
            tx.team_id,
            old["id"],
            *wanted.values(),
        )
        new = await _read(tx, old["id"])
        told = (new["id"], new["version"], new["image"], old["image"])
        tx.append(Draft(f"{ENTITY}.updated", ENTITY, *told))
        return Answer(new["image"], meta={"version": new["version"]})

    return await db.write(writer(actor, op), work)


async def _lock(tx: Transaction, key: str) -> Record:
    """The member's row, made where nothing was said yet, and kept from others."""
    try:
        user_id = UUID(key)
    except ValueError:
        raise NotFound(f"There is no member {key!r:.80} who takes leads") from None
    found = await tx.fetchval(
        f"""
        INSERT INTO lead_agents AS a (team_id, user_id)
        SELECT m.team_id, m.user_id
        FROM members AS m
        JOIN users AS u ON u.id = m.user_id
        WHERE m.team_id = $1 AND m.user_id = $2 AND {WORKING}
        ON CONFLICT (team_id, user_id) DO UPDATE SET user_id = excluded.user_id
        RETURNING true
        """,
        tx.team_id,
        user_id,
    )
    if not found:
        raise NotFound(f"There is no member {key!r:.80} who takes leads")
    return await _read(tx, user_id)


async def _read(tx: Transaction, user_id: UUID) -> Record:
    row = await tx.one(
        f"""
        SELECT {COLUMNS}, {IMAGE} AS image
        FROM {MEMBERS}
        WHERE m.team_id = $1 AND m.user_id = $2
        """,
        tx.team_id,
        user_id,
    )
    return dict(row)
