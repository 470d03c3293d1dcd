"""Every field of every resource: it has a column, keeps what it takes, and refuses the rest."""

import json
import types
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from db.events import first_bad
from domains.kit.batch import Batch
from domains.kit.resource import SHARED_COMPUTED, Resource
from server.keys import SERVICES
from tests.api.client import Api, Client, exact
from tests.examples import EXAMPLES
from tests.factories import Team, new_member, without
from tests.walk import (
    RESOURCES,
    a_body,
    endpoints_of,
    everything,
    head,
    parts_of,
    told,
    with_rows,
)
from tests.walk import full as a_full_one

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)

# What a record knows of itself: its transaction sets it, and nobody sends it.
KEPT = {"team_id", "display_id", "owner_id", "audience", "created_by", "last_modified_by"}


def computed(resource: Resource) -> set[str]:
    children = {name for child in resource.children for name in child.in_image}
    own = {*resource.computed, *children, "allowed_transitions", "label"}
    return {*SHARED_COMPUTED, *own} - {"last_modified_by"}


async def columns(api: Api, resource: Resource) -> dict[str, Any]:
    rows = await api.db.fetch(
        """
        SELECT column_name, is_nullable = 'YES' AS nullable,
            column_default IS NOT NULL OR is_generated = 'ALWAYS' AS filled
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = $1
        """,
        resource.table,
    )
    return {row["column_name"]: row for row in rows}


def may_be_null(model: type[Any], name: str) -> bool:
    return types.NoneType in get_args(model.model_fields[name].annotation)


@each_resource
async def test_a_model_and_its_table_agree(api: Api, resource: Resource) -> None:
    table = await columns(api, resource)
    stored = set(resource.image.model_fields) - computed(resource)
    assert stored <= table.keys()
    for name in stored:
        assert may_be_null(resource.image, name) == table[name]["nullable"], name
    # A new row has a value for every column that must have one.
    derived = {"original_list_price"} & stored
    required = {n for n, column in table.items() if not column["nullable"] and not column["filled"]}
    sent = {n for n in resource.create.model_fields if not may_be_null(resource.create, n)}
    assert required <= sent | KEPT | derived


@each_resource
def test_what_can_be_written_can_be_read(resource: Resource) -> None:
    readable = set(resource.image.model_fields)
    assert set(resource.create.model_fields) <= readable
    assert set(resource.patch.model_fields) <= readable
    words = {"status", "reason", "effective_date"}
    assert set(resource.move.model_fields) - words <= readable
    rows = {child.plural for child in resource.children}  # have endpoints of their own
    assert set(resource.create.model_fields) - {"owner_id", *rows} < set(
        resource.patch.model_fields
    )


