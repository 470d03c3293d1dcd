"""The people around the demo's homes: sellers are clients, callers leads, offices contacts.

Invented, and plainly so: nobody is called Demo Seller 12, and 555-01xx rings nowhere.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from server.demo.homes import Home, Step, Story, property_of
from server.demo.people import Person, Team, id_of, record_id
from server.demo.timeline import round_price

TERM = timedelta(days=183)  # as long as the listing agreement
DESKS = 4
MADE_UP = "Demo, built: nobody real (server/demo/SOURCE.md)."
SOURCES = ("referral", "website", "walk_in", "phone", "social", "partner")
TIMELINES = ("immediate", "one_to_three_months", "three_to_six_months")
WANTS = (0.85, 1.15)  # of the asking price of the home they asked about
ASKED_AFTER = (1, 9)  # days on the market
CALLED_AFTER = (0, 2)
DECIDED_AFTER = (3, 8)
LOST_SHARE = 0.25
QUALIFIED_SHARE = 0.5
LOST_BECAUSE = "Bought with somebody else (built)"
INSPECTED_AFTER = 7
FIRST_HOUR, LAST_HOUR = 9, 17
MEETINGS = {"listing_presentation": "Listing talk", "inspection": "Inspection"}
OVER = {"appointment_status": "completed", "status_reason": "Told afterwards (built)"}
KINDS = (
    ("escrow_officer", "Demo Escrow Officer", "Demo Escrow Office", "officer{}@escrow.example", 0),
    ("loan_officer", "Demo Loan Officer", "Demo Lending", "officer{}@loans.example", 1),
    ("agent", "Demo Selling Agent", "Demo Realty", "agent{}@realty.example", 2),
)


def clients(homes: Iterable[Home]) -> Iterator[Story]:
    """The sellers of what is on the market now, from the day they signed."""
    for home in homes:
        if has_client(home):
            body = {
                "first_name": "Demo",
                "last_name": f"Seller {home.number}",
                "email": f"seller{home.number}@clients.example",
                "phone": f"(206) 555-01{home.number % 100:02}",
                "client_type": "seller",
                "agreement_start_date": home.timeline.signed,
                "agreement_end_date": home.timeline.signed + TERM,
                "tags": ["demo"],
            }
            steps = home.told([Step(home.timeline.signed, home.agent, body)])
            yield Story("client", client_key(home), steps)


def has_client(home: Home) -> bool:
    return home.timeline.moved_days > 0 and home.timeline.signed <= home.today


def client_key(home: Home) -> str:
    return home.sale.key


def leads(homes: Iterable[Home]) -> Iterator[Story]:
    """Somebody who asked about every other home that came to market of late."""
    for home in homes:
        if home.timeline.moved_days and home.number % 2 and home.timeline.listed <= home.today:
            steps = home.told(_asked(home))
            if steps:
                yield Story("lead", home.sale.key, steps)


def _asked(home: Home) -> Iterator[Step]:
    rng = home.rng("lead")
    day = home.timeline.listed + timedelta(rng.randint(*ASKED_AFTER))
    wanted = float(home.timeline.first_price) * rng.uniform(*WANTS)
    body: dict[str, Any] = {
        "first_name": "Demo",
        "last_name": f"Caller {home.number}",
        "email": f"caller{home.number}@leads.example",
        "lead_type": "buyer",
        "lead_source": rng.choice(SOURCES),
        "timeline": rng.choice(TIMELINES),
        "budget": round_price(wanted),
        "zip_code": home.sale.zip_code,
        "next_follow_up": day + timedelta(7),
        "tags": ["demo"],
        "notes": MADE_UP,
    }
    yield Step(day, home.agent, body)
    called = day + timedelta(rng.randint(*CALLED_AFTER))
    yield Step(called, home.agent, {"lead_status": "contacted", "last_contact_date": called})
    decided, luck = called + timedelta(rng.randint(*DECIDED_AFTER)), rng.random()
    if luck < LOST_SHARE:
        lost = {"lead_status": "lost", "status_reason": LOST_BECAUSE, "next_follow_up": None}
        yield Step(decided, home.agent, lost)
    elif luck < LOST_SHARE + QUALIFIED_SHARE:
        yield Step(decided, home.agent, {"lead_status": "qualified"})


def contacts(team: Team, since: date) -> Iterator[Story]:
    """The desks that the escrows name."""
    lead = team.people[0]
    for role, name, company, address, line in KINDS:
        for desk in range(1, DESKS + 1):
            first, _, last = f"{name} {desk}".partition(" ")
            body = {
                "first_name": first,
                "last_name": last,
                "company": f"{company} {desk}",
                "email": address.format(desk),
                "phone": f"206-555-01{line}{desk}",
                "roles": [{"role": role}],
                "tags": ["demo"],
                "notes": MADE_UP,
            }
            yield Story("contact", f"{role} {desk}", (Step(since, lead, body),))


class Hours:
    """Nobody is in two places: each day of an agent has its hours, given out in turn."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, date], int] = {}

    def next(self, agent: Person, on: date) -> int:
        hour = self._given.get((agent.email, on), FIRST_HOUR)
        self._given[agent.email, on] = hour + 1
        return hour


def meetings(home: Home) -> Iterator[tuple[str, date]]:
    """What is met for: the talk before an agreement, and the inspection after an acceptance."""
    line = home.timeline
    if line.moved_days and home.rest != "cancelled":
        yield "listing_presentation", line.signed - timedelta(1)
        yield "inspection", line.accepted + timedelta(INSPECTED_AFTER)


def diary(team: Team, homes: Iterable[Home]) -> Iterator[Story]:
    """What was met for, told the day after, as what is over."""
    hours = Hours()
    for home in homes:
        for kind, on in meetings(home):
            if on < home.today and (hour := hours.next(home.agent, on)) <= LAST_HOUR:
                body = meeting(team, home, kind, on, hour) | OVER
                day_after = Step(on + timedelta(1), home.agent, body)
                yield Story("appointment", f"{home.sale.key} {kind}", home.told([day_after]))


def meeting(team: Team, home: Home, kind: str, on: date, hour: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "title": f"{MEETINGS[kind]}: {property_of(home.sale)['display_address']}",
        "appointment_type": kind,
        "appointment_date": on,
        "start_time": f"{hour:02}:00",
        "duration": 60,
        "description": MADE_UP,
    }
    if kind == "inspection":
        team_id = id_of(team.name)
        body["listing_id"] = record_id(team_id, "listing", home.sale.key)
        body["client_id"] = record_id(team_id, "client", client_key(home))
    return body
