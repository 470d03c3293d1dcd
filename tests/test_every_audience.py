"""Who may see a record sees it everywhere, and nobody else anywhere: roles, events, surfaces."""

import random
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.room.audience import Sight, sight
from db.database import Database
from db.events import Event, first_bad
from domains.kit.actor import RIGHTS, Actor, Role
from domains.kit.policy import audiences_of, may_see, within
from domains.kit.resource import Resource
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.eyes import SEARCHED, Eye, Eyes, eyes_of
from tests.factories import Team, fields
from tests.realtime.live_views import LiveView
from tests.walk import RESOURCES, Write, a_change, a_text, cases, head, made_ready, other_change

CASES = [case for case in cases() if case[1].verb != "create" and not case[1].shared]
each_write = pytest.mark.parametrize(
    ("resource", "write"), [case[:2] for case in CASES], ids=[case[2] for case in CASES]
)
each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)

WITHDRAWN = {"t", "s", "h", "k", "e", "id", "ver"}
TOMBSTONE = {"t", "s", "h", "k"}


@pytest.fixture
async def eyes(api: Api, team: Team) -> AsyncIterator[Eyes]:
    async with eyes_of(api, team) as eyes:
        yield eyes


def one(resource: Resource, record: Any) -> str:
    return f"/{resource.plural}/{record['id']}"


def hidden(resource: Resource) -> dict[str, Any]:
    """What makes a new record private and findable."""
    return {"is_private": True, resource.search[0]: f"9 {SEARCHED}"}


def kinds(events: list[Any]) -> list[str]:
    return [event["k"] for event in events]


# Private from the start


@each_write
async def test_a_private_record_is_there_for_its_owner_and_those_above_and_for_nobody_else(
    eyes: Eyes, resource: Resource, write: Write
) -> None:
    public = await eyes.lead.client.make(resource)
    before = {eye.actor.name: await eye.lists(resource, public) for eye in eyes.all}
    records = await made_ready(eyes.agent.client, resource, write.first, **hidden(resource))
    answer = await write.act(eyes.lead.client, resource, records)
    assert answer.status in (200, 201), answer.body
    log = await eyes.log()
    for record in records[: write.records]:
        truth = await eyes.lead.lists(resource, record), await eyes.lead.record(resource, record)
        for eye in (eyes.owner, eyes.agent):
            assert await eye.lists(resource, record) == truth[0], eye.actor.name
            assert await eye.record(resource, record) == truth[1], eye.actor.name
        for eye in (eyes.other, eyes.viewer):
            lists = await eye.lists(resource, record)
            assert lists.pop("activity of the record") == (200, {"success": True, "data": []})
            was = dict(before[eye.actor.name])
            was.pop("activity of the record")
            assert lists == was, eye.actor.name
            for name, said in (await eye.record(resource, record)).items():
                assert not_there(said), (eye.actor.name, name, said)
    for eye in (eyes.owner, eyes.lead, eyes.agent):
        assert await eye.hears(len(log)) == log
    for eye in (eyes.other, eyes.viewer):
        events = await eye.hears(len(log))
        assert events[0] == log[0]
        assert all(event.keys() == TOMBSTONE for event in events[1:])
        assert [(event["s"], event["h"]) for event in events] == [
            (event["s"], event["h"]) for event in log
        ]
    assert await first_bad(eyes.api.db, eyes.team.id) is None


def not_there(said: Any) -> bool:
    status, body = said if isinstance(said, tuple) else (404, said)
    return bool(status == 404 and body["error"]["code"] == "NOT_FOUND")


@each_write
async def test_a_private_record_of_others_cannot_be_written(
    api: Api,
    team: Team,
    lead: Client,
    agent: Client,
    viewer: Client,
    resource: Resource,
    write: Write,
) -> None:
    records = await made_ready(lead, resource, write.first, **hidden(resource))
    before, absent = await head(api.db, team), [{**each, "id": str(uuid4())} for each in records]
    answer = await write.act(agent, resource, records)
    if write.verb == "batch":
        assert {each["error"]["code"] for each in answer.data} == {"NOT_FOUND"}
    else:
        never = await write.act(agent, resource, absent)
        assert answer.refused == never.refused == (404, "NOT_FOUND")
        told, about = answer.error["message"], never.error["message"]
        assert told.replace(records[0]["id"], "") == about.replace(absent[0]["id"], "")
    assert (await write.act(viewer, resource, records)).refused == (403, "FORBIDDEN")
    assert await head(api.db, team) == before