@each_resource
async def test_a_record_with_every_field_reads_back_as_it_was_written(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    full = await a_full_one(lead, resource)
    assert full.keys() == resource.create.model_fields.keys() - {"owner_id"}
    made = await lead.post(f"/{resource.plural}", full)
    assert made.status == 201, made.body
    for child in resource.children:
        name = child.plural
        if isinstance(full.get(name), list):  # a text may have the name of rows that stand apart
            rows = [{key: row[key] for key in full[name][0]} for row in made.data[name]]
            assert rows == exact(full.pop(name))
    assert {name: made.data[name] for name in full} == exact(full)
    event = (await told(api.db, team))[-1]
    assert event.get("d", made.data) == made.data
    # ... and a null empties each field that may be empty.
    one = f"/{resource.plural}/{made.data['id']}"
    fields = resource.patch.model_fields
    empty = {n: None for n in full if n in fields and may_be_null(resource.patch, n)}
    kept = ("buyer_name", "seller_name", *EXAMPLES[resource.plural].asks)
    empty = without(empty, *kept)
    emptied = await lead.patch(one, empty)
    assert emptied.status == 200, emptied.body
    assert all(emptied.data[name] is None for name in empty)


@each_resource
async def test_every_field_of_a_patch_can_be_changed_alone(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    new = await new_member(api.db, team.id, team.agent.role, "Nora New")
    rows = [child.plural for child in resource.children]
    full = without(await a_full_one(lead, resource), resource.status, *rows)
    if "owner_id" in resource.patch.model_fields:
        full["owner_id"] = str(new.user_id)
    record = await lead.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    for name, value in full.items():
        if record[name] == value:
            continue  # a field of another name has set it
        changed = await lead.patch(one, {name: value})
        record = changed.data
        assert record[name] == exact(value)
        (event,) = await told(api.db, team, changed.meta["seq"] - 1)
        assert "ref" in event or name in event["ch"]  # too large to travel with what changed


# What no field, or not every field, takes. Each is sent to every field.
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.005,
    10**15,
    10**30,
    "",
    "  ",
    "x",
    "two\nlines",
    "x" * 201,
    "x" * 10_001,
    "\u0007",
    "2026-02-30",
    "1799-12-31",
    "20260228",
    "1E-999",
    "0E-99999999",
    [],
    [None],
    ["x"] * 61,
    [{}],
    {},
]


@each_resource
async def test_a_field_keeps_exactly_what_it_takes_and_refuses_the_rest_by_name(
    lead: Client, resource: Resource
) -> None:
    record = await lead.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    for name in sorted(resource.patch.model_fields.keys() - {"version"}):
        refused = []
        for value in ODD:
            try:
                resource.patch.model_validate_json(json.dumps({name: value}))
            except ValidationError:
                refused.append(value)
                continue
            answer = await lead.patch(one, {name: value})
            if answer.status == 200:
                record = answer.data
                kept = record[name]
                assert kept == value or float(kept) == float(value), (name, value, kept)
            else:  # it contradicts another field of the record
                assert answer.refused == (400, "VALIDATION_ERROR"), (name, value, answer.body)
                (told_of,) = answer.error["details"]
                assert name in (told_of["field"], *told_of.get("with", ()))
        assert len(refused) > len(ODD) / 2, name
        answer = await lead.patch(one, {name: refused[-1]})
        assert answer.refused == (400, "VALIDATION_ERROR")
        assert all(field.split(".")[0] == name for field in answer.fields)
    assert (await lead.get(one)).data == record


@each_resource
async def test_no_value_a_verb_takes_breaks_it(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    """Whatever passes the model is done, refused by name, or out of turn; never a fault of ours."""
    tried = 0
    for endpoint in endpoints_of(api.app[SERVICES], resource):
        if endpoint.body in (None, Batch, resource.create, resource.patch):
            continue
        record = await lead.make(resource)
        record = await with_rows(lead, resource, record)
        path = endpoint.path.format(**parts_of(endpoint, resource, record))
        base = {"status": record[resource.status]} if endpoint.body is resource.move else {}
        if endpoint.name.endswith(":price"):
            base = {"list_price": 1}
        if endpoint.name.split(":")[1].startswith(
            ("add_", "distinct", "merge", "unmerge", "primary_role")
        ):
            base = a_body(endpoint, resource) or {}
        for name in endpoint.body.model_fields:
            for value in ODD:
                body = {**base, name: value}
                try:
                    endpoint.body.model_validate_json(json.dumps(body))
                except ValidationError:
                    continue
                answer = await lead.ask(endpoint.method, path, body)
                taken = (endpoint.status, 400, 409)
                assert answer.status in taken, (endpoint.name, body, answer.body)
                tried += 1
    assert tried
    assert await first_bad(api.db, team.id) is None


TEXTS = ["", " ", "0", "1", "1e3", "0E-99999999", "2200-12-31", "1800-01-01T00:00:00+14:00"]
TEXTS += ["%", "\\", "'", '"', "$1", "{}", "\u2028", "🏡" * 200, "true", "my", "asc", "all"]


@each_resource
async def test_no_value_a_query_takes_breaks_it(api: Api, lead: Client, resource: Resource) -> None:
    await lead.make(resource)
    tried = 0
    for endpoint in endpoints_of(api.app[SERVICES], resource):
        if endpoint.params is None or "{id}" in endpoint.path or endpoint.returns is None:
            continue
        for name in endpoint.params.model_fields.keys() - {"cursor"}:
            for value in TEXTS:
                try:
                    endpoint.params.model_validate({name: value})
                except ValidationError:
                    continue
                answer = await lead.get(endpoint.path, **{name: value})
                assert answer.status == 200, (name, value, answer.body)
                tried += 1
    assert tried > len(TEXTS)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"notes": NaN}',
        b'{"notes": "\\ud800"}',
        b'{"notes": "\\u0000"}',
        b'{"hoa_fee": 1e400}',
        b'{"hoa_fee": Infinity}',
        b'{"notes": "a", "x": {}}',
        b"\xff\xfe",
        b'{"notes": ' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
)
@each_resource
async def test_a_body_that_is_not_a_right_json_object_changes_nothing(
    api: Api, team: Team, lead: Client, resource: Resource, raw: bytes
) -> None:
    record = await lead.make(resource)
    for method, path in (("POST", ""), ("PATCH", f"/{record['id']}"), ("PUT", f"/{record['id']}")):
        answer = await lead.ask(method, f"/{resource.plural}{path}", raw)
        assert answer.refused == (400, "VALIDATION_ERROR"), answer.body
        assert answer.fields
    assert await everything(lead, resource) == {record["id"]: record}
    assert await head(api.db, team) == 1


@each_resource
async def test_a_create_without_what_it_needs_names_each_missing_field(
    lead: Client, resource: Resource
) -> None:
    answer = await lead.post(f"/{resource.plural}", {})
    needed = {n for n, field in resource.create.model_fields.items() if field.is_required()}
    assert answer.refused == (400, "VALIDATION_ERROR")
    assert set(answer.fields) == needed | set(EXAMPLES[resource.plural].asks)
