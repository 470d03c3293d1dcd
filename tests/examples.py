"""One example of each kind of record: what it takes at least and at most, how it may change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChildExample:
    """A kind of row that belongs to a record: a new one, and a change that any writer may make."""

    least: Body
    change: Body


@dataclass(frozen=True, slots=True)
class Example:
    """What the tests need to know of a resource; a new domain adds its own below.

    `change` and `other` are changes that any writer may make at any time, of different fields;
    `other` is of one that holds any text and is empty at first.
    `moves` has what a move to a status may ask for, wherever it comes from. `full` fills every
    field of a new record but its owner, up to its bounds; LINKED stands for a record to link to.
    `asks` names fields that may be empty, but not together with others. `children` has an example
    of each kind of row that belongs to the record, by its plural; `verbs` what verbs of its own
    take; `ready` what a new record has to be like for one of them. `fit` are the changes by which a
    record comes to be one that may be moved to a status, where what the move says does not do; from
    nothing, what a new one says to be made in it.
    """

    least: Body
    change: Body
    other: Body
    full: Body
    moves: Mapping[str, Body] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    children: Mapping[str, ChildExample] = field(default_factory=dict)
    verbs: Mapping[str, Body] = field(default_factory=dict)
    ready: Mapping[str, Callable[[], Body]] = field(default_factory=dict)
    fit: Mapping[str, Callable[[Body], Body]] = field(default_factory=dict)


WORD = "é" * 80
LINE = "ツ" * 200
NOTE = 'A line, with "quotes";\nand another: 100 % \\ _ <b>&amp;</b> 🏡'
MONEY = 999999999999.99
DAY = "2028-02-29"
LINKED = "the id of a record made for it"

NOTES = {
    "notes": ChildExample(
        {"content": "Called the lender", "type": "conversation"},
        {"content": "Called the lender twice", "type": "follow_up"},
    )
}

PROPERTY: dict[str, Any] = {
    "property_address": LINE,
    "display_address": "12 Main St",
    "city": WORD,
    "state": "WA",
    "zip_code": "98101",
    "county": "King",
    "latitude": -89.999999,
    "longitude": 179.999999,
    "apn": "123-456",
    "mls_number": "MLS 7",
    "property_type": "Multi-Family",
    "bedrooms": 998.25,
    "bathrooms": 2.75,
    "square_feet": 2_000_000_000,
    "lot_size": 2_000_000_000,
    "year_built": 1800,
    "stories": 1.5,
    "garage_spaces": 999,
    "pool": True,
    "spa": False,
    "hoa_fee": 0.01,
    "subdivision": "O'Brien's Hill",
}

ESCROW = Example(
    least={
        "property_address": "12 Main St, Seattle",
        "purchase_price": 500000,
        "closing_date": "2027-03-01",
    },
    change={"escrow_company": "Puget Escrow", "hoa_fee": 120},
    other={"notes": "Called the lender"},
    moves={
        "active": {
            "acceptance_date": "2026-01-05",
            "buyers": ["Bea Buyer"],
            "sellers": ["Sal Seller"],
            "reason": "The parties are back",
        },
        "closed": {"recorded_date": "2026-03-02", "close_price": 495000},
        "cancelled": {
            "deposit_disposition": "released_to_buyer",
            "reason": "The loan was refused",
        },
    },
    full={
        **PROPERTY,
        "escrow_status": "pending",
        "is_private": True,
        "purchase_price": MONEY,
        "close_price": MONEY,
        "earnest_money_deposit": MONEY,
        "down_payment": MONEY,
        "loan_amount": MONEY,
        "commission_type": "percentage",
        "commission_percentage": 99.999,
        "gross_commission": MONEY,
        "net_commission": MONEY,
        "representation_type": "dual",
        "escrow_number": "E-1",
        "acceptance_date": "1800-01-01",
        "closing_date": "2200-12-31",
        "actual_coe_date": DAY,
        "recorded_date": DAY,
        "emd_date": DAY,
        "physical_inspection_date": DAY,
        "appraisal_ordered_date": DAY,
        "appraisal_completed_date": DAY,
        "inspection_contingency_date": DAY,
        "appraisal_contingency_date": DAY,
        "loan_contingency_date": DAY,
        "all_contingency_removal_date": DAY,
        "buyers": [LINE] * 6,
        "sellers": ["Sal Seller"],
        "client_ids": [LINKED],
        "buyer_name": LINE,
        "seller_name": "Sal Seller",
        "contingencies": [{"type": WORD, "due_date": DAY, "status": "waived"}] * 20,
        "listing_agent": "Lou",
        "selling_agent": "Sue",
        "escrow_company": "Puget Escrow",
        "escrow_officer_name": "Olaf",
        "escrow_officer_email": "olaf@escrow.example",
        "escrow_officer_phone": "+1 (206) 555-0100 x7",
        "loan_officer_name": "Lotte",
        "loan_officer_email": "lotte@loans.example",
        "loan_officer_phone": "206.555.0101",
        "title_company": "First Title",
        "lead_source": "Referral",
        "deposit_disposition": "split",
        "status_reason": "Entered late",
        "notes": NOTE,
    },
    children=NOTES,
)

LISTING = Example(
    least={"property_address": "12 Main St, Seattle", "list_price": 500000},
    change={"showing_instructions": "Ring twice", "hoa_fee": 120},
    other={"notes": "Called the seller"},
    moves={
        "active": {"listing_contract_date": "2026-01-05", "expiration_date": "2027-06-30"},
        "active_under_contract": {"purchase_contract_date": "2026-02-01"},
        "pending": {"purchase_contract_date": "2026-02-01"},
        "closed": {"close_date": "2026-03-02", "close_price": 495000},
    },
    full={
        **PROPERTY,
        "listing_status": "incomplete",
        "is_private": True,
        "list_price": MONEY,
        "close_price": MONEY,
        "concessions_amount": MONEY,
        "commission_type": "flat",
        "listing_commission": 100,
        "buyer_commission": 0.001,
        "time_zone": "Pacific/Guam",
        "waterfront": True,
        "description": NOTE * 100,
        "features": [WORD] * 60,
        "client_ids": [LINKED],
        "showing_instructions": NOTE,
        "is_showable": False,
        "showing_status": "restricted_showings",
        "auto_confirm": True,
        "min_notice_hours": 24,
        "max_daily_showings": 6,
        "showing_start": "09:30:00",
        "showing_end": "19:00:00",
        "blackout_times": [
            {
                "date": None,
                "weekday": "sunday",
                "start_time": "09:00:00",
                "end_time": "12:30:00",
                "reason": "The sellers' service",
            }
        ],
        "virtual_tour_link": "https://tours.example/" + "x" * 470,
        "listing_contract_date": "1800-01-01",
        "on_market_date": DAY,
        "purchase_contract_date": DAY,
        "contingent_date": DAY,
        "close_date": DAY,
        "expiration_date": "2200-12-31",
        "withdrawn_date": DAY,
        "cancellation_date": DAY,
        "price_change_reason": "None yet",
        "status_reason": "Entered late",
        "notes": NOTE,
    },
    children=NOTES,
)

CLIENT = Example(
    least={"first_name": "Cleo", "last_name": "Client"},
    change={"city": "Tacoma", "budget_max": 750000},
    other={"representative_title": "Trustee"},
    asks=("last_name",),
    moves={
        "expired": {"agreement_end_date": "2026-01-31"},
        "cancelled": {"reason": "They buy with somebody else"},
    },
    full={
        "client_type": "both",
        "client_status": "inactive",
        "is_private": True,
        "first_name": WORD,
        "last_name": "Nguyễn",
        "email": "cleo.o'brien+homes@mail.example",
        "phone": "(206) 555-0100 ext. 7",
        "address": LINE,
        "city": "São Paulo",
        "state": "WA",
        "zip_code": "98101",
        "entity_type": "power_of_attorney",
        "entity_name": LINE,
        "representative_title": "Attorney-in-fact",
        "representative_contact_id": LINKED,
        "budget_min": MONEY,
        "budget_max": MONEY,
        "commission": 2.125,
        "agreement_start_date": "1800-01-01",
        "agreement_end_date": "2200-12-31",
        "tags": [WORD, "VIP", "O'Brien & sons"],
        "status_reason": "Moved abroad",
    },
    children=NOTES,
)

LEAD = Example(
    least={"first_name": "Lena", "last_name": "Lopez"},
    change={"timeline": "immediate", "budget": 520000},
    other={"notes": "Called back"},
    asks=("last_name",),
    moves={
        "lost": {"reason": "Bought elsewhere"},
        "unqualified": {"reason": "No budget"},
        "deferred": {"next_follow_up": "2027-03-01"},
    },
    full={
        "first_name": "Søren",
        "last_name": "O'Brien-Müller ツ",
        "email": "soren@leads.example",
        "phone": "(206) 555-0142",
        "lead_status": "new",
        "is_private": True,
        "lead_source": "walk_in",
        "lead_type": "both",
        "budget": MONEY,
        "budget_range": "650 to 700",
        "budget_min": 650000.01,
        "budget_max": MONEY,
        "timeline": "over_a_year",
        "city": WORD,
        "state": "WA",
        "zip_code": "98101",
        "preferred_language": "pt-BR",
        "next_follow_up": DAY,
        "last_contact_date": DAY,
        "tags": ["first", "ツ"],
        "status_reason": "Entered late",
        "notes": NOTE,
    },
    children={
        "activities": ChildExample(
            {"activity_type": "call", "notes": "Left word", "at": "2026-01-05T10:00:00+00:00"},
            {"notes": "Spoke for ten minutes"},
        )
    },
)

CONTACT = Example(
    least={
        "first_name": "Carla",
        "last_name": "Contact",
        "roles": [{"role": "broker"}, {"role": "agent"}],
    },
    change={"company": "Puget Inspections", "city": "Tacoma"},
    other={"notes": "Met at the open house"},
    asks=("last_name",),
    full={
        "first_name": WORD,
        "last_name": "Nguyễn-O'Brien ツ",
        "company": LINE,
        "title": "Senior loan officer",
        "email": "carla.o'brien+loans@mail.example",
        "other_emails": [f"carla{n}@mail.example" for n in range(20)],
        "phone": "(206) 555-0100 ext. 7",
        "other_phones": ["+44 20 7946 0958", "206.555.0143"],
        "address": LINE,
        "city": "São Paulo",
        "state": "WA",
        "zip_code": "98101",
        "license_number": "DRE #01234567",
        "website": "https://loans.example/" + "x" * 470,
        "birthday": DAY,
        "preferred_language": "zh-Hant",
        "preferred_channel": "text",
        "tags": [WORD, "VIP", "O'Brien & sons"],
        "contact_status": "inactive",
        "is_private": True,
        "status_reason": "Moved abroad",
        "notes": NOTE,
        "roles": [
            {"role": "loan_officer", "is_primary": True},
            {"role": "client", "is_primary": False},
        ],
    },
    children={"roles": ChildExample({"role": "home_inspector"}, {"role": "appraiser"})},
)


def starts_in(wait: timedelta = timedelta()) -> dict[str, str]:
    """Fields of an appointment so far from now, where it is day: it may not end tomorrow."""
    start = (datetime.now(UTC) + wait).replace(second=0, microsecond=0)
    zone = "UTC" if 4 <= start.hour < 16 else "Pacific/Honolulu"  # ten hours behind
    return {"starts_at": start.isoformat(), "time_zone": zone}


def begun(record: Body) -> Body:
    """It begins now, unless it has begun."""
    starts = record.get("starts_at")
    over = starts is not None and datetime.fromisoformat(starts) <= datetime.now(UTC)
    return {} if over else starts_in()


def at_another_time(record: Body) -> Body:
    """Than the one that it is to be rescheduled to."""
    then = datetime.fromisoformat(RESCHEDULED["starts_at"])
    if datetime.fromisoformat(record["starts_at"]) != then:
        return {}
    return {"starts_at": (then - timedelta(hours=2)).isoformat()}


RESCHEDULED = {"starts_at": "2199-06-03T19:00:00+00:00"}

# All at the same time, wherever the tests are run: each has a reason to overlap with the others.
APPOINTMENT = Example(
    least={
        "title": "Showing with Bea",
        "starts_at": "2199-06-03T17:00:00+00:00",
        "time_zone": "America/Los_Angeles",
        "overlap_reason": "Two buyers at once",
    },
    change={"location": "12 Main St, Seattle", "reminder_minutes": [30]},
    other={"description": "Bring the disclosures"},
    moves={
        "denied": {"reason": "The sellers are away"},
        "cancelled": {"reason": "They bought elsewhere"},
        "rescheduled": RESCHEDULED,
    },
    verbs={
        "confirm": {},
        "cancel": {"reason": "They bought elsewhere"},
        "reschedule": {**RESCHEDULED, "reason": "Traffic"},
    },
    ready={"begun": starts_in},
    fit={"completed": begun, "no_show": begun, "rescheduled": at_another_time},
    full={
        "title": LINE,
        "is_private": True,
        "appointment_type": "closing",
        "appointment_status": "scheduled",
        "time_zone": "America/Denver",
        "starts_at": "2199-06-03T17:30:00+00:00",
        "ends_at": "2199-06-03T19:00:00+00:00",
        "appointment_date": "2199-06-03",
        "start_time": "11:30:00",
        "end_time": "13:00:00",
        "duration": 90,
        "location": LINE,
        "description": NOTE,
        "client_id": LINKED,
        "lead_id": LINKED,
        "listing_id": LINKED,
        "status_reason": "Entered late",
        "overlap_reason": "A colleague opens the door",
        "agreement_override_reason": "They sign at the door",
        "reminder_minutes": [5, 40320],
        "attendees": [],
        "stops": [],
        "showings": [],
    },
    children={
        **NOTES,
        "attendees": ChildExample(
            {"display_name": "Bea Buyer", "email": "bea@mail.example"},
            {"rsvp_status": "accepted", "phone": "(206) 555-0100"},
        ),
        "stops": ChildExample(
            {"location_address": "12 Main St", "scheduled_time": "2199-06-03T17:15:00+00:00"},
            {"notes": "Park at the back", "status": "arrived"},
        ),
        "showings": ChildExample(
            {"property_address": "12 Main St", "showing_type": "second"},
            {"showing_status": "confirmed", "client_feedback": "They like the garden"},
        ),
    },
)

EXAMPLES: dict[str, Example] = {
    "escrows": ESCROW,
    "listings": LISTING,
    "clients": CLIENT,
    "leads": LEAD,
    "contacts": CONTACT,
    "appointments": APPOINTMENT,
}
