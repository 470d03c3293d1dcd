"""Paths that the earlier system's programs ask for do what ours do, for whom ours do it."""

from typing import Any
from uuid import uuid4

import pytest

from domains.appointments.resource import APPOINTMENTS
from domains.kit.actor import Role
from domains.kit.child import Child
from domains.kit.endpoint import Method
from domains.kit.resource import Resource
from domains.listings.resource import LISTINGS
from server.catalogue import described
from tests.api.client import Api, Client
from tests.factories import Team, new_member, new_record, new_team
from tests.walk import RESOURCES, add_row, child_example, everything, head, told

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
EARLIER = [endpoint for endpoint in described() if endpoint.tag == "earlier"]
OF_RECORDS = [endpoint.name for endpoint in EARLIER if "_id}" not in endpoint.path]
BODIES: dict[str, Any] = {"price_reduction": {"newPrice": 1}}
ROWS = [
    child for child in APPOINTMENTS.children if child.plural in ("stops", "attendees", "showings")
]


@each_resource
async def test_a_record_is_put_away_and_brought_back_by_the_earlier_paths(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    record = await agent.make(resource)
    one, before = f"/{resource.plural}/{record['id']}", await head(api.db, team)
    for method, path, archived in (
        (Method.PUT, "/archive", True),
        (Method.PATCH, "/unarchive", False),
        (Method.PUT, "/archive", True),
        (Method.PUT, "/restore", False),
    ):
        answer = await agent.ask(method, one + path)
        assert answer.status == 200, answer.body
        assert answer.data["is_archived"] is archived
        assert answer.data == (await agent.get(one)).data
    kinds = [event["k"] for event in await told(api.db, team, before)]
    assert kinds == [f"{resource.name}.{verb}" for verb in ("archived", "restored") * 2]


@each_resource
async def test_several_are_deleted_with_an_outcome_for_each(
    api: Api, lead: Client, resource: Resource
) -> None:
    theirs = await new_record(api.db, resource, (await new_team(api.db)).agent)
    for method, path in ((Method.POST, "/batch-delete"), (Method.DELETE, "/batch")):
        record, key = await lead.make(resource), uuid4().hex
        ids = [theirs["id"], record["id"]]
        answers = [
            await lead.ask(method, f"/{resource.plural}{path}", {"ids": ids}, key=key)
            for _ in range(2)
        ]
        assert [item["success"] for item in answers[0].data] == [False, True]
        assert answers[0].data[0]["error"]["code"] == "NOT_FOUND"
        assert answers[1].data == answers[0].data
        assert await everything(lead, resource) == {}
        twice = await lead.ask(method, f"/{resource.plural}{path}", {"ids": ids[:1] * 2})
        assert (twice.refused, twice.fields) == ((400, "VALIDATION_ERROR"), ["ids"])


async def test_a_price_is_reduced_by_the_earlier_path(agent: Client) -> None:
    listing = await agent.make(LISTINGS)
    body = {"newPrice": 410000, "reason": "Two weeks without an offer"}
    answer = await agent.post(f"/listings/{listing['id']}/price-reduction", body)
    assert float(answer.data["list_price"]) == 410000
    assert answer.data["price_change_reason"] == body["reason"]
    prices = (await agent.get(f"/listings/{listing['id']}/price-history")).data
    assert float(prices[0]["list_price"]) == 410000


async def test_members_are_listed_by_the_id_of_one_s_own_team_alone(
    api: Api, team: Team, viewer: Client
) -> None:
    ours = await viewer.get(f"/teams/{team.id}/members")
    assert ours.data == (await viewer.get("/teams/current/members")).data
    other = await new_team(api.db)
    for unknown in (other.id, uuid4(), "nonsense"):
        answer = await viewer.get(f"/teams/{unknown}/members")
        assert answer.refused == (404, "NOT_FOUND")


@pytest.mark.parametrize("child", ROWS, ids=lambda child: child.plural)
async def test_a_row_of_an_appointment_is_changed_and_removed_by_its_own_id(
    api: Api, team: Team, lead: Client, viewer: Client, child: Child
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    stranger = await api.sign_in((await new_team(api.db)).owner)
    appointment = await lead.make(APPOINTMENTS, is_private=True)
    example = child_example(APPOINTMENTS, child)
    row = await add_row(lead, APPOINTMENTS, child, appointment)
    path, change = f"/appointments/{child.plural}/{row['id']}", dict(example.change)
    before = await head(api.db, team)
    for method, body in ((Method.PUT, change), (Method.DELETE, None)):
        assert (await viewer.ask(method, path, body)).refused == (403, "FORBIDDEN")
        for by in (ben, stranger):
            refused = await by.ask(method, path, body)
            assert refused.refused == (404, "NOT_FOUND")
            assert appointment["id"] not in str(refused.error)
        nonsense = await lead.ask(method, f"/appointments/{child.plural}/nonsense", body)
        assert nonsense.refused == (404, "NOT_FOUND")
    assert await head(api.db, team) == before
    changed = await lead.put(path, change)
    assert changed.status == 200, changed.body
    assert (changed.data["id"], changed.data["version"] > row["version"]) == (row["id"], True)
    assert (await lead.delete(path)).data["id"] == row["id"]
    kinds = [event["k"] for event in await told(api.db, team, before)]
    assert kinds == [f"appointment.{child.name}_updated", f"appointment.{child.name}_removed"]
    assert (await lead.delete(path)).refused == (404, "NOT_FOUND")


@pytest.mark.parametrize("name", OF_RECORDS)
async def test_who_may_not_do_it_by_our_path_may_not_by_the_earlier(
    api: Api, team: Team, lead: Client, viewer: Client, name: str
) -> None:
    (endpoint,) = [each for each in EARLIER if each.name == name]
    (resource,) = [r for r in RESOURCES if endpoint.path.startswith(f"/{r.plural}/")]
    record = await lead.make(resource)
    stranger = await api.sign_in((await new_team(api.db)).owner)
    body = BODIES.get(name.partition(":")[2])
    if endpoint.many:
        body = {"ids": [record["id"]]}
    path = endpoint.path.format(id=record["id"])
    before = await head(api.db, team)
    assert (await viewer.ask(endpoint.method, path, body)).refused == (403, "FORBIDDEN")
    strange = await stranger.ask(endpoint.method, path, body)
    if endpoint.many:
        assert strange.data[0]["error"]["code"] == "NOT_FOUND"
    else:
        assert strange.refused == (404, "NOT_FOUND")
    assert await head(api.db, team) == before
