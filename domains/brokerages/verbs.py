"""What brokers do to their brokerage, and owners about theirs: each checks who asks, under lock."""

from typing import Any
from uuid import UUID, uuid4

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.brokerages import company, queries
from domains.brokerages.models import BrokeragePatch, NewBrokerage
from domains.kit.actor import Actor, Role
from domains.kit.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from domains.kit.fields import sent
from domains.kit.scope import ACROSS_TEAMS
from domains.kit.writes import writer
from domains.teams import queries as team_queries
from domains.teams.acting import acting_role
from domains.teams.members import add
from domains.teams.models import NewTeam


async def create(db: Database, actor: Actor, given: NewBrokerage, op: Operation | None) -> Answer:
    """Found a brokerage with the actor's team in it, and the actor as its broker."""

    async def work(tx: Transaction) -> Answer:
        if await acting_role(tx) != Role.OWNER:
            raise Forbidden("Only the owner of a team founds a brokerage with it")
        brokerage_id = await company.found(
            tx, given.name, given.license_number, given.license_state
        )
        return Answer(await tx.fetchval(queries.IMAGE, brokerage_id), 201, {"version": 1})

    return await db.write(writer(actor, op), work)


async def current(db: Database, actor: Actor) -> str:
    found: str | None = await db.fetchval(queries.CURRENT, actor.team_id)
    if found is None:
        raise NotFound("Your team is of no brokerage")
    return found


async def brokers(db: Database, actor: Actor) -> str:
    found: str = await db.fetchval(queries.CURRENT_BROKERS, actor.team_id)
    return found


async def moves(db: Database, actor: Actor) -> str:
    found: str = await db.fetchval(queries.MOVES, actor.team_id)
    return found


async def change(
    db: Database, actor: Actor, body: BrokeragePatch, version: int | None, op: Operation | None
) -> Answer:
    async def work(tx: Transaction) -> Answer:
        brokerage_id = await _brokers_own(tx)
        row = dict(await tx.one(queries.ROW, brokerage_id))
        given = {name: value for name, value in sent(body).items() if name != "version"}
        wanted = {name: value for name, value in given.items() if row[name] != value}
        if not wanted:
            image = await tx.fetchval(queries.IMAGE, brokerage_id)
            return Answer(image, meta={"version": row["version"]})
        if version is not None and version != row["version"]:
            raise _stale(row, wanted)
        now, image = await company.change(tx, brokerage_id, row | wanted)
        return Answer(image, meta={"version": now})

    return await db.write(writer(actor, op), work)


async def add_team(db: Database, actor: Actor, body: NewTeam, op: Operation | None) -> Answer:
    """Make another team of the brokerage; brokers may act in it, with or without an owner."""

    async def work(tx: Transaction) -> Answer:
        brokerage_id = await _brokers_own(tx)
        if body.owner_id and not await tx.fetchval(queries.IS_OF, brokerage_id, body.owner_id):
            raise Invalid.field("owner_id", "is nobody of this brokerage", "not_found")
        team_id = uuid4()
        await tx.execute(queries.ADD_TEAM, team_id, body.name, body.time_zone, tx.team_id)
        await company.move_in(tx, brokerage_id, team_id)
        if body.owner_id:
            await add(tx, team_id, body.owner_id, Role.OWNER)
        text = await tx.fetchval(team_queries.TEAM, team_id, tx.user_id)
        return Answer(text, 201, {"version": 2})

    return await db.write(writer(actor, op), work)


async def remove_broker(db: Database, actor: Actor, user_id: UUID, op: Operation | None) -> Answer:
    """Take a broker out, or leave oneself; the last one stays."""

    async def work(tx: Transaction) -> Answer:
        brokerage_id = await _brokers_own(tx)
        return Answer(await company.leave(tx, brokerage_id, user_id))

    return await db.write(writer(actor, op), work)


