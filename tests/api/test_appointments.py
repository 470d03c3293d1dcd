"""Appointments: their times, their states, their people, and the tours they are made of."""

import asyncio
import random
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.database import Database
from domains.appointments.resource import APPOINTMENTS
from domains.appointments.times import derive
from domains.kit import writes
from domains.kit.actor import Role
from domains.kit.errors import AppointmentClash, Invalid
from domains.kit.resource import Moment
from tests.api.client import Answer, Api, Client
from tests.examples import starts_in
from tests.eyes import eyes_of
from tests.factories import Team, new_member
from tests.walk import told

DAY = "2198-03-06"  # a Tuesday, in winter time everywhere in the north
BASE: dict[str, Any] = {"title": "Consultation", "appointment_date": DAY, "start_time": "10:00"}


async def make(by: Client, **changes: Any) -> Any:
    answer = await by.post("/appointments", {**BASE, **changes})
    assert answer.status == 201, answer.body
    return answer.data


def one(appointment: Any) -> str:
    return f"/appointments/{appointment['id']}"


def refusal(answer: Answer) -> tuple[Any, ...]:
    return (*answer.refused, answer.fields)


# When it is


async def test_the_seed_s_fields_and_the_instants_are_the_same_appointment(agent: Client) -> None:
    local = await make(agent, end_time="11:30", appointment_type="Listing Presentation")
    assert (local["starts_at"], local["ends_at"], local["duration"]) == (
        "2198-03-06T18:00:00+00:00", "2198-03-06T19:30:00+00:00", 90
    )  # fmt: skip
    assert local["appointment_type"] == "listing_presentation"
    there = await make(
        agent,
        time_zone="Asia/Tokyo",
        starts_at="2198-03-06T01:00:00Z",
        duration=45,
        appointment_date="2198-03-06",
        start_time="10:00",
    )
    assert (there["appointment_date"], there["start_time"], there["end_time"]) == (
        "2198-03-06", "10:00:00", "10:45:00"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"start_time": None}, "start_time", None),
        ({"end_time": "10:14"}, "end_time", "out_of_range"),
        ({"end_time": "18:01"}, "end_time", "out_of_range"),
        ({"end_time": "09:00"}, "end_time", "too_early"),
        ({"duration": 14}, "duration", None),
        ({"duration": 481}, "duration", None),
        ({"start_time": "23:30"}, "start_time", "out_of_range"),
        ({"end_time": "11:00", "duration": 45}, "duration", "contradiction"),
        ({"starts_at": "2198-03-06T17:00:00Z"}, "start_time", "contradiction"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", None),
        ({"time_zone": "../etc/passwd"}, "time_zone", None),
        ({"start_time": "10:00:30"}, "start_time", None),
        ({"start_time": "10:00+02:00"}, "start_time", None),
        ({"appointment_date": "2026-01-05"}, "start_time", "too_early"),
        ({"appointment_date": "2198-03-11", "start_time": "02:30"}, "start_time", "no_such_time"),
    ],
)
async def test_a_time_that_cannot_be_is_refused_by_name(
    agent: Client, body: Any, field: str, code: str | None
) -> None:
    answer = await agent.post("/appointments", {**BASE, **body})
    assert answer.refused == (400, "VALIDATION_ERROR"), answer.body
    assert answer.fields == [field]
    if code:
        assert answer.error["details"][0]["code"] == code


async def test_where_nobody_says_it_is_the_listing_s_time_zone_or_the_team_s(
    agent: Client, owner: Client
) -> None:
    listing = (
        await agent.post(
            "/listings",
            {"property_address": "9 Elm St", "list_price": 1, "time_zone": "America/Chicago"},
        )
    ).data
    assert (await make(agent, listing_id=listing["id"]))["time_zone"] == "America/Chicago"
    assert (await make(agent))["time_zone"] == "America/Los_Angeles"
    there = await owner.patch("/teams/current", {"time_zone": "America/New_York"})
    assert there.status == 200, there.body
    made = await make(agent, start_time="15:00")
    assert (made["time_zone"], made["starts_at"]) == (
        "America/New_York", "2198-03-06T20:00:00+00:00"
    )  # fmt: skip


