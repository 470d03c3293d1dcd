"""Figures from several tables at once, as one statement that can also be kept open."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from typing import Any
from uuid import UUID

from db.as_of import AsOf, as_of
from db.database import Database
from domains.kit.actor import Actor
from domains.kit.endpoint import Reply
from domains.kit.resource import Resource
from domains.kit.scope import Scope, heads_in
from domains.kit.select import select
from domains.kit.view import Found, Live

KEY_BYTES = 16
MINUTE = 60.0  # how long figures that look at the clock may stand on a screen
# The day where the team is: what is due today there.
TODAY = "(now() AT TIME ZONE (SELECT t.time_zone FROM teams AS t WHERE t.id = $1))::date"
PLACE = re.compile(r"\$(\d+)")


@dataclass(slots=True)
class Figures:
    """A statement that is put together part by part; $1 is the team in all of them."""

    team_id: UUID
    wide: bool = False  # of all teams of a brokerage
    args: list[Any] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    topics: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.args.append(self.team_id)

    def put(self, value: Any) -> str:
        self.args.append(value)
        return f"${len(self.args)}"

    def rows(self, resource: Resource, actor: Actor, scope: Scope, user_id: UUID | None) -> str:
        """A condition on the rows `r` of a resource: those of the scope that the actor may see."""
        query: Any = resource.query.model_validate({"scope": scope, "user_id": user_id})
        chosen = select(resource, actor, query)
        before = len(self.args)
        self.args += chosen.args
        self.topics |= dict.fromkeys(resource.topics)
        return PLACE.sub(lambda place: f"${int(place[1]) + before}", chosen.sql)

    def once(self, name: str, sql: str) -> None:
        """A query that several figures look at, by this name."""
        self.read[name] = f"{name} AS MATERIALIZED ({sql})"

    def add(self, name: str, sql: str) -> None:
        """A figure: an SQL expression."""
        self.parts[name] = f"'{name}', {sql}"

    @property
    def sql(self) -> str:
        pairs = ", ".join(self.parts.values())
        return f"""
            WITH {", ".join(self.read.values())}
            SELECT {as_of(tuple(self.topics))} AS as_of,
                json_build_object({pairs})::text AS figures,
                {heads_in("$1") if self.wide else "NULL::json"} AS heads,
                extract(epoch FROM current_date + 1 - now())::float8 AS day_left
        """

    async def reply(self, db: Database) -> Reply:
        found = await look(db, self.sql, self.args)
        return Reply(found.stats, as_of=found.as_of)

    def live(self, db: Database) -> Live:
        """The figures as a list without rows: its statistics."""
        sql = self.sql
        key = blake2b(repr((sql, self.args)).encode(), digest_size=KEY_BYTES).digest()
        topics = (*self.topics, *(["brokerage"] if self.wide else []))
        return Live(key, self.team_id, topics, partial(look, db, sql, self.args))


async def look(db: Database, sql: str, args: Sequence[Any]) -> Found:
    """Read figures, in one round trip."""
    row = await db.one(sql, *args)
    return Found(
        AsOf.read(row["as_of"]),
        [],
        [],
        0,
        row["figures"].encode(),
        b'{"page":1,"limit":1,"total":0,"pages":0,"next_cursor":null}',
        min(row["day_left"], MINUTE),
        heads={UUID(team): seq for team, seq in (row["heads"] or {}).items()},
    )
