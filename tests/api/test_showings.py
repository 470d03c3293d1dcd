"""Showings: the listing's rules, the buyer's agreement, and who may see the lockbox's code."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from db.database import Database
from domains.appointments.resource import APPOINTMENTS
from domains.kit import writes
from domains.kit.errors import ShowingNotAllowed
from domains.listings.resource import LISTINGS
from tests.api.client import Answer, Api, Client
from tests.examples import starts_in
from tests.eyes import eyes_of
from tests.factories import Team

BASE: dict[str, Any] = {
    "title": "Showing",
    "appointment_type": "Property Showing",
    "appointment_date": "2198-03-06",  # a Tuesday
    "start_time": "10:00",
    "time_zone": "America/New_York",
    "overlap_reason": "Colleagues show it",
}


async def a_listing(by: Client, **rules: Any) -> Any:
    made = await by.make(LISTINGS, "active", state="WA")
    changed = await by.patch(f"/listings/{made['id']}", {"time_zone": "America/New_York", **rules})
    assert changed.status == 200, changed.body
    return changed.data


async def ask(by: Client, listing: Any, **changes: Any) -> Answer:
    return await by.post("/appointments", {**BASE, "listing_id": listing["id"], **changes})


def rules(answer: Answer) -> list[str]:
    assert answer.refused == (409, "SHOWING_NOT_ALLOWED"), answer.body
    return [detail["rule"] for detail in answer.error["details"]]


async def test_a_showing_of_one_listing_is_a_row_by_itself(agent: Client) -> None:
    listing = await a_listing(agent)
    made = (await ask(agent, listing)).data
    (showing,) = made["showings"]
    assert (showing["listing_id"], showing["showing_status"]) == (listing["id"], "requested")
    found = (await agent.get("/appointments", listingId=listing["id"])).data
    assert [each["id"] for each in found] == [made["id"]]


BLACKOUT = {"start_time": "10:30", "end_time": "12:00"}


@pytest.mark.parametrize(
    ("rule", "value", "changes", "name"),
    [
        ("is_showable", False, {}, "is_showable"),
        ("showing_status", "no_showings", {}, "showing_status"),
        ("showing_status", "on_hold", {}, "showing_status"),
        ("showing_start", "10:01", {}, "showing_hours"),
        ("showing_end", "10:59", {}, "showing_hours"),
        ("time_zone", "Pacific/Honolulu", {}, "showing_hours"),  # it is five in the morning there
        ("notes", "Closed at eight", {"start_time": "19:30"}, "showing_hours"),
        ("blackout_times", [{"date": "2198-03-06"}], {}, "blackout_times"),
        ("blackout_times", [{"weekday": "tuesday", **BLACKOUT}], {}, "blackout_times"),
        ("blackout_times", [BLACKOUT], {}, "blackout_times"),
    ],
)
async def test_a_listing_is_shown_by_its_own_rules_in_its_own_time(
    agent: Client, rule: str, value: Any, changes: Any, name: str
) -> None:
    listing = await a_listing(agent)
    assert (await ask(agent, listing)).status == 201
    await agent.patch(f"/listings/{listing['id']}", {rule: value})
    assert rules(await ask(agent, listing, **changes)) == [name]


async def test_what_a_blackout_leaves_free_can_be_shown(agent: Client) -> None:
    blackouts = [{"weekday": "monday"}, {"date": "2198-03-07"}, BLACKOUT]
    listing = await a_listing(agent, blackout_times=blackouts)
    free = await ask(agent, listing, start_time="09:30", end_time="10:30")
    assert free.status == 201, free.body


async def test_only_what_is_on_the_market_is_shown(agent: Client) -> None:
    for status in ("coming_soon", "pending", "cancelled"):
        listing = await agent.make(LISTINGS, status)
        assert "listing_status" in rules(await ask(agent, listing))


async def test_notice_counts_from_when_it_is_asked_for(agent: Client) -> None:
    soon = starts_in(timedelta(hours=3))
    early = {"showing_start": "00:00", "showing_end": "23:59", "time_zone": soon["time_zone"]}
    listing = await a_listing(agent, min_notice_hours=24, **early)
    when = ("appointment_date", "start_time")
    asked = {name: value for name, value in BASE.items() if name not in when}
    body = {**asked, **soon, "listing_id": listing["id"]}
    assert rules(await agent.post("/appointments", body)) == ["min_notice_hours"]
    await agent.patch(f"/listings/{listing['id']}", {"min_notice_hours": 1})
    assert (await agent.post("/appointments", body)).status == 201


async def test_of_those_who_ask_at_once_for_the_last_showing_of_a_day_one_gets_it(
    team: Team, agent: Client, database_url: str
) -> None:
    listing = await a_listing(agent, max_daily_showings=2)
    assert (await ask(agent, listing)).status == 201
    said = APPOINTMENTS.create.model_validate_json(
        '{"title": "Raced", "appointment_type": "property_showing", "overlap_reason": "Raced",'
        ' "starts_at": "2198-03-06T19:00:00Z", "listing_id": "' + listing["id"] + '"}'
    ).model_dump()
    nodes = [await Database.connect(database_url) for _ in range(4)]
    try:
        ends = await asyncio.gather(
            *(writes.create(node, APPOINTMENTS, team.agent, said, None) for node in nodes),
            return_exceptions=True,
        )
    finally:
        for node in nodes:
            await node.close()
    refused = [end for end in ends if isinstance(end, BaseException)]
    assert [type(end) for end in refused] == [ShowingNotAllowed] * 3
    assert rules(await ask(agent, listing, start_time="15:00")) == ["max_daily_showings"]
    other = await ask(agent, listing, appointment_date="2198-03-07")
    assert other.status == 201
    (first,) = [
        each for each in (await agent.get("/appointments")).data if each["title"] == "Raced"
    ]
    await agent.post(f"/appointments/{first['id']}/cancel", {"reason": "Sick"})
    assert (await ask(agent, listing, start_time="15:00")).status == 201


async def test_a_listing_that_confirms_by_itself_does_so(agent: Client) -> None:
    listing = await a_listing(agent, auto_confirm=True)
    (showing,) = (await ask(agent, listing)).data["showings"]
    assert showing["showing_status"] == "confirmed"
    assert showing["confirmed_at"] is not None
    await agent.patch(f"/listings/{listing['id']}", {"showing_status": "restricted_showings"})
    (showing,) = (await ask(agent, listing)).data["showings"]
    assert showing["showing_status"] == "requested"


async def test_a_showing_that_moves_keeps_the_rules_of_the_new_time(agent: Client) -> None:
    listing = await a_listing(agent, auto_confirm=True, blackout_times=[{"weekday": "wednesday"}])
    made = (await ask(agent, listing)).data
    one = f"/appointments/{made['id']}"
    assert rules(await agent.patch(one, {"appointment_date": "2198-03-07"})) == ["blackout_times"]
    assert (await agent.get(one)).data == made
    moved = (await agent.post(f"{one}/reschedule", {"appointment_date": "2198-03-08"})).data
    assert moved["showings"][0]["showing_status"] == "confirmed"
    await agent.patch(f"/listings/{listing['id']}", {"auto_confirm": False})
    moved = (await agent.post(f"{one}/reschedule", {"appointment_date": "2198-03-09"})).data
    assert moved["showings"][0]["showing_status"] == "requested"


async def test_a_showing_makes_the_moves_it_may(agent: Client) -> None:
    made = (await ask(agent, await a_listing(agent))).data
    one = f"/appointments/{made['id']}/showings/{made['showings'][0]['id']}"
    refused = await agent.patch(one, {"showing_status": "completed"})
    assert refused.refused == (409, "INVALID_TRANSITION")
    for status in ("confirmed", "completed"):
        assert (await agent.patch(one, {"showing_status": status})).status == 200
    assert (await agent.patch(one, {"showing_status": "cancelled"})).refused == (
        409, "INVALID_TRANSITION"
    )  # fmt: skip


async def test_a_tour_shows_each_house_at_its_stop(agent: Client) -> None:
    late = await a_listing(agent, showing_start="11:00")
    made = (
        await agent.post(
            "/appointments",
            {
                **BASE,
                "appointment_type": "other",
                "end_time": "13:00",
                "stops": [
                    {"location_address": "9 Elm St", "scheduled_time": "2198-03-06T16:15:00Z"}
                ],
            },
        )
    ).data
    rows = f"/appointments/{made['id']}/showings"
    assert rules(await agent.post(rows, {"listing_id": late["id"]})) == ["showing_hours"]
    at = {"listing_id": late["id"], "stop_id": made["stops"][0]["id"]}
    assert (await agent.post(rows, at)).status == 201
    elsewhere = await agent.post(rows, {**at, "stop_id": late["id"]})
    assert elsewhere.fields == ["stop_id"]
    stop = f"/appointments/{made['id']}/stops/{made['stops'][0]['id']}"
    moved = await agent.patch(stop, {"scheduled_time": "2198-03-06T15:30:00Z"})
    assert rules(moved) == ["showing_hours"]
    shown = (await agent.get(rows)).data[0]
    await agent.patch(f"{rows}/{shown['id']}", {"showing_status": "confirmed"})
    assert (await agent.patch(stop, {"scheduled_time": "2198-03-06T17:00:00Z"})).status == 200
    assert (await agent.get(rows)).data[0]["showing_status"] == "requested"


async def a_tour(by: Client, listing: Any, **changes: Any) -> Any:
    """From ten to one, with the listing at a stop at half past eleven."""
    stop = {"location_address": "9 Elm St", "scheduled_time": "2198-03-06T16:30:00Z"}
    made = await by.post(
        "/appointments",
        {**BASE, "appointment_type": "other", "end_time": "13:00", "stops": [stop], **changes},
    )
    assert made.status == 201, made.body
    at = {"listing_id": listing["id"], "stop_id": made.data["stops"][0]["id"]}
    shown = await by.post(f"/appointments/{made.data['id']}/showings", at)
    assert shown.status == 201, shown.body
    return (await by.get(f"/appointments/{made.data['id']}")).data


async def test_a_stop_goes_only_where_its_showings_may_be_at_the_appointment_s_time(
    agent: Client,
) -> None:
    listing = await a_listing(agent, showing_start="11:00")
    tour = await a_tour(agent, listing)
    one = f"/appointments/{tour['id']}"
    stop = f"{one}/stops/{tour['stops'][0]['id']}"
    assert rules(await agent.delete(stop)) == ["showing_hours"]
    assert (await agent.get(one)).data == tour
    showing = f"{one}/showings/{tour['showings'][0]['id']}"
    await agent.patch(showing, {"showing_status": "confirmed"})
    await agent.patch(
        f"/listings/{listing['id']}", {"showing_start": "09:00", "showing_end": "14:00"}
    )
    assert (await agent.delete(stop)).status == 200
    now = (await agent.get(one)).data
    (shown,) = now["showings"]
    assert (shown["stop_id"], shown["showing_status"], now["stops"]) == (None, "requested", [])
    assert shown["version"] == now["version"]


async def test_a_showing_of_another_listing_keeps_its_rules_and_is_asked_for_again(
    agent: Client,
) -> None:
    first, second = await a_listing(agent), await a_listing(agent, showing_start="11:00")
    made = (await ask(agent, first)).data
    one = f"/appointments/{made['id']}"
    showing = f"{one}/showings/{made['showings'][0]['id']}"
    await agent.patch(showing, {"showing_status": "confirmed"})
    made = (await agent.get(one)).data
    for path in (one, showing):
        assert rules(await agent.patch(path, {"listing_id": second["id"]})) == ["showing_hours"]
    assert (await agent.get(one)).data == made
    await agent.patch(f"/listings/{second['id']}", {"showing_start": None})
    now = (await agent.patch(one, {"listing_id": second["id"]})).data
    (shown,) = now["showings"]
    assert (shown["listing_id"], shown["showing_status"]) == (second["id"], "requested")
    await agent.patch(showing, {"showing_status": "confirmed"})
    back = (await agent.patch(showing, {"listing_id": first["id"]})).data
    assert (back["showing_status"], back["confirmed_at"]) == ("requested", None)


@pytest.mark.parametrize("first", ["listing_id", "appointment_type"])
async def test_what_becomes_a_showing_is_one_by_the_listing_s_rules(
    agent: Client, first: str
) -> None:
    listing = await a_listing(agent, max_daily_showings=1)
    whole = {"listing_id": listing["id"], "appointment_type": "property_showing"}
    plain = {**BASE, "appointment_type": "other", first: whole.pop(first)}
    made = (await agent.post("/appointments", plain)).data
    assert made["showings"] == []
    other = (await ask(agent, listing)).data
    one = f"/appointments/{made['id']}"
    assert rules(await agent.patch(one, whole)) == ["max_daily_showings"]
    await agent.post(f"/appointments/{other['id']}/cancel", {"reason": "Sick"})
    (shown,) = (await agent.patch(one, whole)).data["showings"]
    assert (shown["listing_id"], shown["showing_status"]) == (listing["id"], "requested")


async def test_showings_that_move_together_are_counted_together(agent: Client) -> None:
    listing = await a_listing(agent, max_daily_showings=2)
    twice = [{"listing_id": listing["id"]}, {"listing_id": listing["id"]}]
    tour = (await agent.post("/appointments", {**BASE, "showings": twice})).data
    await agent.patch(f"/listings/{listing['id']}", {"max_daily_showings": 1})
    moved = await agent.patch(f"/appointments/{tour['id']}", {"appointment_date": "2198-03-07"})
    assert rules(moved) == ["max_daily_showings"]


async def test_one_that_ends_later_is_as_confirmed_as_it_was_and_within_the_hours(
    agent: Client,
) -> None:
    listing = await a_listing(agent, auto_confirm=True, showing_end="12:00")
    made = (await ask(agent, listing)).data
    one = f"/appointments/{made['id']}"
    assert rules(await agent.patch(one, {"end_time": "12:30"})) == ["showing_hours"]
    await agent.patch(f"/listings/{listing['id']}", {"auto_confirm": False, "min_notice_hours": 24})
    later = (await agent.patch(one, {"end_time": "11:30"})).data
    assert later["showings"][0]["showing_status"] == "confirmed"


async def test_a_deleted_showing_comes_back_only_where_its_day_has_room(lead: Client) -> None:
    listing = await a_listing(lead, max_daily_showings=1)
    one = (await ask(lead, listing)).data
    path = f"/appointments/{one['id']}"
    await lead.delete(path)
    other = (await ask(lead, listing, start_time="15:00")).data
    assert rules(await lead.patch(f"{path}/restore")) == ["max_daily_showings"]
    await lead.delete(f"/appointments/{other['id']}")
    assert (await lead.patch(f"{path}/restore")).status == 200


# The buyer's agreement


async def a_client(by: Client, **changes: Any) -> Any:
    return (await by.post("/clients", {"first_name": "Bea", "last_name": "Buyer", **changes})).data


async def test_no_showing_is_confirmed_without_an_agreement_in_force_or_a_reason(
    agent: Client,
) -> None:
    client = await a_client(agent)
    made = (await ask(agent, await a_listing(agent), client_id=client["id"])).data
    one = f"/appointments/{made['id']}"
    showing = f"{one}/showings/{made['showings'][0]['id']}"
    for answer in (
        await agent.post(f"{one}/confirm", {}),
        await agent.patch(f"{one}/status", {"status": "confirmed"}),
        await agent.patch(showing, {"showing_status": "confirmed"}),
    ):
        assert answer.refused == (409, "BUYER_AGREEMENT_REQUIRED")
        assert answer.fields == ["agreement_override_reason"]
        assert client["display_id"] in answer.error["message"]
    dates = {"agreement_start_date": "2198-01-01", "agreement_end_date": "2198-03-05"}
    await agent.patch(f"/clients/{client['id']}", dates)
    assert (await agent.post(f"{one}/confirm", {})).refused == (409, "BUYER_AGREEMENT_REQUIRED")
    await agent.patch(f"/clients/{client['id']}", {"agreement_end_date": "2198-03-06"})
    assert (await agent.post(f"{one}/confirm", {})).status == 200
    assert (await agent.patch(showing, {"showing_status": "confirmed"})).status == 200
    late = await agent.patch(one, {"appointment_date": "2198-03-07"})
    assert late.refused == (409, "BUYER_AGREEMENT_REQUIRED")


async def test_a_confirmed_showing_is_for_another_buyer_only_with_their_agreement(
    agent: Client,
) -> None:
    dates = {"agreement_start_date": "2198-01-01", "agreement_end_date": "2198-12-31"}
    signed, other = await a_client(agent, **dates), await a_client(agent)
    listing = await a_listing(agent)
    tour = await a_tour(agent, listing, client_id=signed["id"])
    one = f"/appointments/{tour['id']}"
    showing = f"{one}/showings/{tour['showings'][0]['id']}"
    assert (await agent.patch(one, {"client_id": other["id"]})).status == 200
    await agent.patch(one, {"client_id": signed["id"]})
    assert (await agent.patch(showing, {"showing_status": "confirmed"})).status == 200
    answer = await agent.patch(one, {"client_id": other["id"]})
    assert answer.refused == (409, "BUYER_AGREEMENT_REQUIRED")
    why = {"client_id": other["id"], "agreement_override_reason": "They sign at the door"}
    assert (await agent.patch(one, why)).status == 200
    without = await agent.patch(one, {"agreement_override_reason": None})
    assert without.refused == (409, "BUYER_AGREEMENT_REQUIRED")


async def test_a_reason_instead_of_an_agreement_stays_in_the_record_and_in_the_log(
    agent: Client,
) -> None:
    client = await a_client(agent)
    made = (await ask(agent, await a_listing(agent), client_id=client["id"])).data
    one = f"/appointments/{made['id']}"
    why = {"agreement_override_reason": "They sign at the door"}
    confirmed = (await agent.post(f"{one}/confirm", why)).data
    assert confirmed["agreement_override_reason"] == why["agreement_override_reason"]
    (entry, *_) = (await agent.get(f"{one}/history")).data
    assert entry["changes"]["agreement_override_reason"] == [None, "They sign at the door"]


async def test_a_lead_has_signed_nothing_and_waits_for_a_word(agent: Client) -> None:
    lead = (await agent.post("/leads", {"first_name": "Lee", "last_name": "Lead"})).data
    listing = await a_listing(agent, auto_confirm=True)
    made = (await ask(agent, listing, lead_id=lead["id"])).data
    assert made["showings"][0]["showing_status"] == "requested"
    answer = await agent.post(f"/appointments/{made['id']}/confirm", {})
    assert answer.refused == (409, "BUYER_AGREEMENT_REQUIRED")


async def test_a_private_client_s_agreement_is_not_told(agent: Client, lead: Client) -> None:
    dates = {"agreement_start_date": "2197-01-01", "agreement_end_date": "2197-12-31"}
    client = await a_client(lead, is_private=True, **dates)
    listing = await a_listing(agent)
    made = (await ask(lead, listing, client_id=client["id"])).data
    answer = await agent.post(f"/appointments/{made['id']}/confirm", {})
    assert answer.refused == (409, "BUYER_AGREEMENT_REQUIRED")
    assert client["display_id"] not in str(answer.body)
    assert "2197" not in str(answer.body)


# Lockboxes


async def test_a_lockbox_s_code_is_told_only_to_those_with_the_right(api: Api, team: Team) -> None:
    async with eyes_of(api, team) as eyes:
        made = await eyes.agent.client.post(
            "/appointments",
            {
                **BASE,
                "showings": [
                    {
                        "property_address": "9 Elm St",
                        "lockbox_code": "4711-SECRET",
                        "access_notes": "Key under the SECRET gnome",
                    }
                ],
            },
        )
        assert made.status == 201, made.body
        one = f"/appointments/{made.data['id']}"
        row = f"{one}/showings/{made.data['showings'][0]['id']}"
        await eyes.agent.client.patch(row, {"lockbox_code": "4712-SECRET"})
        last = (await eyes.agent.client.patch(row, {"agent_notes": "Seen"})).meta["seq"]
        viewer = eyes.viewer
        for path in (one, "/appointments", f"{one}/showings", f"{one}/history", "/activity",
                     "/appointments/export", "/appointments?search=SECRET"):  # fmt: skip
            assert "SECRET" not in (await viewer.client.text(path))[1].replace("=SECRET", ""), path
            shown = (await eyes.other.client.text(path))[1]
            assert "SECRET" in shown or path.endswith("=SECRET"), path
        assert "SECRET" not in str(await viewer.hears(last))
        assert "4712-SECRET" in str(await eyes.other.hears(last))
        (showing,) = (await viewer.client.get(one)).data["showings"]
        assert (showing["lockbox_code"], showing["access_notes"]) == (None, None)
        assert showing["agent_notes"] == "Seen"
