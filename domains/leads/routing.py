"""Who gets a lead: a pure function of the team's rules in their order, its agents, and the lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class Strategy(StrEnum):
    """How a rule chooses among its agents; `pond` leaves the lead to whoever claims it first."""

    ROUND_ROBIN = "round_robin"
    CAPACITY = "capacity"
    TERRITORY = "territory"
    LANGUAGE = "language"
    POND = "pond"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which leads it is for (empty or None: any), among whom it chooses (empty: all), and how.

    `last_agent_id` is whose turn it was last.
    """

    id: UUID
    name: str
    strategy: Strategy
    sources: Sequence[str] = ()
    lead_types: Sequence[str] = ()
    territories: Sequence[str] = ()
    languages: Sequence[str] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    agents: Sequence[UUID] = ()
    last_agent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who may be given leads, and how many open ones they have.

    `takes_leads` None is somebody of whom nothing was said: agents do, others where a rule names
    them.
    """

    id: UUID
    name: str
    is_agent: bool = True
    takes_leads: bool | None = None
    open_leads: int = 0
    capacity: int | None = None
    territories: Sequence[str] = ()
    languages: Sequence[str] = ()

    @property
    def has_room(self) -> bool:
        return self.capacity is None or self.open_leads < self.capacity


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided, and why; without an agent the lead goes to the pond."""

    rule: Rule
    agent: Agent | None
    reason: str


def choose(
    lead: Mapping[str, Any], rules: Sequence[Rule], agents: Sequence[Agent]
) -> Decision | None:
    """The first rule that is for this lead and has somebody for it; None where there is none.

    `agents` are in the order in which they take turns.
    """
    for rule in rules:
        if not is_for(rule, lead):
            continue
        if rule.strategy is Strategy.POND:
            return Decision(rule, None, f"{rule.name}: for whoever claims it")
        pool = _pool(rule, agents)
        fit = [agent for agent in pool if _fits(rule, lead, agent)]
        if fit:
            return _chosen(rule, lead, _by_turns(rule, fit, pool))
    return None


def is_for(rule: Rule, lead: Mapping[str, Any]) -> bool:
    """Whether a lead is one of those that a rule is about."""
    price = price_of(lead)
    return (
        (not rule.sources or lead.get("lead_source") in rule.sources)
        and (not rule.lead_types or lead.get("lead_type") in rule.lead_types)
        and (not rule.territories or is_within(lead, rule.territories))
        and (not rule.languages or lead.get("preferred_language") in rule.languages)
        and (rule.price_min is None or (price is not None and price >= rule.price_min))
        and (rule.price_max is None or (price is not None and price <= rule.price_max))
    )


def price_of(lead: Mapping[str, Any]) -> Decimal | None:
    """What a lead is about, in dollars, as far as it is known."""
    known = (lead.get(name) for name in ("budget", "budget_max", "budget_min"))
    return next((price for price in known if price is not None), None)


def is_within(lead: Mapping[str, Any], territories: Sequence[str]) -> bool:
    """Whether a lead's ZIP code or city is among these; a ZIP+4 lies in its ZIP."""
    zip_code = (lead.get("zip_code") or "").partition("-")[0]
    city = lead.get("city") or ""
    places = {place.casefold() for place in (zip_code, city) if place}
    return any(territory.casefold() in places for territory in territories)


def _pool(rule: Rule, agents: Sequence[Agent]) -> list[Agent]:
    """The rule's own agents in its own order, else all who take leads."""
    if not rule.agents:
        return [
            agent
            for agent in agents
            if agent.takes_leads or (agent.takes_leads is None and agent.is_agent)
        ]
    known = {agent.id: agent for agent in agents if agent.takes_leads is not False}
    return [known[each] for each in rule.agents if each in known]


def _fits(rule: Rule, lead: Mapping[str, Any], agent: Agent) -> bool:
    match rule.strategy:
        case Strategy.TERRITORY:
            return agent.has_room and is_within(lead, agent.territories)
        case Strategy.LANGUAGE:
            return agent.has_room and lead.get("preferred_language") in agent.languages
        case _:
            return agent.has_room


def _chosen(rule: Rule, lead: Mapping[str, Any], turns: list[Agent]) -> Decision:
    agent = turns[0]
    match rule.strategy:
        case Strategy.CAPACITY:
            agent = min(turns, key=lambda each: each.open_leads)
            why = f"has {agent.open_leads} open leads, the fewest of {len(turns)}"
        case Strategy.TERRITORY:
            why = f"works {lead.get('zip_code') or lead.get('city')}"
        case Strategy.LANGUAGE:
            why = f"speaks {lead.get('preferred_language')}"
        case _:
            why = f"is next of {len(turns)} in turn"
    return Decision(rule, agent, f"{rule.name}: {agent.name} {why}")


def _by_turns(rule: Rule, fit: list[Agent], pool: list[Agent]) -> list[Agent]:
    """Those who fit, beginning with whoever comes after the one whose turn it was last."""
    ids = [agent.id for agent in pool]
    start = ids.index(rule.last_agent_id) + 1 if rule.last_agent_id in ids else 0
    order = {agent: place for place, agent in enumerate([*ids[start:], *ids[:start]])}
    return sorted(fit, key=lambda agent: order[agent.id])
