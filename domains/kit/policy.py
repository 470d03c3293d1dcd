"""Who may do what; every verb asks itself, so REST, sockets and imports are equally guarded."""

from collections.abc import Set as AbstractSet

from domains.kit.actor import Actor, Role
from domains.kit.errors import Forbidden


def allow(actor: Actor, roles: AbstractSet[Role], doing: str) -> None:
    """Raise Forbidden unless the actor's role is one of these."""
    if actor.role not in roles:
        raise Forbidden(f"A {actor.role} cannot {doing}")
