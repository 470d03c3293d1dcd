"""Who is in a team, and as what: every change is told in the team's log."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from db.as_of import AsOf
from db.database import Database
from db.transaction import Answer, Draft, Operation, Transaction, Writer
from domains.kit.actor import ABOVE, Actor, Right, Role
from domains.kit.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from domains.teams import queries
from domains.teams.acting import Acts, acts_in
from domains.teams.invitations import withdraw_beyond
from domains.teams.models import may_grant

PERMISSIONS: Final = (
    "can_delete",
    "can_edit_team_data",
    "can_view_financials",
    "can_manage_team",
)
WRITING: Final = frozenset(PERMISSIONS) - {"can_view_financials"}
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

    Who manages the team may, up to their own role and with no more rights than theirs; only an
    owner touches an owner; and there is always one owner left.
    """

    async def work(tx: Transaction) -> Answer:
        me, member, owners = await _locked(tx, user_id)
        if Right.MANAGE_TEAM not in me.rights:
            raise Forbidden("Only who manages the team changes roles")
        was = Role(member["role"])
        if not may_grant(me.role, was) or not may_grant(me.role, role):
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
        _refuse_more(me, before, after)
        tx.append(Draft("role.changed", "member", user_id, now, after, before))
        return Answer(after, meta={"version": now})

    return await db.write(Writer(actor.team_id, actor.user_id, op), work)


async def change_permissions(
    db: Database,
    actor: Actor,
    user_id: UUID,
    given: Mapping[str, bool | None],
    *,
    version: int | None = None,
    op: Operation | None = None,
) -> Answer:
    """Give a member permissions beside the role, or take them; null is what the role brings.

    Nobody gives what they have not, and nobody takes anything from an owner.
    """

    async def work(tx: Transaction) -> Answer:
        me, member, _ = await _locked(tx, user_id)
        was = Role(member["role"])
        if not _manages(me, was):
            raise Forbidden("Only who manages the team changes permissions, up to their own role")
        if was in ABOVE:
            raise Conflict(f"An {was} has every permission, and keeps it")
        if was == Role.VIEWER and any(given.get(name) for name in WRITING):
            raise Invalid.field("permissions", "a viewer writes nothing; give another role first")
        wanted = {name: value for name, value in given.items() if value != member[name]}
        if version is not None and version != member["version"] and wanted:
            raise _stale_permissions(member, wanted)
        if not wanted:
            return Answer(await _image(tx, user_id), meta={"version": member["version"]})
        before = await _image(tx, user_id)
        values = [wanted.get(name, member[name]) for name in PERMISSIONS]
        now = await tx.fetchval(queries.CHANGE_PERMISSIONS, tx.team_id, user_id, *values)
        await withdraw_beyond(tx, user_id)
        after = await _image(tx, user_id)
        _refuse_more(me, before, after)
        tx.append(Draft("member.permissions_changed", "member", user_id, now, after, before))
        return Answer(after, meta={"version": now})

    return await db.write(Writer(actor.team_id, actor.user_id, op), work)


async def remove(
    db: Database, actor: Actor, user_id: UUID, *, op: Operation | None = None
) -> Answer:
    """Take a member out of the team, or leave it oneself; the last owner cannot go."""

    async def work(tx: Transaction) -> Answer:
        me, member, owners = await _locked(tx, user_id)
        was = Role(member["role"])
        if user_id != actor.user_id and not _manages(me, was):
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


async def _locked(tx: Transaction, user_id: UUID) -> tuple[Acts, Any, int]:
    """Lock the acting member, the other one and all owners; who acts, the row, the owners.

    The role is read here and not taken from the actor, who may have been demoted a second ago; and
    with all owners locked, two of them cannot demote each other at once.
    """
    await tx.execute(queries.HOLD_BROKER, tx.team_id, tx.user_id)
    rows = await tx.fetch(queries.LOCK, tx.team_id, [tx.user_id, user_id])
    by_id = {row["user_id"]: row for row in rows}
    me = await acts_in(tx, tx.team_id, tx.user_id)
    if me is None:
        raise Forbidden("You are not a member of this team")
    if user_id not in by_id:
        raise NotFound("There is no such member")
    owners = sum(row["role"] == Role.OWNER for row in rows)
    return me, by_id[user_id], owners


async def _image(tx: Transaction, user_id: UUID) -> str:
    image: str = await tx.fetchval(queries.IMAGE, tx.team_id, user_id)
    return image


def _manages(me: Acts, role: Role) -> bool:
    return Right.MANAGE_TEAM in me.rights and may_grant(me.role, role)


def _refuse_more(me: Acts, before: str, after: str) -> None:
    """Raise Forbidden where a member has come to a right that who gave it has not."""
    gained = set(json.loads(after)["rights"]) - set(json.loads(before)["rights"])
    beyond = sorted(gained - me.rights)
    if beyond:
        raise Forbidden(f"You cannot give what you have not: {', '.join(beyond)}")


def _stale_permissions(member: Any, wanted: Mapping[str, bool | None]) -> VersionConflict:
    details = [
        {"field": name, "current": member[name], "yours": value} for name, value in wanted.items()
    ]
    return VersionConflict("Somebody changed this member since you read it", details)


def _stale(member: Any, role: Role) -> VersionConflict:
    detail = {"field": "role", "current": member["role"], "yours": role}
    return VersionConflict("Somebody changed this member since you read it", [detail])
