"""Faults in how the earlier system kept its records, each by its number: none of them is ours."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from domains.clients.resource import CLIENTS
from domains.kit.resource import Resource
from tests.api.client import Api, Client
from tests.factories import Team
from tests.walk import RESOURCES, told

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)

TYPED = 'O\'Brien & Søns <b>"é"</b> &amp;'


@each_resource
async def test_9_whoever_a_record_is_made_for_owns_it_wherever_that_is_asked(
    team: Team, agent: Client, lead: Client, resource: Resource
) -> None:
    for by in (agent, lead):
        said = {} if by is agent else {"owner_id": str(team.agent.user_id)}
        record = (await by.make(resource, **said))["id"]
        one = f"/{resource.plural}/{record}"
        assert (await by.get(one)).data["owner_id"] == str(team.agent.user_id)
        mine = (await agent.get(f"/{resource.plural}", scope="my")).data
        assert record in [each["id"] for each in mine]
        assert (await agent.delete(one)).status == 200  # which only the owner may, and leads


@each_resource
async def test_10_text_is_kept_and_told_as_it_was_typed(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    name = resource.search[0]
    record = await agent.make(resource, **{name: TYPED})
    assert record[name] == TYPED
    assert (await told(api.db, team))[-1]["d"][name] == TYPED
    assert [each["id"] for each in (await agent.get(f"/{resource.plural}", search=TYPED)).data] == [
        record["id"]
    ]
    assert (await agent.get("/search", q="O'Brien & Søns")).data["hits"][0]["id"] == record["id"]


@each_resource
async def test_11_display_ids_of_records_made_at_once_are_each_its_own(
    agent: Client, lead: Client, resource: Resource
) -> None:
    made = await asyncio.gather(*((agent, lead)[n % 2].make(resource) for n in range(8)))
    numbers = sorted(int(each["display_id"][-4:]) for each in made)
    assert numbers == list(range(numbers[0], numbers[0] + 8))


async def test_11_tags_and_notes_that_are_written_at_once_are_all_kept(
    agent: Client, lead: Client
) -> None:
    client = await agent.make(CLIENTS)
    one, words = f"/clients/{client['id']}", [f"word {n}" for n in range(6)]
    await asyncio.gather(
        *((agent, lead)[n % 2].patch(f"{one}/tags", {"add": [w]}) for n, w in enumerate(words)),
        *((lead, agent)[n % 2].post(f"{one}/notes", {"content": w}) for n, w in enumerate(words)),
    )
    notes: list[Any] = (await agent.get(f"{one}/notes")).data
    shown = (await agent.get(one)).data
    assert {note["content"] for note in notes} == set(shown["tags"]) == set(words)
    assert shown["note_count"] == len({UUID(note["id"]) for note in notes}) == 6
