"""A sale with everything drawn for it, and the shapes in which its records are told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from random import Random
from typing import Any

from server.demo import words
from server.demo.people import Person, Team, sales_of
from server.demo.places import PLACES
from server.demo.sales import Sale
from server.demo.timeline import Timeline, timeline

LEAD_SHARE = 0.12  # of the listings are the lead's own, the rest is dealt to the agents in turn
RESTS = ("hold", None, None, "withdrawn", None, "hold", None, None, "cancelled", None, None, None)


@dataclass(frozen=True, slots=True)
class Step:
    """What `who` did with a record on one day: the fields a create or an update names."""

    on: date
    who: Person
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """A record's life. The first step creates it; `key` names it, the same in every run."""

    entity: str
    key: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """Its listing and its escrows are told from this; `seed` is for draws of their own."""

    number: int
    seed: str
    sale: Sale
    agent: Person
    timeline: Timeline
    rest: str | None  # how the listing stands still when no buyer has come by today
    today: date

    def rng(self, subject: str) -> Random:
        return Random(f"{self.seed} {self.sale.key} {subject}")

    @property
    def is_for_sale(self) -> bool:
        line, gone = self.timeline, self.timeline.setback
        under_contract = gone is not None and gone.accepted <= self.today < gone.back
        return line.listed <= self.today < line.accepted and not under_contract

    def told(self, steps: Iterable[Step]) -> tuple[Step, ...]:
        """What has happened by today. Steps come in order of their days."""
        return tuple(takewhile(lambda step: step.on <= self.today, steps))


def homes(team: Team, sales: list[Sale], today: date, seed: str) -> list[Home]:
    return [
        _home(number, team, sale, today, seed)
        for number, sale in enumerate(sales_of(team, sales), start=1)
    ]


def property_of(sale: Sale) -> dict[str, Any]:
    """The fields that listings and escrows share. The sets hold no street lines."""
    place = PLACES[sale.zip_code]
    return {
        "property_address": words.parcel(sale),
        "display_address": f"{place.name}, {words.parcel(sale).lower()}",
        "city": place.city,
        "state": "WA",
        "zip_code": sale.zip_code,
        "county": "King",
        "latitude": sale.latitude,
        "longitude": sale.longitude,
        "apn": sale.parcel,
        "property_type": sale.property_type,
        "bedrooms": sale.bedrooms,
        "bathrooms": sale.bathrooms,
        "square_feet": sale.sqft,
        "lot_size": sale.lot_sqft,
        "year_built": sale.year_built,
        "stories": sale.floors,
    }


def _home(number: int, team: Team, sale: Sale, today: date, seed: str) -> Home:
    rng = Random(f"{seed} {sale.key}")
    lead, *agents = team.people
    agent = lead if not agents or rng.random() < LEAD_SHARE else agents[number % len(agents)]
    rest = RESTS[number % len(RESTS)]
    return Home(number, seed, sale, agent, timeline(sale, today, rng), rest, today)
