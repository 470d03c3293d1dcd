"""One statement over all kinds of record, made from their definitions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.as_of import EVERYTHING, as_of
from domains.kit.actor import Actor
from domains.kit.finding import Asked, Typos, found
from domains.kit.policy import audiences_of, within
from domains.kit.resource import Resource
from domains.kit.scope import in_teams
from domains.search.models import SearchQuery

# The line has each field between bars, what the record is called first: what is asked for may be
# a whole one, or how one begins.
RANK = """(CASE
    WHEN {line} LIKE '%| ' || f.whole || ' |%' THEN CASE
        WHEN {line} LIKE '| ' || f.whole || ' |%'
            OR translate(lower(r.display_id), '-', ' ') = f.whole THEN 1.0
        ELSE 0.95 END
    WHEN {line} LIKE '| ' || f.whole || ' %' THEN 0.9
    WHEN {line} LIKE '| ' || f.whole || '%' THEN 0.85
    WHEN {line} LIKE '% ' || f.whole || ' %' THEN 0.8
    WHEN {line} LIKE '%| ' || f.whole || '%' THEN 0.75
    WHEN {line} LIKE '% ' || f.whole || '%' THEN 0.7
    WHEN {all_words} THEN 0.6
    ELSE word_similarity(f.whole, {line}) * 0.1 + CASE
        WHEN {one_letter_off} THEN 0.4
        ELSE word_similarity(f.whole, {line}) * 0.3 END
    END - CASE WHEN r.archived_at IS NULL THEN 0 ELSE 0.05 END)"""


@dataclass(slots=True)
class Statement:
    """The SQL with its arguments."""

    args: list[Any] = field(default_factory=list)
    sql: str = ""

    def put(self, value: Any) -> str:
        self.args.append(value)
        return f"${len(self.args)}"


def statement(
    resources: Sequence[Resource], actor: Actor, query: SearchQuery, asked: Asked
) -> Statement:
    """The best of each kind, and of them the best; with the number of all of each kind."""
    made = Statement()
    made.put(actor.team_id)  # as_of reads it as $1
    sees, limit = made.put(audiences_of(actor)), made.put(query.limit)
    whole = made.put(asked.whole)
    own = f"r.owner_id = {made.put(actor.user_id)}" if query.personal else "true"
    places: dict[str, str] = {}

    def put(value: str) -> str:
        if value not in places:
            places[value] = made.put(value)
        return places[value]

    wide = query.wide(actor)
    teams = in_teams("r.team_id", "$1", wide=wide)
    arms = " UNION ALL ".join(
        f"""(
        SELECT '{resource.name}' AS entity, '{resource.plural}' AS plural, r.id, r.display_id,
            coalesce({resource.label}, r.display_id) AS label, r.{resource.status} AS status,
            r.archived_at IS NOT NULL AS is_archived, r.rank, r.total, r.updated_at,
            {_fields(resource)} AS fields
        FROM (
            SELECT r.*, {_rank(resource, asked, put)} AS rank,
                count(*) OVER () AS total
            FROM {resource.table} AS r
            CROSS JOIN folded AS f
            WHERE {teams} AND {resource.once if wide and resource.once else "true"}
                AND r.deleted_at IS NULL AND {within("r.audience", sees)}
                AND {own} AND {found(resource.line, asked, put, typos=Typos.ALIKE)}
            ORDER BY rank DESC, r.updated_at DESC, r.id
            LIMIT {limit}
        ) AS r)"""
        for resource in resources
    )
    made.sql = f"""
        WITH folded AS MATERIALIZED (SELECT search_fold({whole}) AS whole),
        hits AS MATERIALIZED ({arms})
        SELECT {as_of(EVERYTHING)} AS as_of,
            (SELECT coalesce(json_agg(x), '[]') FROM (
                SELECT h.entity, h.plural, h.id, h.display_id, h.label, h.status, h.is_archived,
                    round(h.rank::numeric, 3) AS rank, h.fields
                FROM hits AS h
                ORDER BY h.rank DESC, h.updated_at DESC, h.id
                LIMIT {limit}
            ) AS x) AS hits,
            (SELECT json_object_agg(c.entity, c.total)
                FROM (SELECT DISTINCT h.entity, h.total FROM hits AS h) AS c) AS counts
    """
    return made


def _rank(resource: Resource, asked: Asked, put: Callable[[str], str]) -> str:
    line = resource.line
    return RANK.format(
        line=line,
        all_words=found(line, asked, put),
        one_letter_off=found(line, asked, put, typos=Typos.ONE_LETTER),
    )


def _fields(resource: Resource) -> str:
    pairs = ", ".join(
        f"'{name}', {resource.computed.get(name, f'r.{name}')}" for name in resource.search
    )
    return f"json_build_object({pairs})"
