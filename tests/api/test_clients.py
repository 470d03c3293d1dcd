"""Whom the team works for: names, agreements, tags, and what their deals came to."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domains.clients.resource import CLIENTS
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Role
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.api.moves import asked, illegal, legal
from tests.api.statements import statements
from tests.factories import Team, fields, new_member, new_team
from tests.walk import head, told

TODAY = datetime.now(UTC).date()


def on(days: int) -> str:
    return (TODAY + timedelta(days)).isoformat()


async def one(by: Client, client: Any) -> Any:
    return (await by.get(f"/clients/{client['id']}")).data


# The machine


@pytest.mark.parametrize(("old", "new"), legal(CLIENTS))
async def test_an_agent_makes_every_legal_move(agent: Client, old: str, new: str) -> None:
    client = await agent.make(CLIENTS, old)
    moved = await agent.move(CLIENTS, client["id"], new)
    assert (moved.status, moved.data["client_status"]) == (200, new)


@pytest.mark.parametrize(("old", "new"), illegal(CLIENTS))
async def test_an_illegal_move_is_refused(agent: Client, old: str, new: str) -> None:
    client = await agent.make(CLIENTS, old)
    moved = await agent.move(CLIENTS, client["id"], new)
    assert moved.refused == (409, "INVALID_TRANSITION")


@pytest.mark.parametrize(("old", "new", "name"), asked(CLIENTS))
async def test_a_move_without_what_it_needs_names_it(
    agent: Client, old: str, new: str, name: str
) -> None:
    client = await agent.make(CLIENTS, old)
    answer = await agent.move(CLIENTS, client["id"], new, **{name: None})
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), [name])


async def test_an_agreement_that_still_runs_has_not_expired(agent: Client) -> None:
    client = await agent.make(CLIENTS, agreement_end_date=on(2))
    early = await agent.move(CLIENTS, client["id"], "expired", agreement_end_date=None)
    assert (early.refused, early.fields) == ((400, "VALIDATION_ERROR"), ["agreement_end_date"])
    ended = await agent.move(CLIENTS, client["id"], "expired", agreement_end_date=on(-1))
    assert ended.data["client_status"] == "expired"


@pytest.mark.parametrize("status", ["inactive", "closed", "expired", "cancelled"])
async def test_a_past_client_is_entered_as_it_stands(agent: Client, status: str) -> None:
    asks = {"expired": {"agreement_end_date": on(-9)}, "cancelled": {"status_reason": "Moved"}}
    made = await agent.make(CLIENTS, client_status=status, **asks.get(status, {}))
    assert made["client_status"] == status
    assert made["status_change_timestamp"] is not None


# Names, addresses, agreements


@pytest.mark.parametrize(
    ("given", "full_name"),
    [
        ({"first_name": "Thị Mai", "last_name": "Nguyễn"}, "Thị Mai Nguyễn"),
        ({"last_name": "O'Brien", "first_name": None}, "O'Brien"),
        ({"first_name": "王小明", "last_name": None}, "王小明"),
        (
            {"entity_type": "trust", "entity_name": "The Muñoz Family Trust"},
            "The Muñoz Family Trust",
        ),
    ],
)
async def test_a_client_is_called_by_the_names_as_they_were_typed(
    agent: Client, given: dict[str, Any], full_name: str
) -> None:
    client = await agent.make(CLIENTS, **given)
    assert (client["full_name"], client["label"]) == (full_name, full_name)
    assert {name: client[name] for name in given} == given


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"first_name": None, "last_name": None}, "last_name", "missing"),
        ({"entity_name": "Puget LLC"}, "entity_name", "contradiction"),
        ({"budget_min": 500001, "budget_max": 500000}, "budget_max", "too_small"),
        (
            {"agreement_start_date": on(0), "agreement_end_date": on(0)},
            "agreement_end_date",
            "too_early",
        ),
        ({"phone": "555-0100"}, "phone", "invalid"),
        ({"email": "not an address"}, "email", "invalid"),
        ({"tags": ["a, b"]}, "tags.0", "string_pattern_mismatch"),
        ({"client_type": "friend"}, "client_type", "enum"),
        ({"full_name": "Mai"}, "full_name", "unknown_field"),
        ({"lifetime_value": 1}, "lifetime_value", "unknown_field"),
    ],
)
async def test_what_contradicts_itself_is_refused_by_name(
    agent: Client, given: dict[str, Any], field: str, code: str
) -> None:
    made = await agent.post("/clients", {"first_name": "Cleo", "last_name": "Client", **given})
    assert made.refused == (400, "VALIDATION_ERROR")
    (detail,) = made.error["details"]
    assert (detail["field"], detail["code"]) == (field, code)


@pytest.mark.parametrize(
    ("dates", "status", "standing"),
    [
        ({}, "active", "none"),
        ({"agreement_start_date": on(-9)}, "active", "in_force"),
        ({"agreement_start_date": on(-9), "agreement_end_date": on(9)}, "inactive", "in_force"),
        ({"agreement_start_date": on(3), "agreement_end_date": on(9)}, "active", "upcoming"),
        ({"agreement_start_date": on(-9), "agreement_end_date": on(-3)}, "active", "expired"),
        ({"agreement_start_date": on(-9), "agreement_end_date": on(9)}, "cancelled", "cancelled"),
    ],
)
async def test_how_an_agreement_stands_follows_from_its_dates(
    agent: Client, dates: dict[str, str], status: str, standing: str
) -> None:
    said = {"status_reason": "Ended"} if status == "cancelled" else {}
    client = await agent.make(CLIENTS, client_status=status, **dates, **said)
    assert client["agreement_status"] == standing


async def test_a_phone_is_kept_as_typed_and_compared_in_one_form(agent: Client) -> None:
    client = await agent.make(CLIENTS, phone="(206) 555-0100 ext. 7")
    assert (client["phone"], client["phone_e164"]) == ("(206) 555-0100 ext. 7", "+12065550100")
    one = f"/clients/{client['id']}"
    assert (await agent.patch(one, {"phone": None})).data["phone_e164"] is None


# One address, one client


async def test_an_address_that_another_client_has_is_refused_and_names_them(
    api: Api, team: Team, agent: Client
) -> None:
    first = await agent.make(CLIENTS, email="Mai@Mail.example", last_name="Nguyễn")
    second = await agent.make(CLIENTS)
    before = await head(api.db, team)
    same = {"email": "mai@mail.EXAMPLE"}
    for answer in (
        await agent.post("/clients", {"first_name": "Mia", **same}),
        await agent.patch(f"/clients/{second['id']}", same),
    ):
        assert answer.refused == (409, "CONFLICT")
        (detail,) = answer.error["details"]
        assert (detail["field"], detail["id"]) == ("email", first["id"])
        assert (detail["display_id"], detail["label"]) == (first["display_id"], first["label"])
        assert "Nguyễn" in answer.error["message"]
    assert await head(api.db, team) == before
    assert (await agent.patch(f"/clients/{first['id']}", same)).status == 200  # one's own


async def test_a_private_client_is_not_named_to_who_may_not_see_it(
    api: Api, team: Team, agent: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    hidden = await ben.make(CLIENTS, email="mai@mail.example", is_private=True)
    answer = await agent.post("/clients", {"last_name": "Nguyễn", "email": "mai@mail.example"})
    assert answer.refused == (409, "CONFLICT")
    assert not {hidden["id"], hidden["display_id"], hidden["label"]} & set(
        str(answer.error).replace("'", " ").split()
    )
    assert answer.error["details"] == [{"field": "email", "message": "is taken", "code": "taken"}]


async def test_of_many_who_enter_one_address_at_once_one_succeeds(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    body = {"last_name": "Nguyễn", "email": "mai@mail.example"}
    answers = await asyncio.gather(
        *(by.post("/clients", body) for by in (agent, lead) for _ in range(4))
    )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    (made,) = [answer.data for answer in answers if answer.status == 201]
    refused = [answer.error["details"][0]["id"] for answer in answers if answer.status == 409]
    assert set(refused) == {made["id"]}
    assert await head(api.db, team) == 1


async def test_a_deleted_client_s_address_is_free_and_bars_its_return(
    agent: Client, lead: Client
) -> None:
    old = await agent.make(CLIENTS, email="mai@mail.example")
    await agent.delete(f"/clients/{old['id']}")
    new = await agent.make(CLIENTS, email="mai@mail.example")
    back = await lead.patch(f"/clients/{old['id']}/restore")
    assert (back.refused, back.error["details"][0]["id"]) == ((409, "CONFLICT"), new["id"])
    await agent.patch(f"/clients/{new['id']}", {"email": None})
    assert (await lead.patch(f"/clients/{old['id']}/restore")).status == 200


async def test_a_batch_carries_on_after_a_taken_address(agent: Client) -> None:
    await agent.make(CLIENTS, email="mai@mail.example")
    ids = [(await agent.make(CLIENTS))["id"] for _ in range(2)]
    body = {"op": "update", "ids": ids, "changes": {"email": "mai@mail.example"}}
    answer = await agent.post("/clients/batch", body)
    assert [item["error"]["code"] for item in answer.data] == ["CONFLICT", "CONFLICT"]


async def test_another_team_may_know_the_same_person(api: Api, agent: Client) -> None:
    rival = await api.sign_in((await new_team(api.db, "Rival Realty")).agent)
    await agent.make(CLIENTS, email="mai@mail.example")
    await rival.make(CLIENTS, email="mai@mail.example")


# Links


@pytest.mark.parametrize("resource", [ESCROWS, LISTINGS], ids=lambda r: r.plural)
async def test_a_deal_names_clients_of_its_team_that_its_writer_may_see(
    api: Api, agent: Client, lead: Client, resource: Any
) -> None:
    rival = await api.sign_in((await new_team(api.db, "Rival Realty")).agent)
    theirs = await rival.make(CLIENTS)
    hidden = await lead.make(CLIENTS, is_private=True)
    gone = await agent.make(CLIENTS)
    await agent.delete(f"/clients/{gone['id']}")
    mine = await agent.make(CLIENTS)
    record = await agent.make(resource, client_ids=[mine["id"]])
    one = f"/{resource.plural}/{record['id']}"
    for other in (theirs, hidden, gone):
        for answer in (
            await agent.patch(one, {"client_ids": [mine["id"], other["id"]]}),
            await agent.post(f"/{resource.plural}", fields(resource, client_ids=[other["id"]])),
        ):
            assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), ["client_ids"])
            assert answer.error["details"][0]["code"] == "not_found"
    assert (await agent.patch(one, {"client_ids": [mine["id"]] * 2})).fields == ["client_ids"]
    # What a lead has linked stays linked, though the agent does not see where it leads.
    both = [hidden["id"], mine["id"]]
    assert (await lead.patch(one, {"client_ids": both})).status == 200
    again = await agent.patch(one, {"client_ids": both[::-1]})
    assert again.data["client_ids"] == both[::-1]


async def test_a_relisted_home_keeps_its_sellers(agent: Client, lead: Client) -> None:
    seller = await lead.make(CLIENTS)
    listing = await agent.make(LISTINGS, "cancelled", client_ids=[seller["id"]])
    await lead.patch(f"/clients/{seller['id']}", {"is_private": True})
    again = await agent.post(f"/listings/{listing['id']}/relist", {})
    assert again.data["client_ids"] == [seller["id"]]


async def test_the_deals_of_one_client_are_a_filter(agent: Client) -> None:
    mai, bob = await agent.make(CLIENTS), await agent.make(CLIENTS)
    for resource in (ESCROWS, LISTINGS):
        wanted = await agent.make(resource, client_ids=[bob["id"], mai["id"]])
        await agent.make(resource, client_ids=[bob["id"]])
        await agent.make(resource)
        found = await agent.get(f"/{resource.plural}", client_id=mai["id"])
        assert [record["id"] for record in found.data] == [wanted["id"]]
        assert found.body["stats"]["total"] == 1


# What the deals came to


async def test_a_client_shows_what_their_escrows_came_to(agent: Client, lead: Client) -> None:
    client = await agent.make(CLIENTS)
    mine: dict[str, Any] = {"client_ids": [client["id"]]}
    assert (client["escrow_count"], client["lifetime_value"]) == (0, 0)
    await lead.make(ESCROWS, "closed", purchase_price=500000, **mine)  # at 495,000
    await lead.make(ESCROWS, "active", purchase_price=600000, **mine)
    await lead.make(ESCROWS, purchase_price=Decimal("700000.50"), **mine)
    await lead.make(ESCROWS, "cancelled", purchase_price=800000, **mine)
    deleted = await lead.make(ESCROWS, purchase_price=900000, **mine)
    await lead.delete(f"/escrows/{deleted['id']}")
    client = await one(agent, client)
    assert client["escrow_count"] == 3
    assert client["closed_value"] == 495000
    assert client["pending_value"] == Decimal("1300000.50")
    assert client["lifetime_value"] == Decimal("1795000.50")
    (listed,) = (await agent.get("/clients")).data
    assert listed == client


async def test_an_escrow_counts_where_every_reader_of_the_client_may_see_it(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    client = await agent.make(CLIENTS)
    private: dict[str, Any] = {"client_ids": [client["id"]], "is_private": True}
    await agent.make(ESCROWS, purchase_price=500000, **private)
    await ben.make(ESCROWS, purchase_price=600000, **private)
    for by in (agent, ben, lead):
        assert (await one(by, client))["escrow_count"] == 0
    # Private itself, it is seen by those alone who see its owner's private deals.
    await agent.patch(f"/clients/{client['id']}", {"is_private": True})
    for by in (agent, lead):
        assert (await one(by, client))["pending_value"] == 500000


async def test_what_is_kept_of_clients_is_new_with_every_event_of_an_escrow(agent: Client) -> None:
    client = await agent.make(CLIENTS)
    escrow = await agent.make(ESCROWS, client_ids=[client["id"]], purchase_price=500000)
    for path in ("/clients", f"/clients/{client['id']}"):
        kept = False
        for _ in range(1000):  # the node may not have heard of the last write yet
            kept = kept or (await agent.get(path)).headers["X-Cache"] == "hit"
            if kept:
                break
        assert kept
    await agent.patch(f"/escrows/{escrow['id']}", {"purchase_price": 510000})
    assert (await one(agent, client))["pending_value"] == 510000
    assert (await agent.get("/clients")).data[0]["pending_value"] == 510000


async def test_a_hundred_clients_are_one_round_trip(api: Api, agent: Client) -> None:
    client = await agent.make(CLIENTS)
    await agent.make(ESCROWS, client_ids=[client["id"]])
    with statements(api.db) as sent:
        await agent.get("/clients", limit=100)
    assert len(sent) == 1


# Tags


async def test_tags_are_put_on_and_taken_off_in_whatever_case(agent: Client) -> None:
    client = await agent.make(CLIENTS, tags=["VIP", "first home"])
    one = f"/clients/{client['id']}"
    tagged = await agent.patch(f"{one}/tags", {"add": ["vip", "Muñoz"], "remove": ["First Home"]})
    assert tagged.data["tags"] == ["VIP", "Muñoz"]
    same = await agent.patch(f"{one}/tags", {"add": ["VIP"], "remove": ["absent"]})
    assert (same.data["version"], same.meta["seq"]) == (2, None)
    too_many = await agent.patch(f"{one}/tags", {"add": [f"tag {i}" for i in range(49)]})
    assert (too_many.refused, too_many.fields) == ((400, "VALIDATION_ERROR"), ["add"])
    for tags in (["cash", "VIP"], []):
        assert (await agent.patch(f"{one}/tags", {"tags": tags})).data["tags"] == tags
    both = await agent.patch(f"{one}/tags", {"tags": ["cash"], "add": ["VIP"]})
    assert both.refused == (400, "VALIDATION_ERROR")


async def test_those_who_tag_at_once_lose_nobody_s_tags(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    client = await agent.make(CLIENTS, tags=["old"])
    one = f"/clients/{client['id']}/tags"
    names = [f"tag {i}" for i in range(12)]
    bodies: list[dict[str, list[str]]] = [{"add": [name]} for name in names]
    await asyncio.gather(
        *((agent, lead)[i % 2].patch(one, body) for i, body in enumerate(bodies)),
        agent.patch(one, {"remove": ["old"]}),
    )
    (shown,) = (await agent.get("/clients")).data
    assert set(shown["tags"]) == set(names)
    assert (shown["version"], await head(api.db, team)) == (14, 14)


# Lists and figures


async def test_clients_are_listed_by_status_type_and_tags(agent: Client) -> None:
    await agent.make(CLIENTS, first_name="A", client_type="buyer", tags=["VIP", "cash"])
    await agent.make(CLIENTS, first_name="B", client_type="seller", tags=["cash"])
    await agent.make(CLIENTS, "inactive", first_name="C", client_type="both", tags=["VIP"])
    await agent.make(CLIENTS, "closed", first_name="D", client_type="buyer")

    async def found(**params: Any) -> str:
        listed = await agent.get("/clients", sortBy="first_name", order="asc", **params)
        return "".join(client["first_name"] for client in listed.data)

    assert await found() == "ABCD"
    assert await found(status="active") == "AB"
    assert await found(clientType="buyer") == "AD"
    assert await found(tags="VIP") == "AC"
    assert await found(tags="cash,VIP") == "A"
    assert await found(search="client") == "ABCD"
    stats = (await agent.get("/clients/stats")).data
    assert stats == {
        "total": 4,
        "active": 2,
        "inactive": 1,
        "buyers": 2,
        "sellers": 1,
        "both": 1,
        "activePercentage": Decimal("50.0"),
    }


@pytest.mark.parametrize("sort", ["first_name", "last_name", "full_name", "email", "status"])
async def test_clients_without_a_value_have_their_place_in_every_order(
    agent: Client, sort: str
) -> None:
    names: list[dict[str, Any]] = [
        {"first_name": None, "last_name": "Z"},
        {"first_name": "M", "last_name": None, "email": "m@mail.example"},
        {"first_name": "Q", "last_name": "Q"},
    ]
    made = {(await agent.make(CLIENTS, **name))["id"] for name in names}
    assert {client["id"] for client in await agent.all(CLIENTS, sort=sort, limit=1)} == made


async def test_an_event_tells_no_figure_of_deals_as_a_change(
    api: Api, team: Team, agent: Client
) -> None:
    client = await agent.make(CLIENTS)
    escrow = await agent.make(ESCROWS, client_ids=[client["id"]])
    await agent.patch(f"/clients/{client['id']}", {"city": "Tacoma"})
    assert escrow["client_ids"] == [client["id"]]
    assert (await told(api.db, team))[-1]["ch"] == {"city": [None, "Tacoma"]}
