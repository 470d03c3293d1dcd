"""The one statement that reads a page of the feed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from db.as_of import EVERYTHING, as_of
from db.events import EVERYONE
from domains.activity.models import ActivityQuery
from domains.kit.actor import Actor
from domains.kit.errors import Invalid
from domains.kit.policy import for_some, seen_whole, within
from domains.kit.resource import Resource
from domains.kit.scope import heads_in, in_teams
from domains.kit.select import Selection

# Words for many kinds of event, by what follows their dot.
TYPES: Final = {
    "changed": ("updated",),
    "moved": ("status_changed",),
    "archived": ("archived", "restored"),
    "deleted": ("deleted", "removed"),
}
PEOPLE: Final = "people"
UUIDS: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
LARGEST_GROUP: Final = 100  # events that are looked at to say what was done to all of a group
LABELS: Final = 5
LABEL: Final = (
    "coalesce({0}.data ->> 'label', {0}.data ->> 'property_address', {0}.data ->> 'full_name',"
    " {0}.data ->> 'name')"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the sentences need beside the changes.

    `held` are fields of the record after the event, `ids` fields whose values stand for somebody or
    for another record of one of the `resources`.
    """

    held: Sequence[str]
    ids: Sequence[str]
    resources: Sequence[Resource]


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    args: Sequence[Any]


# Numbers count in one team's log, and so does what is made of them.
OF_ONE_LOG: Final = ("before_seq", "after_seq", "group", "grouped")


def matching(actor: Actor, query: ActivityQuery, resources: Sequence[Resource]) -> Selection:
    """The events `e` that a query's filters let through, whoever may see them, on any page.

    $1 is the actor's team; where several are read, `o` is the team whose events these are.
    """
    chosen, wide = Selection(), query.wide(actor)
    chosen.add("e.team_id = {}", actor.team_id)
    if wide:
        _refuse_of_one_log(query)
        chosen.conditions = ["e.team_id = o.id"]
    for column, value in (
        ("entity", query.entity),
        ("entity_id", query.entity_id),
        ("actor_id", query.actor),
        ("kind", query.kind),
    ):
        if value is not None:
            chosen.add(f"e.{column} = {{}}", value)
    if query.personal:
        chosen.add("e.actor_id = {}", actor.user_id)
    if query.type is not None:
        _of_types(chosen, query.type.split(","), resources)
    if query.group is not None:
        chosen.add(f"{_group_of('e')} = {{}}", int(query.group))
    # The log's order is that of time: an instant is a place in it.
    first = (
        "(SELECT x.seq FROM events AS x WHERE x.team_id = $1 AND x.at >= {} ORDER BY x.at, x.seq"
        " LIMIT 1)"
    )
    if query.since is not None:
        chosen.add("e.at >= {}" if wide else f"e.seq >= {first}", query.since)
    if query.until is not None:
        until = "e.at < {}" if wide else f"e.seq < coalesce({first}, {2**62})"
        chosen.add(until, query.until)
    if query.after_seq is not None:
        chosen.add("e.seq > {}", query.after_seq)
    return chosen


def _refuse_of_one_log(query: ActivityQuery) -> None:
    for name in OF_ONE_LOG:
        if getattr(query, name):
            raise Invalid.field(name, "is of one team's log; ask for scope=team, or page by until")


def _of_types(chosen: Selection, words: list[str], resources: Sequence[Resource]) -> None:
    if all("." in word for word in words):
        chosen.add("e.kind = ANY ({})", words)
        return
    said = {*words, *(verb for word in words for verb in TYPES.get(word, ()))}
    if "changed" in words:
        said |= {kind for resource in resources for kind in resource.kinds.values()}
    if PEOPLE in words:
        said.add("member")
    chosen.add(
        "(e.kind = ANY ({}) OR e.entity = ANY ({}) OR split_part(e.kind, '.', 2) = ANY ({}))",
        sorted(said),
    )


