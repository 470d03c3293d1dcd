"""Notes: rows that belong to a record, and what every such row keeps to."""

import asyncio
from uuid import uuid4

import pytest

from domains.kit.actor import Role
from domains.kit.resource import Resource
from tests.api.client import Api, Client
from tests.eyes import eyes_of
from tests.factories import Team, new_member
from tests.walk import RESOURCES, head

NOTED = [
    resource for resource in RESOURCES if any(child.name == "note" for child in resource.children)
]
each_noted = pytest.mark.parametrize("resource", NOTED, ids=lambda r: r.plural)


async def a_record(by: Client, resource: Resource) -> str:
    return f"/{resource.plural}/{(await by.make(resource))['id']}"


@each_noted
async def test_a_note_is_kept_with_its_author_and_the_record_tells_of_the_last(
    agent: Client, lead: Client, resource: Resource
) -> None:
    one = await a_record(agent, resource)
    first = await agent.post(f"{one}/notes", {"content": "O'Brien <called>"})
    assert first.status == 201
    assert (first.data["content"], first.data["type"]) == ("O'Brien <called>", "general")
    assert first.data["created_by"]["name"] == "Ana Agent"
    assert first.headers["ETag"] == '"2"'
    second = await lead.post(f"{one}/notes", {"content": "Met at 9", "type": "meeting"})
    record = (await agent.get(one)).data
    assert (record["note_count"], record["last_note"]) == (2, second.data)
    changed = await agent.patch(f"{one}/notes/{first.data['id']}", {"type": "follow_up"})
    record = (await agent.get(one)).data
    assert (record["note_count"], record["last_note"]) == (2, changed.data)
    assert (await agent.get(f"{one}/notes")).data == [second.data, changed.data]
    await agent.delete(f"{one}/notes/{first.data['id']}")
    record = (await agent.get(one)).data
    assert (record["note_count"], record["last_note"]) == (1, second.data)
    kinds = [entry["kind"] for entry in (await agent.get(f"{one}/history")).data]
    assert kinds == [
        f"{resource.name}.{kind}"
        for kind in ("note_removed", "note_updated", "note_added", "note_added", "created")
    ]


async def test_notes_come_in_pages(agent: Client) -> None:
    one = await a_record(agent, NOTED[0])
    made = [(await agent.post(f"{one}/notes", {"content": str(n)})).data for n in range(5)]
    pages = [await agent.get(f"{one}/notes", limit=2, page=page) for page in (1, 2, 3, 4)]
    assert [note for page in pages for note in page.data] == made[::-1]
    assert pages[0].body["pagination"] == {
        "page": 1, "limit": 2, "total": 5, "pages": 3, "next_cursor": None
    }  # fmt: skip


async def test_a_note_is_changed_by_its_author_or_a_lead(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    one = await a_record(agent, NOTED[0])
    note = f"{one}/notes/{(await agent.post(f'{one}/notes', {'content': 'Mine'})).data['id']}"
    assert (await ben.patch(note, {"content": "Yours"})).refused == (403, "FORBIDDEN")
    assert (await ben.delete(note)).refused == (403, "FORBIDDEN")
    assert (await lead.patch(note, {"content": "Put right"})).status == 200
    assert (await agent.delete(note)).status == 200
    for gone in (note, f"{one}/notes/{uuid4()}", f"{one}/notes/7"):
        assert (await agent.patch(gone, {"content": "x"})).refused == (404, "NOT_FOUND")


async def test_a_note_of_another_record_is_not_found_here(agent: Client) -> None:
    one, other = await a_record(agent, NOTED[0]), await a_record(agent, NOTED[0])
    note = (await agent.post(f"{one}/notes", {"content": "Here"})).data["id"]
    assert (await agent.delete(f"{other}/notes/{note}")).refused == (404, "NOT_FOUND")


async def test_a_stale_write_of_a_note_merges_unless_that_note_was_changed(
    agent: Client, lead: Client
) -> None:
    one = await a_record(agent, NOTED[0])
    note, other = [
        f"{one}/notes/{(await agent.post(f'{one}/notes', {'content': text})).data['id']}"
        for text in ("First", "Second")
    ]
    seen = (await agent.get(one)).data["version"]
    assert (await lead.patch(other, {"content": "Changed"})).status == 200
    assert (await agent.patch(note, {"content": "Mine"}, version=seen)).status == 200
    assert (await lead.patch(one, {"notes": "And the record itself"})).status == 200
    refused = await agent.patch(other, {"content": "Mine"}, version=seen)
    assert refused.refused == (409, "VERSION_CONFLICT")
    (detail,) = refused.error["details"]
    assert (detail["field"], detail["current"], detail["yours"]) == (
        "notes.content", "Changed", "Mine"
    )  # fmt: skip
    assert detail["changed_by"]["name"] == "Lea Lead"
    assert (await agent.delete(other, version=seen)).refused == (409, "VERSION_CONFLICT")
    assert (await agent.post(f"{one}/notes", {"content": "x"}, version=99)).status == 400


async def test_notes_written_at_once_are_all_kept(api: Api, team: Team, agent: Client) -> None:
    one = await a_record(agent, NOTED[0])
    before = await head(api.db, team)
    texts = [{"content": str(n)} for n in range(8)]
    answers = await asyncio.gather(*(agent.post(f"{one}/notes", text) for text in texts))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.data["version"] for answer in answers}) == 8
    assert (await agent.get(one)).data["note_count"] == 8
    assert await head(api.db, team) == before + 8


async def test_another_agent_s_screen_hears_of_a_note_as_it_is_written(
    api: Api, team: Team
) -> None:
    async with eyes_of(api, team) as eyes:
        one = await a_record(eyes.agent.client, NOTED[0])
        note = await eyes.agent.client.post(f"{one}/notes", {"content": "Live"})
        seen = await eyes.other.screen.sees(f"{NOTED[0].name}.note_added")
        assert seen.event["d"]["last_note"] == note.data
        assert set(seen.event["ch"]) == {"note_count", "last_note"}
