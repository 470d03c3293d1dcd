"""Many records at once: an outcome for each, one operation for all, and no deadlock."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from domains.escrows.resource import ESCROWS
from domains.kit.actor import Role
from domains.kit.resource import Resource
from domains.listings.resource import LISTINGS
from tests.api.client import Answer, Api, Client
from tests.factories import Team, new_member, new_record, new_team
from tests.walk import everything, head, told

each_resource = pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)


async def batch(by: Client, resource: Resource, op: str, ids: list[str], **said: Any) -> Answer:
    changes = said.pop("changes", None)
    body = {"op": op, "ids": ids} | ({} if changes is None else {"changes": changes})
    return await by.post(f"/{resource.plural}/batch", body, **said)


def outcomes(answer: Answer) -> list[tuple[str, str]]:
    """For each id, what became of it in a word: ok, or the code of the refusal."""
    return [
        (item["id"], "ok" if item["success"] else item["error"]["code"]) for item in answer.data
    ]


@each_resource
async def test_each_id_has_its_own_outcome_in_the_order_asked(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    mine, gone = await agent.make(resource), await agent.make(resource)
    theirs = await new_record(api.db, resource, (await new_team(api.db)).agent)
    await agent.delete(f"/{resource.plural}/{gone['id']}")
    nobody, nonsense = str(uuid4()), "no id at all"
    ids = [theirs["id"], nonsense, mine["id"], gone["id"], nobody]
    before = await head(api.db, team)
    answer = await batch(agent, resource, "update", ids, changes={"notes": "All"})
    assert answer.status == 200
    assert outcomes(answer) == [
        (theirs["id"], "NOT_FOUND"),
        (nonsense, "NOT_FOUND"),
        (mine["id"], "ok"),
        (gone["id"], "NOT_FOUND"),
        (nobody, "NOT_FOUND"),
    ]
    assert answer.data[2]["data"] == (await agent.get(f"/{resource.plural}/{mine['id']}")).data
    refused = answer.data[0]["error"]
    assert refused["message"].replace(theirs["id"], nobody) == answer.data[4]["error"]["message"]
    assert await head(api.db, team) == before + 1


async def test_an_illegal_move_or_a_missing_need_stops_none_of_the_others(agent: Client) -> None:
    pending, active, closed = [await agent.make(ESCROWS, s) for s in (None, "active", "closed")]
    ids = [closed["id"], pending["id"], active["id"]]
    changes = {"status": "cancelled", "reason": "Lost", "deposit_disposition": "split"}
    answer = await batch(agent, ESCROWS, "status", ids, changes=changes)
    assert outcomes(answer) == [
        (closed["id"], "INVALID_TRANSITION"),
        (pending["id"], "ok"),
        (active["id"], "ok"),
    ]
    assert answer.data[0]["error"]["details"] == [
        {"field": "escrow_status", "from": "closed", "to": "cancelled", "allowed": ["active"]}
    ]
    bare = await agent.make(ESCROWS)
    answer = await batch(agent, ESCROWS, "status", [bare["id"]], changes={"status": "active"})
    (error,) = [item["error"] for item in answer.data]
    assert error["code"] == "VALIDATION_ERROR"
    assert [d["field"] for d in error["details"]] == ["acceptance_date", "buyers", "sellers"]


async def test_a_move_in_a_batch_has_its_effective_date_and_whole_list_items(
    agent: Client,
) -> None:
    escrows = [await agent.make(ESCROWS) for _ in range(2)]
    changes = {
        "status": "active",
        "effective_date": "2026-01-07",
        "buyers": ["B"],
        "sellers": ["S"],
        "contingencies": [{"type": "loan"}],
    }
    ids = [escrow["id"] for escrow in escrows]
    for item in (await batch(agent, ESCROWS, "status", ids, changes=changes)).data:
        assert item["data"]["acceptance_date"] == "2026-01-07"
        assert item["data"]["contract_status_change_date"] == "2026-01-07"
        assert item["data"]["contingencies"][0]["status"] == "pending"


@each_resource
async def test_what_a_role_may_not_do_to_a_record_is_an_outcome_too(
    api: Api, team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    mine, his = await agent.make(resource), await ben.make(resource)
    ids = [his["id"], mine["id"]]
    answer = await batch(agent, resource, "delete", ids)
    assert outcomes(answer) == [(his["id"], "FORBIDDEN"), (mine["id"], "ok")]
    answer = await batch(agent, resource, "restore", ids)
    assert outcomes(answer) == [(his["id"], "ok"), (mine["id"], "FORBIDDEN")]
    assert outcomes(await batch(lead, resource, "restore", ids)) == [(i, "ok") for i in ids]


@each_resource
async def test_all_events_of_a_batch_share_one_operation_in_one_order(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    records = [await agent.make(resource) for _ in range(5)]
    before, key = await head(api.db, team), uuid4().hex
    ids = [record["id"] for record in records]
    answer = await batch(agent, resource, "archive", ids, key=key)
    events = await told(api.db, team, before)
    assert {event["op"] for event in events} == {key}
    assert [(event["i"], event["n"]) for event in events] == [(i, 5) for i in range(1, 6)]
    assert answer.meta["seq"] == events[-1]["s"] == before + 5
    assert {event["id"] for event in events} == set(ids)


@each_resource
async def test_a_record_goes_by_its_display_id_or_its_prefixed_id_too(
    agent: Client, resource: Resource
) -> None:
    a, b, c = [await agent.make(resource) for _ in range(3)]
    ids = [a["display_id"].lower(), f"{resource.name}-{b['id']}", c["id"].upper()]
    answer = await batch(agent, resource, "update", ids, changes={"notes": "x"})
    assert outcomes(answer) == [(i, "ok") for i in ids]
    assert [item["data"]["id"] for item in answer.data] == [a["id"], b["id"], c["id"]]


@each_resource
async def test_one_record_under_two_names_is_changed_once(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    ids = [record["id"], record["display_id"]]
    answer = await batch(agent, resource, "archive", ids)
    assert outcomes(answer) == [(i, "ok") for i in ids]
    assert await head(api.db, team) == 2
    assert outcomes(await batch(agent, resource, "delete", ids)) == [
        (ids[0], "ok"),
        (ids[1], "NOT_FOUND"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"op": "explode", "ids": ["a"]},
        {"op": "archive"},
        {"op": "archive", "ids": []},
        {"op": "archive", "ids": ["a", "a"]},
        {"op": "archive", "ids": [f"{n}" for n in range(101)]},
        {"op": "archive", "ids": [7]},
        {"op": "archive", "ids": ["a"], "changes": {}},
        {"op": "update", "ids": ["a"]},
        {"op": "update", "ids": ["a"], "changes": {"no_such_field": 1}},
        {"op": "update", "ids": ["a"], "changes": {"hoa_fee": -1}},
        {"op": "update", "ids": ["a"], "changes": {"notes": "x", "version": 1}},
        {"op": "update", "ids": ["a"], "changes": []},
        {"op": "status", "ids": ["a"], "changes": {}},
        {"op": "status", "ids": ["a"], "changes": {"status": "sold"}},
        {"op": "status", "ids": ["a"], "changes": {"status": "active", "version": 1}},
        {"op": "archive", "ids": ["a"], "team_id": "x"},
    ],
)
@each_resource
async def test_a_batch_of_the_wrong_shape_changes_nothing(
    agent: Client, resource: Resource, body: dict[str, Any]
) -> None:
    record = await agent.make(resource)
    if body.get("ids") == ["a"]:
        body = {**body, "ids": [record["id"]]}
    answer = await agent.post(f"/{resource.plural}/batch", body)
    assert answer.refused == (400, "VALIDATION_ERROR"), answer.body
    assert await everything(agent, resource) == {record["id"]: record}


async def test_a_refused_change_of_a_batch_names_the_field_inside_its_changes(
    agent: Client,
) -> None:
    escrow = await agent.make(ESCROWS)
    changes = {"hoa_fee": -1, "no_such_field": 1}
    answer = await batch(agent, ESCROWS, "update", [escrow["id"]], changes=changes)
    assert set(answer.fields) == {"changes.hoa_fee", "changes.no_such_field"}


@each_resource
async def test_a_hundred_records_are_one_batch(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    ids = [(await new_record(api.db, resource, team.agent))["id"] for _ in range(100)]
    answer = await batch(agent, resource, "update", ids, changes={"notes": "All"})
    assert outcomes(answer) == [(i, "ok") for i in ids]
    assert await head(api.db, team) == 200


@each_resource
async def test_batches_in_opposite_orders_at_once_never_stand_in_each_other_s_way(
    api: Api,
    team: Team,
    agent: Client,
    lead: Client,
    resource: Resource,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = [(await agent.make(resource))["id"] for _ in range(20)]
    before = await head(api.db, team)
    rounds = [
        batch(who, resource, "update", order, changes={"notes": f"Round {n}"})
        for n in range(4)
        for who, order in ((agent, ids), (lead, ids[::-1]))
    ]
    for answer in await asyncio.gather(*rounds):
        assert {word for _, word in outcomes(answer)} == {"ok"}
    assert "write collided" not in caplog.text
    events = await told(api.db, team, before)
    chunks = [events[i : i + 20] for i in range(0, len(events), 20)]
    for chunk in chunks:  # a batch's events stand together, and each batch is one state of all
        assert len({event["op"] for event in chunk}) == 1
        assert len({event["d"]["notes"] for event in chunk}) == 1


# Numbers for people


@each_resource
async def test_display_ids_are_unique_and_gapless_under_thirty_writers(
    api: Api, agent: Client, resource: Resource
) -> None:
    made = await asyncio.gather(*(agent.make(resource) for _ in range(30)))
    refused = await agent.post(f"/{resource.plural}", {})
    assert refused.status == 400
    last = await agent.make(resource)
    year = last["created_at"][:4]
    numbers = sorted(record["display_id"] for record in [*made, last])
    assert numbers == [f"{resource.prefix}-{year}-{n:04}" for n in range(1, 32)]
    other = await new_record(api.db, resource, (await new_team(api.db)).agent)
    assert other["display_id"] == f"{resource.prefix}-{year}-0001"
