"""The two demo teams: who signs in, and which of the sales are whose."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from domains.kit.actor import Role
from server.demo.sales import Sale

# Records and people are named after what they are, so that a seed that was cut short finds them.
NAMESPACE = UUID("6f5a1c5e-3b0e-5d5c-9a43-7d1f3f0c2b61")


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    full_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Team:
    """`zip_codes` is its territory; None takes every sale that no other team has.

    `broker` is none of its people: who has the `brokerage` acts in it.
    """

    name: str
    people: tuple[Person, ...]
    zip_codes: frozenset[str] | None = None
    brokerage: str = ""
    broker: Person | None = None

    @property
    def everybody(self) -> tuple[Person, ...]:
        return (*self.people, self.broker) if self.broker else self.people


LEAD = Person("lead@demo.example", "Lee Demo", Role.LEAD)
ANA = Person("ana@demo.example", "Ana Demo", Role.AGENT)
BEN = Person("ben@demo.example", "Ben Demo", Role.AGENT)
BROKER = Person("broker@demo.example", "Bea Demo", Role.BROKER)
RIVAL = Person("rival@demo.example", "Rae Rival", Role.LEAD)

HOME = Team("Demo Team", (LEAD, ANA, BEN), brokerage="Demo Brokerage", broker=BROKER)
AWAY = Team("Rival Team", (RIVAL,), frozenset({"98003", "98023", "98198"}))
TEAMS = (HOME, AWAY)


def sales_of(team: Team, sales: list[Sale]) -> list[Sale]:
    if team.zip_codes is not None:
        return [sale for sale in sales if sale.zip_code in team.zip_codes]
    claimed = frozenset[str]().union(*(other.zip_codes or () for other in TEAMS))
    return [sale for sale in sales if sale.zip_code not in claimed]


def id_of(name: str) -> UUID:
    """Of a team by its name, of a person by the address."""
    return uuid5(NAMESPACE, name)


def record_id(team_id: UUID, entity: str, key: str) -> UUID:
    return uuid5(team_id, f"{entity} {key}")
