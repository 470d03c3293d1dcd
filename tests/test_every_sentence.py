"""Whatever the log may hold is said in a sentence that people would say."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import domains
from domains import DOMAINS
from domains.appointments.jobs import remind
from domains.appointments.resource import APPOINTMENTS
from domains.kit.actor import Role
from domains.kit.resource import Resource
from domains.leads.jobs import decay
from domains.leads.resource import LEADS
from server.asyncapi import OTHERS
from server.asyncapi_parts import OTHER_KINDS, kinds_of
from tests.api.client import Api, Client
from tests.api.desk import PASSWORD, a_new_address, desk_of
from tests.factories import Team, new_member
from tests.walk import RESOURCES, made_ready, writes_of

# What a sentence begins with, after who: all the verbs there are.
VERBS = re.compile(
    "added|archived|assigned|brought|cancelled|changed|claimed|cleared|completed|confirmed|deleted"
    "|disabled|edited|enabled|founded|gave|joined|left|let|lowered|made|merged|moved|noted|put"
    "|raised|reminded|removed|rescheduled|saw|set|shared|switched|took|turned|updated"
)
ODD = re.compile(
    r"[_{}\[\]<>]|\b(None|null|True|False)\b|\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d|[0-9a-f]{8}-|  "
    r"|\b(an? [^ ]*s (of|to|from)|of of|to to)\b"
)
# The last way out for a verb that nobody gave a sentence.
UNTOLD = re.compile(r"changed [^:]*: (?P<verb>[a-z ]+)$")
SELDOM = {"lead.decayed", "appointment.reminder"}  # by jobs: below
IN_SOURCE = re.compile(r'"([a-z_]+\.[a-z_]+)"')


async def entries(by: Client, **params: Any) -> list[Any]:
    found: list[Any] = []
    while page := (await by.get("/activity", limit=200, **params)).data:
        found += page
        params["before_seq"] = page[-1]["s"]
    return found


def assert_said(entry: Any) -> None:
    sentence, who = entry["sentence"], entry["a"]["name"]
    assert sentence.startswith(f"{who} "), sentence
    verb = sentence.removeprefix(f"{who} ").split()[0]
    assert VERBS.fullmatch(verb), sentence
    assert not ODD.search(sentence), sentence
    left_over = UNTOLD.search(sentence)
    own = entry["k"].partition(".")[2].replace("_", " ")
    assert left_over is None or left_over["verb"] != own, sentence
    assert "".join(piece["text"] for piece in entry["pieces"]) == sentence


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one.plural)
async def test_every_write_of_a_record_is_said(lead: Client, resource: Resource) -> None:
    for write in writes_of(resource):
        records = await made_ready(lead, resource, write.first)
        answer = await write.act(lead, resource, records)
        assert answer.status in (200, 201), answer.body
    if resource is APPOINTMENTS:
        one = f"/appointments/{(await lead.make(resource))['id']}"
        moved = await lead.patch(one, {"starts_at": "2199-06-04T17:00:00+00:00"})
        assert moved.status == 200, moved.body
        (told,) = (await lead.get("/activity", limit=1)).data
        assert told["sentence"] == (
            "Lea Lead moved Showing with Bea from Mon, Jun 3, 2199 at 10:00 AM"
            " to Tue, Jun 4, 2199 at 10:00 AM"
        )
    one_by_one = await entries(lead, entity=resource.name)
    for entry in [*one_by_one, *await entries(lead, entity=resource.name, grouped="true")]:
        assert_said(entry)
        assert entry["label"] in entry["sentence"] or entry["group"], entry["sentence"]
    verbs = {key.partition(" ")[0] for key in resource.deeds}
    known = {*kinds_of(resource), *(f"{resource.name}.{verb}" for verb in verbs)}
    assert {entry["k"] for entry in one_by_one} >= known - SELDOM


async def test_what_the_worker_does_is_said(api: Api, agent: Client) -> None:
    day = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0) + timedelta(5)
    title = "Showing: 12 Main St"
    for zone in ("America/Los_Angeles", "America/New_York"):
        made = await agent.make(
            APPOINTMENTS, title=title, starts_at=day.isoformat(), time_zone=zone
        )
        await agent.patch(f"/appointments/{made['id']}", {"reminder_minutes": [60]})
    await agent.make(LEADS, last_name="Okafor", lead_source="walk_in", timeline="immediate")
    await remind(api.db, day - timedelta(minutes=30))
    await decay(api.db, (day + timedelta(60)).date())
    said = [entry["sentence"] for entry in await entries(agent) if entry["k"] in SELDOM]
    assert len(said) == 3
    assert said[0].startswith("Homeroom saw the score of ")
    on = f"{day:%a, %b} {day.day}{'' if day.year == datetime.now(UTC).year else f', {day.year}'}"
    assert set(said[1:]) == {
        f"Homeroom reminded of {title}, which begins {on} at {clock}"
        for clock in ("9:00 AM", "12:00 PM EST")
    }


# What is no record: people, the team, its company, its rules


async def test_people_and_teams_are_told_in_sentences(
    api: Api, team: Team, owner: Client, agent: Client
) -> None:
    lou = await new_member(api.db, team.id, Role.AGENT, "Lou Leaver")
    admin = await api.sign_in(await new_member(api.db, team.id, Role.SYSTEM_ADMIN))
    desk = desk_of(api.db)

    async def said(count: int = 1) -> list[str]:
        found = (await agent.get("/activity", limit=count)).data
        for entry in found:
            assert_said(entry)
            told.add(entry["k"])
        return [entry["sentence"] for entry in reversed(found)]

    async def accept(by: Client, path: str, name: str, **more: Any) -> None:
        invited = (await by.post(path, {"email": a_new_address(), **more})).data
        body = {"token": invited["token"], "full_name": name, "password": PASSWORD}
        await desk.ask("auth:accept", body)

    told: set[str] = set()
    member = f"/teams/current/members/{lou.user_id}"
    await owner.patch(member, {"role": "coordinator"})
    assert await said() == ["Olga Owner changed the role of Lou Leaver from agent to coordinator"]
    await owner.put(f"{member}/permissions", {"can_delete": True})
    assert await said() == ["Olga Owner changed what Lou Leaver may do in the team"]
    await owner.delete(member)
    assert await said() == ["Olga Owner removed Lou Leaver from the team"]
    await accept(owner, "/teams/current/invitations", "Nia New", role="agent")
    assert await said() == ["Nia New joined the team as an agent"]

    await agent.patch("/users/me", {"phone": "(206) 555-0117", "languages": ["en"]})
    assert (await said())[0].startswith("Ana Agent changed their profile: ")
    await agent.patch("/users/me", {"title": "Broker Associate"})
    assert await said() == ["Ana Agent set the title of their profile to Broker Associate"]
    for done in ("disable", "enable"):
        await admin.post(f"/users/{team.viewer.user_id}/{done}")
        assert await said() == [f"Syd System {done}d the account of Vic Viewer"]

    await owner.patch("/teams/current", {"name": "Harbor & Co"})
    assert await said() == [
        "Olga Owner changed the name of the team from Harbor Homes to Harbor & Co"
    ]
    await owner.post("/brokerages", {"name": "Lake & Sons"})
    assert await said(3) == [
        "Olga Owner set the brokerage of the team to Lake & Sons",
        "Olga Owner joined the team as its broker",
        "Olga Owner founded the brokerage Lake & Sons",
    ]
    broker = await api.sign_in(team.owner)
    await broker.patch("/brokerages/current", {"license_number": "77"})
    assert await said() == ["Olga Owner set the license number of Lake & Sons to 77"]
    await accept(broker, "/brokerages/current/invitations", "Bo Broker")
    assert await said() == ["Bo Broker joined the team as its broker"]
    (bo,) = [
        each["id"]
        for each in (await broker.get("/brokerages/current/brokers")).data
        if each["full_name"] == "Bo Broker"
    ]
    await broker.delete(f"/brokerages/current/brokers/{bo}")
    assert await said() == ["Olga Owner removed the broker Bo Broker from the team"]
    await broker.post("/teams", {"name": "Second", "owner_id": str(team.agent.user_id)})
    assert await said() == ["Olga Owner added Second to the teams of Lake & Sons"]
    second = (await broker.get("/brokerages/current")).data["teams"]
    (its_id,) = [each["id"] for each in second if each["name"] == "Second"]
    await broker.delete(f"/brokerages/current/teams/{its_id}")
    assert await said() == ["Olga Owner removed Second from the teams of Lake & Sons"]
    people = {name for name in OTHER_KINDS if not name.startswith("lead_")}
    assert told == {kind for name in people for kind in OTHER_KINDS[name]}


async def test_what_leads_say_of_new_leads_is_told_in_sentences(
    team: Team, lead: Client, agent: Client
) -> None:
    rule = {"name": "Kent buyers", "strategy": "round_robin"}
    made = (await lead.post("/lead-routing/rules", rule)).data
    one, kent = f"/lead-routing/rules/{made['id']}", "the lead rule Kent buyers"
    ana = f"/lead-routing/agents/{team.agent.user_id}"
    changes: Sequence[tuple[str, dict[str, Any], str]] = (
        (one, {"enabled": False}, f"switched {kent} off"),
        (one, {"price_min": 450000}, f"set the lowest price of {kent} to $450,000"),
        (one, {"agents": [str(team.agent.user_id)]}, f"added Ana Agent to the agents of {kent}"),
        (one, {"sources": ["walk_in"]}, f"added walk in to the sources of {kent}"),
        (ana, {"capacity": 20}, "set the lead capacity of Ana Agent to 20"),
        (ana, {"takes_leads": False}, "took Ana Agent out of the turn for new leads"),
    )
    for path, change, _ in changes:
        assert (await lead.patch(path, change)).status == 200, change
    await lead.delete(one)
    said = [
        f"added {kent}",
        *(sentence for *_, sentence in changes),
        f"deleted {kent}",
    ]
    found = (await agent.get("/activity")).data
    assert [entry["sentence"] for entry in reversed(found)] == [f"Lea Lead {one}" for one in said]
    for entry in found:
        assert_said(entry)
    rules = {kind for name in ("lead_rule", "lead_agent") for kind in OTHER_KINDS[name]}
    assert {entry["k"] for entry in found} == rules


def test_no_kind_of_event_is_left_out() -> None:
    """What stands in the source as the kind of an event is one of those that are tried above."""
    told = {words.entity for domain in DOMAINS for words in domain.words}
    assert told == set(OTHERS) == set(OTHER_KINDS)
    kinds = {kind for others in OTHER_KINDS.values() for kind in others}
    for resource in RESOURCES:
        kinds |= {*kinds_of(resource), *(f"{resource.name}.{key}" for key in resource.deeds)}
    entities = {*told, "role", *(resource.name for resource in RESOURCES)}
    root = Path(domains.__file__).parent
    written = {
        kind
        for path in root.rglob("*.py")
        for kind in IN_SOURCE.findall(path.read_text())
        if kind.partition(".")[0] in entities
    }
    assert written <= kinds
