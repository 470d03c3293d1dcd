"""What the demo's agents have planned, from tomorrow on: meetings, open houses, a tour."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from server.demo.circle import MADE_UP, Hours, meeting, meetings
from server.demo.homes import Home, Step, Story, property_of
from server.demo.people import Team, id_of, record_id

DAYS = 14
LAST_MEETING = 12  # o'clock: the afternoon is for the homes
SATURDAY = 5
OPEN_AT, OPEN_MINUTES = "13:00", 120
MOST_OPEN, MOST_ASKED = 8, 5
TOUR_AFTER, TOUR_AT, TOUR_MINUTES, STOPS = 3, "15:30", 180, 3
ELSEWHERE = "A colleague opens the door meanwhile (built)"


def ahead(team: Team, homes: Iterable[Home]) -> Iterator[Story]:
    """Told on the last day of the demo, of what is on the market or comes to it."""
    homes, hours = list(homes), Hours()
    for number, home in enumerate(homes):
        for kind, on in meetings(home):
            known = kind != "inspection" or home.timeline.accepted <= home.today
            if known and home.today < on <= home.today + timedelta(DAYS):
                hour = hours.next(home.agent, on)
                if hour <= LAST_MEETING:
                    agreed = {"appointment_status": "confirmed"} if number % 2 else {}
                    body = {**meeting(team, home, kind, on, hour), **agreed}
                    yield _told(home, kind, body)
    shown = defaultdict[str, list[Home]](list)
    for home in homes:
        if home.is_for_sale and home.rest is None:
            shown[home.agent.email].append(home)
    for of_agent in shown.values():
        yield from _consultations(of_agent, hours)
    yield from _open_houses(team, shown.values())
    busiest = max(shown.values(), key=len, default=[])
    if len(busiest) >= STOPS:
        yield _tour(team, busiest[:STOPS])


def _consultations(shown: list[Home], hours: Hours) -> Iterator[Story]:
    """Every other day from tomorrow on, with somebody who may buy."""
    for number, home in enumerate(shown[:MOST_ASKED]):
        on = home.today + timedelta(1 + 2 * number)
        buyer = f"Demo Buyer {home.number}"
        body = _at(on, f"{hours.next(home.agent, on):02}:00", 60) | {
            "title": f"Consultation: {buyer}",
            "appointment_type": "buyer_consultation",
            "location": "At the office (built)",
            "attendees": [{"display_name": buyer, "is_primary": True}],
        }
        yield _told(home, "consultation", body)


def _open_houses(team: Team, shown: Iterable[list[Home]]) -> Iterator[Story]:
    """On the weekends, one a day for each agent; whoever has the first is asked for twice."""
    first = True
    for homes in shown:
        for home, on in zip(homes[:MOST_OPEN], _weekend(homes[0].today), strict=False):
            place = property_of(home.sale)["display_address"]
            body = _at(on, OPEN_AT, OPEN_MINUTES) | {
                "title": f"Open house: {place}",
                "appointment_type": "open_house",
                "appointment_status": "confirmed",
                "listing_id": _listing(team, home),
            }
            yield _told(home, "open_house", body)
            if first:
                first = False
                both = _at(on, OPEN_AT, 60) | {
                    "title": f"Talk with the sellers: {place}",
                    "listing_id": _listing(team, home),
                    "overlap_reason": ELSEWHERE,
                }
                yield _told(home, "talk", both)


def _tour(team: Team, homes: list[Home]) -> Story:
    """One buyer, several homes."""
    first = homes[0]
    addresses = [property_of(home.sale)["display_address"] for home in homes]
    body = _at(first.today + timedelta(TOUR_AFTER), TOUR_AT, TOUR_MINUTES) | {
        "title": f"Tour with Demo Buyer {first.number}",
        "appointment_type": "property_showing",
        "stops": [{"location_address": text, "estimated_duration": 45} for text in addresses],
        "showings": [{"listing_id": _listing(team, home)} for home in homes],
        "attendees": [{"display_name": f"Demo Buyer {first.number}", "is_primary": True}],
    }
    return _told(first, "tour", body)


def _told(home: Home, kind: str, body: dict[str, Any]) -> Story:
    return Story(
        "appointment", f"{home.sale.key} {kind} ahead", (Step(home.today, home.agent, body),)
    )


def _at(on: date, start: str, minutes: int) -> dict[str, Any]:
    return {
        "appointment_date": on,
        "start_time": start,
        "duration": minutes,
        "description": MADE_UP,
    }


def _weekend(today: date) -> Iterator[date]:
    days = (today + timedelta(number) for number in range(1, DAYS + 1))
    return (day for day in days if day.weekday() >= SATURDAY)


def _listing(team: Team, home: Home) -> Any:
    return record_id(id_of(team.name), "listing", home.sale.key)
