"""Makes what tests need to exist: teams with people of each role, records with sensible fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from db.database import Database
from domains.kit import writes
from domains.kit.actor import Actor, Role
from domains.kit.resource import Resource

NAMES = {
    Role.OWNER: "Olga Owner",
    Role.LEAD: "Lea Lead",
    Role.AGENT: "Ana Agent",
    Role.VIEWER: "Vic Viewer",
}


@dataclass(frozen=True, slots=True)
class Team:
    """A team and one member of each role."""

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
    members = {role.value: await new_member(db, team_id, role) for role in Role}
    return Team(team_id, **members)


async def new_member(db: Database, team_id: UUID, role: Role, name: str | None = None) -> Actor:
    name = name or NAMES[role]
    async with db.transaction() as rows:
        user_id = await rows.fetchval(
            "INSERT INTO users (email, full_name, password_hash) VALUES ($1, $2, '!') RETURNING id",
            f"{uuid4().hex}@homes.example",
            name,
        )
        await rows.execute(
            "INSERT INTO members (team_id, user_id, role) VALUES ($1, $2, $3)",
            team_id,
            user_id,
            role.value,
        )
    return Actor(user_id, team_id, role, name)


# What each resource takes at least.
LEAST: dict[str, dict[str, Any]] = {
    "escrows": {
        "property_address": "12 Main St, Seattle",
        "purchase_price": 500000,
        "closing_date": "2027-03-01",
    },
    "listings": {"property_address": "12 Main St, Seattle", "list_price": 500000},
}

# A change that any writer may make at any time; the second touches none of the first one's fields.
CHANGE: dict[str, dict[str, Any]] = {
    "escrows": {"escrow_company": "Puget Escrow", "hoa_fee": 120},
    "listings": {"showing_instructions": "Ring twice", "hoa_fee": 120},
}
OTHER_CHANGE: dict[str, dict[str, Any]] = {
    "escrows": {"notes": "Called the lender"},
    "listings": {"notes": "Called the seller"},
}

# What a move to a status asks for at most, wherever it comes from; what it does not ask is absent.
ENOUGH: dict[str, dict[str, dict[str, Any]]] = {
    "escrows": {
        "active": {
            "acceptance_date": "2026-01-05",
            "buyers": ["Bea Buyer"],
            "sellers": ["Sal Seller"],
            "reason": "The parties are back",
        },
        "closed": {"recorded_date": "2026-03-02", "close_price": 495000},
        "cancelled": {
            "deposit_disposition": "released_to_buyer",
            "reason": "The loan was refused",
        },
    },
    "listings": {
        "active": {"listing_contract_date": "2026-01-05", "expiration_date": "2027-06-30"},
        "active_under_contract": {"purchase_contract_date": "2026-02-01"},
        "pending": {"purchase_contract_date": "2026-02-01"},
        "closed": {"close_date": "2026-03-02", "close_price": 495000},
    },
}


def fields(resource: Resource, **changes: Any) -> dict[str, Any]:
    """A valid body for a new record, with these fields on top."""
    return {**LEAST[resource.plural], **changes}


def move_to(resource: Resource, status: str) -> dict[str, Any]:
    """A body for PATCH /:id/status that holds all that the move may ask for."""
    return {"status": status, **ENOUGH[resource.plural].get(status, {})}


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
