"""Who may do what, and see what; every verb asks itself, so all ways in are equally guarded.

A record and each event about it have an audience: `all` of the team, or `private:<owner>`. What a
person may see follows from `audiences_of` alone, in SQL and on sockets.
"""

from collections.abc import Set as AbstractSet
from uuid import UUID

from db.events import EVERYONE
from domains.kit.actor import LEADS, Actor, Role
from domains.kit.errors import Forbidden


def allow(actor: Actor, roles: AbstractSet[Role], doing: str) -> None:
    """Raise Forbidden unless the actor's role is one of these."""
    if actor.role not in roles:
        raise Forbidden(f"A {actor.role} cannot {doing}")


def audiences_of(actor: Actor) -> tuple[str, ...] | None:
    """The audiences that the actor is of; None is all there are, for those above the owners."""
    if actor.role in LEADS:
        return None
    return EVERYONE, private_to(actor.user_id)


def private_to(owner_id: UUID | str) -> str:
    """The audience of an owner's private records; record_audience in Postgres says the same."""
    return f"private:{owner_id}"


def may_see(actor: Actor, audience: str) -> bool:
    seen = audiences_of(actor)
    return seen is None or audience in seen


def within(audience: str, audiences: str) -> str:
    """The same in SQL: this column is among those of the parameter with `audiences_of`."""
    return f"({audiences}::text[] IS NULL OR {audience} = ANY ({audiences}))"


def seen_whole(event: str, audiences: str) -> str:
    """SQL: an event of which also what was before it is for the reader to see."""
    after = within(f"{event}.audience", audiences)
    before = within(f"coalesce({event}.audience_before, {event}.audience)", audiences)
    return f"({after} AND {before})"


def allow_private(actor: Actor, owner_id: UUID, name: str) -> None:
    """Raise Forbidden unless the actor owns the record, or stands above who does."""
    if actor.role not in LEADS and actor.user_id != owner_id:
        raise Forbidden(f"Only its owner or a team lead decides whether this {name} is private")