# Who decides


@each_resource
async def test_an_agent_decides_about_own_records_and_a_lead_about_all(
    api: Api, team: Team, lead: Client, agent: Client, resource: Resource
) -> None:
    mine, theirs = await agent.make(resource), await lead.make(resource)
    before = await head(api.db, team)
    private = {"is_private": True}
    for answer in (
        await agent.patch(one(resource, theirs), private),
        await agent.put(one(resource, theirs), {**private, **a_change(resource)}),
        await agent.post(
            f"/{resource.plural}", fields(resource, **private, owner_id=str(team.lead.user_id))
        ),
    ):
        assert answer.refused == (403, "FORBIDDEN")
    body = {"op": "update", "ids": [theirs["id"]], "changes": private}
    (outcome,) = (await agent.post(f"/{resource.plural}/batch", body)).data
    assert outcome["error"]["code"] == "FORBIDDEN"
    assert await head(api.db, team) == before
    assert (await agent.patch(one(resource, theirs), {"is_private": False})).meta["seq"] is None
    for by in (agent, lead):
        for value in (True, False):
            changed = await by.patch(one(resource, mine), {"is_private": value})
            assert changed.data["is_private"] is value
    made = await lead.make(resource, is_private=True, owner_id=str(team.agent.user_id))
    assert (await agent.get(one(resource, made))).data == made


# When the audience changes


@each_resource
async def test_what_a_record_was_before_and_after_is_seen_by_whom_it_was_for(
    eyes: Eyes, resource: Resource
) -> None:
    agent, other = eyes.agent, eyes.other
    start = await head(eyes.api.db, eyes.team)
    secret = {a_text(resource): "An offer at 431,000"}
    record = await agent.client.make(resource, **{resource.search[0]: f"9 {SEARCHED}"})
    path = one(resource, record)
    nobody_else = {eye.actor.name: await eye.lists(resource, record) for eye in eyes.all}

    await agent.client.patch(path, {"is_private": True, **a_change(resource)})  # 2
    for eye in (other, eyes.viewer):
        assert all(map(not_there, (await eye.record(resource, record)).values()))
        lists = await eye.lists(resource, record)
        assert record["id"] not in str(lists)
        assert SEARCHED not in str(lists)
        assert lists != nobody_else[eye.actor.name]
    await agent.client.patch(path, secret)  # 3
    await agent.client.patch(path, {"is_private": False, a_text(resource): "None yet"})  # 4
    shown = (await other.client.get(path)).data
    assert shown == (await agent.client.get(path)).data
    histories = [(await eye.client.get(f"{path}/history")).data for eye in (agent, other)]
    assert [entry["version"] for entry in histories[0]] == [4, 3, 2, 1]
    assert [(entry["version"], entry["changes"]) for entry in histories[1]] == [(4, {}), (1, {})]
    for eye in (other, eyes.viewer):
        assert "431,000" not in str(await eye.lists(resource, record))
        assert "431,000" not in str(await eye.record(resource, record))

    await agent.client.patch(path, {"is_private": True})  # 5
    await agent.client.patch(path, {"owner_id": str(other.actor.user_id)})  # 6
    assert not_there((await agent.record(resource, record))["get"])
    assert (await other.client.get(path)).data["owner_id"] == str(other.actor.user_id)
    await eyes.lead.client.delete(path)  # 7
    await eyes.lead.client.patch(f"{path}/restore")  # 8
    last = (await eyes.lead.client.patch(path, {"is_private": False})).meta["seq"]  # 9

    log = (await eyes.log())[start:]
    told = {eye.actor.name: (await eye.hears(last))[-len(log) :] for eye in eyes.all}
    for eye in (eyes.owner, eyes.lead):
        assert told[eye.actor.name] == log
    gone = f"{resource.name}.withdrawn"
    assert [_sight(log, event) for event in told[agent.actor.name]] == [
        *["whole"] * 5, gone, "-", "-", "gained"
    ]  # fmt: skip
    assert [_sight(log, event) for event in told[other.actor.name]] == [
        "whole", gone, "-", "gained", gone, "gained", "whole", "whole", "whole"
    ]  # fmt: skip
    assert [_sight(log, event) for event in told[eyes.viewer.actor.name]] == [
        "whole", gone, "-", "gained", gone, "-", "-", "-", "gained"
    ]  # fmt: skip
    for eye in (other, eyes.viewer):
        assert "431,000" not in str(told[eye.actor.name])
    assert await first_bad(eyes.api.db, eyes.team.id) is None


