"""Who is in a team, and as what: every change is told in the team's log."""

from typing import Any
from uuid import UUID

from db.as_of import AsOf
from db.database import Database
from db.transaction import Answer, Draft, Operation, Transaction, Writer
from domains.kit.actor import LEADS, Actor, Role
from domains.kit.errors import Conflict, Forbidden, NotFound, VersionConflict
from domains.teams import queries
from domains.teams.acting import role_in
from domains.teams.invitations import withdraw_beyond
from domains.teams.models import may_grant

LARGEST = 1000  # members of a team: a list of them is one page, and a room has its bounds


async def list_members(db: Database, actor: Actor) -> tuple[str, AsOf]:
    """All members as JSON, and where in the log the list was read."""
    row = await db.fetchrow(queries.MEMBERS, actor.team_id)
    if row is None:
        raise NotFound("There is no such team")
    return row["items"], AsOf.read(row["as_of"])


async def read_member(db: Database, actor: Actor, user_id: UUID) -> str:
    """A member with the e-mail address, for colleagues who work with it."""
    shown = actor.role != Role.VIEWER or actor.user_id == user_id
    found: str | None = await db.fetchval(queries.CONTACT, actor.team_id, user_id, shown)
    if found is None:
        raise NotFound("There is no such member")
    return found


async def join(tx: Transaction, role: Role) -> None:
    """Make the writing user a member; one who was removed comes back under the same record."""
    if not await add(tx, tx.team_id, tx.user_id, role):
        raise Conflict("You are a member of this team already")


async def add(tx: Transaction, team_id: UUID, user_id: UUID, role: Role) -> bool:
    """Make somebody a member of a team; False for one who is."""
    await tx.execute(queries.LOCK_TEAM, team_id)
    if await tx.fetchval(queries.COUNT_MEMBERS, team_id) >= LARGEST:
        raise Conflict(f"A team has at most {LARGEST} members")
    version = await tx.fetchval(queries.JOIN, team_id, user_id, role)
    if version is None:
        return False
    await tx.execute(queries.LOCK_USER, user_id)
    image = await tx.fetchval(queries.IMAGE, team_id, user_id)
    tx.append(Draft("member.joined", "member", user_id, version, image, team_id=team_id))
    return True


async def change_role(
    db: Database,
    actor: Actor,
    user_id: UUID,
    role: Role,
    *,
    version: int | None = None,
    op: Operation | None = None,
) -> Answer:
    """Give a member another role.

    Owners and leads may, up to their own role; only an owner touches an owner; and there is always
    one owner left.
    """

    async def work(tx: Transaction) -> Answer:
        me, member, owners = await _locked(tx, user_id)
        if me not in LEADS:
            raise Forbidden("Only an owner or a lead changes roles")
        was = Role(member["role"])
        if not may_grant(me, was) or not may_grant(me, role):
            raise Forbidden("Only an owner makes an owner, or changes what one is")
        if version is not None and version != member["version"] and role != was:
            raise _stale(member, role)
        if was == role:
            return Answer(await _image(tx, user_id), meta={"version": member["version"]})
        if was == Role.OWNER and owners == 1:
            raise Conflict("The last owner stays owner; make somebody else owner first")
        before = await _image(tx, user_id)
        now = await tx.fetchval(queries.CHANGE_ROLE, tx.team_id, user_id, role)
        await withdraw_beyond(tx, user_id)
        after = await _image(tx, user_id)
        tx.append(Draft("role.changed", "member", user_id, now, after, before))
        return Answer(after, meta={"version": now})

    return await db.write(Writer(actor.team_id, actor.user_id, op), work)


async def remove(
    db: Database, actor: Actor, user_id: UUID, *, op: Operation | None = None
) -> Answer:
    """Take a member out of the team, or leave it oneself; the last owner cannot go."""

    async def work(tx: Transaction) -> Answer:
        me, member, owners = await _locked(tx, user_id)
        was = Role(member["role"])
        if user_id != actor.user_id and not (me in LEADS and may_grant(me, was)):
            raise Forbidden("Only a lead removes members, and only an owner an owner")
        if was == Role.OWNER and owners == 1:
            raise Conflict("The last owner stays; make somebody else owner first")
        before = await _image(tx, user_id)
        now = await tx.fetchval(queries.REMOVE, tx.team_id, user_id)
        await withdraw_beyond(tx, user_id)
        after = await _image(tx, user_id)
        tx.append(Draft("member.removed", "member", user_id, now, after, before))
        return Answer(after, meta={"version": now})

    return await db.write(Writer(actor.team_id, actor.user_id, op), work)


async def _locked(tx: Transaction, user_id: UUID) -> tuple[Role, Any, int]:
    """Lock the acting member, the other one and all owners; the acting role, the row, the owners.

    The role is read here and not taken from the actor, who may have been demoted a second ago; and
    with all owners locked, two of them cannot demote each other at once.
    """
    await tx.execute(queries.HOLD_BROKER, tx.team_id, tx.user_id)
    rows = await tx.fetch(queries.LOCK, tx.team_id, [tx.user_id, user_id])
    by_id = {row["user_id"]: row for row in rows}
    me = await role_in(tx, tx.team_id, tx.user_id)
    if me is None:
        raise Forbidden("You are not a member of this team")
    if user_id not in by_id:
        raise NotFound("There is no such member")
    owners = sum(row["role"] == Role.OWNER for row in rows)
    return me, by_id[user_id], owners


async def _image(tx: Transaction, user_id: UUID) -> str:
    image: str = await tx.fetchval(queries.IMAGE, tx.team_id, user_id)
    return image


def _stale(member: Any, role: Role) -> VersionConflict:
    detail = {"field": "role", "current": member["role"], "yours": role}
    return VersionConflict("Somebody changed this member since you read it", [detail])
