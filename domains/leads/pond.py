"""Leads that are nobody's yet: of those who claim one at once, exactly one gets it."""

from typing import ClassVar

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.kit.actor import Actor
from domains.kit.errors import Conflict, Forbidden
from domains.kit.policy import allow, allow_owner
from domains.kit.resource import Moment, Record
from domains.kit.rows import lock
from domains.kit.writes import answer, writer
from domains.leads import agents
from domains.leads.assignment import give, keeper
from domains.leads.following import OVER
from domains.leads.resource import LEADS


class LeadClaimed(Conflict):
    """The lead is somebody's; details: {field, message, code, owner: {id, name}, claimed_at}."""

    code: ClassVar[str] = "LEAD_CLAIMED"


class ClaimLimit(Conflict):
    """Who claims has as many claimed leads open as they may; details: {limit, open_claims}."""

    code: ClassVar[str] = "CLAIM_LIMIT"


# Their member's row is locked before the lead's: an agent's claims come one after another, so that
# two at once cannot both be the last that is allowed.
CLAIMANT = """
    SELECT FROM members WHERE team_id = $1 AND user_id = $2 AND removed_at IS NULL
    FOR NO KEY UPDATE
"""
CLAIMS = f"""
    SELECT {agents.LIMIT} AS most, (SELECT count(*) FROM leads AS r WHERE {agents.CLAIMED}) AS open
    FROM {agents.MEMBERS}
    WHERE m.team_id = $1 AND m.user_id = $2
"""


async def claim(
    db: Database, actor: Actor, key: str, base: int | None, op: Operation | None
) -> Answer:
    """Take a lead from the pond. Raise LeadClaimed, naming whose it is, for who comes too late."""
    allow(actor, LEADS.writers, "claim leads")

    async def work(tx: Transaction) -> Answer:
        if await tx.fetchrow(CLAIMANT, tx.team_id, actor.user_id) is None:
            raise Forbidden("Only a member of the team can claim its leads")
        row = await lock(tx, LEADS, key)
        if not row["in_pond"] and row["owner_id"] != actor.user_id:
            raise await _claimed(tx, row)
        if row["archived_at"] is not None:
            raise Conflict("This lead is archived; there is nothing to claim")
        if row["in_pond"]:
            await _refuse_too_many(tx, actor)
        moment = Moment.given()
        columns = {
            "owner_id": actor.user_id,
            "in_pond": False,
            "claimed_at": moment.now,
            "assigned_at": moment.now,
            "assignment_reason": None,
            "routing_rule_id": None,
        }
        return answer(await give(tx, row, columns, "claimed", base))

    return await db.write(writer(actor, op), work)


async def release(
    db: Database, actor: Actor, key: str, base: int | None, op: Operation | None
) -> Answer:
    """Put a lead into the pond, for whoever claims it; a lead of the team keeps it meanwhile.

    It is as good as given to anybody, the actor too.
    """
    allow(actor, LEADS.writers, "release leads")

    async def work(tx: Transaction) -> Answer:
        row = await lock(tx, LEADS, key)
        allow_owner(actor, row, None, LEADS.name)
        if row["is_private"]:
            raise Conflict("A private lead cannot go to the pond; make it public first")
        if row["lead_status"] in OVER:
            raise Conflict(f"This lead is {row['lead_status']}; there is nothing to claim")
        columns = {
            "owner_id": row["owner_id"] if row["in_pond"] else await keeper(tx, actor),
            "in_pond": True,
            "claimed_at": None,
            "assigned_at": None,
            "assignment_reason": None,
            "routing_rule_id": None,
        }
        return answer(await give(tx, row, columns, "released", base))

    return await db.write(writer(actor, op), work)


async def _claimed(tx: Transaction, row: Record) -> LeadClaimed:
    name = await tx.fetchval("SELECT full_name FROM users WHERE id = $1", row["owner_id"])
    return LeadClaimed(
        f"{name} has this lead already",
        [
            {
                "field": "owner_id",
                "message": f"is {name}",
                "code": "claimed",
                "owner": {"id": str(row["owner_id"]), "name": name},
                "claimed_at": row["claimed_at"] and row["claimed_at"].isoformat(),
            }
        ],
    )


async def _refuse_too_many(tx: Transaction, actor: Actor) -> None:
    claims = await tx.one(CLAIMS, tx.team_id, actor.user_id)
    if claims["open"] >= claims["most"]:
        raise ClaimLimit(
            f"You have {claims['open']} claimed leads open, and may have {claims['most']};"
            " qualify or release one first",
            [{"limit": claims["most"], "open_claims": claims["open"]}],
        )