def _sight(log: list[Any], event: Any) -> str:
    """How this telling of an event differs from the event."""
    (whole,) = [each for each in log if each["s"] == event["s"]]
    if event == whole:
        return "whole"
    if event.keys() == TOMBSTONE:
        assert event["k"] == "-"
        return "-"
    if event.keys() == WITHDRAWN:
        assert event == {name: whole[name] for name in WITHDRAWN} | {"k": event["k"]}
        return str(event["k"])
    assert event == whole | {"ch": {}}
    return "gained"


@each_resource
async def test_a_price_of_the_private_time_is_not_told_by_a_conflict(
    lead: Client, agent: Client, resource: Resource
) -> None:
    record = await lead.make(resource)
    path = one(resource, record)
    for change in (
        {"is_private": True},
        {a_text(resource): "An offer at 431,000"},
        {a_text(resource): "An offer at 432,000"},
        {"is_private": False, a_text(resource): "None yet"},
    ):
        assert (await lead.patch(path, change)).status == 200
    for base in (1, 2, 3, 4):
        refused = await agent.patch(path, {a_text(resource): "Mine"}, version=base)
        assert refused.refused == (409, "VERSION_CONFLICT")
        (detail,) = refused.error["details"]
        assert (detail["base"], detail["current"]) == (None, "None yet")
        assert detail["changed_by"]["name"] == "Lea Lead"
        assert "431,000" not in str(refused.body)
        refused = await agent.delete(path, version=base)
        assert "43" not in str([each["base"] for each in refused.error.get("details", [])])
    detail = (await lead.patch(path, {a_text(resource): "x"}, version=3)).error["details"][0]
    assert detail["base"] == "An offer at 431,000"


@each_resource
async def test_whoever_has_seen_a_record_is_not_told_that_it_still_is_as_it_was(
    lead: Client, agent: Client, resource: Resource
) -> None:
    record = await lead.make(resource)
    path = one(resource, record)
    tag = (await agent.get(path)).headers["ETag"]
    listed = f"/{resource.plural}"
    of_list = (await agent.get(listed)).headers["ETag"]
    known = {"If-None-Match": tag}
    assert (await agent.text(path, **known))[0] == 304
    await lead.patch(path, {"is_private": True})
    assert (await agent.text(path, **known))[0] == 404
    private = (await lead.get(path)).headers["ETag"]
    assert (await agent.text(path, **{"If-None-Match": private}))[0] == 404
    assert (await agent.text(listed, **{"If-None-Match": of_list}))[0] == 200
    assert (await agent.get(listed)).data == []


@each_resource
async def test_an_answer_kept_for_a_repeated_request_is_withdrawn_with_its_record(
    lead: Client, agent: Client, resource: Resource
) -> None:
    record, key = await lead.make(resource), uuid4().hex
    path = one(resource, record)
    batch = {"op": "update", "ids": [record["id"]], "changes": other_change(resource)}

    async def asked() -> list[Any]:
        return [
            await agent.patch(path, a_change(resource), key=key),
            await agent.post(f"/{resource.plural}/batch", batch, key=key + "b"),
        ]

    first = await asked()
    await lead.patch(path, {"is_private": True})
    assert [again.refused for again in await asked()] == [(404, "NOT_FOUND")] * 2
    await lead.patch(path, {"is_private": False})
    assert [again.data for again in await asked()] == [answer.data for answer in first]


