"""What the writing user may do in the team by now, held to the end of the transaction."""

from uuid import UUID

from db.transaction import Transaction
from domains.kit.actor import Role
from domains.teams import queries


async def acting_role(tx: Transaction) -> Role | None:
    """None for a stranger. Ask before other rows are locked: members come after brokers."""
    await tx.execute(queries.HOLD_BROKER, tx.team_id, tx.user_id)
    await tx.execute(queries.HOLD_MEMBER, tx.team_id, tx.user_id)
    return await role_in(tx, tx.team_id, tx.user_id)


async def role_in(tx: Transaction, team_id: UUID, user_id: UUID) -> Role | None:
    """The same of anybody, in any team, as it stands."""
    role = await tx.fetchval(queries.ACTING, team_id, user_id)
    return None if role is None else Role(role)
