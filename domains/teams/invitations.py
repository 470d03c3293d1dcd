"""Invitations: a secret for one address to join one team once, within a week."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from db.database import Database
from db.transaction import Transaction
from domains.kit.actor import Actor, Right, Role
from domains.kit.errors import Conflict, Forbidden, NotFound
from domains.kit.opaque import INVITATION, digest, mint
from domains.kit.policy import allow_right
from domains.teams import queries
from domains.teams.acting import acts_in

LASTS = timedelta(days=7)
MOST_OPEN = 200  # of a team at a time, which keeps their list one page


@dataclass(frozen=True, slots=True)
class Found:
    """An open invitation, and the account its address has, if any."""

    id: UUID
    team_id: UUID
    email: str
    role: Role
    brokerage_id: UUID | None  # then it is to be a broker of it
    user_id: UUID | None
    password_hash: str | None
    disabled: bool


async def invite(
    db: Database, actor: Actor, email: str, role: Role, *, brokerage: bool = False
) -> str:
    """Invite an address, in place of an earlier invitation; the answer alone has the token.

    `brokerage` makes it an invitation to be a broker of all its teams. Written outside the team's
    log: an address that never joins leaves no trace in history, and no kept answer holds the token.
    """
    token = mint(INVITATION)
    team_id, by = actor.team_id, actor.user_id
    async with db.transaction() as rows:
        await rows.execute(queries.HOLD_BROKER, team_id, by)
        await rows.execute(queries.HOLD_MEMBER, team_id, by)
        mine = await acts_in(rows, team_id, by)
        if mine is None or Right.MANAGE_TEAM not in mine.rights:
            raise Forbidden("Only who manages the team invites")
        if not mine.may_give(role):
            raise Forbidden("Nobody invites to more than they are themselves")
        of = await rows.fetchval(queries.BROKERAGE, team_id) if brokerage else None
        if brokerage and of is None:
            raise NotFound("Your team is of no brokerage")
        if await rows.fetchval(queries.IS_IN, team_id, email, of):
            is_one = "a broker" if brokerage else "a member"
            raise Conflict(f"This e-mail address belongs to {is_one} already")
        await rows.execute(queries.REPLACE, team_id, email)
        if await rows.fetchval(queries.COUNT_OPEN, team_id) >= MOST_OPEN:
            raise Conflict("Too many invitations are open; revoke some of them")
        made = await rows.fetchval(
            queries.INVITE, team_id, email, role, digest(token), by, LASTS, of
        )
    if made is None:
        raise Conflict("Somebody invited this address at the same moment")
    # Put in here and not by the query: a token in clear has no business in a database's log.
    return json.dumps({**json.loads(made), "token": token})


async def list_open(db: Database, actor: Actor) -> str:
    allow_right(actor, Right.MANAGE_TEAM, "see invitations")
    found: str = await db.fetchval(queries.INVITATIONS, actor.team_id)
    return found


async def revoke(db: Database, actor: Actor, invitation_id: UUID) -> str:
    """Make an invitation void; only an open one can be."""
    allow_right(actor, Right.MANAGE_TEAM, "revoke invitations")
    revoked: str | None = await db.fetchval(queries.REVOKE, actor.team_id, invitation_id)
    if revoked is None:
        raise NotFound("There is no such open invitation")
    return revoked


async def find_invitation(db: Database, token: str) -> Found:
    """Raise Conflict for one that was used, NotFound for one that is over or never was."""
    row = await db.fetchrow(queries.INVITATION, digest(token))
    if row is None or (row["over"] and not row["used"]):
        raise NotFound("This invitation is not valid, or not any more")
    if row["used"]:
        raise Conflict("This invitation was used already; sign in instead")
    return Found(
        id=row["id"],
        team_id=row["team_id"],
        email=row["email"],
        role=Role(row["role"]),
        brokerage_id=row["brokerage_id"],
        user_id=row["user_id"],
        password_hash=row["password_hash"],
        disabled=row["disabled"],
    )


async def take_up(tx: Transaction, invitation_id: UUID) -> None:
    """Use up an invitation; of two at once, the second is refused."""
    if not await tx.fetchval(queries.TAKE_UP, tx.team_id, invitation_id, tx.user_id):
        raise Conflict("This invitation was used or revoked a moment ago")


async def withdraw_beyond(tx: Transaction, inviter: UUID, *, team_id: UUID | None = None) -> None:
    """Make void what somebody, by what they may do in the team by now, could not grant."""
    team_id = team_id or tx.team_id
    acts = await acts_in(tx, team_id, inviter)
    invites = acts is not None and Right.MANAGE_TEAM in acts.rights
    beyond = [given for given in Role if not (invites and acts and acts.may_give(given))]
    await tx.execute(queries.WITHDRAW, team_id, inviter, beyond)
