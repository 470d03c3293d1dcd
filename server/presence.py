"""Who may know that somebody is at a record: whoever may see the record, by the domains' policy."""

from collections.abc import Awaitable, Callable
from typing import Any

from db.database import Database
from domains import DOMAINS
from domains.kit import reads
from domains.kit.actor import Actor
from domains.kit.errors import Forbidden, NotFound


def record_audience(db: Database) -> Callable[[Any, str], Awaitable[str | None]]:
    """Look a record up as this person; None where there is none for them."""
    resources = {domain.resource.name: domain.resource for domain in DOMAINS if domain.resource}

    async def look(who: Actor, record: str) -> str | None:
        entity, _, key = record.partition(":")
        resource = resources.get(entity)
        if resource is None:
            return None
        try:
            return await reads.audience(db, resource, who, key)
        except (NotFound, Forbidden):
            return None

    return look