async def test_an_appointment_needs_a_start(agent: Client) -> None:
    answer = await agent.post("/appointments", {"title": "When?"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", ["starts_at"])


async def test_of_a_time_the_clocks_show_twice_the_first_is_meant(agent: Client) -> None:
    twice = await make(agent, appointment_date="2198-11-04", start_time="01:30", end_time="01:15")
    assert (twice["starts_at"], twice["ends_at"]) == (
        "2198-11-04T08:30:00+00:00", "2198-11-04T09:15:00+00:00"
    )  # fmt: skip
    second = await make(
        agent, starts_at="2198-11-04T09:30:00Z", appointment_date="2198-11-04", start_time="01:30"
    )
    kept = (await agent.patch(one(second), {"title": "The second half past one"})).data
    assert kept["starts_at"] == "2198-11-04T09:30:00+00:00"


async def test_the_start_alone_moves_the_whole_appointment(agent: Client) -> None:
    made = await make(agent, end_time="11:30")
    moved = (await agent.patch(one(made), {"start_time": "14:00"})).data
    assert (moved["start_time"], moved["end_time"]) == ("14:00:00", "15:30:00")
    assert moved["previous_starts_at"] == made["starts_at"]
    assert moved["times_moved"] == 1
    later = (await agent.patch(one(made), {"appointment_date": "2198-07-06"})).data
    assert later["starts_at"] == "2198-07-06T21:00:00+00:00"  # it is summer there
    longer = (await agent.patch(one(made), {"end_time": "16:00"})).data
    assert (longer["start_time"], longer["duration"]) == ("14:00:00", 120)
    there = (await agent.patch(one(made), {"time_zone": "America/New_York"})).data
    assert (there["start_time"], there["starts_at"]) == ("14:00:00", "2198-07-06T18:00:00+00:00")


ZONES = ["America/Los_Angeles", "America/St_Johns", "Europe/Berlin", "Australia/Lord_Howe",
         "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "UTC"]  # fmt: skip


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2026, 1, 1), date(2060, 12, 31)),
    minute=st.integers(0, 24 * 60 - 1),
    long=st.integers(15, 480),
)
def test_local_and_instant_say_the_same_in_every_zone_on_every_day(
    zone: str, day: date, minute: int, long: int
) -> None:
    at = time(*divmod(minute, 60))
    said = {"time_zone": zone, "appointment_date": day, "start_time": at, "duration": long}
    moment = Moment.given()
    try:
        found = {**said, **derive(None, said, moment)}
    except Invalid as refused:
        (detail,) = refused.details
        assert detail["code"] in ("no_such_time", "out_of_range")
        return
    local = found["starts_at"].astimezone(ZoneInfo(zone))
    assert (local.date(), local.time()) == (day, at)
    assert found["ends_at"] - found["starts_at"] == timedelta(minutes=long)
    instants = {
        "time_zone": zone, "starts_at": found["starts_at"], "ends_at": found["ends_at"]
    }  # fmt: skip
    again = {**instants, **derive(None, instants, moment)}
    assert {n: again[n] for n in found if n in again} == {n: found[n] for n in found if n in again}
    # ... and nothing follows from a change of something else.
    assert derive(found, {**found, "title": "x"}, moment) == {}


# What becomes of it


async def begun(by: Client, **changes: Any) -> Any:
    answer = await by.post("/appointments", {"title": "Now", **starts_in(), **changes})
    assert answer.status == 201, answer.body
    return answer.data


async def test_it_is_asked_for_confirmed_and_completed(agent: Client) -> None:
    made = await begun(agent, appointment_status="requested")
    assert made["allowed_transitions"] == ["confirmed", "denied", "cancelled"]
    assert (await agent.post(f"{one(made)}/confirm", {})).data["appointment_status"] == "confirmed"
    done = (await agent.post(f"{one(made)}/complete")).data
    assert (done["appointment_status"], done["allowed_transitions"]) == ("completed", [])
    again = await agent.post(f"{one(made)}/cancel", {"reason": "x"})
    assert again.refused == (409, "INVALID_TRANSITION")


