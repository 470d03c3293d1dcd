"""The team's rules for new leads: rows in an order, which only leads of the team change."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from db.as_of import AsOf, as_of
from db.database import Database
from db.transaction import Answer, Draft, Operation, Transaction
from domains.kit.actor import LEADS, WRITERS, Actor
from domains.kit.endpoint import Reply
from domains.kit.errors import Conflict, Invalid, NotFound, VersionConflict
from domains.kit.policy import allow
from domains.kit.resource import Record
from domains.kit.writes import writer

ENTITY: Final = "lead_rule"
MOST: Final = 100

IMAGE = """(SELECT row_to_json(x)::text FROM (SELECT
    q.id, q.team_id, q.name, q.strategy, q.enabled, q.position, q.sources, q.lead_types,
    q.territories, q.languages, q.price_min, q.price_max, q.agents, q.version, q.created_at,
    q.updated_at) AS x)"""
IN_ORDER = "q.position, q.created_at, q.id"


async def list_rules(db: Database, actor: Actor) -> Reply:
    allow(actor, WRITERS, "see who gets leads")
    row = await db.one(
        f"""
        SELECT {as_of((ENTITY,))} AS as_of, (
            SELECT coalesce(string_agg({IMAGE}, ',' ORDER BY {IN_ORDER}), '')
            FROM lead_rules AS q
            WHERE q.team_id = $1
        ) AS items
        """,
        actor.team_id,
    )
    return Reply(f"[{row['items']}]".encode(), as_of=AsOf.read(row["as_of"]))


async def add(db: Database, actor: Actor, given: Mapping[str, Any], op: Operation | None) -> Answer:
    allow(actor, LEADS, "add rules for leads")

    async def work(tx: Transaction) -> Answer:
        standing = await tx.one(
            "SELECT count(*) AS number, coalesce(max(position), 0) AS last"
            " FROM lead_rules WHERE team_id = $1",
            tx.team_id,
        )
        if standing["number"] >= MOST:
            raise Conflict(f"A team has at most {MOST} rules for its leads")
        values = {**given, "position": given.get("position") or standing["last"] + 1}
        await _refuse(tx, values)
        places = ", ".join(f"${i + 2}" for i in range(len(values)))
        row = await tx.one(
            f"""
            INSERT INTO lead_rules AS q (team_id, {", ".join(values)}) VALUES ($1, {places})
            RETURNING q.*, {IMAGE} AS image
            """,
            tx.team_id,
            *values.values(),
        )
        _tell(tx, "created", dict(row))
        return Answer(row["image"], 201, {"version": row["version"]})

    return await db.write(writer(actor, op), work)


async def change(
    db: Database,
    actor: Actor,
    key: str,
    given: Mapping[str, Any],
    *,
    base: int | None,
    op: Operation | None,
) -> Answer:
    allow(actor, LEADS, "change rules for leads")

    async def work(tx: Transaction) -> Answer:
        old = await _lock(tx, key, base)
        wanted = {name: value for name, value in given.items() if old[name] != value}
        if not wanted:
            return Answer(old["image"], meta={"version": old["version"]})
        await _refuse(tx, {**old, **wanted})
        sets = "".join(f", {name} = ${i + 3}" for i, name in enumerate(wanted))
        row = await tx.one(
            f"""
            UPDATE lead_rules AS q
            SET version = q.version + 1, updated_at = clock_timestamp(){sets}
            WHERE q.team_id = $1 AND q.id = $2
            RETURNING q.*, {IMAGE} AS image
            """,
            tx.team_id,
            old["id"],
            *wanted.values(),
        )
        _tell(tx, "updated", dict(row), before=old["image"])
        return Answer(row["image"], meta={"version": row["version"]})

    return await db.write(writer(actor, op), work)


async def remove(
    db: Database, actor: Actor, key: str, *, base: int | None, op: Operation | None
) -> Answer:
    allow(actor, LEADS, "remove rules for leads")

    async def work(tx: Transaction) -> Answer:
        old = await _lock(tx, key, base)
        await tx.execute(
            "DELETE FROM lead_rules WHERE team_id = $1 AND id = $2", tx.team_id, old["id"]
        )
        _tell(tx, "deleted", {**old, "version": old["version"] + 1}, before=old["image"])
        return Answer(old["image"])

    return await db.write(writer(actor, op), work)


async def _lock(tx: Transaction, key: str, base: int | None) -> Record:
    """The rule, kept from others; a turn that is being given is waited for."""
    try:
        rule_id = UUID(key)
    except ValueError:
        raise NotFound(f"There is no rule {key!r:.80}") from None
    row = await tx.fetchrow(
        f"""
        SELECT q.*, {IMAGE} AS image
        FROM lead_rules AS q
        WHERE q.team_id = $1 AND q.id = $2
        FOR NO KEY UPDATE OF q
        """,
        tx.team_id,
        rule_id,
    )
    if row is None:
        raise NotFound(f"There is no rule {key!r:.80}")
    if base is not None and base != row["version"]:
        raise VersionConflict(
            "Somebody changed this rule since you read it",
            [{"field": "version", "current": row["version"], "yours": base}],
        )
    return dict(row)


async def _refuse(tx: Transaction, rule: Record) -> None:
    least, most = rule.get("price_min"), rule.get("price_max")
    if least is not None and most is not None and least > most:
        raise Invalid.field("price_min", "is more than price_max", "too_large")
    await _require_members(tx, rule["agents"])


async def _require_members(tx: Transaction, agents: Sequence[UUID]) -> None:
    """Raise Invalid for somebody who is no member of the team, or one who only looks on."""
    if not agents:
        return
    known = await tx.fetchval(
        """
        SELECT count(*) FROM members
        WHERE team_id = $1 AND user_id = ANY ($2) AND removed_at IS NULL AND role <> 'viewer'
        """,
        tx.team_id,
        agents,
    )
    if known != len(agents):
        raise Invalid.field("agents", "names somebody who takes no leads here", "not_a_member")


def _tell(tx: Transaction, done: str, row: Record, before: str | None = None) -> None:
    kind = f"{ENTITY}.{done}"
    tx.append(Draft(kind, ENTITY, row["id"], row["version"], row["image"], before))
