"""The team as a record: its name, its time zone, whose company it is of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from db.database import Database
from db.transaction import Answer, Draft, Operation, Transaction
from domains.kit.actor import LEADS, Actor, Role
from domains.kit.errors import Forbidden, VersionConflict
from domains.kit.fields import sent
from domains.kit.writes import writer
from domains.teams import queries
from domains.teams.acting import acting_role
from domains.teams.models import TeamPatch, TeamsQuery


@asynccontextmanager
async def tell_team(tx: Transaction, team_id: UUID, kind: str) -> AsyncIterator[None]:
    """Tell the team's log what the block makes of the team's row."""
    before = await tx.one(queries.TEAM_IMAGE, team_id)
    yield
    after = await tx.one(queries.TEAM_IMAGE, team_id)
    tx.append(
        Draft(
            kind,
            "team",
            team_id,
            after["version"],
            after["image"],
            before["image"],
            team_id=team_id,
        )
    )


async def current(db: Database, actor: Actor) -> str:
    team: str = await db.fetchval(queries.TEAM, actor.team_id, actor.user_id)
    return team


async def list_mine(db: Database, actor: Actor, query: TeamsQuery) -> tuple[str, bytes]:
    """The teams the actor may act in, by name, and the pagination."""
    everywhere = actor.role == Role.SYSTEM_ADMIN
    skip = (query.page - 1) * query.limit
    search = (query.search or "").strip() or None
    row = await db.one(queries.TEAMS, actor.user_id, everywhere, search, query.limit, skip)
    pages = -(-row["total"] // query.limit)
    told = {"page": query.page, "limit": query.limit, "total": row["total"], "pages": pages}
    text = ",".join(f'"{name}":{value}' for name, value in told.items())
    return row["items"], f'{{{text},"next_cursor":null}}'.encode()


async def change(
    db: Database, actor: Actor, body: TeamPatch, *, version: int | None, op: Operation | None
) -> Answer:
    """Give the team another name or time zone."""

    async def work(tx: Transaction) -> Answer:
        if await acting_role(tx) not in LEADS:
            raise Forbidden("Only a lead changes the team")
        row = dict(await tx.one(queries.LOCK_TEAM_ROW, tx.team_id))
        given = {name: value for name, value in sent(body).items() if name != "version"}
        wanted = {name: value for name, value in given.items() if row[name] != value}
        if not wanted:
            return await _shown(tx, row["version"])
        if version is not None and version != row["version"]:
            raise _stale(row, wanted)
        row |= wanted
        async with tell_team(tx, tx.team_id, "team.updated"):
            now = await tx.fetchval(queries.CHANGE_TEAM, tx.team_id, row["name"], row["time_zone"])
        return await _shown(tx, now)

    return await db.write(writer(actor, op), work)


async def _shown(tx: Transaction, version: int) -> Answer:
    text = await tx.fetchval(queries.TEAM, tx.team_id, tx.user_id)
    return Answer(text, meta={"version": version})


def _stale(row: dict[str, Any], wanted: dict[str, Any]) -> VersionConflict:
    details = [{"field": name, "current": row[name], "yours": wanted[name]} for name in wanted]
    return VersionConflict("Somebody changed the team since you read it", details)
