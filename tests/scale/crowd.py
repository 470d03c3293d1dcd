"""A team with very many records of every kind, beside other teams as large.

One of each is made by the verb that everybody uses, and copied by Postgres.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from db.database import Database
from domains.kit.actor import Actor, Role
from domains.kit.child import Child
from domains.kit.resource import Resource
from tests.api.client import Client
from tests.factories import Team, new_brokerage, new_member, new_team
from tests.walk import RESOURCES, child_example

COUNTS = {"clients": 10_000, "listings": 5_000}
OTHERWISE = 2_500  # of each other kind
BESIDE = 11  # teams with so many of each: what is read must be found among theirs
SMALL = 30  # teams with FEW of each: were there a dozen teams, ten of them were the whole table
FEW = 20
OPERATIONS = 15_000  # of which every tenth changed BATCH records: 50,000 events and some more
BATCH = 25
LIVELY = 300  # records of a kind that anything happens to
STEP = "8 hours"  # from one copy to the next, back in time: appointments do not overlap

COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
        EXISTS (
            SELECT FROM pg_index AS i
            WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey)
        ) AS is_unique
    FROM pg_attribute AS a
    WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attgenerated = '' AND a.attidentity = ''
"""


@dataclass(frozen=True, slots=True)
class Crowd:
    team: Team
    samples: dict[str, Any]  # one record of each kind, by plural
    broker: Actor  # of the team and of another one

    @property
    def people(self) -> list[Actor]:
        return people_of(self.team)


def people_of(team: Team) -> list[Actor]:
    return [team.owner, team.lead, team.agent, team.viewer]


