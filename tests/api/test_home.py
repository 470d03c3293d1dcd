"""The cards count what their reader may see, in one statement, and say what nobody can know."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domains.appointments.jobs import remind
from domains.appointments.resource import APPOINTMENTS
from domains.escrows.resource import ESCROWS
from domains.kit.resource import Resource
from domains.leads.resource import LEADS
from domains.listings.resource import LISTINGS
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.examples import starts_in
from tests.factories import Team
from tests.walk import RESOURCES


def today() -> date:
    """In the time zone that a team has at first."""
    return datetime.now(ZoneInfo("America/Los_Angeles")).date()


def day(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def working(days: int) -> int:
    """How many days from today the so-and-so-many-th working day is."""
    ahead = 0
    while days:
        ahead += 1
        days -= (today() + timedelta(days=ahead)).isoweekday() < 6
    return ahead


async def card(client: Client, **params: Any) -> Any:
    return (await client.get("/escrows/manager", **params)).data


# Home


@pytest.mark.parametrize(
    "resource", [each for each in RESOURCES if each.home], ids=lambda r: r.plural
)
async def test_home_says_what_the_statistics_say(
    lead: Client, agent: Client, viewer: Client, resource: Resource
) -> None:
    await lead.make(resource)
    await agent.make(resource, is_private=True)
    for client, params in ((lead, {}), (agent, {}), (viewer, {}), (agent, {"scope": "my"})):
        stats = (await client.get(f"/{resource.plural}/stats", **params)).data
        shown = (await client.get("/stats/home", **params)).data
        assert shown[resource.plural] == {name: stats[stat] for name, stat in resource.home.items()}
        for name, stat in resource.kpis.items():
            assert shown["kpis"][name] == stats[stat]


async def test_home_is_by_tier(team: Team, lead: Client, agent: Client) -> None:
    await agent.make(ESCROWS, "active", purchase_price=100000)
    await lead.make(ESCROWS, "active", purchase_price=300000)
    await lead.make(LISTINGS, "active", list_price=700000)
    for client, params, volume in (
        (agent, {"scope": "my"}, 100000),
        (lead, {"scope": "user", "user_id": team.agent.user_id}, 100000),
        (lead, {"scope": "team"}, 400000),
        (lead, {}, 400000),
    ):
        found = (await client.get("/stats/home", **params)).data
        assert found["escrows"]["volume"] == volume
    assert found["listings"] == {"total": 1, "active": 1, "inventoryValue": 700000}


# The team lead's card


async def test_what_is_due_within_two_working_days_is_named(team: Team, agent: Client) -> None:
    near = await agent.make(
        ESCROWS, "active", property_address="1 Near St", closing_date=day(working(2))
    )
    await agent.make(ESCROWS, "active", closing_date=day(working(3)))
    loan = {"type": "Loan", "due_date": day(0)}
    far = await agent.make(
        ESCROWS,
        "active",
        property_address="2 Far St",
        closing_date=day(40),
        contingencies=[loan, {**loan, "type": "Sale", "status": "removed"}],
    )
    dated = await agent.make(
        ESCROWS,
        property_address="3 Old St",
        closing_date=day(40),
        appraisal_contingency_date=day(working(1)),
    )
    found = await card(agent)
    assert found["managed_count"] == 4
    assert found["due_in_48h"] == 3
    assert [(each["id"], each["what"], each["due"]) for each in found["deadlines_48h"]] == [
        (far["id"], "Loan contingency", day(0)),
        (dated["id"], "appraisal contingency", day(working(1))),
        (near["id"], "closing", day(working(2))),
    ]
    assert found["deadlines_48h"][0]["label"] == "2 Far St"
    assert found["deadlines_48h"][0]["owner"]["name"] == team.agent.name
    assert found["docs_pending"] is None


async def test_who_closes_late_or_not_at_all_is_not_on_time(agent: Client) -> None:
    assert (await card(agent))["compliance_rate"] is None
    terms = {"acceptance_date": day(-60)}
    for closing, recorded in ((-5, -6), (-5, -5), (-9, -5)):
        made = await agent.make(ESCROWS, "active", closing_date=day(closing), **terms)
        closed = await agent.move(ESCROWS, made["id"], "closed", recorded_date=day(recorded))
        assert closed.status == 200, closed.body
    found = await card(agent)
    assert (found["closed_count"], found["compliance_rate"]) == (3, Decimal("66.7"))
    await agent.make(ESCROWS, "active", closing_date=day(-2), **terms)
    found = await card(agent)
    assert (found["compliance_rate"], found["overdue_count"]) == (50, 1)
    for period, closed_count in (("1_day", 0), ("1_month", 3), ("1_year", 3)):
        assert (await card(agent, period=period))["closed_count"] == closed_count


async def test_reminders_of_today_are_counted_as_far_as_the_reader_sees_them(
    api: Api, agent: Client, lead: Client, viewer: Client
) -> None:
    """They are those that the job sends, by whatever name it tells them."""
    soon: dict[str, Any] = {**starts_in(timedelta(hours=1)), "reminder_minutes": [30]}
    for by, private in ((agent, False), (agent, True), (lead, False)):
        await by.make(APPOINTMENTS, is_private=private, **soon)
    assert (await card(agent))["reminders_sent_today"] == 0
    due = datetime.fromisoformat(soon["starts_at"]) - timedelta(minutes=29)
    assert await remind(api.db, due) >= 3
    assert (await card(agent))["reminders_sent_today"] == 3
    assert (await card(agent, scope="my"))["reminders_sent_today"] == 2
    assert (await card(lead, scope="my"))["reminders_sent_today"] == 1
    assert (await card(viewer))["reminders_sent_today"] == 2


async def test_leads_to_call_are_named_to_who_may_see_them(agent: Client, viewer: Client) -> None:
    await agent.make(LEADS, first_name="Bea", last_name="Buyer", next_follow_up=day(-1))
    await agent.make(
        LEADS, first_name="Sal", last_name="Secret", next_follow_up=day(0), is_private=True
    )
    await agent.make(LEADS, next_follow_up=day(1))
    found = await card(agent)
    assert [each["label"] for each in found["follow_ups_needed"]] == ["Bea Buyer", "Sal Secret"]
    assert found["follow_ups_count"] == 2
    assert [each["label"] for each in (await card(viewer))["follow_ups_needed"]] == ["Bea Buyer"]


@pytest.mark.parametrize("path", ["/escrows/manager", "/stats/home"])
async def test_a_card_is_one_statement(api: Api, agent: Client, path: str) -> None:
    await agent.make(ESCROWS)
    for params in ({}, {"scope": "my"}):
        with statements(api.db) as sent:
            answer = await agent.get(path, **params)
        assert len(sent) == 1
        assert answer.meta["as_of_seq"] >= 1


@pytest.mark.parametrize("path", ["/escrows/manager", "/stats/home"])
async def test_a_card_of_something_else_is_refused(agent: Client, path: str) -> None:
    for params in ({"scope": "world"}, {"period": "ever"}, {"user_id": "Ana"}):
        assert (await agent.get(path, **params)).refused == (400, "VALIDATION_ERROR")