async def test_what_lies_ahead_is_neither_completed_nor_missed(agent: Client) -> None:
    made = await make(agent)
    for status in ("completed", "no_show"):
        answer = await agent.patch(f"{one(made)}/status", {"status": status})
        assert refusal(answer) == (400, "VALIDATION_ERROR", ["appointment_status"])


async def test_what_is_over_is_entered_as_it_ended_and_why(agent: Client) -> None:
    past = {"appointment_date": "2026-01-05"}
    answer = await agent.post("/appointments", {**BASE, **past})
    assert "completed or no_show" in answer.error["message"]
    answer = await agent.post("/appointments", {**BASE, **past, "appointment_status": "completed"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", ["status_reason"])
    made = await make(
        agent, **past, appointment_status="completed", status_reason="Entered from the calendar"
    )
    assert made["appointment_status"] == "completed"
    answer = await agent.patch(one(made), {"appointment_date": "2198-01-05"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", ["appointment_date"])


async def test_cancelling_needs_a_reason(agent: Client) -> None:
    made = await make(agent)
    assert (await agent.post(f"{one(made)}/cancel", {})).fields == ["reason"]
    gone = (await agent.post(f"{one(made)}/cancel", {"reason": "They bought"})).data
    assert (gone["appointment_status"], gone["status_reason"]) == ("cancelled", "They bought")


async def test_rescheduling_moves_it_and_keeps_the_earlier_times(agent: Client) -> None:
    made = await make(
        agent,
        stops=[{"location_address": "12 Main St", "scheduled_time": "2198-03-06T18:15:00Z"}],
        showings=[{"property_address": "12 Main St", "showing_status": "confirmed"}],
    )
    moved = await agent.post(
        f"{one(made)}/reschedule",
        {"appointment_date": "2198-03-07", "start_time": "12:00", "reason": "Snow"},
    )
    after = moved.data
    assert (after["appointment_status"], after["status_reason"]) == ("rescheduled", "Snow")
    assert (after["previous_starts_at"], after["previous_ends_at"]) == (
        made["starts_at"], made["ends_at"]
    )  # fmt: skip
    assert after["stops"][0]["scheduled_time"] == "2198-03-07T20:15:00+00:00"
    assert after["showings"][0]["showing_status"] == "requested"
    assert after["showings"][0]["confirmed_at"] is None
    again = await agent.post(f"{one(made)}/reschedule", {"start_time": "13:00"})
    assert (again.data["appointment_status"], again.data["times_moved"]) == ("rescheduled", 2)
    nothing = await agent.patch(
        f"{one(await make(agent, appointment_date='2198-03-09'))}/status",
        {"status": "rescheduled"},
    )
    assert refusal(nothing) == (400, "VALIDATION_ERROR", ["starts_at"])


async def test_a_random_walk_never_reaches_a_state_it_may_not(agent: Client) -> None:
    rng, statuses = random.Random(37), list(APPOINTMENTS.transitions)
    made = await begun(agent, appointment_status="requested", overlap_reason="A walk")
    state = made["appointment_status"]
    for _ in range(60):
        if not APPOINTMENTS.transitions[state]:
            made = await begun(agent, overlap_reason="A walk")
            state = made["appointment_status"]
        to = rng.choice(statuses)
        body: dict[str, Any] = {"status": to, "reason": "So it is"}
        if to == "rescheduled":
            body["duration"] = rng.choice([n for n in (15, 20, 25, 30) if n != made["duration"]])
        answer = await agent.patch(f"{one(made)}/status", body)
        if to == state:
            assert answer.status in (200, 400)
        elif to in APPOINTMENTS.transitions[state]:
            assert answer.status == 200, (state, to, answer.body)
        else:
            assert answer.refused == (409, "INVALID_TRANSITION"), (state, to)
        made = (await agent.get(one(made))).data
        assert made["appointment_status"] in (state, *APPOINTMENTS.transitions[state])
        state = made["appointment_status"]


# Nobody is at two places at once


async def test_an_agent_is_not_booked_twice_and_the_other_one_is_named(agent: Client) -> None:
    first = await make(agent)
    clash = await agent.post("/appointments", {**BASE, "start_time": "10:30"})
    assert clash.refused == (409, "APPOINTMENT_CLASH")
    (detail,) = clash.error["details"]
    assert (detail["display_id"], detail["starts_at"], detail["label"]) == (
        first["display_id"], first["starts_at"], "Consultation"
    )  # fmt: skip
    assert detail["field"] == "start_time"
    after = await make(agent, start_time="11:00")  # one ends as the next begins
    for change in ({"start_time": "10:30"}, {"end_time": "12:30", "start_time": "09:30"}):
        answer = await agent.patch(one(after), change)
        assert answer.refused == (409, "APPOINTMENT_CLASH")
    both = await make(agent, overlap_reason="The same house")
    assert (await agent.patch(one(both), {"overlap_reason": None})).refused == (
        409, "APPOINTMENT_CLASH"
    )  # fmt: skip


async def test_what_gives_its_time_back_can_be_booked_over_but_not_brought_back(
    agent: Client, lead: Client
) -> None:
    first = await make(agent)
    for give in ("archive", "delete"):
        gone = await (
            agent.delete(one(first)) if give == "delete" else lead.patch(one(first) + "/archive")
        )
        assert gone.status == 200
        second = await make(agent, title="Instead")
        assert (await lead.patch(f"{one(first)}/restore")).refused == (409, "APPOINTMENT_CLASH")
        await agent.post(f"{one(second)}/cancel", {"reason": "The first is back"})
        assert (await lead.patch(f"{one(first)}/restore")).status == 200
    await agent.post(f"{one(first)}/cancel", {"reason": "Called off"})
    await make(agent)


async def test_who_attends_is_taken_too_unless_they_decline(
    team: Team, agent: Client, lead: Client
) -> None:
    await make(lead, title="The lead's own")
    mine = await make(agent)
    boss = {"attendee_type": "agent", "user_id": str(team.lead.user_id)}
    clash = await agent.post(f"{one(mine)}/attendees", boss)
    assert refusal(clash) == (409, "APPOINTMENT_CLASH", ["user_id"])
    declined = await agent.post(f"{one(mine)}/attendees", {**boss, "rsvp_status": "declined"})
    assert (declined.status, declined.data["display_name"]) == (201, "Lea Lead")
    row = f"{one(mine)}/attendees/{declined.data['id']}"
    assert (await agent.patch(row, {"rsvp_status": "accepted"})).refused == (
        409, "APPOINTMENT_CLASH"
    )  # fmt: skip
    both = {"attendees": [boss], "start_time": "14:00"}
    await make(agent, **both)
    assert (await lead.post("/appointments", {**BASE, "start_time": "14:30"})).refused == (
        409, "APPOINTMENT_CLASH"
    )  # fmt: skip
    twice = await agent.post(f"{one(mine)}/attendees", boss)
    assert refusal(twice) == (400, "VALIDATION_ERROR", ["user_id"])


async def test_a_clash_with_a_private_appointment_tells_no_more_than_its_number_and_times(
    team: Team, agent: Client, lead: Client
) -> None:
    await make(lead, title="Divorce of the Smiths", is_private=True)
    boss = {"attendee_type": "agent", "user_id": str(team.lead.user_id)}
    clash = await agent.post("/appointments", {**BASE, "attendees": [boss]})
    assert clash.refused == (409, "APPOINTMENT_CLASH")
    assert "Smiths" not in str(clash.body)
    (detail,) = clash.error["details"]
    assert "id" not in detail
    assert detail["starts_at"] == "2198-03-06T18:00:00+00:00"


async def test_of_racing_bookings_on_two_nodes_exactly_one_wins(
    team: Team, agent: Client, database_url: str
) -> None:
    body = APPOINTMENTS.create.model_validate_json(
        '{"title": "Raced", "starts_at": "2198-03-06T18:00:00Z"}'
    )
    given = body.model_dump()
    nodes = [await Database.connect(database_url) for _ in range(4)]  # each with turns of its own
    try:
        for _ in range(5):
            ends = await asyncio.gather(
                *(writes.create(node, APPOINTMENTS, team.agent, given, None) for node in nodes),
                return_exceptions=True,
            )
            refused = [end for end in ends if isinstance(end, BaseException)]
            assert len(refused) == 3
            assert {type(end) for end in refused} == {AppointmentClash}, refused
            (made,) = (await agent.get("/appointments", status="scheduled")).data
            await agent.post(f"{one(made)}/cancel", {"reason": "The next race"})
    finally:
        for node in nodes:
            await node.close()


async def test_postgres_itself_refuses_a_double_booking(agent: Client, database_url: str) -> None:
    await make(agent)
    other = await make(agent, start_time="14:00")
    rows = await asyncpg.connect(database_url)
    try:
        with pytest.raises(asyncpg.ExclusionViolationError, match="appointment_bookings_clash"):
            await rows.execute(
                "UPDATE appointments SET starts_at = starts_at - interval '4 hours',"
                " ends_at = ends_at - interval '4 hours' WHERE id = $1",
                UUID(other["id"]),
            )
    finally:
        await rows.close()


# Stops and attendees


async def order(by: Client, appointment: Any) -> list[str]:
    stops = (await by.get(one(appointment))).data["stops"]
    assert [stop["stop_order"] for stop in stops] == list(range(1, len(stops) + 1))
    return [stop["location_address"] for stop in stops]


async def test_stops_keep_their_order_whatever_is_done_to_them(agent: Client) -> None:
    rng = random.Random(15)
    made = await make(agent, stops=[{"location_address": name} for name in "ABC"])
    expected, names = list("ABC"), iter("DEFGHIJKLMNOPQRSTUVWXYZ")
    for _ in range(40):
        stops = (await agent.get(one(made))).data["stops"]
        place = rng.randint(1, 9)
        match rng.randrange(4) if stops else 0:
            case 0:
                if (name := next(names, None)) is None:
                    continue
                await agent.post(
                    f"{one(made)}/stops", {"location_address": name, "stop_order": place}
                )
                expected.insert(place - 1, name)
            case 1:
                stop = rng.choice(stops)
                await agent.delete(f"{one(made)}/stops/{stop['id']}")
                expected.remove(stop["location_address"])
            case _:
                stop = rng.choice(stops)
                answer = await agent.patch(f"{one(made)}/stops/{stop['id']}", {"stop_order": place})
                assert answer.status == 200, answer.body
                expected.remove(stop["location_address"])
                expected.insert(place - 1, stop["location_address"])
        assert await order(agent, made) == expected


async def test_one_attendee_is_the_primary_one(agent: Client) -> None:
    made = await make(
        agent,
        attendees=[{"display_name": "Bea", "is_primary": True}, {"display_name": "Sal"}],
    )
    _, sal = made["attendees"]
    await agent.patch(f"{one(made)}/attendees/{sal['id']}", {"is_primary": True})
    attendees = (await agent.get(one(made))).data["attendees"]
    assert [(a["display_name"], a["is_primary"]) for a in attendees] == [
        ("Sal", True), ("Bea", False)
    ]  # fmt: skip


async def test_an_attendee_is_called_as_their_record_says(agent: Client) -> None:
    client = (
        await agent.post(
            "/clients", {"first_name": "Bea", "last_name": "O'Brien", "phone": "206 555 0100"}
        )
    ).data
    made = await make(agent)
    row = await agent.post(
        f"{one(made)}/attendees", {"attendee_type": "client", "client_id": client["id"]}
    )
    assert (row.data["display_name"], row.data["phone_e164"]) == ("Bea O'Brien", "+12065550100")
    found = (await agent.get("/appointments", attendee=client["id"])).data
    assert [each["id"] for each in found] == [made["id"]]
    assert (await agent.get("/appointments", attendee=uuid4())).data == []
    await agent.patch(f"/clients/{client['id']}", {"is_private": True})
    secret = await agent.post(
        f"{one(await make(agent, start_time='15:00'))}/attendees",
        {"attendee_type": "client", "client_id": client["id"]},
    )
    assert refusal(secret) == (400, "VALIDATION_ERROR", ["display_name"])
    wrong = {"attendee_type": "lead", "client_id": client["id"], "display_name": "x"}
    assert (await agent.post(f"{one(made)}/attendees", wrong)).fields == ["client_id"]


async def test_a_second_agent_s_screen_follows_the_rows_of_an_appointment(
    api: Api, team: Team
) -> None:
    async with eyes_of(api, team) as eyes:
        made = await make(eyes.agent.client)
        for path, body in (
            ("attendees", {"display_name": "Bea"}),
            ("stops", {"location_address": "12 Main St"}),
            ("showings", {"property_address": "12 Main St"}),
        ):
            added = (await eyes.agent.client.post(f"{one(made)}/{path}", body)).data
            seen = await eyes.other.screen.sees(f"appointment.{path[:-1]}_added")
            assert seen.event["d"][path] == [added]
            assert set(seen.event["ch"]) == {path}
            await eyes.agent.client.delete(f"{one(made)}/{path}/{added['id']}")
            gone = await eyes.other.screen.sees(f"appointment.{path[:-1]}_removed")
            assert gone.event["d"][path] == []


# Lists and figures


async def test_filters_and_figures(agent: Client) -> None:
    kinds = ["Property Showing", "Buyer Consultation", "Open House", "Inspection"]
    for n, kind in enumerate(kinds):
        await make(agent, appointment_type=kind, appointment_date=f"2198-03-0{n + 1}")
    await make(agent, appointment_date="2026-01-05", appointment_status="completed",
               status_reason="Entered late")  # fmt: skip
    await make(agent, appointment_date="2026-01-06", appointment_status="no_show",
               status_reason="Entered late")  # fmt: skip
    listed = await agent.get("/appointments", startDate="2198-03-02", endDate="2198-03-03",
                             sortBy="starts_at", sortOrder="asc")  # fmt: skip
    assert [each["appointment_type"] for each in listed.data] == [
        "buyer_consultation", "open_house"
    ]  # fmt: skip
    shown = await agent.get("/appointments", appointmentType="Open House")
    assert len(shown.data) == 1
    stats = (await agent.get("/appointments/stats")).data
    assert {name: int(value) for name, value in stats.items()} == {
        "total": 6, "scheduled": 4, "confirmed": 0, "completed": 1, "cancelled": 0, "noShow": 1,
        "propertyShowings": 1, "consultations": 1, "openHouses": 1, "inspections": 1,
        "upcoming": 4, "past": 2, "completionRate": 50,
    }  # fmt: skip


# Private leads


async def test_an_appointment_about_a_private_lead_is_hidden_with_it(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    person = {"first_name": "Priva", "last_name": "Te", "is_private": True}
    secret = (await agent.post("/leads", person)).data
    made = await make(agent, lead_id=secret["id"])
    assert (await ben.get(one(made))).refused == (404, "NOT_FOUND")
    assert (await ben.get("/appointments")).data == []
    assert (await lead.get(one(made))).status == 200
    event = (await told(api.db, team))[-1]
    assert event["id"] == made["id"]
    answer = await ben.post("/appointments", {**BASE, "lead_id": secret["id"]})
    assert refusal(answer) == (400, "VALIDATION_ERROR", ["lead_id"])
    shown = (await agent.patch(one(made), {"lead_id": None})).data
    assert (await ben.get(one(made))).data == shown
