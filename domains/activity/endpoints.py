"""The team's activity: the log itself, newest first, without the records' images."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from db.as_of import EVERYTHING, AsOf, as_of
from db.database import Database
from domains.kit.actor import Actor
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.fields import Output, Person, Query, Word
from domains.kit.policy import audiences_of, seen_whole, within
from domains.kit.services import Services


class ActivityQuery(Query):
    """Newest first; before_seq pages back, after_seq asks for what is new."""

    entity: Word | None = None
    entity_id: UUID | None = None
    actor: UUID | None = None
    kind: Word | None = None
    after_seq: Annotated[int, Field(ge=0, le=2**62)] | None = None
    before_seq: Annotated[int, Field(ge=1, le=2**62)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ActivityEntry(Output):
    """An event as on the socket, without `d`; `label` is what people call the record."""

    t: UUID
    s: int
    at: str
    k: str
    e: str
    id: UUID
    ver: int
    a: Person | None
    op: str
    i: int
    n: int
    ch: dict[str, list[Any]]
    label: str | None


# What was told of a record while everybody could see it is hidden with the record that is private
# now; what was told while it was private stays hidden when it is not any more.
ACTIVITY = f"""
    SELECT
        {as_of(EVERYTHING)} AS as_of,
        (SELECT coalesce(json_agg(x)::text, '[]') FROM (
            SELECT e.team_id AS t, e.seq AS s, e.at, e.kind AS k, e.entity AS e, e.entity_id AS id,
                e.version AS ver,
                (SELECT row_to_json(p) FROM (
                    SELECT u.id, u.full_name AS name FROM users AS u WHERE u.id = e.actor_id
                ) AS p) AS a,
                e.op, e.tx_i AS i, e.tx_n AS n,
                coalesce(CASE WHEN {seen_whole("e", "$9")} THEN e.changes END, '{{}}') AS ch,
                coalesce(e.data ->> 'label', e.data ->> 'property_address', e.data ->> 'full_name')
                    AS label
            FROM events AS e
            WHERE e.team_id = $1 AND {within("e.audience", "$9")}
                AND ($9::text[] IS NULL OR NOT EXISTS (
                    SELECT FROM private_records AS p
                    WHERE p.team_id = $1 AND p.record_id = e.entity_id
                        AND NOT audience_words(p.audience) && $9
                ))
                AND ($2::text IS NULL OR e.entity = $2)
                AND ($3::uuid IS NULL OR e.entity_id = $3)
                AND ($4::uuid IS NULL OR e.actor_id = $4)
                AND ($5::text IS NULL OR e.kind = $5)
                AND ($6::bigint IS NULL OR e.seq > $6)
                AND ($7::bigint IS NULL OR e.seq < $7)
            ORDER BY e.seq DESC
            LIMIT $8
        ) AS x) AS entries
"""


async def activity(db: Database, actor: Actor, query: ActivityQuery) -> Reply:
    """What the team did, as far as the actor may see of what it did it to."""
    row = await db.one(
        ACTIVITY,
        actor.team_id,
        query.entity,
        query.entity_id,
        query.actor,
        query.kind,
        query.after_seq,
        query.before_seq,
        query.limit,
        audiences_of(actor),
    )
    return Reply(row["entries"].encode(), as_of=AsOf.read(row["as_of"]))


def endpoints(services: Services) -> list[Endpoint]:
    async def find(call: Call) -> Reply:
        return await activity(services.db, call.who, call.params)

    return [
        Endpoint(
            name="activity:list",
            method=Method.GET,
            path="/activity",
            run=find,
            returns=ActivityEntry,
            summary="What the team did, newest first",
            params=ActivityQuery,
            many=True,
            tag="activity",
            topics=EVERYTHING,
        )
    ]
