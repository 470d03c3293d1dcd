"""What the simulated agents choose to do: believable, and within what the records allow."""

from datetime import date
from random import Random
from typing import Any

import pytest

from server.demo import diary_work, escrow_work, listing_work, people_work
from server.demo.acts import Day
from server.demo.errands import ERRANDS

TODAY = date(2026, 3, 4)

LISTING: dict[str, Any] = {
    "id": "a3f1",
    "version": 7,
    "display_address": "Ballard, parcel 046100-0350",
    "property_address": "Parcel 046100-0350",
    "listing_status": "active",
    "is_private": False,
    "list_price": 500_000.0,
    "original_list_price": 520_000.0,
    "close_price": None,
    "days_on_market": 20,
    "showing_instructions": None,
    "allowed_transitions": ["active_under_contract", "hold"],
}
ESCROW: dict[str, Any] = {
    "id": "b4e2",
    "version": 3,
    "display_address": None,
    "property_address": "Parcel 046100-0350",
    "purchase_price": 500_000.0,
    "notes": "Demo, on a real sale.",
    "contingencies": [
        {"type": "inspection", "due_date": "2026-03-01", "status": "removed"},
        {"type": "appraisal", "due_date": "2026-03-08", "status": "pending"},
        {"type": "loan", "due_date": "2026-03-12", "status": "pending"},
    ],
    "allowed_transitions": ["closed", "cancelled"],
}

lucks = pytest.mark.parametrize("day", [Day(TODAY, Random(n)) for n in range(40)])


@lucks
def test_a_price_falls_a_little_and_never_far_below_the_first(day: Day) -> None:
    listing, cuts = dict(LISTING), 0
    while act := listing_work.cut_price(listing, day):
        assert 0.95 < act.body["list_price"] / listing["list_price"] < 1
        listing["list_price"] = act.body["list_price"]
        cuts += 1
    assert cuts > 3
    assert listing["list_price"] >= 0.8 * listing["original_list_price"]


def test_a_home_that_was_sold_meanwhile_is_not_made_cheaper() -> None:
    sold = LISTING | {"listing_status": "pending"}
    assert listing_work.cut_price(sold, Day(TODAY, Random(1))) is None


@lucks
def test_no_listing_is_moved_where_its_machine_does_not_lead(day: Day) -> None:
    stuck = LISTING | {"allowed_transitions": []}
    assert listing_work.accept_offer(stuck, day) is None
    assert listing_work.finish_inspection(stuck, day) is None
    assert listing_work.close_listing(stuck, day) is None
    assert listing_work.open_to_market(stuck, day) is None
    assert listing_work.rest(stuck, day) is None


def test_every_change_of_a_record_names_the_version_it_was_read_at() -> None:
    day = Day(TODAY, Random(1))
    acts = [
        listing_work.cut_price(LISTING, day),
        listing_work.accept_offer(LISTING, day),
        listing_work.instruct(LISTING, day),
        listing_work.rest(LISTING, day),
    ]
    assert [act.body["version"] for act in acts if act] == [7, 7, 7, 7]
    remark = escrow_work.remark(ESCROW, day)
    assert remark is not None
    assert remark.body["version"] == 3


def test_an_accepted_offer_is_followed_by_its_contract() -> None:
    day = Day(TODAY, Random(1))
    sold = listing_work.accept_offer(LISTING, day)
    assert sold is not None
    assert sold.then is not None
    quiet = {"is_private": True}  # and so is the contract on it
    contract = sold.then(LISTING | dict.fromkeys(escrow_work.PROPERTY, None) | quiet)
    assert contract is not None
    assert contract.body["is_private"]
    assert contract.path == "/escrows"
    assert contract.body["buyers"][0].startswith("Demo Buyer ")
    assert {c["type"] for c in contract.body["contingencies"]} == {
        "inspection",
        "appraisal",
        "loan",
    }