def page(
    chosen: Selection,
    query: ActivityQuery,
    wanted: Wanted,
    audiences: Sequence[str] | None,
    *,
    shared: bool = False,
    wide: bool = False,
) -> Statement:
    """The newest of what was chosen and is for these audiences, before the query's place.

    `shared` also tells who is shown something else than everybody; `wide` is of all the teams of a
    brokerage, by time.
    """
    args = [*chosen.args]

    def put(value: Any) -> str:
        args.append(value)
        return f"${len(args)}"

    limit = put(query.limit)
    seen = put(None if audiences is None else list(audiences))
    held, ids = put(list(wanted.held)), put(list(wanted.ids))
    visible = chosen.sql if audiences is None else f"{chosen.sql} AND {_visible(seen)}"
    here = visible if query.before_seq is None else f"{visible} AND e.seq < {put(query.before_seq)}"
    order = "page.at DESC, page.t, page.s DESC" if wide else "page.s DESC"
    group = "NULL::json"
    if query.grouped and query.group is None:
        group = _group(visible, wanted, seen)
        here += (
            f" AND NOT EXISTS (SELECT FROM events AS n WHERE {_as('n', visible)}"
            f" AND {_group_of('n')} = {_group_of('e')} AND n.seq > e.seq)"
        )
    sql = f"""
        WITH places AS MATERIALIZED (
            {_newest_of_all(here, limit) if wide else _newest(here, limit)}
        ), page AS MATERIALIZED (
            SELECT e.team_id AS t, e.seq AS s, e.at, e.kind AS k, e.entity AS e, e.entity_id AS id,
                e.version AS ver,
                (SELECT row_to_json(p) FROM (
                    SELECT u.id, u.full_name AS name FROM users AS u WHERE u.id = e.actor_id
                ) AS p) AS a,
                e.op, e.tx_i AS i, e.tx_n AS n,
                coalesce(CASE WHEN {seen_whole("e", seen)} THEN e.changes END, '{{}}') AS ch,
                {LABEL.format("e")} AS label,
                (SELECT json_object_agg(d.key, d.value) FROM json_each(e.data) AS d
                    WHERE d.key = ANY ({held})) AS held,
                {group} AS together
            {OF_PLACES if wide else OF_PLACE}
        ), ids AS MATERIALIZED (
            SELECT ARRAY(
                SELECT DISTINCT found[1]::uuid
                FROM page, json_each(page.ch) AS c,
                    regexp_matches(c.value::text, '({UUIDS})', 'g') AS found
                WHERE c.key = ANY ({ids})
            ) AS named
        )
        SELECT {as_of(EVERYTHING)} AS as_of,
            (SELECT json_agg(page ORDER BY {order})::text FROM page) AS entries,
            {heads_in("$1") if wide else "NULL::json"} AS heads,
            (SELECT json_object_agg(x.id, x.name)::text
                FROM ({_names(wanted, seen, wide=wide)}) AS x) AS names,
            {_apart(chosen, wanted, limit) if shared else "NULL"} AS apart,
            (SELECT t.time_zone FROM teams AS t WHERE t.id = $1) AS zone,
            extract(epoch FROM current_date + 1 - now())::float8 AS day_left
    """
    return Statement(sql, args)


def _newest(here: str, limit: str) -> str:
    return f"SELECT e.seq FROM events AS e WHERE {here} ORDER BY e.seq DESC LIMIT {limit}::int"


def _newest_of_all(here: str, limit: str) -> str:
    """The newest of each team, by its own order, and of those the newest by time."""
    return f"""
        SELECT n.team_id, n.seq
        FROM unnest(teams_beside($1)) AS o (id)
        CROSS JOIN LATERAL (
            SELECT e.team_id, e.seq, e.at
            FROM events AS e
            WHERE {here}
            ORDER BY e.seq DESC
            LIMIT {limit}::int
        ) AS n
        ORDER BY n.at DESC, n.team_id, n.seq DESC
        LIMIT {limit}::int
    """


OF_PLACE: Final = """
    FROM events AS e
    WHERE e.team_id = $1 AND e.seq = ANY (ARRAY(SELECT places.seq FROM places))
"""
OF_PLACES: Final = (
    "FROM places JOIN events AS e ON e.team_id = places.team_id AND e.seq = places.seq"
)


def _as(alias: str, conditions: str) -> str:
    """The same conditions on another row than `e`."""
    return re.sub(r"\be\.", f"{alias}.", conditions)


def _group_of(event: str) -> str:
    columns = ("seq", "tx_i", "tx_n", "actor_id", "kind", "at")
    return f"event_group({', '.join(f'{event}.{column}' for column in columns)})"


def _visible(seen: str) -> str:
    """SQL: what is for these audiences.

    What was told of a record while everybody could see it is hidden with the record that is private
    now; what was told while it was private stays hidden when it is not any more.
    """
    return f"""{for_some("e.audience", seen)} AND NOT EXISTS (
        SELECT FROM private_records AS p
        WHERE p.team_id = $1 AND p.record_id = e.entity_id
            AND NOT {for_some("p.audience", seen)}
    )"""