async def test_a_relisted_home_stays_private(agent: Client, viewer: Client) -> None:
    (resource,) = [each for each in RESOURCES if each.plural == "listings"]
    record = await agent.make(resource, "cancelled", is_private=True)
    again = (await agent.post(f"{one(resource, record)}/relist", {})).data
    assert again["is_private"]
    assert (await viewer.get(one(resource, again))).refused == (404, "NOT_FOUND")


# When the reader changes


@each_resource
async def test_a_change_of_role_is_a_change_of_sight(eyes: Eyes, resource: Resource) -> None:
    other, member = eyes.other, f"/teams/current/members/{eyes.other.actor.user_id}"
    record = await eyes.agent.client.make(resource, **hidden(resource))
    path = one(resource, record)
    assert (await eyes.owner.client.patch(member, {"role": "lead"})).status == 200
    await eyes.agent.client.patch(path, a_change(resource))
    seen = await other.screen.sees("role.changed")
    assert (await other.screen.sees(f"{resource.name}.updated")).event["d"]["id"] == record["id"]
    assert seen.event["id"] == str(other.actor.user_id)
    assert (await eyes.owner.client.patch(member, {"role": "agent"})).status == 200
    last = (await eyes.agent.client.patch(path, other_change(resource))).meta["seq"]
    await other.screen.reaches(last)
    assert kinds(other.heard)[-2:] == ["role.changed", "-"]
    assert not_there(await other.screen.call(f"{resource.plural}:get", {"id": record["id"]}))


# Whatever happens


@pytest.mark.parametrize("seed", range(3))
@each_resource
async def test_whatever_is_written_each_screen_and_view_ends_as_a_fresh_read_of_its_own(
    eyes: Eyes, resource: Resource, seed: int
) -> None:
    dice = random.Random(f"{resource.plural} {seed}")
    owners = [str(eye.actor.user_id) for eye in (eyes.agent, eyes.other, eyes.lead, eyes.viewer)]
    records = [
        await eyes.lead.client.make(resource, owner_id=dice.choice(owners)) for _ in range(4)
    ]
    views = [LiveView(eye.screen, "all", f"{resource.plural}:list", limit=100) for eye in eyes.all]
    for view in views:
        assert (await view.open())["success"]
    for _ in range(40):
        await _something(eyes, resource, dice, one(resource, dice.choice(records)), owners)
    last = await head(eyes.api.db, eyes.team)
    for eye, view in zip(eyes.all, views, strict=True):
        await eye.screen.reaches(last)
        await view.follows(last)
        fresh = await _fresh(eye, resource)
        assert eye.screen.records.get(resource.name, {}) == fresh, seed
        if eye is eyes.other:  # whose role changed: what it was told live was for another
            eye.screen.records.clear()
            await eye.comes_back(last)
            assert eye.screen.records.get(resource.name, {}) == fresh, seed
        else:
            await eye.hears(last)
    assert await _private(eyes.api.db, eyes.team, resource) == {
        (record["id"], f"private:{record['owner_id']}")
        for record in (await _fresh(eyes.lead, resource)).values()
        if record["is_private"]
    }
    assert await first_bad(eyes.api.db, eyes.team.id) is None


async def _something(
    eyes: Eyes, resource: Resource, dice: random.Random, path: str, owners: list[str]
) -> None:
    lead, other = eyes.lead.client, eyes.other
    match dice.randrange(8):
        case 0:
            await lead.patch(f"{path}/{dice.choice(['archive', 'restore'])}")
        case 1:
            await lead.delete(path)
            await lead.patch(f"{path}/restore")
        case 2:
            await lead.patch(path, {"owner_id": dice.choice(owners)})
        case 3 | 4:
            await dice.choice(eyes.all).client.patch(path, {a_text(resource): str(dice.random())})
        case 5:
            role = {"role": dice.choice(["lead", "agent", "viewer"])}
            member = f"/teams/current/members/{other.actor.user_id}"
            changed = await eyes.owner.client.patch(member, role)
            if changed.meta["seq"]:
                await other.screen.reaches(changed.meta["seq"])
                other.screen.records[resource.name] = await _fresh(other, resource)
        case _:
            private = {"is_private": dice.random() < 0.5}
            await dice.choice([eyes.lead, eyes.agent]).client.patch(path, private)


