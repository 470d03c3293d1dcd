"""The two demo teams: who signs in, and which of the sales are whose."""

from dataclasses import dataclass

from domains.kit.actor import Role
from server.demo.sales import Sale


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    full_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Team:
    """`zip_codes` is its territory; None takes every sale that no other team has."""

    name: str
    people: tuple[Person, ...]
    zip_codes: frozenset[str] | None = None


LEAD = Person("lead@demo.example", "Lee Demo", Role.LEAD)
ANA = Person("ana@demo.example", "Ana Demo", Role.AGENT)
BEN = Person("ben@demo.example", "Ben Demo", Role.AGENT)
RIVAL = Person("rival@demo.example", "Rae Rival", Role.LEAD)

HOME = Team("Demo Team", (LEAD, ANA, BEN))
AWAY = Team("Rival Team", (RIVAL,), frozenset({"98003", "98023", "98198"}))
TEAMS = (HOME, AWAY)


def sales_of(team: Team, sales: list[Sale]) -> list[Sale]:
    if team.zip_codes is not None:
        return [sale for sale in sales if sale.zip_code in team.zip_codes]
    claimed = frozenset[str]().union(*(other.zip_codes or () for other in TEAMS))
    return [sale for sale in sales if sale.zip_code not in claimed]
