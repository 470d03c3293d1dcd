"""Who gets a lead: what each rule looks at, whom it chooses, and that turns are fair."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.leads.routing import Agent, Decision, Rule, Strategy, choose

ANA, BEN, CAT = (Agent(uuid4(), name) for name in ("Ana", "Ben", "Cat"))
LEAD: dict[str, Any] = {
    "lead_source": "website",
    "lead_type": "buyer",
    "budget": None,
    "budget_min": Decimal(400_000),
    "budget_max": Decimal(600_000),
    "zip_code": "98101-2042",
    "city": "Seattle",
    "preferred_language": "es",
}


def rule(strategy: Strategy = Strategy.ROUND_ROBIN, **given: Any) -> Rule:
    return Rule(uuid4(), "All", strategy, **given)


def chosen(rules: Sequence[Rule], agents: Sequence[Agent], **lead: Any) -> str | None:
    decision = choose(LEAD | lead, rules, agents)
    return decision.agent.name if decision and decision.agent else None


@pytest.mark.parametrize(
    ("asks", "fits"),
    [
        ({"sources": ["website", "ad"]}, True),
        ({"sources": ["ad"]}, False),
        ({"lead_types": ["seller"]}, False),
        ({"territories": ["98101"]}, True),
        ({"territories": ["seattle"]}, True),
        ({"territories": ["98102", "Tacoma"]}, False),
        ({"languages": ["es"]}, True),
        ({"languages": ["en"]}, False),
        ({"price_min": Decimal(600_000)}, True),
        ({"price_min": Decimal(600_001)}, False),
        ({"price_max": Decimal(600_000)}, True),
        ({"price_max": Decimal(599_999)}, False),
        ({"sources": ["website"], "price_min": Decimal(10**6)}, False),
    ],
)
def test_a_rule_is_for_leads_that_are_all_it_asks(asks: Any, fits: bool) -> None:  # noqa: FBT001
    assert (chosen([rule(**asks)], [ANA]) == "Ana") == fits


def test_a_lead_of_which_nothing_is_known_is_in_no_price_band_and_no_territory() -> None:
    nothing = dict.fromkeys(LEAD)
    for asks in ({"price_max": Decimal(10**9)}, {"territories": ["Seattle"]}, {"sources": ["ad"]}):
        assert choose(nothing, [rule(**asks)], [ANA]) is None
    assert choose(nothing, [rule()], [ANA]) is not None


def test_the_first_rule_that_has_somebody_decides_and_says_why() -> None:
    full = replace(ANA, capacity=3, open_leads=3)
    rules = [
        replace(rule(sources=["ad"]), name="Ads"),
        replace(rule(agents=[full.id]), name="Full"),
        replace(rule(Strategy.LANGUAGE), name="Spanish"),
        rule(),
    ]
    spanish = replace(BEN, languages=["es"])
    decision = choose(LEAD, rules, [full, spanish, CAT])
    assert decision == Decision(rules[2], spanish, "Spanish: Ben speaks es")
    assert choose(LEAD, rules, [full]) is None


@pytest.mark.parametrize(
    ("strategy", "agents", "name"),
    [
        (Strategy.ROUND_ROBIN, [ANA, BEN, CAT], "Ana"),
        (Strategy.CAPACITY, [replace(ANA, open_leads=4), replace(BEN, open_leads=1), CAT], "Cat"),
        (Strategy.CAPACITY, [replace(ANA, open_leads=1), replace(BEN, open_leads=1)], "Ana"),
        (Strategy.TERRITORY, [ANA, replace(BEN, territories=["98101"])], "Ben"),
        (Strategy.TERRITORY, [ANA, replace(CAT, territories=["SEATTLE"])], "Cat"),
        (Strategy.TERRITORY, [ANA, BEN], None),
        (Strategy.LANGUAGE, [ANA, replace(BEN, languages=["es"])], "Ben"),
        (Strategy.POND, [ANA], None),
    ],
)
def test_a_strategy_chooses(strategy: Strategy, agents: list[Agent], name: str | None) -> None:
    assert chosen([rule(strategy)], agents) == name


def test_a_rule_for_the_pond_gives_a_lead_to_nobody() -> None:
    decision = choose(LEAD, [rule(Strategy.POND)], [])
    assert decision is not None
    assert (decision.agent, decision.reason) == (None, "All: for whoever claims it")


def test_who_is_no_agent_is_given_leads_only_by_name_and_nobody_who_takes_none() -> None:
    lead = replace(BEN, is_agent=False)
    away = replace(CAT, takes_leads=False)
    assert chosen([rule()], [lead, away]) is None
    assert chosen([rule()], [replace(lead, takes_leads=True)]) == "Ben"
    assert chosen([rule(agents=[away.id, lead.id])], [lead, away]) == "Ben"


def test_turns_go_on_from_whoever_had_the_last() -> None:
    for last, name in ((ANA, "Ben"), (CAT, "Ana"), (Agent(uuid4(), "Gone"), "Ana")):
        assert chosen([rule(last_agent_id=last.id)], [ANA, BEN, CAT]) == name
    assert chosen([rule(last_agent_id=ANA.id, agents=[CAT.id, ANA.id])], [ANA, BEN, CAT]) == "Cat"


def take_turns(agents: list[Agent], leads: int) -> Counter[UUID]:
    """Give leads away one after another, as the rows do: the turn and the load are kept."""
    one = rule()
    got: Counter[UUID] = Counter()
    for _ in range(leads):
        team = [replace(agent, open_leads=agent.open_leads + got[agent.id]) for agent in agents]
        decision = choose(LEAD, [one], team)
        if decision is None or decision.agent is None:
            break
        got[decision.agent.id] += 1
        one = replace(one, last_agent_id=decision.agent.id)
    return got


@given(number=st.integers(1, 8), leads=st.integers(0, 60))
def test_turns_differ_by_one_at_most(number: int, leads: int) -> None:
    got = take_turns([Agent(uuid4(), str(i)) for i in range(number)], leads)
    counts = [got[each] for each in got] + [0] * (number - len(got))
    assert sum(counts) == leads
    assert max(counts) - min(counts) <= 1


@given(
    agents=st.lists(
        st.builds(
            Agent,
            st.uuids(),
            st.just("x"),
            open_leads=st.integers(0, 5),
            capacity=st.none() | st.integers(1, 6),
        ),
        max_size=6,
        unique_by=lambda agent: agent.id,
    ),
    leads=st.integers(0, 40),
)
def test_nobody_is_given_more_than_fits_and_nothing_is_left_while_somebody_has_room(
    agents: list[Agent], leads: int
) -> None:
    got = take_turns(agents, leads)
    for agent in agents:
        if agent.capacity is not None:
            assert agent.open_leads + got[agent.id] <= max(agent.capacity, agent.open_leads)
    if sum(got.values()) < leads:
        assert all(
            agent.capacity is not None and agent.open_leads + got[agent.id] >= agent.capacity
            for agent in agents
        )
