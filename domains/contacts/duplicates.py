"""Contacts that may be the same person: found by the keys they share, judged by what is alike.

Two contacts are looked at only where one of their match_keys is the same (migration 0012): an
address, a number, a licence, the whole name whatever its order, its sound, or one word of it beside
the first letter of another. So no contact is compared with all others, whatever the team's size.
"""

from collections.abc import Sequence
from uuid import UUID

from db.as_of import AsOf, as_of
from db.database import Database
from db.transaction import Transaction
from domains.contacts.models import DuplicateQuery, PairQuery
from domains.contacts.resource import CONTACTS
from domains.kit.actor import Actor
from domains.kit.endpoint import Reply
from domains.kit.policy import allow, audiences_of, within
from domains.kit.rows import key_of
from domains.kit.successor import absent

WARNED = 5  # likely ones that who adds a contact is told of
WORTH_SAYING = 0.5
# What more than this many contacts share (an office's number, a name that half the town bears)
# tells no two of them apart from the rest.
COMMON = 50
ALIKE = 0.8  # names less alike than this are different names

# How far each likeness goes towards "the same person"; together they go further, for each takes its
# part of the doubt that the others left. `w` has what is alike in the contacts `a` and `b`.
SCORE = f"""round((
    (1 - (1 - 0.9 * w.email::int) * (1 - 0.75 * w.phone::int) * (1 - 0.9 * w.license_number::int)
        * (1 - 0.3 * coalesce(a.birthday = b.birthday, false)::int)
        * (1 - 0.1 * coalesce(lower(a.company) = lower(b.company), false)::int)
        * (1 - CASE
            WHEN w.name THEN 0.65
            WHEN w.likeness >= {ALIKE} THEN 0.62 * w.likeness
            WHEN w.sound THEN 0.5
            ELSE 0
        END))
    * CASE WHEN a.birthday <> b.birthday THEN 0.6 ELSE 1 END)::numeric, 2)"""
REASONS = f"""(
    SELECT json_agg(json_build_object('field', why.field, 'how', why.how))
    FROM (VALUES
        ('email', 'same', w.email), ('phone', 'same', w.phone),
        ('license_number', 'same', w.license_number), ('name', 'same', w.name),
        ('name', 'similar', NOT w.name AND w.likeness >= {ALIKE}),
        ('name', 'sounds_alike', w.likeness < {ALIKE} AND w.sound),
        ('company', 'same', lower(a.company) = lower(b.company)),
        ('birthday', 'same', a.birthday = b.birthday),
        ('birthday', 'differs', a.birthday <> b.birthday)
    ) AS why (field, how, yes)
    WHERE why.yes
)"""
LIKENESS = """(CASE WHEN {name} THEN 1 ELSE greatest(
        similarity(a.name_key, b.name_key)::float8,
        1 - levenshtein(left(a.name_key, 200), left(b.name_key, 200))::float8
            / greatest(length(a.name_key), length(b.name_key), 1)
    ) END)"""
# What the kinds of the keys tell that two contacts share.
KINDS = ", ".join(
    f"coalesce(bool_or({{kind}} = '{kind}'), false) AS {name}"
    for kind, name in {
        "e": "email", "p": "phone", "l": "license_number", "n": "name", "s": "sound"
    }.items()
)  # fmt: skip


# Nobody said that they are two; what was said of one that was merged since holds for who it is now.
UNDECIDED = """NOT (a.distinct_from && (b.merged_from || b.id))
            AND NOT (b.distinct_from && (a.merged_from || a.id))"""


def _brief(row: str) -> str:
    """SQL: as much of the contact as it takes to tell it from another one."""
    roles = (
        "(SELECT coalesce(json_agg(c.role ORDER BY c.is_primary DESC, c.created_at, c.id), '[]')"
        f" FROM contact_roles AS c WHERE c.contact_id = {row}.id)"
    )
    names = ("id", "display_id", "full_name", "company", "email", "phone", "birthday")
    told = ", ".join(f"{row}.{name}" for name in names)
    rest = f"{row}.owner_id, {row}.created_at, {row}.version"
    return f"(SELECT row_to_json(x) FROM (SELECT {told}, {roles} AS roles, {rest}) AS x)"