async def crowd(db: Database, url: str, team: Team, lead: Client) -> Crowd:
    samples = {resource.plural: await lead.make(resource) for resource in RESOURCES}
    others = [await new_team(db) for _ in range(BESIDE)]
    small = [await new_team(db) for _ in range(SMALL)]
    for resource in RESOURCES:
        sample = samples[resource.plural]
        for child in resource.children:
            body = dict(child_example(resource, child).least)
            added = await lead.post(f"/{resource.plural}/{sample['id']}/{child.plural}", body)
            assert added.status < 300, added.body
        await _copy(db, resource, sample["id"], team, COUNTS.get(resource.plural, OTHERWISE))
        for other in others:
            await _copy(db, resource, sample["id"], other, OTHERWISE)
        for other in small:
            await _copy(db, resource, sample["id"], other, FEW)
    await _live(db, team, OPERATIONS)
    for other in others[:2]:
        await _live(db, other, OPERATIONS // 5)
    # As autovacuum leaves it after a while: an index alone tells nothing of pages not seen to.
    admin = await asyncpg.connect(url)
    try:
        await admin.execute("VACUUM ANALYZE", timeout=300)
    finally:
        await admin.close()
    await new_brokerage(db, team, others[0])
    return Crowd(team, samples, await new_member(db, team.id, Role.BROKER))


async def _copy(db: Database, resource: Resource, sample: str, team: Team, count: int) -> None:
    people = people_of(team)
    columns = await db.fetch(COLUMNS, resource.table)
    values = {row["name"]: _value(resource, row["name"], row["type"]) for row in columns}
    async with db.transaction() as rows:
        await rows.execute("SET LOCAL statement_timeout = 0")
        await rows.execute(
            f"""
            INSERT INTO {resource.table} ({", ".join(values)})
            SELECT {", ".join(values.values())}
            FROM {resource.table} AS r, generate_series(1, $3::int) AS n
            WHERE r.id = $1 AND $2::uuid IS NOT NULL AND $4::uuid[] IS NOT NULL
            """,
            UUID(sample),
            team.id,
            count,
            [person.user_id for person in people],
            timeout=300,
        )
        for child in resource.children:
            await _copy_children(db, rows, resource, child, sample, team)


def _value(resource: Resource, name: str, kind: str) -> str:
    """SQL: what the n-th copy has in a column."""
    own = {
        "id": "gen_random_uuid()",
        "team_id": "$2",
        "display_id": f"'{resource.prefix}-2020-' || lpad(n::text, 6, '0')",
        "owner_id": "($4::uuid[])[1 + n % 4]",
        "created_by": "($4::uuid[])[1]",
        "last_modified_by": "($4::uuid[])[1]",
        "is_private": "(n % 25 = 0)",
        resource.status: _states(resource),
    }
    if name in own:
        return own[name]
    if kind == "text" and (name in resource.unique or name in resource.search):
        return f"r.{name} || ' ' || n"
    if kind == "timestamp with time zone":
        return f"r.{name} - n * interval '{STEP}'"
    if kind == "numeric":
        return f"r.{name} + n % 1000"
    if kind == "date":
        return f"r.{name} - n % 300"
    return f"r.{name}"


def _states(resource: Resource) -> str:
    states = ", ".join(f"'{state}'" for state in resource.entry)
    return f"(ARRAY[{states}])[1 + n % {len(resource.entry)}]"


async def _copy_children(
    db: Database, rows: Any, resource: Resource, child: Child, sample: str, team: Team
) -> None:
    own = {
        "id": "gen_random_uuid()",
        "team_id": "p.team_id",
        child.parent: "p.id",
        "created_by": "p.created_by",
    }
    names = [row["name"] for row in await db.fetch(COLUMNS, child.table)]
    values = {name: own.get(name, f"c.{name}") for name in names}
    await rows.execute(
        f"""
        INSERT INTO {child.table} ({", ".join(values)})
        SELECT {", ".join(values.values())}
        FROM {child.table} AS c, {resource.table} AS p
        WHERE c.{child.parent} = $1 AND p.team_id = $2
            AND p.display_id LIKE '{resource.prefix}-2020-%'
        ORDER BY {child.order}
        """,
        UUID(sample),
        team.id,
        timeout=300,
    )


async def _live(db: Database, team: Team, operations: int) -> None:
    """Changes of its records by all its people, through the log's own function.

    Every tenth operation is one of many records.
    """
    # Images as small as they can be: what is looked at are the plans, and nobody reads them.
    of_all = " UNION ALL ".join(
        f"""(
            SELECT '{resource.name}' AS entity, r.id, r.audience, '{resource.status}' AS status,
                json_build_object('id', r.id, 'label', {resource.label},
                    '{resource.status}', r.{resource.status})::text AS image
            FROM {resource.table} AS r
            WHERE r.team_id = '{team.id}'
            LIMIT {LIVELY}
        )"""
        for resource in RESOURCES
    )
    people = [person.user_id for person in people_of(team)]
    async with db.transaction() as rows:
        await rows.execute("SET LOCAL statement_timeout = 0")
        await rows.execute(
            f"""
            CREATE TEMPORARY TABLE lived ON COMMIT DROP AS
            SELECT row_number() OVER (ORDER BY md5(x.id::text)) AS n, x.*
            FROM ({of_all}) AS x
            """,
            timeout=300,
        )
        await rows.execute("CREATE UNIQUE INDEX ON lived (n)")
        await rows.fetchval(
            """
            SELECT count(e.seq)
            FROM generate_series(1, $3::int) AS g
            CROSS JOIN LATERAL (
                SELECT array_agg(
                        l.entity || (ARRAY['.updated', '.status_changed', '.archived'])[1 + g % 3]
                    ) AS kinds,
                    array_agg(l.entity) AS entities, array_agg(l.id) AS ids,
                    array_agg((l.n - l.n + g + 1)::int) AS versions,
                    array_agg(l.audience) AS audiences,
                    array_agg(l.image) AS images,
                    array_agg(json_build_object('label', 'before', l.status, g)::text) AS befores
                FROM lived AS l
                WHERE l.n BETWEEN 1 + g % $4::int
                    AND 1 + g % $4::int + CASE WHEN g % 10 = 0 THEN $5::int - 1 ELSE 0 END
            ) AS b
            CROSS JOIN LATERAL append_events(
                $1, ($2::uuid[])[1 + g % 4], 'op ' || g, b.kinds, b.entities, b.ids, b.versions,
                b.audiences, b.audiences, b.images, b.befores, ARRAY['version', 'label']
            ) AS e
            """,
            team.id,
            people,
            operations,
            await rows.fetchval("SELECT count(*)::int - 100 FROM lived"),
            BATCH,
            timeout=300,
        )
