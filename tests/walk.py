"""Every resource and every write it offers, as cases that a test can be run for."""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from db.database import Database
from db.events import heads, read_after
from domains import DOMAINS
from domains.kit.child import Child
from domains.kit.endpoint import Endpoint, Method
from domains.kit.resource import Resource
from domains.kit.services import Services
from tests.api.client import Answer, Client
from tests.examples import EXAMPLES, LINKED, ChildExample
from tests.factories import Team, fields, move_to

RESOURCES: list[Resource] = [domain.resource for domain in DOMAINS if domain.resource]
Act = Callable[..., Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Write:
    """A write to try: the endpoint it goes by, the event it leaves, on how many records.

    `first` is what was done to the records before: archive, delete, a verb of their own, a status
    they were moved to. `shared` is a write that private records know nothing of. `kinds` are those
    of the events, where they are not all of one kind. `others` are the records of other kinds that
    are written with them.
    """

    verb: str
    kind: str
    act: Act
    first: str | None = None
    records: int = 1
    again: bool = True  # doing it twice is doing it once
    shared: bool = False
    kinds: tuple[str, ...] = ()
    others: int = 0


def _one(method: Method, path: str = "", body: Callable[[Resource], Any] | None = None) -> Act:
    async def act(by: Client, resource: Resource, records: list[Any], **said: Any) -> Answer:
        where = f"/{resource.plural}/{records[0]['id']}{path}"
        return await by.ask(method, where, body(resource) if body else None, **said)

    return act


def _batch(op: str, changes: Callable[[Resource], Any] | None = None) -> Act:
    async def act(by: Client, resource: Resource, records: list[Any], **said: Any) -> Answer:
        body = {"op": op, "ids": [record["id"] for record in records[:2]]}
        if changes:
            body["changes"] = changes(resource)
        return await by.post(f"/{resource.plural}/batch", body, **said)

    return act


def _own(verb: str) -> Callable[[Resource], Any]:
    return lambda resource: dict(EXAMPLES[resource.plural].verbs[verb])


async def _create(by: Client, resource: Resource, _: list[Any], **said: Any) -> Answer:
    return await by.post(f"/{resource.plural}", fields(resource), **said)


def a_change(resource: Resource) -> dict[str, Any]:
    return dict(EXAMPLES[resource.plural].change)


def other_change(resource: Resource) -> dict[str, Any]:
    return dict(EXAMPLES[resource.plural].other)


def a_text(resource: Resource) -> str:
    """A field of any text that a new record leaves empty."""
    (name,) = other_change(resource)
    return name


async def full(by: Client, resource: Resource) -> dict[str, Any]:
    """A body with every field of a new record, for which the records it names are made."""
    body = dict(EXAMPLES[resource.plural].full)
    for column, table in resource.links.items():
        (kind,) = [each for each in RESOURCES if each.table == table]
        linked = (await by.make(kind))["id"]
        body[column] = [linked] if body[column] == [LINKED] else linked
    return body


def child_example(resource: Resource, child: Child) -> ChildExample:
    return EXAMPLES[resource.plural].children[child.plural]


def rows_in(child: Child, record: Any) -> list[Any]:
    """The rows of a kind that a record's image tells of; of those apart, the last one."""
    if child.apart:
        return [record[child.last]] if record[child.last] else []
    return list(record[child.plural])


async def with_rows(by: Client, resource: Resource, record: Any) -> Any:
    """The record, with a row of each kind that may belong to it."""
    for child in resource.children:
        if not rows_in(child, record):
            await add_row(by, resource, child, record)
    return (await by.get(f"/{resource.plural}/{record['id']}")).data


async def add_row(by: Client, resource: Resource, child: Child, record: Any) -> Any:
    path = f"/{resource.plural}/{record['id']}/{child.plural}"
    added = await by.post(path, dict(child_example(resource, child).least))
    assert added.status == 201, added.body
    return added.data


def parts_of(endpoint: Endpoint, resource: Resource, record: Any) -> dict[str, str]:
    """What the braces of an endpoint's path stand for: the record, and its first row of a kind."""
    parts = {"id": record["id"]}
    if "{grantee}" in endpoint.path:
        parts["grantee"] = GRANT["grantee"]
    if "{other_id}" in endpoint.path:
        parts["other_id"] = next(iter(record["distinct_from"]), str(uuid4()))
    for child in resource.children:
        if f"{{{child.name}_id}}" in endpoint.path:
            rows = rows_in(child, record)
            parts[f"{child.name}_id"] = rows[0]["id"] if rows else str(uuid4())
    return parts


def a_body(endpoint: Endpoint, resource: Resource, record: Any = None) -> dict[str, Any] | None:
    """A body that the endpoint would take for this record."""
    if endpoint.body is None:
        return None
    bodies: dict[str, Any] = {
        "create": fields(resource),
        "update": a_change(resource),
        "put": other_change(resource),
        "status": first_move(resource),
        "batch": {"op": "archive", "ids": [record["id"] if record else str(uuid4())]},
        "price": {"list_price": 1},
        "relist": {},
        "convert": {},
        "grant": GRANT,
        "tags": {"add": ["VIP"]},
        "merge": {"other_id": str(uuid4())},
        "distinct": {"other_id": str(uuid4())},
        "unmerge": {"merge": uuid4().hex},
        "primary_role": {"role": "agent"},
        **EXAMPLES[resource.plural].verbs,
    }
    for child in resource.children:
        example = child_example(resource, child)
        bodies[f"add_{child.name}"] = dict(example.least)
        bodies[f"update_{child.name}"] = bodies[f"put_{child.name}"] = dict(example.change)
    body: dict[str, Any] = bodies[endpoint.name.split(":")[1]]
    return body


async def made_fit(by: Client, resource: Resource, verb: str, record: Any) -> dict[str, Any] | None:
    """A body of a verb that takes another record with it, which is made; None for any other."""
    if verb not in ("distinct", "merge", "unmerge"):
        return None
    other = {"other_id": (await by.make(resource))["id"]}
    if verb != "unmerge":
        return other
    merged = await by.post(f"/{resource.plural}/{record['id']}/merge", other)
    return {"merge": merged.meta["seq"]}


async def _merge(by: Client, resource: Resource, records: list[Any], **said: Any) -> Answer:
    one, other = records[:2]
    return await by.post(f"/{resource.plural}/{one['id']}/merge", {"other_id": other["id"]}, **said)


async def _distinct(by: Client, resource: Resource, records: list[Any], **said: Any) -> Answer:
    one, other = records[:2]
    path = f"/{resource.plural}/{one['id']}/distinct"
    return await by.post(path, {"other_id": other["id"]}, **said)


async def _undistinct(by: Client, resource: Resource, records: list[Any], **said: Any) -> Answer:
    one, other = records[:2]
    return await by.delete(f"/{resource.plural}/{one['id']}/distinct/{other['id']}", **said)


async def _unmerge(by: Client, resource: Resource, records: list[Any], **said: Any) -> Answer:
    body = {"merge": f"merge-{records[0]['id']}"}
    return await by.post(f"/{resource.plural}/{records[0]['id']}/unmerge", body, **said)


def first_move(resource: Resource) -> dict[str, Any]:
    start = str(resource.create.model_fields[resource.status].default)
    return move_to(resource, next(iter(resource.transitions[start])))


GRANT = {"grantee": "broker", "can_edit": True}  # which nobody's id is needed for

WRITES = [
    Write("create", "created", _create, again=False),
    Write("update", "updated", _one(Method.PATCH, "", a_change)),
    Write("put", "updated", _one(Method.PUT, "", other_change)),
    Write("status", "status_changed", _one(Method.PATCH, "/status", first_move)),
    Write("archive", "archived", _one(Method.PATCH, "/archive")),
    Write("restore", "restored", _one(Method.PATCH, "/restore"), first="archive"),
    Write("restore", "restored", _one(Method.PATCH, "/restore"), first="delete"),
    Write("delete", "deleted", _one(Method.DELETE), again=False),
    Write("grant", "grants_changed", _one(Method.PUT, "/grants", lambda _: GRANT)),
    Write(
        "revoke",
        "grants_changed",
        _one(Method.DELETE, f"/grants/{GRANT['grantee']}"),
        first="grant",
    ),
    Write("batch", "updated", _batch("update", a_change), records=2),
    Write("batch", "status_changed", _batch("status", first_move), records=2),
    Write("batch", "archived", _batch("archive"), records=2),
    Write("batch", "restored", _batch("restore"), first="delete", records=2),
    Write("batch", "deleted", _batch("delete"), records=2, again=False),
]
# What a resource offers beside the common verbs.
OWN = {
    "leads": [
        Write("claim", "claimed", _one(Method.POST, "/claim"), first="release", shared=True),
        Write("release", "released", _one(Method.POST, "/release"), shared=True),
        Write(
            "convert",
            "converted",
            _one(Method.POST, "/convert", lambda _: {}),
            first="qualified",
            others=1,
        ),
        Write("route", "assigned", _one(Method.POST, "/route"), first="rule", shared=True),
    ],
    "listings": [
        Write(
            "price",
            "price_changed",
            _one(Method.POST, "/price", lambda _: {"list_price": 475000.25}),
            first="active",
        ),
        Write(
            "relist",
            "created",
            _one(Method.POST, "/relist", lambda _: {"list_price": 480000}),
            first="cancelled",
            again=False,
        ),
    ],
    "clients": [
        Write("tags", "updated", _one(Method.PATCH, "/tags", lambda _: {"add": ["VIP"]})),
    ],
    "contacts": [
        Write("distinct", "told_apart", _distinct, records=2),
        Write("undistinct", "compared_again", _undistinct, first="distinct", records=2),
        Write("merge", "merged", _merge, records=2, again=False, kinds=("merged", "deleted")),
        Write(
            "unmerge",
            "unmerged",
            _unmerge,
            first="merge",
            records=2,
            again=False,
            kinds=("unmerged", "restored"),
        ),
        Write(
            "primary_role",
            "role_updated",
            _one(Method.PUT, "/roles/primary", lambda _: {"role": "agent"}),
        ),
    ],
    "appointments": [
        Write("confirm", "status_changed", _one(Method.POST, "/confirm", _own("confirm"))),
        Write("cancel", "status_changed", _one(Method.POST, "/cancel", _own("cancel"))),
        Write("complete", "status_changed", _one(Method.POST, "/complete"), first="begun"),
        Write("reschedule", "status_changed", _one(Method.POST, "/reschedule", _own("reschedule"))),
    ],
}


def writes_of(resource: Resource) -> list[Write]:
    of_children = [each for child in resource.children for each in child_writes(child)]
    return [*WRITES, *OWN.get(resource.plural, []), *of_children]


def child_writes(child: Child) -> list[Write]:
    """A row is added to the first record, or the one that it has is changed, or removed."""
    name = child.name

    def act(method: Method) -> Act:
        async def run(by: Client, resource: Resource, records: list[Any], **said: Any) -> Answer:
            path = f"/{resource.plural}/{records[0]['id']}/{child.plural}"
            example = child_example(resource, child)
            if method is Method.POST:
                return await by.post(path, dict(example.least), **said)
            rows = rows_in(child, records[0])
            row = rows[0]["id"] if rows else uuid4()
            body = None if method is Method.DELETE else dict(example.change)
            return await by.ask(method, f"{path}/{row}", body, **said)

        return run

    return [
        Write(f"add_{name}", f"{name}_added", act(Method.POST), again=False),
        Write(f"update_{name}", f"{name}_updated", act(Method.PATCH), first=name),
        Write(f"put_{name}", f"{name}_updated", act(Method.PUT), first=name),
        Write(f"remove_{name}", f"{name}_removed", act(Method.DELETE), first=name, again=False),
    ]


def cases() -> Iterable[Any]:
    """(resource, write) with a name to know it by."""
    for resource in RESOURCES:
        for write in writes_of(resource):
            after = f"-after-{write.first}" if write.first else ""
            yield resource, write, f"{resource.plural}:{write.verb}-{write.kind}{after}"


def endpoints_of(services: Services, resource: Resource) -> list[Endpoint]:
    (domain,) = [domain for domain in DOMAINS if domain.resource is resource]
    return domain.endpoints(services)


async def made_ready(
    by: Client, resource: Resource, first: str | None, **changes: Any
) -> list[Any]:
    """Three records, to which the write's `first` was done already."""
    if first in resource.transitions:
        return [await by.make(resource, first, **changes) for _ in range(3)]
    ready = EXAMPLES[resource.plural].ready.get(first or "", dict)()
    records = [await by.make(resource, **{**ready, **changes}) for _ in range(3)]
    rows = [child for child in resource.children if child.name == first]
    if rows or first == "distinct":
        for record in records if rows else ():
            await add_row(by, resource, rows[0], record)
        if not rows:
            await _distinct(by, resource, records)
        return [(await by.get(f"/{resource.plural}/{record['id']}")).data for record in records]
    if first == "rule":
        await by.post("/lead-routing/rules", {"name": "All", "strategy": "round_robin"})
        return records
    if first == "merge":
        merged = await _merge(by, resource, records, key=f"merge-{records[0]['id']}")
        gone = (await by.get(f"/{resource.plural}/{records[1]['id']}/history")).data[0]
        now = {name: new for name, (_, new) in gone["changes"].items()}
        return [merged.data, {**records[1], **now, "version": gone["version"]}, records[2]]
    ways = {
        "archive": (Method.PATCH, "/archive", None),
        "delete": (Method.DELETE, "", None),
        "release": (Method.POST, "/release", None),
        "grant": (Method.PUT, "/grants", GRANT),
    }
    if first not in ways:
        return records
    method, path, body = ways[first]
    return [
        (await by.ask(method, f"/{resource.plural}/{record['id']}{path}", body)).data
        for record in records
    ]


async def head(db: Database, team: Team) -> int:
    return (await heads(db, [team.id]))[team.id].seq


async def told(db: Database, team: Team, after: int = 0) -> list[Any]:
    """The team's events as screens get them, with money still exact."""
    events = await read_after(db, team.id, after)
    return [json.loads(event.wire, parse_float=Decimal) for event in events]


async def everything(by: Client, resource: Resource) -> dict[str, Any]:
    """A fresh read of all records, archived ones too, by id."""
    records = [*await by.all(resource), *await by.all(resource, archived="true")]
    return {record["id"]: record for record in records}


def apply(screen: dict[str, Any], events: Iterable[Any]) -> None:
    """What docs/protocol.md asks of a client: the image is absolute, the newer version wins."""
    for event in events:
        if event["k"].endswith((".deleted", ".withdrawn")):
            screen.pop(event["id"], None)
        elif event["ver"] > screen.get(event["id"], {"version": 0})["version"]:
            screen[event["id"]] = event["d"]
