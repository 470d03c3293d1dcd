"""The feed says what happened, in sentences, and groups what one person did to many."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from db.database import Database
from domains.appointments.resource import APPOINTMENTS
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Role
from domains.kit.words import words_of
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.factories import Team, new_member
from tests.walk import RESOURCES


async def newest(client: Client, **params: Any) -> Any:
    return (await client.get("/activity", limit=1, **params)).data[0]


async def said(client: Client, **params: Any) -> str:
    sentence: str = (await newest(client, **params))["sentence"]
    return sentence


def one(record: Any, plural: str = "escrows") -> str:
    return f"/{plural}/{record['id']}"


@pytest.fixture
async def escrow(agent: Client) -> Any:
    return await agent.make(
        ESCROWS, property_address="12 Main St", purchase_price=450000, closing_date="2026-12-01"
    )


# Sentences


LOAN = {"type": "Loan"}
SAID: list[tuple[Any, Any, str]] = [
    ({}, {"purchase_price": 439000}, "lowered the purchase price of {} from $450,000 to $439,000"),
    ({}, {"purchase_price": 450000.5}, "raised the purchase price of {} from $450,000 to $450,000.50"),  # noqa: E501
    ({}, {"closing_date": "2027-01-04"}, "changed the closing date of {} from Dec 1, 2026 to Jan 4, 2027"),  # noqa: E501
    ({}, {"mls_number": "77"}, "set the MLS number of {} to 77"),
    ({"mls_number": "7"}, {"mls_number": None}, "cleared the MLS number of {}, which was 7"),
    ({}, {"commission_percentage": 2.5}, "set the commission percentage of {} to 2.5%"),
    ({}, {"year_built": 1987}, "set the year built of {} to 1987"),
    ({}, {"square_feet": 12500}, "set the square feet of {} to 12,500"),
    ({}, {"pool": True}, "set the pool of {} to yes"),
    ({}, {"notes": "Call Bea"}, "added the notes to {}"),
    ({"notes": "Call Bea"}, {"notes": "Call Sal"}, "edited the notes of {}"),
    ({"notes": "Call Bea"}, {"notes": None}, "removed the notes of {}"),
    ({}, {"representation_type": "dual"}, "set the representation type of {} to dual"),
    ({"buyers": ["Bea"]}, {"buyers": ["Bea", "Bo"]}, "added Bo to the buyers of {}"),
    (
        {"buyers": ["Bea", "Bo"]},
        {"buyers": ["Bo", "Cy"]},
        "added Cy to the buyers of {} and removed Bea from the buyers of {}",
    ),
    ({}, {"contingencies": [LOAN]}, "added Loan to the contingencies of {}"),
    (
        {"contingencies": [LOAN]},
        {"contingencies": [{**LOAN, "status": "waived"}]},
        "changed the contingencies of {}: Loan from pending to waived",
    ),
    ({}, {"is_private": True}, "made {} private"),
    ({"is_private": True}, {"is_private": False}, "shared {} with the team"),
    (
        {},
        {"purchase_price": 440000, "closing_date": "2026-12-02", "mls_number": "7", "city": "Kent"},
        "changed {}: purchase price from $450,000 to $440,000, ",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "change", "sentence"), SAID)
async def test_a_change_is_said_as_people_say_it(
    agent: Client, escrow: Any, before: Any, change: Any, sentence: str
) -> None:
    if before:
        await agent.patch(one(escrow), before)
    answer = await agent.patch(one(escrow), change)
    assert answer.status == 200, answer.body
    told = f"Ana Agent {sentence.replace('{}', '12 Main St')}"
    assert (await said(agent)).startswith(told)


async def test_what_is_done_to_a_whole_record_is_said(
    team: Team, lead: Client, agent: Client, escrow: Any
) -> None:
    assert await said(agent) == "Ana Agent added the escrow 12 Main St"
    await agent.patch(one(escrow), {"owner_id": str(team.lead.user_id)})
    assert (
        await said(agent) == "Ana Agent changed the owner of 12 Main St from Ana Agent to Lea Lead"
    )
    moved = await lead.move(ESCROWS, escrow["id"], "active", acceptance_date="2026-10-01")
    assert moved.status == 200, moved.body
    sentence = await said(agent)
    assert sentence.startswith("Lea Lead moved 12 Main St from Pending to Active")
    assert "acceptance date Oct 1, 2026" in sentence
    await lead.patch(f"{one(escrow)}/archive")
    assert await said(agent) == "Lea Lead archived 12 Main St"
    await lead.patch(f"{one(escrow)}/restore")
    assert await said(agent) == "Lea Lead brought 12 Main St back"
    await lead.delete(one(escrow))
    assert await said(agent) == "Lea Lead deleted the escrow 12 Main St"


async def test_a_reason_is_said_with_what_it_is_for(agent: Client) -> None:
    listing = await agent.make(LISTINGS, "active", property_address="7 Hill Rd", list_price=450000)
    await agent.post(f"{one(listing, 'listings')}/price", {"list_price": 439000, "reason": "Quiet"})
    assert await said(agent) == (
        "Ana Agent lowered the list price of 7 Hill Rd from $450,000 to $439,000: “Quiet”"
    )


async def test_members_come_and_go_in_sentences(
    api: Api, team: Team, owner: Client, agent: Client
) -> None:
    lou = await new_member(api.db, team.id, Role.AGENT, "Lou Leaver")
    await owner.patch(f"/teams/current/members/{lou.user_id}", {"role": "lead"})
    assert await said(agent) == "Olga Owner changed the role of Lou Leaver from agent to lead"
    await (await api.sign_in(lou)).delete(f"/teams/current/members/{lou.user_id}")
    assert await said(agent) == "Lou Leaver left the team"


async def test_the_diff_names_each_field_and_says_its_values(agent: Client, escrow: Any) -> None:
    await agent.patch(
        one(escrow), {"purchase_price": 439000, "closing_date": "2026-12-02", "buyers": ["Bea"]}
    )
    diff = {change.pop("field"): change for change in (await newest(agent))["diff"]}
    assert diff["purchase_price"] == {
        "title": "purchase price",
        "kind": "money",
        "old": 450000,
        "new": 439000,
        "old_text": "$450,000",
        "new_text": "$439,000",
    }
    assert diff["closing_date"]["kind"] == "date"
    assert diff["closing_date"]["new_text"] == "Dec 2, 2026"
    assert (diff["buyers"]["kind"], diff["buyers"]["old_text"]) == ("list", None)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
def test_every_field_has_a_title_that_is_words(resource: Any) -> None:
    for field in words_of(resource).fields.values():
        assert field.title, field
        assert "_" not in field.title, field


# Groups


async def batch(client: Client, op: str, records: Sequence[Any], changes: Any = None) -> None:
    body = {"op": op, "ids": [record["id"] for record in records]}
    answer = await client.post("/escrows/batch", body | ({"changes": changes} if changes else {}))
    assert all(each["success"] for each in answer.data), answer.body


async def several(client: Client, count: int) -> list[Any]:
    return [await client.make(ESCROWS, property_address=f"{n} Oak Ave") for n in range(count)]


@pytest.mark.parametrize(
    ("op", "changes", "sentence"),
    [
        ("archive", None, "archived 4 escrows: 3 Oak Ave, 2 Oak Ave, 1 Oak Ave and 1 more"),
        ("delete", None, "deleted 4 escrows: "),
        ("update", {"city": "Kent"}, "changed the city of 4 escrows: "),
        ("update", {"city": "Kent", "state": "WA"}, "changed the city and state of 4 escrows: "),
        (
            "status",
            {"status": "cancelled", "deposit_disposition": "split", "reason": "Fell through"},
            "moved 4 escrows to Cancelled: ",
        ),
    ],
)
async def test_what_one_operation_did_to_many_is_one_entry(
    lead: Client, op: str, changes: Any, sentence: str
) -> None:
    records = await several(lead, 4)
    await batch(lead, op, records, changes)
    entry = await newest(lead, grouped="true")
    assert entry["sentence"].startswith(f"Lea Lead {sentence.partition(':')[0]}")
    group = entry["group"]
    assert (group["count"], group["records"]) == (4, 4)
    assert sorted(group["labels"]) == [f"{n} Oak Ave" for n in range(4)]
    assert (group["first_seq"], group["last_seq"]) == (5, 8)
    inside = (await lead.get("/activity", group=group["id"])).data
    assert [each["s"] for each in inside] == [8, 7, 6, 5]
    assert all(each["group"] is None for each in inside)


async def test_the_same_kind_by_the_same_person_within_minutes_is_one_entry(
    db: Database, team: Team, agent: Client, lead: Client
) -> None:
    mine = await several(agent, 3)
    await lead.make(ESCROWS)
    await several(agent, 2)
    await agent.patch(one(mine[0]), {"city": "Kent"})
    await agent.patch(one(mine[0]), {"city": "Renton"})
    found = (await agent.get("/activity", grouped="true")).data
    shown = [(entry["s"], entry["group"] and entry["group"]["count"]) for entry in found]
    assert shown == [(8, 2), (6, 5), (4, None)]
    assert found[0]["sentence"] == "Ana Agent changed 0 Oak Ave twice"
    assert found[1]["sentence"].startswith("Ana Agent added 5 escrows: ")
    # An hour later it is another entry.
    await db.fetch(
        "UPDATE events SET at = at - interval '1 hour' WHERE team_id = $1 AND seq < 3", team.id
    )
    found = (await agent.get("/activity", grouped="true", actor=team.agent.user_id, limit=49)).data
    assert [(entry["s"], entry["group"]["count"]) for entry in found] == [(8, 2), (6, 3), (2, 2)]


async def test_pages_of_groups_hold_every_event_once(agent: Client, lead: Client) -> None:
    records = await several(agent, 5)
    for client in (agent, lead, agent, lead):
        await batch(client, "update", records[:3], {"city": f"Kent {id(client)}"})
        await client.patch(one(records[4]), {"notes": f"{id(client)} was here"})
    whole = (await lead.get("/activity", grouped="true", limit=200)).data
    assert sum(entry["group"]["count"] if entry["group"] else 1 for entry in whole) == 21
    for limit in (1, 2, 3):
        paged: list[Any] = []
        while True:
            before = {"before_seq": paged[-1]["s"]} if paged else {}
            found = (await lead.get("/activity", grouped="true", limit=limit, **before)).data
            if not found:
                break
            paged += found
        assert paged == whole


async def test_a_group_holds_what_its_reader_may_see(
    agent: Client, lead: Client, viewer: Client
) -> None:
    records = await several(lead, 4)
    await lead.patch(one(records[3]), {"is_private": True})
    await batch(lead, "archive", records)
    for client, count in ((lead, 4), (viewer, 3), (agent, 3)):
        entry = await newest(client, grouped="true", type="archived")
        assert (entry["group"]["count"], entry["group"]["records"]) == (count, count)
        assert ("3 Oak Ave" in entry["group"]["labels"]) is (client is lead)
        inside = (await client.get("/activity", group=entry["group"]["id"])).data
        assert len(inside) == count


# What it costs, and when it was


@pytest.mark.parametrize("params", [{}, {"grouped": "true"}, {"type": "moved"}, {"scope": "my"}])
async def test_a_page_is_one_statement(api: Api, agent: Client, params: dict[str, str]) -> None:
    await several(agent, 3)
    with statements(api.db) as sent:
        await agent.get("/activity", limit=7, **params)
    assert len(sent) == 1


async def test_a_stretch_of_time_is_found(db: Database, team: Team, agent: Client) -> None:
    await several(agent, 4)
    now = datetime.now(UTC)
    await db.fetch(
        "UPDATE events SET at = $2::timestamptz - (5 - seq) * interval '1 day' WHERE team_id = $1",
        team.id,
        now,
    )
    for since, until, expected in (
        (2.5, None, [4, 3]),
        (None, 2.5, [2, 1]),
        (3.5, 1.5, [3, 2]),
        (9, 8, []),
    ):
        days = {"since": since, "until": until}
        params = {k: (now - timedelta(days=v)).isoformat() for k, v in days.items() if v}
        found = (await agent.get("/activity", **params)).data
        assert [entry["s"] for entry in found] == expected, params


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", ""),
        ("type", "a,,b"),
        ("group", "x"),
        ("scope", "x"),
        ("grouped", "maybe"),
        ("until", "x"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(agent: Client, name: str, value: str) -> None:
    answer = await agent.get("/activity", **{name: value})
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), [name])


async def test_a_sentence_does_not_say_what_the_diff_withholds(
    api: Api, team: Team, lead: Client, escrow: Any
) -> None:
    blind = await new_member(api.db, team.id, Role.AGENT, "Bo Blind")
    await api.db.fetch(
        "UPDATE members SET can_view_financials = false WHERE user_id = $1", blind.user_id
    )
    sees_less = await api.sign_in(blind)
    for change in ({"gross_commission": 12345.67}, {"gross_commission": 23456, "city": "Kent"}):
        await lead.patch(one(escrow), change)
        assert "23,456" in await said(lead) or "12,345.67" in await said(lead)
        for params in ({}, {"grouped": "true"}):
            shown = str((await sees_less.get("/activity", **params)).data)
            for secret in ("12345", "12,345", "23456", "23,456"):
                assert secret not in shown
    assert await said(sees_less) == "Lea Lead set the city of 12 Main St to Kent"
    assert [c["field"] for c in (await newest(sees_less))["diff"]] == ["city", "gross_commission"]


async def test_a_row_is_called_by_the_record_it_names_where_that_may_be_seen(
    lead: Client, viewer: Client
) -> None:
    for private, name in ((False, "7 Hill Rd"), (True, "9 Elm Ct")):
        listing = await lead.make(LISTINGS, "active", property_address=name, is_private=private)
        tour = await lead.make(APPOINTMENTS, title="Tour", appointment_type="property_showing")
        showings = f"{one(tour, 'appointments')}/showings"
        added = await lead.post(showings, {"listing_id": listing["id"]})
        assert added.status == 201, added.body
        assert await said(lead) == f"Lea Lead added {name} to the showings of Tour"
    assert await said(viewer) == "Lea Lead added one to the showings of Tour"
    assert "9 Elm Ct" not in str((await viewer.get("/activity")).data)


async def test_an_instant_is_said_by_the_clocks_where_it_is(lead: Client, agent: Client) -> None:
    made = await agent.make(
        APPOINTMENTS, title="Talk", starts_at="2199-06-03T17:00Z", time_zone="America/Denver"
    )
    await agent.patch(one(made, "appointments"), {"starts_at": "2199-06-04T18:30Z"})
    assert await said(agent) == (
        "Ana Agent moved Talk from Mon, Jun 3, 2199 at 11:00 AM MDT"
        " to Tue, Jun 4, 2199 at 12:30 PM MDT"
    )
    (starts,) = [c for c in (await newest(agent))["diff"] if c["field"] == "start_time"]
    assert (starts["kind"], starts["old_text"], starts["new_text"]) == (
        "time",
        "11:00 AM",
        "12:30 PM",
    )
    await lead.patch("/teams/current", {"time_zone": "America/Denver"})
    moved = await said(agent, kind="appointment.moved")
    assert moved.endswith("to Tue, Jun 4, 2199 at 12:30 PM")