def test_contingencies_go_one_after_another_and_the_deed_comes_last() -> None:
    day, escrow = Day(TODAY, Random(1)), dict(ESCROW)
    for kind in ("appraisal", "loan"):
        act = escrow_work.settle(escrow, day)
        assert act is not None
        assert kind in act.says
        escrow["contingencies"] = act.body["contingencies"]
    deed = escrow_work.settle(escrow, day)
    assert deed is not None
    assert deed.body["status"] == "closed"
    assert deed.body["recorded_date"] == "2026-03-04"
    assert [c["due_date"] for c in escrow["contingencies"]] == [
        c["due_date"] for c in ESCROW["contingencies"]
    ]


@lucks
def test_notes_keep_what_was_there_and_do_not_grow_for_ever(day: Day) -> None:
    escrow = dict(ESCROW)
    for _ in range(20):
        act = escrow_work.remark(escrow, day)
        assert act is not None
        assert act.body["notes"] != escrow["notes"]
        escrow["notes"] = act.body["notes"]
    lines = escrow["notes"].splitlines()
    assert lines[0] == ESCROW["notes"]
    assert len(lines) == 4


LEAD: dict[str, Any] = {
    "id": "c5d3",
    "version": 2,
    "full_name": "Demo Caller 7",
    "allowed_transitions": ["qualified", "lost", "unqualified", "deferred"],
}
CONTACT: dict[str, Any] = {"id": "d6c4", "version": 5, "full_name": "Demo Desk", "notes": None}
APPOINTMENT: dict[str, Any] = {
    "id": "e7b5",
    "version": 1,
    "title": "Open house: Ballard",
    "appointment_type": "open_house",
    "appointment_date": "2026-03-03",
    "allowed_transitions": ["confirmed", "completed"],
}


@lucks
def test_a_lead_goes_where_its_machine_leads_with_what_that_asks(day: Day) -> None:
    act = people_work.judge(LEAD, day)
    assert act is not None
    asked = {"lost": "reason", "deferred": "next_follow_up", "qualified": "version"}
    assert act.body[asked[act.body["status"]]]
    assert people_work.judge(LEAD | {"allowed_transitions": []}, day) is None


@lucks
def test_who_asks_about_a_home_is_plainly_nobody(day: Day) -> None:
    act = people_work.enter(LISTING | {"zip_code": "98117"}, day)
    assert act is not None
    assert act.body["last_name"].startswith("Caller S")
    assert "nobody real" in act.body["notes"]


def test_what_is_noted_about_a_contact_does_not_grow_for_ever() -> None:
    contact, day = dict(CONTACT), Day(TODAY, Random(1))
    for _ in range(20):
        act = people_work.remark(contact, day)
        assert act is not None
        contact["notes"] = act.body["notes"]
    assert len(contact["notes"].splitlines()) == 3


def test_nobody_was_at_what_is_still_to_come() -> None:
    day = Day(TODAY, Random(1))
    done = diary_work.complete(APPOINTMENT, day)
    assert done is not None
    assert done.body["status"] == "completed"
    assert diary_work.complete(APPOINTMENT | {"appointment_date": "2026-03-04"}, day) is None


def test_a_showing_is_not_confirmed_without_the_buyers_agreement() -> None:
    day = Day(TODAY, Random(1))
    assert diary_work.confirm(APPOINTMENT, day) is not None
    showing = APPOINTMENT | {"appointment_type": "property_showing"}
    assert diary_work.confirm(showing, day) is None


@lucks
def test_a_home_is_shown_to_nobody_real_in_the_days_to_come(day: Day) -> None:
    act = diary_work.show(LISTING, day)
    assert act is not None
    assert act.body["appointment_date"] > TODAY.isoformat()
    assert act.body["title"].startswith("Showing to Demo Buyer S")
    assert [stop["location_address"] for stop in act.body["stops"]] == [LISTING["display_address"]]


def test_all_kinds_of_work_come_up() -> None:
    assert {errand.plural for errand in ERRANDS} == {
        "escrows",
        "listings",
        "clients",
        "leads",
        "contacts",
        "appointments",
    }
    assert all(errand.weight > 0 for errand in ERRANDS)
