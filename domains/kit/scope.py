"""Whose records a read is of: one's own, a team's, or those of all teams of a brokerage."""

from enum import StrEnum
from typing import Final
from uuid import UUID

from typing_extensions import override

from domains.kit.actor import Actor, Role
from domains.kit.errors import Forbidden
from domains.kit.fields import Query


class Scope(StrEnum):
    """Whose records.

    `my` are the reader's own, `user` those of `user_id`, `team` all of the team; `brokerage` those
    of all its teams, for brokers alone; `all` everything the reader may see.
    """

    MY = "my"
    USER = "user"
    TEAM = "team"
    BROKERAGE = "brokerage"
    ALL = "all"


ACROSS_TEAMS: Final = frozenset({Role.SYSTEM_ADMIN, Role.BROKER})


def is_wide(actor: Actor, scope: Scope) -> bool:
    """Whether a read of this scope goes beyond the actor's team.

    Raise Forbidden for the brokerage, to one who is none of its brokers.
    """
    across = actor.role in ACROSS_TEAMS
    if scope is Scope.BROKERAGE and not across:
        raise Forbidden("Only a broker sees the records of the whole brokerage; ask for scope=team")
    return across and scope in (Scope.BROKERAGE, Scope.ALL)


class Scoped(Query):
    """A query of whose records count."""

    scope: Scope = Scope.TEAM
    user_id: UUID | None = None

    @property
    @override
    def personal(self) -> bool:
        return self.scope is Scope.MY or (self.scope is Scope.USER and self.user_id is None)

    @override
    def wide(self, actor: Actor) -> bool:
        return is_wide(actor, self.scope)


def in_teams(column: str, team: str, *, wide: bool) -> str:
    """SQL: this column is the team, or a team of the same brokerage; `team` is a parameter."""
    # The array is found once for a statement, and an index by team is read for each of them.
    return (
        f"{column} = ANY ((SELECT teams_beside({team}))::uuid[])" if wide else f"{column} = {team}"
    )


def heads_in(team: str) -> str:
    """SQL: where the logs of those teams stand, as {team: seq}."""
    return f"""(
        SELECT json_object_agg(h.team_id, h.seq)
        FROM team_heads AS h
        WHERE {in_teams("h.team_id", team, wide=True)}
    )"""
