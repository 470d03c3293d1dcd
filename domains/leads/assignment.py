"""Whose a lead becomes: decided by the team's rules, told with the reason in one event."""

from collections.abc import Mapping
from typing import Any

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.kit.actor import LEADS as LEAD_ROLES
from domains.kit.actor import Actor, Role
from domains.kit.changes import Changed, make
from domains.kit.errors import Conflict
from domains.kit.followers import lead_on
from domains.kit.merge import merged_fields
from domains.kit.policy import allow, allow_owner
from domains.kit.resource import Moment, Record
from domains.kit.rows import lock, update
from domains.kit.tell import tell
from domains.kit.writes import answer, writer
from domains.leads import agents
from domains.leads.following import OVER
from domains.leads.resource import LEADS
from domains.leads.routing import Agent, Decision, Rule, Strategy, choose
from domains.leads.rules import IN_ORDER

# Whoever routes holds all rules until it is committed: of two leads at once the second is decided
# when the first one's turn has been taken.
RULES = f"""
    SELECT q.* FROM lead_rules AS q
    WHERE q.team_id = $1 AND q.enabled
    ORDER BY {IN_ORDER}
    FOR NO KEY UPDATE OF q
"""
AGENTS = f"""
    SELECT m.user_id AS id, u.full_name AS name, m.role = 'agent' AS is_agent, a.takes_leads,
        a.capacity, coalesce(a.territories, '{{}}') AS territories,
        coalesce(a.languages, '{{}}') AS languages,
        (SELECT count(*) FROM leads AS r WHERE {agents.OPEN}) AS open_leads
    FROM {agents.MEMBERS}
    WHERE m.team_id = $1 AND {agents.WORKING}
    ORDER BY {agents.IN_TURN}
"""
KEEPER = """
    SELECT user_id FROM members
    WHERE team_id = $1 AND removed_at IS NULL
    ORDER BY role <> 'owner', role <> 'lead', joined_at, user_id
    LIMIT 1
"""


async def create(
    db: Database, actor: Actor, given: Mapping[str, Any], op: Operation | None
) -> Answer:
    """Make a lead. What an agent enters is the agent's; else, with no owner named, rules decide.

    A private lead is never given away, and one that no rule has somebody for is its maker's.
    """
    allow(actor, LEADS.writers, "add leads")
    decided = given.get("owner_id") or given.get("is_private") or actor.role == Role.AGENT

    async def work(tx: Transaction) -> Answer:
        moment = Moment.given()
        decision = None if decided else await decide(tx, given)
        columns = await outcome(tx, actor, decision, moment) if decision else {}
        return answer(await make(tx, LEADS, actor, {**given, **columns}, moment), 201)

    return await db.write(writer(actor, op), work)


async def route(
    db: Database, actor: Actor, key: str, base: int | None, op: Operation | None
) -> Answer:
    """Let the rules decide about a lead (again)."""
    allow(actor, LEAD_ROLES, "route leads")

    async def work(tx: Transaction) -> Answer:
        row = await lock(tx, LEADS, key)
        if row["lead_status"] in OVER:
            raise Conflict(f"This lead is {row['lead_status']}; there is nothing to route")
        decision = await decide(tx, row)
        if decision is None:
            raise Conflict("No rule of the team has somebody for this lead")
        if decision.agent is None and row["is_private"]:
            raise Conflict("A private lead cannot go to the pond; make it public first")
        allow_owner(actor, row, decision.agent.id if decision.agent else None, LEADS.name)
        columns = await outcome(tx, actor, decision, Moment.given())
        kind = "assigned" if decision.agent else "released"
        return answer(await give(tx, row, columns, kind, base))

    return await db.write(writer(actor, op), work)


async def decide(tx: Transaction, lead: Mapping[str, Any]) -> Decision | None:
    """What the rules say of a lead; whose turn it was is kept with the rule."""
    rules = [_rule(dict(row)) for row in await tx.fetch(RULES, tx.team_id)]
    if not rules:
        return None
    team = [Agent(**row) for row in await tx.fetch(AGENTS, tx.team_id)]
    decision = choose(lead, rules, team)
    if decision and decision.agent:
        await tx.execute(
            "UPDATE lead_rules SET last_agent_id = $3 WHERE team_id = $1 AND id = $2",
            tx.team_id,
            decision.rule.id,
            decision.agent.id,
        )
    return decision


async def outcome(
    tx: Transaction, actor: Actor, decision: Decision, moment: Moment
) -> dict[str, Any]:
    """The columns of a lead that a decision sets."""
    owner = decision.agent.id if decision.agent else await keeper(tx, actor)
    return {
        "owner_id": owner,
        "in_pond": decision.agent is None,
        "claimed_at": None,
        "assigned_at": moment.now,
        "assignment_reason": decision.reason[:200],
        "routing_rule_id": decision.rule.id,
    }


async def keeper(tx: Transaction, actor: Actor) -> Any:
    """Who keeps what is in the pond: the lead who puts it there, else the team's first owner."""
    member = await tx.fetchval(
        "SELECT user_id FROM members WHERE team_id = $1 AND user_id = $2 AND removed_at IS NULL",
        tx.team_id,
        actor.user_id if actor.role in LEAD_ROLES else None,
    )
    member = member or await tx.fetchval(KEEPER, tx.team_id)
    if member is None:
        raise Conflict("Nobody is a member of this team, who could keep its pond")
    return member


async def give(
    tx: Transaction, row: Record, columns: Mapping[str, Any], kind: str, base: int | None
) -> Changed:
    """Set whose a lead is; where it is that already, nothing is written."""
    whose = {name: columns[name] for name in ("owner_id", "in_pond")}
    wanted = {name: value for name, value in whose.items() if row[name] != value}
    merged = await merged_fields(tx, LEADS, row, wanted, base)
    if not wanted:
        return Changed(row, tuple(merged))
    new = await update(tx, LEADS, row["id"], columns)
    tell(tx, LEADS, f"lead.{kind}", new, before=row)
    await lead_on(tx, LEADS, row, new)
    return Changed(new, tuple(merged))


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(
        id=row["id"],
        name=row["name"],
        strategy=Strategy(row["strategy"]),
        sources=row["sources"],
        lead_types=row["lead_types"],
        territories=row["territories"],
        languages=row["languages"],
        price_min=row["price_min"],
        price_max=row["price_max"],
        agents=row["agents"],
        last_agent_id=row["last_agent_id"],
    )
