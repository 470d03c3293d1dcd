"""What a node knows of the teams' logs without asking Postgres, as the read cache needs it."""

from typing import Protocol
from uuid import UUID

from db.as_of import AsOf
from db.events import Head


class Followed(Protocol):
    """One team's log as this node has heard it."""

    @property
    def applied(self) -> Head:
        """The last event heard, with all before it."""

    @property
    def told(self) -> int:
        """The highest number anybody told of, this node's own commits among them."""

    @property
    def current(self) -> bool:
        """Whether everything that was told of is applied."""

    def topic(self, topics: tuple[str, ...]) -> Head | None:
        """The last event that touched these; None where that is not known yet."""

    def learn(self, topics: tuple[str, ...], as_of: AsOf) -> None:
        """Take in what a read told of its topics, where it stood in the same past."""

    async def reach(self, seq: int) -> None:
        """Have event `seq` applied if the log has it; raise Unavailable with Postgres away."""


class Heads(Protocol):
    def follow(self, team_id: UUID) -> Followed | None:
        """The team's log; None while this node does not hear it reliably, or only begins to."""