def _group(visible: str, wanted: Wanted, seen: str) -> str:
    """SQL: what is told of all that the reader may see in the group of `e`; null for one alone."""
    states = " ".join(
        f"WHEN '{resource.name}' THEN m.changes #>> '{{{resource.status},1}}'"
        for resource in wanted.resources
    )
    return f"""(
        SELECT json_build_object(
            'id', g.id, 'count', g.count, 'records', g.records, 'first_seq', g.first_seq,
            'last_seq', g.last_seq, 'since', g.since, 'kinds', g.kinds, 'labels', d.labels,
            'states', d.states, 'fields', d.fields
        )
        FROM (
            SELECT min({_group_of("n")})::text AS id, count(*),
                count(DISTINCT n.entity_id) AS records,
                min(n.seq) AS first_seq, max(n.seq) AS last_seq, min(n.at) AS since,
                array_agg(DISTINCT n.kind) AS kinds,
                (array_agg(n.seq ORDER BY n.seq DESC))[:{LARGEST_GROUP}] AS newest
            FROM events AS n
            WHERE {_as("n", visible)} AND {_group_of("n")} = {_group_of("e")}
        ) AS g
        CROSS JOIN LATERAL (
            SELECT (array_agg(m.label ORDER BY m.seq DESC) FILTER (WHERE m.latest))[:{LABELS}]
                    AS labels,
                array_agg(DISTINCT m.state) FILTER (WHERE m.state IS NOT NULL) AS states,
                (SELECT array_agg(DISTINCT f) FROM unnest(array_agg(m.fields)) AS f) AS fields
            FROM (
                SELECT m.seq, {LABEL.format("m")} AS label,
                    row_number() OVER (PARTITION BY m.entity_id ORDER BY m.seq DESC) = 1 AS latest,
                    CASE WHEN {seen_whole("m", seen)} THEN CASE m.entity {states} END END AS state,
                    CASE WHEN {seen_whole("m", seen)} THEN (
                        SELECT string_agg(c.key, ',' ORDER BY c.key) FROM json_each(m.changes) AS c
                    ) END AS fields
                FROM events AS m
                WHERE m.team_id = $1 AND m.seq = ANY (g.newest)
            ) AS m
        ) AS d
        WHERE g.count > 1
    )"""


def _names(wanted: Wanted, seen: str, *, wide: bool) -> str:
    """SQL: the names of all ids on the page that the reader may know."""
    people = f"""
        SELECT u.id::text, u.full_name AS name
        FROM users AS u
        WHERE u.id = ANY (ARRAY(SELECT unnest(ids.named) FROM ids))
            AND EXISTS (
                SELECT FROM members AS m
                WHERE {in_teams("m.team_id", "$1", wide=wide)} AND m.user_id = u.id
            )
    """
    records = (
        f"""
        SELECT r.id::text, coalesce({resource.label}, r.display_id)
        FROM {resource.table} AS r
        WHERE {in_teams("r.team_id", "$1", wide=wide)}
            AND r.id = ANY (ARRAY(SELECT unnest(ids.named) FROM ids))
            AND {within("r.audience", seen)}
        """
        for resource in wanted.resources
    )
    return " UNION ALL ".join((people, *records))


def _apart(chosen: Selection, wanted: Wanted, limit: str) -> str:
    """SQL: the audiences, but everyone, that are shown more than everyone, or know more names."""
    records = "".join(
        f"""
        UNION ALL
        SELECT r.audience
        FROM {resource.table} AS r
        WHERE r.team_id = $1 AND r.id = ANY (ARRAY(SELECT unnest(ids.named) FROM ids))
        """
        for resource in wanted.resources
    )
    return f"""(
        SELECT array_agg(DISTINCT x.audience)
        FROM (
            SELECT unnest(ARRAY[e.audience, e.audience_before, p.audience]) AS audience
            FROM events AS e
            LEFT JOIN private_records AS p ON p.team_id = e.team_id AND p.record_id = e.entity_id
            WHERE {chosen.sql} AND e.seq >= coalesce(
                (SELECT min(places.seq) FROM places HAVING count(*) >= {limit}::int), 0)
            {records}
        ) AS x
        WHERE x.audience <> '{EVERYONE}'
    )"""