async def _fresh(eye: Eye, resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for archived in (False, True):
        payload = {"params": {"limit": 100, "archived": archived}}
        answer = await eye.screen.call(f"{resource.plural}:list", payload)
        found |= {record["id"]: record for record in answer["data"]}
    return found


async def _private(db: Database, team: Team, resource: Resource) -> set[tuple[str, str]]:
    """What the log holds for private now, of this kind."""
    rows = await db.fetch(
        f"""
        SELECT p.record_id::text, p.audience
        FROM private_records AS p
        JOIN {resource.table} AS r ON r.id = p.record_id AND r.audience = p.audience
        WHERE p.team_id = $1
        """,
        team.id,
    )
    return {(row["record_id"], row["audience"]) for row in rows}


# One policy


PEOPLE = [uuid4() for _ in range(3)]
actors = st.builds(
    Actor, st.sampled_from(PEOPLE), st.just(uuid4()), st.sampled_from(list(Role)), st.just("Ana")
)
audiences = st.just("all") | st.lists(
    st.sampled_from([str(person) for person in PEOPLE]), min_size=1, max_size=3, unique=True
).map(lambda people: "private:" + ",".join(people))


@given(
    actor=actors,
    private=st.booleans(),
    owner=st.sampled_from(PEOPLE),
    grants=st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans()), max_size=3),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_postgres_and_the_sockets_keep_the_same_policy(
    db: Database,
    actor: Actor,
    *,
    private: bool,
    owner: Any,
    grants: list[tuple[Any, bool]],
) -> None:
    given = [{"user_id": str(person), "can_view": view} for person, view in grants]
    row = await db.one(
        f"SELECT r.audience, {within('r.audience', '$3')} AS visible"
        " FROM (SELECT record_audience($1, $2, $4) AS audience) AS r",
        private,
        owner,
        audiences_of(actor),
        given,
    )
    assert may_see(actor, row["audience"]) == row["visible"]
    above = actor.role not in (Role.COORDINATOR, Role.AGENT, Role.VIEWER)
    named = actor.user_id == owner or (actor.user_id, True) in grants
    assert row["visible"] == (above or not private or named)


@pytest.mark.parametrize("role", Role)
async def test_postgres_and_python_give_a_role_the_same_rights(db: Database, role: Role) -> None:
    said = await db.fetchval("SELECT member_rights($1, NULL, NULL, NULL, NULL)", role)
    assert frozenset(said) == RIGHTS[role]


@given(actor=actors, before=st.none() | audiences, after=audiences)
def test_sight_follows_from_who_may_see_before_and_after(
    actor: Actor, before: str | None, after: str
) -> None:
    event = Event(actor.team_id, 1, "0" * 32, "note.updated", uuid4(), after, b"{}", before)
    seen = sight(event, partial(may_see, actor))
    assert (seen in (Sight.WHOLE, Sight.GAINED)) == may_see(actor, after)
    assert (seen in (Sight.WHOLE, Sight.LOST)) == may_see(actor, before or after)
    assert Event.unpack(event.pack()) == event
    if event.is_open:
        assert seen is Sight.WHOLE


@each_resource
async def test_a_read_is_one_round_trip_for_those_who_do_not_see_all(
    api: Api, agent: Client, resource: Resource
) -> None:
    record = await agent.make(resource, is_private=True)
    one = f"/{resource.plural}/{record['id']}"
    for path in ("", "/stats", f"/{record['id']}", f"/{record['id']}/history"):
        await agent.patch(one, {a_text(resource): f"before {path}"})  # nothing read before will do
        with statements(api.db) as sent:
            await agent.get(f"/{resource.plural}{path}")
        assert len(sent) == 1, sent
    with statements(api.db) as sent:
        await agent.get("/activity")
    assert len(sent) == 1, sent