# $1 the team, $2 the contact, $3 the reader's audiences, $4 the least score, $5 how many.
LIKE_ONE = f"""
    SELECT coalesce(json_agg(
            json_build_object('score', d.score, 'reasons', d.reasons, 'contact', d.contact)
            ORDER BY d.score DESC, d.created_at, d.id
        ), '[]')::text AS found,
        coalesce(array_agg(d.id), '{{}}') AS ids
    FROM (
        SELECT b.id, b.created_at, s.score, {REASONS} AS reasons, {_brief("b")} AS contact
        FROM contacts AS a
        CROSS JOIN LATERAL (
            SELECT array_agg(k.key) AS keys
            FROM unnest(a.match_keys) AS k (key)
            WHERE {COMMON} >= (
                SELECT count(*) FROM (
                    SELECT FROM contacts AS c
                    WHERE c.match_keys @> ARRAY[k.key] AND c.deleted_at IS NULL
                        AND {within("c.audience", "$3")}
                    LIMIT {COMMON} + 1
                ) AS have
            )
        ) AS rare
        JOIN contacts AS b ON b.match_keys && rare.keys
            AND b.deleted_at IS NULL AND b.team_id = a.team_id AND b.id <> a.id
            AND {within("b.audience", "$3")}
        CROSS JOIN LATERAL (
            SELECT {KINDS.format(kind="substr(k.key, 9, 1)")}
            FROM unnest(rare.keys) AS k (key)
            WHERE k.key = ANY (b.match_keys)
        ) AS f
        CROSS JOIN LATERAL (
            -- Judged once, however often it is looked at.
            SELECT f.*, {LIKENESS.format(name="f.name")} AS likeness OFFSET 0
        ) AS w
        CROSS JOIN LATERAL (SELECT {SCORE} AS score) AS s
        WHERE a.id = $2 AND a.team_id = $1 AND s.score >= $4 AND {UNDECIDED}
        ORDER BY s.score DESC, b.created_at, b.id
        LIMIT $5
    ) AS d
"""
# $1 the team, $2 the reader's audiences, $3 the least score, $4 how many, $5 from where on.
PAIRS = f"""
    WITH seen AS MATERIALIZED (
        SELECT r.id, r.match_keys, r.name_key, r.company, r.birthday,
            r.merged_from, r.distinct_from,
            row_number() OVER (ORDER BY r.created_at, r.id)::int AS n
        FROM contacts AS r
        WHERE r.team_id = $1 AND r.deleted_at IS NULL AND r.archived_at IS NULL
            AND {within("r.audience", "$2")}
    ),
    shared AS (
        SELECT substr(k.key, 9, 1) AS kind, array_agg(seen.n) AS ns
        FROM seen, unnest(seen.match_keys) AS k (key)
        GROUP BY k.key
        HAVING count(*) BETWEEN 2 AND {COMMON}
    ),
    pairs AS (
        SELECT x.n AS one, y.n AS other, {KINDS.format(kind="shared.kind")}
        FROM shared, unnest(shared.ns) AS x (n), unnest(shared.ns) AS y (n)
        WHERE x.n < y.n
        GROUP BY x.n, y.n
    ),
    judged AS MATERIALIZED (
        SELECT a.id AS a_id, b.id AS b_id, w.*, s.score
        FROM pairs AS f
        JOIN seen AS a ON a.n = f.one
        JOIN seen AS b ON b.n = f.other
        CROSS JOIN LATERAL (
            -- Judged once, however often it is looked at.
            SELECT f.*, {LIKENESS.format(name="f.name")} AS likeness OFFSET 0
        ) AS w
        CROSS JOIN LATERAL (SELECT {SCORE} AS score) AS s
        WHERE s.score >= $3 AND {UNDECIDED}
    )
    SELECT (SELECT count(*) FROM judged) AS total,
        (SELECT coalesce(json_agg(p), '[]')::text FROM (
            SELECT w.score, {REASONS} AS reasons,
                json_build_array({_brief("a")}, {_brief("b")}) AS contacts
            FROM (
                SELECT * FROM judged ORDER BY score DESC, one, other LIMIT $4 OFFSET $5
            ) AS w
            JOIN contacts AS a ON a.id = w.a_id
            JOIN contacts AS b ON b.id = w.b_id
            ORDER BY w.score DESC, w.one, w.other
        ) AS p) AS found,
        {as_of(CONTACTS.topics)} AS as_of
"""


async def of_one(db: Database, actor: Actor, key: str, query: DuplicateQuery) -> Reply:
    """Who else a contact may be, as far as the reader sees; archived ones too."""
    allow(actor, CONTACTS.readers, "see contacts")
    column, value = key_of(CONTACTS, key)
    sees = audiences_of(actor)
    row = await db.fetchrow(
        f"""
        SELECT like_one.found, {as_of(CONTACTS.topics)} AS as_of
        FROM contacts AS r
        CROSS JOIN LATERAL ({LIKE_ONE.replace("$2", "r.id")}) AS like_one
        WHERE r.team_id = $1 AND r.{column} = $2 AND r.deleted_at IS NULL
            AND {within("r.audience", "$3")}
        """,
        actor.team_id,
        value,
        sees,
        query.min_score,
        query.limit,
    )
    if row is None:
        raise await absent(
            db, CONTACTS, key, team_id=actor.team_id, column=column, value=value, sees=sees
        )
    return Reply(row["found"].encode(), as_of=AsOf.read(row["as_of"]))


async def pairs(db: Database, actor: Actor, query: PairQuery) -> Reply:
    """All pairs of the team's contacts that may be one person, as far as the reader sees both."""
    allow(actor, CONTACTS.readers, "see contacts")
    row = await db.one(
        PAIRS,
        actor.team_id,
        audiences_of(actor),
        query.min_score,
        query.limit,
        (query.page - 1) * query.limit,
    )
    pages = -(-row["total"] // query.limit)
    return Reply(
        row["found"].encode(),
        as_of=AsOf.read(row["as_of"]),
        pagination=(
            f'{{"page":{query.page},"limit":{query.limit},"total":{row["total"]},'
            f'"pages":{pages},"next_cursor":null}}'
        ).encode(),
    )


async def likely(tx: Transaction, contact_id: UUID) -> tuple[str, Sequence[UUID]]:
    """Who a contact that was just written may be, and their ids."""
    row = await tx.one(LIKE_ONE, tx.team_id, contact_id, tx.writer.sees, WORTH_SAYING, WARNED)
    return row["found"], row["ids"]