async def offer(db: Database, actor: Actor, team_id: UUID, op: Operation | None) -> Answer:
    """Want a team in the brokerage: it is in once its owner says so, too, before or after.

    Whether there is such a team is told by its owner alone.
    """

    async def work(tx: Transaction) -> Answer:
        brokerage_id = await _brokers_own(tx)
        agreed = await tx.fetchval(queries.ASK, brokerage_id, team_id, None, tx.user_id)
        if agreed:
            await company.move_in(tx, brokerage_id, team_id)
        return _move(brokerage_id, team_id, joined=agreed)

    return await db.write(writer(actor, op), work)


async def decline(db: Database, actor: Actor, team_id: UUID, op: Operation | None) -> Answer:
    """Say no to a team that asked, or take back what it was offered."""

    async def work(tx: Transaction) -> Answer:
        brokerage_id = await _brokers_own(tx)
        if not await tx.fetchval(queries.DECLINE, brokerage_id, team_id):
            raise NotFound("No team of this id is about to join")
        return Answer("null")

    return await db.write(writer(actor, op), work)


async def release(db: Database, actor: Actor, team_id: UUID, op: Operation | None) -> Answer:
    """Let a team go its own way."""

    async def work(tx: Transaction) -> Answer:
        brokerage_id = await _brokers_own(tx)
        await company.move_out(tx, brokerage_id, team_id)
        return Answer("null")

    return await db.write(writer(actor, op), work)


async def ask(db: Database, actor: Actor, brokerage_id: UUID, op: Operation | None) -> Answer:
    """Want the actor's team in a brokerage: it is in once a broker says so, too."""

    async def work(tx: Transaction) -> Answer:
        if await tx.fetchval(queries.LOCK, brokerage_id) is None:
            raise NotFound("There is no such brokerage")
        await _owners_own(tx, "asks for it to be in a brokerage")
        if await tx.fetchval(queries.LOCK_TEAM, tx.team_id) is not None:
            raise Conflict("Your team is of a brokerage already; leave it first")
        agreed = await tx.fetchval(queries.ASK, brokerage_id, tx.team_id, tx.user_id, None)
        if agreed:
            await company.move_in(tx, brokerage_id, tx.team_id)
        return _move(brokerage_id, tx.team_id, joined=agreed)

    return await db.write(writer(actor, op), work)


async def secede(db: Database, actor: Actor, op: Operation | None) -> Answer:
    """Take the actor's team out of its brokerage, or back what it asked for."""

    async def work(tx: Transaction) -> Answer:
        brokerage_id = await company.lock(tx)
        await _owners_own(tx, "takes it out of its brokerage")
        if brokerage_id is not None:
            await company.move_out(tx, brokerage_id, tx.team_id)
        elif not await tx.fetchval(queries.TAKE_BACK, tx.team_id):
            raise NotFound("Your team is of no brokerage, and asked for none")
        return Answer("null")

    return await db.write(writer(actor, op), work)


async def _brokers_own(tx: Transaction) -> UUID:
    """The brokerage, for one who may act for it by now."""
    brokerage_id = await company.lock(tx)
    if await acting_role(tx) not in ACROSS_TEAMS:
        raise Forbidden("Only a broker does this")
    if brokerage_id is None:
        raise NotFound("Your team is of no brokerage")
    return brokerage_id


async def _owners_own(tx: Transaction, doing: str) -> None:
    """A broker may own the team, too; what a broker may, an owner's word is asked for as well."""
    owns = await tx.fetchval(IS_OWNER, tx.team_id, tx.user_id)
    if not owns and await acting_role(tx) != Role.SYSTEM_ADMIN:
        raise Forbidden(f"Only an owner of the team {doing}")


IS_OWNER = """
    SELECT EXISTS (
        SELECT FROM members
        WHERE team_id = $1 AND user_id = $2 AND role = 'owner' AND removed_at IS NULL
    )
"""


def _move(brokerage_id: UUID, team_id: UUID, *, joined: bool) -> Answer:
    status = "joined" if joined else "asked"
    return Answer(f'{{"brokerage_id":"{brokerage_id}","team_id":"{team_id}","status":"{status}"}}')


def _stale(row: dict[str, Any], wanted: dict[str, Any]) -> VersionConflict:
    details = [{"field": name, "current": row[name], "yours": wanted[name]} for name in wanted]
    return VersionConflict("Somebody changed the brokerage since you read it", details)
