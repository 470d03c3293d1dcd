"""What the writing user may do in the team by now, held to the end of the transaction."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from db.transaction import Transaction
from domains.kit.actor import RIGHTS, Role
from domains.teams import queries
from domains.teams.models import may_grant


class Rows(Protocol):
    """A connection in a transaction, or a transaction of a team's log: both serve."""

    async def fetchrow(self, sql: str, /, *args: Any) -> Any: ...


async def acting_role(tx: Transaction) -> Role | None:
    """None for a stranger. Ask before other rows are locked: members come after brokers."""
    await tx.execute(queries.HOLD_BROKER, tx.team_id, tx.user_id)
    await tx.execute(queries.HOLD_MEMBER, tx.team_id, tx.user_id)
    return await role_in(tx, tx.team_id, tx.user_id)


@dataclass(frozen=True, slots=True)
class Acts:
    """What somebody is in a team, and what they may do there."""

    role: Role
    rights: frozenset[str]

    def may_give(self, role: Role) -> bool:
        """Nobody gives more than they have."""
        return may_grant(self.role, role) and RIGHTS[role] <= self.rights


async def acts_in(rows: Rows, team_id: UUID, user_id: UUID) -> Acts | None:
    """None for a stranger."""
    row = await rows.fetchrow(queries.ACTING, team_id, user_id)
    return None if row is None else Acts(Role(row["role"]), frozenset(row["rights"]))


async def role_in(tx: Transaction, team_id: UUID, user_id: UUID) -> Role | None:
    """The same of anybody, in any team, as it stands."""
    role = await tx.fetchval(queries.ACTING, team_id, user_id)
    return None if role is None else Role(role)
