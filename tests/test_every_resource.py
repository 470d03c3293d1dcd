"""Every domain in the list keeps the same promises, on the day it is listed."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from db.transaction import VOLATILE
from domains.kit.actor import Role
from domains.kit.endpoint import Call, Endpoint, Method
from domains.kit.errors import DomainError, Forbidden
from domains.kit.resource import Resource
from server.keys import SERVICES
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.factories import USUAL, Team, fields, new_member, without
from tests.walk import (
    OWN,
    RESOURCES,
    Write,
    a_body,
    a_change,
    apply,
    cases,
    endpoints_of,
    everything,
    first_move,
    head,
    made_fit,
    made_ready,
    other_change,
    parts_of,
    told,
    with_rows,
    writes_of,
)

COMMON = {
    "list": (Method.GET, ""),
    "create": (Method.POST, ""),
    "stats": (Method.GET, "/stats"),
    "export": (Method.GET, "/export"),
    "batch": (Method.POST, "/batch"),
    "get": (Method.GET, "/{id}"),
    "update": (Method.PATCH, "/{id}"),
    "put": (Method.PUT, "/{id}"),
    "delete": (Method.DELETE, "/{id}"),
    "status": (Method.PATCH, "/{id}/status"),
    "archive": (Method.PATCH, "/{id}/archive"),
    "restore": (Method.PATCH, "/{id}/restore"),
    "history": (Method.GET, "/{id}/history"),
}
CASES = list(cases())
each_write = pytest.mark.parametrize(
    ("resource", "write"), [case[:2] for case in CASES], ids=[case[2] for case in CASES]
)
each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)


# What is offered


@each_resource
def test_a_resource_offers_every_common_verb(api: Api, resource: Resource) -> None:
    offered = {e.name: (e.method, e.path) for e in endpoints_of(api.app[SERVICES], resource)}
    for verb, (method, path) in COMMON.items():
        assert offered[f"{resource.plural}:{verb}"] == (method, f"/{resource.plural}{path}")


@each_resource
def test_every_write_a_resource_offers_is_walked_here(api: Api, resource: Resource) -> None:
    found = endpoints_of(api.app[SERVICES], resource)
    offered = {e.name.split(":")[1] for e in found if e.method is not Method.GET}
    assert offered == {write.verb for write in writes_of(resource)}


# Rows and events


@each_write
async def test_a_write_s_events_make_of_the_old_snapshot_what_a_fresh_read_shows(
    api: Api, team: Team, lead: Client, resource: Resource, write: Write
) -> None:
    records = await made_ready(lead, resource, write.first)
    screen, before = await everything(lead, resource), await head(api.db, team)
    answer = await write.act(lead, resource, records)
    assert answer.status in (200, 201), answer.body
    events = await told(api.db, team, before)
    apply(screen, [event for event in events if event["e"] == resource.name])
    assert screen == await everything(lead, resource)
    assert len(events) == write.records + write.others
    assert answer.meta["seq"] == events[-1]["s"] == before + len(events)


@each_write
async def test_a_write_leaves_one_event_for_each_record_it_changes(
    api: Api, team: Team, lead: Client, resource: Resource, write: Write
) -> None:
    records = await made_ready(lead, resource, write.first)
    before, key = await head(api.db, team), uuid4().hex
    await write.act(lead, resource, records, key=key)
    group = await told(api.db, team, before)
    assert [(event["i"], event["n"]) for event in group] == [
        (i + 1, len(group)) for i in range(len(group))
    ]
    assert {event["op"] for event in group} == {key}
    assert {event["a"]["name"] for event in group} == {"Lea Lead"}
    events = [event for event in group if event["e"] == resource.name]
    assert (len(events), len(group)) == (write.records, write.records + write.others)
    kinds = write.kinds or [write.kind] * write.records
    for event, kind in zip(events, kinds, strict=True):  # a change may have a name of its own
        own = resource.kind(event["ch"]) if kind == "updated" else None
        assert event["k"] == (own or f"{resource.name}.{kind}")
    old = {record["id"]: record for record in records}
    for event in events:
        if write.kind == "created":
            assert (event["ver"], event["ch"]) == (1, {})
            continue
        was, now = old[event["id"]], event["d"]
        assert event["ver"] == now["version"] == was["version"] + 1
        assert event["ch"], "an event that changes nothing is no news"
        assert all(event["ch"][name] == [was[name], now[name]] for name in event["ch"])
        silent = {name for name in now if was[name] != now[name]} - event["ch"].keys()
        assert silent <= {"version", "updated_at", "last_modified_by", *FOLLOWING}


# Fields that follow from others, so that no event tells them as a change.
FOLLOWING = set(VOLATILE)


@pytest.mark.parametrize(
    ("resource", "write"),
    [case[:2] for case in CASES if case[1].again],
    ids=[case[2] for case in CASES if case[1].again],
)
async def test_a_write_that_changes_nothing_leaves_no_event(
    api: Api, team: Team, lead: Client, resource: Resource, write: Write
) -> None:
    records = await made_ready(lead, resource, write.first)
    first = await write.act(lead, resource, records)
    before = await head(api.db, team)
    again = await write.act(lead, resource, records)
    assert (again.status, again.data, again.meta["seq"]) == (200, first.data, None)
    assert await head(api.db, team) == before


@each_resource
async def test_a_refused_write_leaves_no_row_and_no_event(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    record = await lead.make(resource)
    before = await head(api.db, team)
    one = f"/{resource.plural}/{record['id']}"
    for answer in (
        await lead.post(f"/{resource.plural}", fields(resource, no_such_field=1)),
        await lead.patch(one, {**a_change(resource), "no_such_field": 1}),
        await lead.put(one, {**a_change(resource), "no_such_field": 1}),
        await lead.patch(f"{one}/status", {**first_move(resource), "no_such_field": 1}),
    ):
        assert answer.refused == (400, "VALIDATION_ERROR")
        assert answer.fields == ["no_such_field"]
    assert await everything(lead, resource) == {record["id"]: record}
    assert await head(api.db, team) == before


# The same request again


@each_write
async def test_a_write_sent_again_with_its_key_gets_its_first_answer(
    api: Api, team: Team, lead: Client, resource: Resource, write: Write
) -> None:
    records = await made_ready(lead, resource, write.first)
    key, before = uuid4().hex, await head(api.db, team)
    first = await write.act(lead, resource, records, key=key)
    again = await write.act(lead, resource, records, key=key)
    assert (again.status, again.data) == (first.status, first.data)
    assert again.meta == {**first.meta, "replayed": True}
    assert again.headers.get("ETag") == first.headers.get("ETag")
    other = await write.act(lead, resource, records, key=key, version=1)
    assert other.refused == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await head(api.db, team) == before + write.records + write.others


@each_resource
async def test_a_key_belongs_to_one_body(lead: Client, resource: Resource) -> None:
    body = fields(resource)
    made = await lead.post(f"/{resource.plural}", body, key="first")
    one = f"/{resource.plural}/{made.data['id']}"
    body |= {resource.search[0]: "Another"}
    other = await lead.post(f"/{resource.plural}", body, key="first")
    assert other.refused == (422, "IDEMPOTENCY_KEY_REUSED")
    changed = await lead.patch(one, a_change(resource), key="second")
    other = await lead.patch(one, other_change(resource), key="second")
    assert other.refused == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await lead.get(one)).data == changed.data


@each_resource
async def test_a_request_sent_five_times_at_once_is_done_once(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    body, key = fields(resource), uuid4().hex
    sent = [lead.post(f"/{resource.plural}", body, key=key) for _ in range(5)]
    answers = await asyncio.gather(*sent)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.data["id"] for answer in answers}) == 1
    assert sum("replayed" in answer.meta for answer in answers) == 4
    assert await head(api.db, team) == 1


@each_resource
async def test_a_key_is_its_user_s_own(
    api: Api, team: Team, lead: Client, agent: Client, resource: Resource
) -> None:
    body, key = fields(resource), uuid4().hex
    mine = await lead.post(f"/{resource.plural}", body, key=key)
    theirs = await agent.post(f"/{resource.plural}", body, key=key)
    assert mine.data["id"] != theirs.data["id"]
    assert await head(api.db, team) == 2


# Roles


def a_call(endpoint: Endpoint, resource: Resource, by: Any, record: Any) -> Call:
    """What the edge would give the verb, whoever asks."""
    body = None
    if endpoint.body:
        text = json.dumps(a_body(endpoint, resource, record))
        body = endpoint.body.model_validate_json(text)
    params = endpoint.params() if endpoint.params else None
    return Call(by, parts_of(endpoint, resource, record), params, body)


@pytest.mark.parametrize("role", USUAL)
@each_resource
async def test_a_verb_asks_for_the_roles_its_route_asks_for(
    api: Api, team: Team, lead: Client, resource: Resource, role: Role
) -> None:
    member = team.member(role)
    for endpoint in endpoints_of(api.app[SERVICES], resource):
        record = await lead.make(resource, owner_id=str(member.user_id))
        writes = role in resource.writers
        record = await with_rows(await api.sign_in(member) if writes else lead, resource, record)
        forbidden = False
        try:
            await endpoint.run(a_call(endpoint, resource, member, record))
        except Forbidden:
            forbidden = True
        except DomainError:
            pass  # not fit for this verb, but looked at: the role was no hindrance
        assert endpoint.roles is not None
        assert forbidden == (role not in endpoint.roles), endpoint.name


@each_write
async def test_a_viewer_changes_nothing(
    api: Api, team: Team, lead: Client, viewer: Client, resource: Resource, write: Write
) -> None:
    records = await made_ready(lead, resource, write.first)
    before = await head(api.db, team)
    answer = await write.act(viewer, resource, records)
    assert answer.refused == (403, "FORBIDDEN")
    assert await head(api.db, team) == before


@each_resource
async def test_a_viewer_reads_everything(lead: Client, viewer: Client, resource: Resource) -> None:
    record = await lead.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    assert (await viewer.get(f"/{resource.plural}")).data == [record]
    assert (await viewer.get(one)).data == record
    assert len((await viewer.get(f"{one}/history")).data) == 1
    assert (await viewer.get(f"/{resource.plural}/stats")).data["total"] == 1


@each_resource
async def test_a_record_is_deleted_by_its_owner_or_a_lead_and_brought_back_by_a_lead(
    api: Api, team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    record = await agent.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    assert (await ben.delete(one)).refused == (403, "FORBIDDEN")
    assert (await agent.delete(one)).status == 200
    assert (await agent.get(one)).refused == (404, "NOT_FOUND")
    assert (await agent.patch(f"{one}/restore")).refused == (403, "FORBIDDEN")
    assert (await lead.patch(f"{one}/restore")).data["deleted_at"] is None
    assert (await agent.get(one)).status == 200
    assert (await lead.delete(one)).status == 200


# Shapes


@each_resource
async def test_every_answer_has_the_shape_it_is_documented_with(
    api: Api, lead: Client, resource: Resource
) -> None:
    for endpoint in endpoints_of(api.app[SERVICES], resource):
        if endpoint.returns is None:
            continue
        verb = endpoint.name.split(":")[1]
        first = {write.verb: write.first for write in OWN.get(resource.plural, [])}
        record, *_ = await made_ready(lead, resource, first.get(verb))
        call = a_call(endpoint, resource, None, record)
        record = await with_rows(lead, resource, record)
        path = endpoint.path.format(**parts_of(endpoint, resource, record))
        said = call.body and call.body.model_dump(mode="json", exclude_unset=True)
        said = await made_fit(lead, resource, verb, record) or said
        answer = await lead.ask(endpoint.method, path, said)
        assert answer.status == endpoint.status, endpoint.name
        shape: Any = list[endpoint.returns] if endpoint.many else endpoint.returns  # type: ignore[name-defined]  # a type made at run time
        text = json.dumps(answer.data, default=str)
        TypeAdapter(shape).validate_json(text)
        reads = endpoint.method is Method.GET
        meta = answer.meta.keys() - {"possible_duplicates"}
        assert meta == ({"as_of_seq", "as_of_h"} if reads else {"seq"})


@each_resource
async def test_a_record_has_exactly_the_fields_of_its_model_in_every_answer_and_event(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    record = await lead.make(resource)
    (listed,) = (await lead.get(f"/{resource.plural}")).data
    (event,) = await told(api.db, team)
    assert set(record) == set(resource.image.model_fields)
    assert record == listed == event["d"]
    assert record == (await lead.get(f"/{resource.plural}/{record['display_id']}")).data
    statuses = {str(status): list(steps) for status, steps in resource.transitions.items()}
    assert record["allowed_transitions"] == statuses[record[resource.status]]


@each_resource
async def test_a_record_answers_with_its_version_as_etag(lead: Client, resource: Resource) -> None:
    record = await lead.make(resource)
    one = f"/{resource.plural}/{record['id']}"
    assert (await lead.get(one)).headers["ETag"].startswith('"1.')
    changed = await lead.patch(one, a_change(resource), version=1)
    assert changed.headers["ETag"] == '"2"'
    assert changed.data["version"] == 2
    assert changed.data["updated_at"] > record["updated_at"]
    assert changed.data["created_at"] == record["created_at"]


@each_resource
async def test_a_put_or_patch_of_the_status_field_is_a_move(
    api: Api, team: Team, lead: Client, resource: Resource
) -> None:
    body = without(first_move(resource), "status", "reason")
    to = first_move(resource)["status"]
    for ask in (lead.put, lead.patch):
        record = await lead.make(resource)
        moved = await ask(f"/{resource.plural}/{record['id']}", {resource.status: to, **body})
        assert moved.data[resource.status] == to
        assert (await told(api.db, team))[-1]["k"] == f"{resource.name}.status_changed"


# Cost


@each_resource
async def test_a_read_is_one_round_trip(api: Api, lead: Client, resource: Resource) -> None:
    record = await with_rows(lead, resource, await lead.make(resource))
    one = f"/{resource.plural}/{record['id']}"
    rows = [f"/{record['id']}/{child.plural}" for child in resource.children]
    for path in ("", "/stats", f"/{record['id']}", f"/{record['id']}/history", *rows):
        await lead.patch(one, {resource.search[0]: f"before {path}"})  # nothing read before will do
        with statements(api.db) as sent:
            await lead.get(f"/{resource.plural}{path}")
        assert len(sent) == 1, sent


# Who gets a lead: the team's rules are asked. Who adds a contact is told who it may be already.
LOOKED_FOR = {"leads", "contacts"}


@each_resource
async def test_a_write_costs_no_more_statements_than_it_needs(
    api: Api, lead: Client, resource: Resource
) -> None:
    record = await lead.make(resource)
    with statements(api.db) as sent:
        await lead.patch(f"/{resource.plural}/{record['id']}", a_change(resource))
    assert len(sent) == 5, sent  # BEGIN, lock, update, append, COMMIT
    with statements(api.db) as sent:
        rows = [child.plural for child in resource.children]
        await lead.post(f"/{resource.plural}", without(fields(resource), *rows), key=uuid4().hex)
    # BEGIN, claim the key, insert, append, keep the answer, COMMIT
    assert len(sent) == 6 + (resource.plural in LOOKED_FOR), sent
