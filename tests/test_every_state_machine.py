"""Whatever is tried with a record, it only ever goes where its state machine leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domains.kit.actor import Role
from domains.kit.resource import Resource, Step
from tests.api.client import Answer, Api, Client
from tests.examples import EXAMPLES
from tests.factories import Team, fields, move_to, road, without
from tests.walk import RESOURCES, told

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
WAYS = ("status", "patch", "batch")
ASIDE = ("archive", "restore", "delete")


@dataclass(frozen=True, slots=True)
class Try:
    """One thing to do: a move by some way, as some role, with all that it asks or nothing."""

    what: str
    to: str
    role: Role
    told: bool


def tries(resource: Resource) -> st.SearchStrategy[list[Try]]:
    moves = st.builds(
        Try,
        what=st.sampled_from([*WAYS, *WAYS, *ASIDE]),
        to=st.sampled_from(sorted(resource.transitions)),
        role=st.sampled_from([Role.LEAD, Role.LEAD, Role.AGENT]),
        told=st.sampled_from([True, True, True, False]),
    )
    return st.lists(moves, min_size=4, max_size=14)


@given(data=st.data())
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@each_resource
async def test_no_walk_leads_out_of_the_machine(
    api: Api, team: Team, lead: Client, agent: Client, resource: Resource, data: st.DataObject
) -> None:
    people = {Role.LEAD: lead, Role.AGENT: agent}
    start = data.draw(st.sampled_from(sorted(resource.transitions)), label="start")
    made = await lead.post(f"/{resource.plural}", _new(resource, start))
    if start not in resource.entry:
        assert made.refused == (409, "INVALID_TRANSITION")
        return
    assert made.status == 201, made.body
    record = made.data
    _holds(resource, record, resource.entry[start])
    first = made.meta["seq"]
    for each in data.draw(tries(resource), label="tries"):
        record = await _one_step(people[each.role], lead, resource, record, each)
        assert record["allowed_transitions"] == list(resource.transitions[record[resource.status]])
    moved = [
        event["ch"][resource.status]
        for event in await told(api.db, team, first)
        if event["id"] == record["id"] and resource.status in event["ch"]
    ]
    state = start
    for old, new in moved:
        assert old == state
        assert new in resource.transitions[old]
        state = new
    assert state == record[resource.status]


def _new(resource: Resource, status: str) -> dict[str, Any]:
    fit = _fit(resource, {}, status) if status in resource.entry else {}
    return fields(resource, **{resource.status: status, **_asked(resource, status), **fit})


def _fit(resource: Resource, record: Mapping[str, Any], to: str) -> dict[str, Any]:
    """What makes of the record one that may go there."""
    prepare = EXAMPLES[resource.plural].fit.get(to)
    return dict(prepare(record)) if prepare else {}


def _said(resource: Resource, to: str) -> dict[str, Any]:
    return {"reason": "They thought again", **move_to(resource, to)}


def _asked(resource: Resource, to: str) -> dict[str, Any]:
    """What a move there may ask for, by the record's own names."""
    said = _said(resource, to)
    named = without(said, "status", "reason", "effective_date")
    return {**named, "status_reason": said["reason"]}


async def _one_step(
    by: Client, lead: Client, resource: Resource, record: Mapping[str, Any], each: Try
) -> Any:
    """Try it, and give the record as a fresh read shows it."""
    one = f"/{resource.plural}/{record['id']}"
    if each.what in ASIDE:
        await _aside(by, lead, one, each.what)
    else:
        if each.told and each.to in resource.transitions[record[resource.status]]:
            record = await _made_fit(lead, resource, record, each.to)
        answer = await _move(by, resource, one, record["id"], each)
        _was_right(resource, record, each, answer)
    now = (await lead.get(one)).data
    if each.what in ASIDE:
        assert now[resource.status] == record[resource.status]
    return now


async def _aside(by: Client, lead: Client, one: str, what: str) -> None:
    if what == "delete":
        assert (await lead.delete(one)).status == 200
        await by.patch(f"{one}/status", {"status": "x"})  # there is nothing to move
        what = "restore"
    assert (await lead.patch(f"{one}/{what}")).status == 200


async def _move(by: Client, resource: Resource, one: str, key: str, each: Try) -> Answer:
    asked = _asked(resource, each.to) if each.told else {}
    if each.what == "patch":
        return await by.patch(one, {resource.status: each.to, **asked})
    body = _said(resource, each.to) if each.told else {"status": each.to}
    if each.what == "status":
        return await by.patch(f"{one}/status", body)
    return await by.post(
        f"/{resource.plural}/batch", {"op": "status", "ids": [key], "changes": body}
    )


def _was_right(resource: Resource, record: Mapping[str, Any], each: Try, answer: Answer) -> None:
    old = record[resource.status]
    if each.what == "batch":
        (item,) = answer.data
        code, now = (item.get("error") or {}).get("code"), item.get("data")
    else:
        code = None if answer.status == 200 else answer.error["code"]
        now = answer.data if code is None else None
    step = resource.transitions[old].get(each.to)
    if each.to == old:
        # No move at all: what comes with it is a change like any other, and may be refused as one.
        assert code in {None, "VALIDATION_ERROR"}, (each, code)
    elif step is None:
        assert code == "INVALID_TRANSITION", (each, code)
    elif each.role not in step.roles:
        assert code == "FORBIDDEN", (each, code)
    elif _said_by_a_verb(resource, step):
        assert code == "VALIDATION_ERROR", (each, code)
    elif each.told or code is None:
        # What is given all that it asks for is made; nothing else may stand in its way.
        assert code is None, (each, record, answer.body)
        _holds(resource, now, step)
        assert now[resource.status] == each.to
    else:
        assert code == "VALIDATION_ERROR", (each, code)


def _said_by_a_verb(resource: Resource, step: Step) -> bool:
    """It needs what nobody else may say."""
    return not resource.patch.model_fields.keys() >= set(step.needs)


async def _made_fit(by: Client, resource: Resource, record: Mapping[str, Any], to: str) -> Any:
    """The record, changed where it has to be before it may go there."""
    fit = _fit(resource, record, to)
    if not fit:
        return record
    changed = await by.patch(f"/{resource.plural}/{record['id']}", fit)
    assert changed.status == 200, (to, fit, changed.body)
    return changed.data


def _holds(resource: Resource, record: Any, step: Step) -> None:
    missing = [name for name in step.needs if record.get(name) in (None, [], "")]
    assert not missing, (resource.plural, record[resource.status], missing)


@each_resource
async def test_every_move_there_is_can_be_made(lead: Client, resource: Resource) -> None:
    for here, steps in resource.transitions.items():
        for there, step in steps.items():
            if _said_by_a_verb(resource, step):
                continue
            entered = here in resource.entry
            body = _new(resource, here) if entered else fields(resource)
            record = (await lead.post(f"/{resource.plural}", body)).data
            for each in (*([] if entered else road(resource, here)), there):
                record = await _made_fit(lead, resource, record, each)
                moved = await lead.patch(
                    f"/{resource.plural}/{record['id']}/status", _said(resource, each)
                )
                assert moved.status == 200, (here, there, each, moved.body)
                record = moved.data
            _holds(resource, record, step)
            assert record[resource.status] == there
