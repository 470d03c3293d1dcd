"""What a right shows is null to everybody without it: on every surface, and to those alone."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.room.audience import Frames
from db.database import Database
from db.events import Event, first_bad, read_after
from domains.kit import etag
from domains.kit.actor import RIGHTS, Actor, Right, Role
from domains.kit.child import Child
from domains.kit.errors import Forbidden
from domains.kit.policy import may_see
from domains.kit.resource import Resource
from domains.kit.select import ListQuery, matching
from server.catalogue import guard
from tests.api.client import Api, Client, exact
from tests.examples import EXAMPLES
from tests.eyes import SEARCHED, Eyes, eyes_of
from tests.factories import Team, deprived, new_member, new_record
from tests.realtime.live_views import LiveView
from tests.walk import (
    RESOURCES,
    Write,
    a_change,
    child_example,
    first_move,
    made_ready,
    writes_of,
)

GUARDED = [resource for resource in RESOURCES if resource.guarded]
each_guarded = pytest.mark.parametrize("resource", GUARDED, ids=lambda r: r.plural)
each_of_its_own = pytest.mark.parametrize(
    "resource",
    [resource for resource in GUARDED if any("." not in name for name in resource.guarded)],
    ids=lambda r: r.plural,
)
GUARD = guard()


@pytest.fixture
async def blind(db: Database, team: Team) -> Actor:
    """An agent who may write, and sees no commissions."""
    blind = await new_member(db, team.id, Role.AGENT, "Bo Blind")
    return await deprived(db, blind, "can_view_financials")


@pytest.fixture
async def writer(api: Api, blind: Actor) -> Client:
    return await api.sign_in(blind)


@pytest.fixture
async def eyes(api: Api, team: Team, blind: Actor) -> AsyncIterator[Eyes]:
    """Whose `other` and `viewer` are not shown what the rest is."""
    viewer = await deprived(api.db, team.viewer, "can_view_financials")
    async with eyes_of(api, replace(team, viewer=viewer), blind) as eyes:
        yield eyes


def leaf(name: str) -> str:
    return name.rpartition(".")[2]


def own(resource: Resource) -> dict[str, Any]:
    """A value for each guarded field of the record itself."""
    full = EXAMPLES[resource.plural].full
    return {name: full[name] for name in resource.guarded if "." not in name}


def secrets(resource: Resource) -> dict[str, Any]:
    """The same, and a row of each kind that has guarded fields, for a new record."""
    plurals = {name.partition("[")[0] for name in resource.guarded if "." in name}
    children = [child for child in resource.children if child.plural in plurals]
    return own(resource) | {child.plural: [child_row(resource, child)] for child in children}


def child_row(resource: Resource, child: Child) -> dict[str, Any]:
    inside = f"{child.plural}[]."
    codes = {leaf(name): "999#" for name in resource.guarded if name.startswith(inside)}
    return {**child_example(resource, child).least, **codes}


def leaves(resource: Resource) -> frozenset[str]:
    return frozenset(map(leaf, resource.guarded))


def without(value: Any, names: Collection[str], *, pairs: bool = False) -> Any:
    """What is left for somebody from whom these names are withheld."""
    match value:
        case {"field": str() as field, "old_text": _} if field in names:
            return {**value, **dict.fromkeys(("old", "new", "old_text", "new_text"))}
        case dict():
            return {
                name: ([None, None] if pairs else None)
                if name in names
                else without(each, names, pairs=name in ("ch", "changes"))
                for name, each in value.items()
            }
        case list() | tuple():
            return [without(each, names) for each in value]
        case str() if "," in value and "\r\n" in value:
            return _csv_without(value, names)
    return value


def _csv_without(text: str, names: Collection[str]) -> str:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    if not rows:
        return text
    told = io.StringIO()
    writer = csv.DictWriter(told, rows[0].keys())
    writer.writeheader()
    writer.writerows({**row, **{name: "" for name in names if name in row}} for row in rows)
    return told.getvalue()


SAID = {"sentence", "pieces"}


def unsaid(value: Any, names: Collection[str], *, told: bool = True) -> Any:
    """Without the sentences of entries that touch these names: they are other ones for others.

    What somebody was `told` says no value.
    """
    match value:
        case {"sentence": sentence, "ch": ch} if set(names) & set(ch):
            if told:
                assert not re.search(r"999|flat|percentage to | to [0-9$]", sentence), sentence
                assert sentence == "".join(piece["text"] for piece in value["pieces"])
            return {name: each for name, each in value.items() if name not in SAID}
        case dict():
            return {name: unsaid(each, names, told=told) for name, each in value.items()}
        case list() | tuple():
            return [unsaid(each, names, told=told) for each in value]
    return value


def shown(value: Any, names: Collection[str]) -> bool:
    """Whether any of these names holds anything."""
    return bool(value != without(value, names))


async def act(eyes: Eyes, resource: Resource, record: Any) -> None:
    """One of each kind of change, those of guarded fields among them."""
    by, path = eyes.agent.client, f"/{resource.plural}/{record['id']}"
    for body in (a_change(resource), dict.fromkeys(own(resource)), own(resource)):
        assert (await by.patch(path, body)).status == 200
    for child in resource.children:
        added = await by.post(f"{path}/{child.plural}", child_row(resource, child))
        assert added.status == 201, added.body
    assert (await by.patch(f"{path}/status", first_move(resource))).status == 200
    ids = {"ids": [record["id"]]}
    await by.post(f"/{resource.plural}/batch", {"op": "archive", **ids})
    await by.post(f"/{resource.plural}/batch", {"op": "restore", **ids})


@each_guarded
async def test_who_lacks_a_right_is_told_all_but_what_it_shows(
    eyes: Eyes, resource: Resource
) -> None:
    body = {**secrets(resource), resource.search[0]: f"9 {SEARCHED}"}
    record = await eyes.agent.client.make(resource, **body)
    assert shown(record, leaves(resource))
    await act(eyes, resource, record)
    truth = {
        **await eyes.lead.lists(resource, record),
        **await eyes.lead.record(resource, record),
    }
    log = await eyes.log()
    for eye in eyes.all:
        names = GUARD.hidden(eye.actor.rights)
        assert bool(names) == (eye in (eyes.other, eyes.viewer))
        seen = {**await eye.lists(resource, record), **await eye.record(resource, record)}
        for surface, said in truth.items():
            if surface == "export" and any("[]" in name for name in resource.guarded):
                assert ("999#" in str(seen[surface])) == (not names & leaves(resource))
                continue  # rows of a record are one cell
            expected = tuple_of(without(said, names), said)
            assert unsaid(seen[surface], names) == unsaid(expected, names, told=False), surface
    assert any(shown(event, leaves(resource)) for event in log)
    for eye in eyes.all:
        assert await eye.hears(len(log)) == without(log, GUARD.hidden(eye.actor.rights))
    for private in (True, False):  # what is new to somebody comes without its changes
        await eyes.agent.client.patch(f"/{resource.plural}/{record['id']}", {"is_private": private})
    for eye in (eyes.other, eyes.viewer):
        last = (await eye.hears(len(log) + 2))[-1]
        whole = (await eyes.log())[-1] | {"ch": {}}
        assert last == without(whole, GUARD.hidden(eye.actor.rights))
    assert await first_bad(eyes.api.db, eyes.team.id) is None


def tuple_of(value: Any, like: Any) -> Any:
    return tuple(value) if isinstance(like, tuple) else value


@each_guarded
async def test_a_view_shows_its_reader_what_a_fresh_list_would(
    eyes: Eyes, resource: Resource
) -> None:
    views = [LiveView(eye.screen, "all", f"{resource.plural}:list") for eye in eyes.all]
    for view in views:
        assert (await view.open())["success"]
    record = await eyes.agent.client.make(resource, **secrets(resource))
    path = f"/{resource.plural}/{record['id']}"
    changed = await eyes.lead.client.patch(path, {**own(resource), **a_change(resource)})
    for eye, view in zip(eyes.all, views, strict=True):
        await view.follows(changed.meta["seq"])
        names = GUARD.hidden(eye.actor.rights)
        assert shown(view.rows, leaves(resource)) == (not names & leaves(resource))
        assert not shown([view.rows, view.stats, view.heard], names)
        for name in resource.guarded_stats:
            assert (view.stats[name] is None) == (name in names)


def _writes() -> Iterable[Any]:
    for resource in GUARDED:
        for write in writes_of(resource):
            after = f"-after-{write.first}" if write.first else ""
            yield pytest.param(
                resource, write, id=f"{resource.plural}:{write.verb}-{write.kind}{after}"
            )


@pytest.mark.parametrize(("resource", "write"), list(_writes()))
async def test_a_write_answers_without_what_its_writer_may_not_see(
    lead: Client, writer: Client, blind: Actor, resource: Resource, write: Write
) -> None:
    own = {**secrets(resource), "owner_id": str(blind.user_id)}
    records = await made_ready(lead, resource, write.first, **own)
    key = uuid4().hex
    answer = await write.act(writer, resource, records, key=key)
    if answer.status == 403:  # what only its author or a lead may do
        assert write.first in ("delete", *(child.name for child in resource.children))
        return
    assert answer.status in (200, 201), answer.body
    assert not shown(answer.body, GUARD.hidden(blind.rights))
    assert (await write.act(writer, resource, records, key=key)).data == answer.data


@each_guarded
async def test_a_repeated_answer_is_as_its_asker_may_see_it_by_now(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    record, key = await agent.make(resource, **secrets(resource)), uuid4().hex
    path = f"/{resource.plural}/{record['id']}"
    first = await agent.patch(path, a_change(resource), key=key)
    assert shown(first.data, leaves(resource))
    less = await deprived(api.db, team.agent, "can_view_financials")
    now = await api.sign_in(less)
    again = await now.patch(path, a_change(resource), key=key)
    assert again.data == without(first.data, GUARD.hidden(less.rights))


@each_of_its_own
async def test_what_one_may_not_see_one_may_not_set(
    lead: Client, writer: Client, blind: Actor, resource: Resource
) -> None:
    record = await lead.make(resource, owner_id=str(blind.user_id), **secrets(resource))
    path, hidden = f"/{resource.plural}/{record['id']}", GUARD.hidden(blind.rights)
    for name, value in own(resource).items():
        if name not in hidden:
            continue
        for guess in (value, None):  # a guess that is right is refused like any other
            assert (await writer.patch(path, {name: guess})).refused == (403, "FORBIDDEN")
            body = {"op": "update", "ids": [record["id"]], "changes": {name: guess}}
            (outcome,) = (await writer.post(f"/{resource.plural}/batch", body)).data
            assert outcome["error"]["code"] == "FORBIDDEN"
        made = await writer.post(
            f"/{resource.plural}", {**EXAMPLES[resource.plural].least, name: value}
        )
        assert made.refused == (403, "FORBIDDEN")
    assert (await lead.get(path)).data == record
    assert (await writer.patch(path, a_change(resource))).status == 200


@each_of_its_own
async def test_a_conflict_tells_no_more_than_its_reader_may_see(
    lead: Client, writer: Client, blind: Actor, resource: Resource
) -> None:
    record = await lead.make(resource, owner_id=str(blind.user_id), **secrets(resource))
    path = f"/{resource.plural}/{record['id']}"
    await lead.patch(path, dict.fromkeys(own(resource)))
    for by, sees in ((writer, False), (lead, True)):
        refused = await by.delete(path, version=1)
        assert refused.refused == (409, "VERSION_CONFLICT")
        told = {each["field"]: each for each in refused.error["details"]}
        for name, value in own(resource).items():
            assert told[name]["base"] == (exact(value) if sees else None)
            assert told[name]["current"] is None


@each_guarded
async def test_tags_neither_mix_readers_nor_tell_what_is_withheld(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    reader = await api.sign_in(await deprived(api.db, team.viewer, "can_view_financials"))
    record = await agent.make(resource, **secrets(resource))
    for path in ("", "/stats", f"/{record['id']}", f"/{record['id']}/history"):
        where = f"/{resource.plural}{path}"
        for first, second in ((agent, reader), (reader, agent)):
            tag = (await first.get(where)).headers["ETag"]
            status, _ = await second.text(where, **{"If-None-Match": tag})
            assert status == 200, path
    where = f"/{resource.plural}/{record['id']}"
    answer = await reader.get(where)
    _, text = await reader.text(where)
    said = text[text.index('"data":') + 7 : text.index(',"meta":')]
    assert answer.headers["ETag"] == etag.of_record(record["version"], said.encode())


@each_of_its_own
async def test_no_filter_and_no_order_goes_by_what_its_asker_may_not_see(
    blind: Actor, resource: Resource
) -> None:
    name = next(iter(own(resource)))
    least = "min_price"
    sees = replace(blind, rights=RIGHTS[Role.AGENT])
    sorted_by_it = replace(resource, sorts={"secret": (f"coalesce(r.{name}, 0)", "numeric")})
    filtered_by_it = replace(resource, where={**resource.where, least: f"r.{name} >= {{}}"})
    for asked, query in (
        (sorted_by_it, query_of(resource).model_copy(update={"sort": "secret"})),
        (filtered_by_it, query_of(resource).model_copy(update={least: 5})),
    ):
        matching(asked, sees, query)
        with pytest.raises(Forbidden):
            matching(asked, blind, query)
    assert not {leaf(field) for field in resource.guarded}.intersection(resource.search)


def query_of(resource: Resource) -> ListQuery:
    query = resource.query()
    assert isinstance(query, ListQuery)
    return query


# The definition


@each_guarded
def test_a_guarded_name_is_a_field_and_guarded_wherever_there_is_one(resource: Resource) -> None:
    children = {
        f"{child.plural}[].{name}"
        for child in resource.children
        for name in child.image.model_fields
    }
    assert resource.guarded.keys() <= {*resource.image.model_fields, *children}
    assert resource.guarded_stats.keys() <= resource.stats.keys()
    assert {*resource.guarded.values(), *resource.guarded_stats.values()} <= set(Right)
    for name in resource.guarded:
        for other in RESOURCES:
            if leaf(name) in other.image.model_fields:
                assert other.guarded.get(leaf(name)) == resource.guarded[name], other.plural


NAMES = sorted(GUARD.shown)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 9)
    | st.sampled_from([f'"{NAMES[0]}":1', "null", "é\\"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, "notes", "ch"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(data=VALUES, changes=st.dictionaries(st.sampled_from([*NAMES, "notes"]), st.lists(VALUES)))
def test_an_event_is_told_in_two_ways_only_where_they_differ(data: Any, changes: Any) -> None:
    told = {"s": 1, "ch": {name: of or [None, None] for name, of in changes.items()}}
    told["d"] = data
    for text in (json.dumps(told), json.dumps(told, separators=(" , ", " : ")), orjson.dumps(told)):
        raw = text if isinstance(text, bytes) else text.encode()
        event = Event(uuid4(), 1, "0" * 32, "note.updated", uuid4(), "all", raw)
        for rights in (frozenset[str](), RIGHTS[Role.VIEWER], RIGHTS[Role.OWNER]):
            less = GUARD.without(event, GUARD.rights - rights)
            assert json.loads(less) == without(told, GUARD.hidden(rights))
            if not GUARD.guarded(event) - rights:
                assert json.loads(less) == told


# What it costs


async def _events(db: Database, team: Team, resource: Resource, **body: Any) -> list[Event]:
    await new_record(db, resource, team.owner, **body)
    return await read_after(db, team.id, 0)


@each_guarded
async def test_where_it_makes_no_difference_a_room_makes_one_frame_for_all(
    db: Database, team: Team, resource: Resource
) -> None:
    blind = replace(team.viewer, rights=frozenset[str]())
    everybody = [team.owner.rights, team.agent.rights | {Right.MANAGE_TEAM}]
    some = [*everybody, blind.rights]
    plain = await _events(db, team, resource)
    assert Frames(plain, may_see, GUARD, some).for_all is not None
    guarded = await _events(db, team, resource, **secrets(resource))
    assert Frames(guarded, may_see, GUARD, everybody).for_all is not None
    assert Frames(guarded, may_see, GUARD, some).for_all is None
    frames = Frames(guarded, may_see, GUARD, some)
    assert frames.of(team.agent) is frames.of(team.lead)
    assert frames.of(team.agent) is not frames.of(blind)
    (packet,) = frames.of(team.agent).packets
    assert packet.data == Frames(guarded, may_see).of(team.agent).packets[0].data
    (hidden,) = frames.of(blind).packets
    names = GUARD.hidden(blind.rights)
    assert json.loads(hidden.data[1:]) == without(json.loads(packet.data[1:]), names)
