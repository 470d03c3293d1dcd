"""Makes what tests need to exist: teams with people of each role, records with sensible fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from db.database import Database
from domains.kit import writes
from domains.kit.actor import Actor, Role
from domains.kit.resource import Resource
from tests.examples import EXAMPLES

NAMES = {
    Role.SYSTEM_ADMIN: "Syd System",
    Role.BROKER: "Bea Broker",
    Role.OWNER: "Olga Owner",
    Role.LEAD: "Lea Lead",
    Role.COORDINATOR: "Cora Coordinator",
    Role.AGENT: "Ana Agent",
    Role.VIEWER: "Vic Viewer",
}
USUAL = (Role.OWNER, Role.LEAD, Role.AGENT, Role.VIEWER)  # what most teams have


@dataclass(frozen=True, slots=True)
class Team:
    """A team and one member of each usual role."""

    id: UUID
    owner: Actor
    lead: Actor
    agent: Actor
    viewer: Actor

    def member(self, role: Role) -> Actor:
        member: Actor = getattr(self, role.value)
        return member


async def new_team(db: Database, name: str = "Harbor Homes") -> Team:
    async with db.transaction() as rows:
        team_id = await rows.fetchval("INSERT INTO teams (name) VALUES ($1) RETURNING id", name)
        members = {role.value: await _join(rows, team_id, role, NAMES[role]) for role in USUAL}
    return Team(team_id, **members)


async def new_member(db: Database, team_id: UUID, role: Role, name: str | None = None) -> Actor:
    """Somebody who has this role in the team, by whatever gives it to them."""
    async with db.transaction() as rows:
        return await _join(rows, team_id, role, name or NAMES[role])


async def deprived(db: Database, actor: Actor, permission: str) -> Actor:
    """The same member, without what this permission gives."""
    async with db.transaction() as rows:
        rights = await rows.fetchval(DEPRIVE.format(permission), actor.team_id, actor.user_id)
    return replace(actor, rights=frozenset(rights))


async def new_brokerage(db: Database, *teams: Team, name: str = "Lake & Sons") -> UUID:
    """A brokerage of these teams, without brokers."""
    async with db.transaction() as rows:
        brokerage_id: UUID = await rows.fetchval(BROKERAGE, name)
        for team in teams:
            await rows.execute(MOVE_IN, team.id, brokerage_id)
    return brokerage_id


# Letters that no name or number that is looked for has three of in a row: addresses are searched.
UNSAID = str.maketrans("0123456789abcdef", "qxzjkvwy" * 2)
USER = "INSERT INTO users (email, full_name, password_hash) VALUES ($1, $2, '!') RETURNING id"
JOIN = "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, $3)"
DEPRIVE = "UPDATE members SET {} = false WHERE team_id = $1 AND user_id = $2 RETURNING rights"
ADMIN = "UPDATE users SET system_admin_at = now() WHERE id = $1"
BROKERAGE = "INSERT INTO brokerages (name) VALUES ($1) RETURNING id"
MOVE_IN = """
    UPDATE teams SET brokerage_id = $2, brokerage_joined_at = now()
    WHERE id = $1 AND brokerage_id IS NULL
"""
BROKER = """
    INSERT INTO brokers (brokerage_id, user_id)
    SELECT brokerage_id, $2 FROM teams WHERE id = $1
"""


async def _join(rows: Any, team_id: UUID, role: Role, name: str) -> Actor:
    user_id = await rows.fetchval(USER, f"{uuid4().hex.translate(UNSAID)}@homes.example", name)
    match role:
        case Role.SYSTEM_ADMIN:
            await rows.execute(ADMIN, user_id)
        case Role.BROKER:
            of = "SELECT brokerage_id FROM teams WHERE id = $1"
            if await rows.fetchval(of, team_id) is None:
                await rows.execute(MOVE_IN, team_id, await rows.fetchval(BROKERAGE, "Lake & Sons"))
            await rows.execute(BROKER, team_id, user_id)
        case _:
            await rows.execute(JOIN, team_id, user_id, role.value)
    return Actor(user_id, team_id, role, name)


LEAST = {plural: example.least for plural, example in EXAMPLES.items()}


def fields(resource: Resource, **changes: Any) -> dict[str, Any]:
    """A valid body for a new record, with these fields on top."""
    return {**LEAST[resource.plural], **changes}


def move_to(resource: Resource, status: str) -> dict[str, Any]:
    """A body for PATCH /:id/status that holds all that the move may ask for."""
    return {"status": status, **EXAMPLES[resource.plural].moves.get(status, {})}


def road(resource: Resource, to: str) -> list[str]:
    """The statuses a new record passes through to get to this one, by the shortest way."""
    start = str(resource.create.model_fields[resource.status].default)
    roads: dict[str, list[str]] = {start: []}
    waiting = [start]
    for here in waiting:
        for there in resource.transitions[here]:
            if there not in roads:
                roads[there] = [*roads[here], there]
                waiting.append(there)
    return roads[to]


async def new_record(
    db: Database, resource: Resource, actor: Actor, **changes: Any
) -> dict[str, Any]:
    """A record made through the verb that everybody uses; its image as JSON."""
    body = resource.create.model_validate_json(json.dumps(fields(resource, **changes)))
    answer = await writes.create(db, resource, actor, body.model_dump(), None)
    image: dict[str, Any] = json.loads(answer.data)
    return image


def without(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}
