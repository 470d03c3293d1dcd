"""Who may do what, and see what; every verb asks itself, so all ways in are equally guarded.

A record and each event about it have an audience: `all` of the team, or `private:<owner>` with
those whom a grant shows it to, `private:<owner>,<user>`. What a person may see follows from
`audiences_of` alone, in SQL and on sockets.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from db.events import EVERYONE
from domains.kit.actor import LEADS, Actor, Right, Role
from domains.kit.errors import Forbidden
from domains.kit.grant import Grantee


def allow(actor: Actor, roles: AbstractSet[Role], doing: str) -> None:
    """Raise Forbidden unless the actor's role is one of these."""
    if actor.role not in roles:
        raise Forbidden(f"A {actor.role} cannot {doing}")


def allow_right(actor: Actor, right: Right, doing: str) -> None:
    """Raise Forbidden unless the actor has this right."""
    if right not in actor.rights:
        raise Forbidden(f"You may not {doing}")


def audiences_of(actor: Actor) -> tuple[str, ...] | None:
    """The audiences that the actor is of; None is all there are, for those above the owners."""
    if actor.role in LEADS:
        return None
    return EVERYONE, private_to(actor.user_id)


def private_to(owner_id: UUID | str) -> str:
    """The audience of an owner's private records; record_audience in Postgres says the same."""
    return f"private:{owner_id}"


def words_of(audience: str) -> list[str]:
    """An audience as the words somebody may be of; audience_words in Postgres says the same."""
    return audience.replace(",", ",private:").split(",")


def may_see(actor: Actor, audience: str) -> bool:
    seen = audiences_of(actor)
    return seen is None or not set(seen).isdisjoint(words_of(audience))


def within(audience: str, audiences: str) -> str:
    """The same in SQL: this column is for somebody of the parameter with `audiences_of`."""
    return f"({audiences}::text[] IS NULL OR {for_some(audience, audiences)})"


def for_some(audience: str, audiences: str) -> str:
    """SQL: this column is for somebody of these audiences, which everybody's is among."""
    return f"({audience} = '{EVERYONE}' OR audience_words({audience}) && {audiences}::text[])"


def seen_whole(event: str, audiences: str) -> str:
    """SQL: an event of which also what was before it is for the reader to see."""
    after = within(f"{event}.audience", audiences)
    before = within(f"coalesce({event}.audience_before, {event}.audience)", audiences)
    return f"({after} AND {before})"


def allow_edit(actor: Actor, row: Mapping[str, Any], name: str) -> None:
    """Raise Forbidden unless it is one's own record, or others' by right or by a grant."""
    if not _owned_or(actor, row, Right.EDIT_TEAM_DATA, "can_edit"):
        raise Forbidden(f"You may change only your own {name}s, and those you were granted")


def allow_delete(actor: Actor, row: Mapping[str, Any], doing: str) -> None:
    """Raise Forbidden likewise, for what takes a record away or brings it back."""
    if not _owned_or(actor, row, Right.DELETE, "can_delete"):
        raise Forbidden(f"Only its owner or a team lead can {doing}")


def allow_owner(actor: Actor, row: Mapping[str, Any], to: UUID | None, name: str) -> None:
    """Raise Forbidden unless the actor decides whose the record is, and may give it to this one.

    Owning a record is being allowed to delete it. So who merely changes what others own gives none
    of it away, and nobody takes over what they may not delete as it is. `to` None is anybody: the
    actor, too.
    """
    if row["owner_id"] == actor.user_id or Right.DELETE in actor.rights:
        return
    if actor.role not in LEADS:
        raise Forbidden(f"Only its owner or a team lead decides whose this {name} is")
    if to is None or to == actor.user_id:
        raise Forbidden(f"Who may not delete what others own does not take this {name} over")


def allow_grant(actor: Actor, row: Mapping[str, Any], name: str, given: Mapping[str, Any]) -> None:
    """Raise Forbidden unless it is the actor's to give or take back, and no more than they have.

    Who was granted a record does not grant it on.
    """
    if actor.role not in LEADS and actor.user_id != row["owner_id"]:
        raise Forbidden(f"Only its owner or a team lead decides to whom this {name} is granted")
    if given.get("can_edit"):
        allow_edit(actor, row, name)
    if given.get("can_delete"):
        allow_delete(actor, row, f"grant that this {name} be deleted")


def _owned_or(actor: Actor, row: Mapping[str, Any], right: Right, granted: str) -> bool:
    return (
        row["owner_id"] == actor.user_id
        or right in actor.rights
        or any(grant[granted] and _is_for(actor, grant) for grant in row["grants"])
    )


def _is_for(actor: Actor, grant: Mapping[str, Any]) -> bool:
    match grant["grantee"]:
        case Grantee.USER:
            return bool(grant["user_id"] == str(actor.user_id))
        case Grantee.BROKER:
            return actor.role == Role.BROKER
        case _:
            return True


def allow_private(actor: Actor, owner_id: UUID, name: str) -> None:
    """Raise Forbidden unless the actor owns the record, or stands above who does."""
    if actor.role not in LEADS and actor.user_id != owner_id:
        raise Forbidden(f"Only its owner or a team lead decides whether this {name} is private")
