"""Contacts that may be one person are found, with the reasons, and as far as the reader sees."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from db.database import Database
from domains.contacts.duplicates import COMMON, LIKE_ONE, PAIRS
from domains.contacts.models import PairQuery
from domains.kit.actor import Actor, Role
from domains.kit.policy import audiences_of
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.api.test_contact_merge import add, merge
from tests.factories import Team, new_member, new_team


def named(name: str) -> dict[str, Any]:
    first, _, last = name.partition("|")
    return {"first_name": first or None, "last_name": last or None}


def why(found: Any) -> list[tuple[str, str]]:
    return [(reason["field"], reason["how"]) for reason in found["reasons"]]


async def like(by: Client, contact: Any, **params: Any) -> list[Any]:
    found: list[Any] = (await by.get(f"/contacts/{contact['id']}/duplicates", **params)).data
    return found


@pytest.mark.parametrize(
    ("one", "other", "how", "score"),
    [
        ("Nguyen,|Thi Mai", "Thi Mai|Nguyen", "same", 0.65),
        ("Thị Mai|Nguyễn", "NGUYEN|Mai Thi", "same", 0.65),
        ("Conor|O'Brien", "Conor|OBrien", "same", 0.65),
        ("Jean-Luc|Picard", "Jean Luc|PICARD", "same", 0.65),
        ("Łukasz|Müller", "Lukasz|Muller", "same", 0.65),
        ("小明|王", "王|小明", "same", 0.65),
        ("Ｍａｉ|Nguyen", "Mai|Nguyen", "same", 0.65),  # noqa: RUF001  # full-width letters
        ("Иван|Петров", "ПЕТРОВ|ИВАН", "same", 0.65),
        ("Jonathan|Whitfield", "Jonathon|Whitfield", "similar", 0.58),
        ("Carla|Hernandez", "Carla|Hernandes", "similar", 0.58),
        ("Margaret|Sorensen", "Margret|Sorensen", "similar", 0.58),
        ("Catherine|Schmidt", "Katharine|Shmit", "sounds_alike", 0.5),
        ("Jon|Smythe", "John|Smith", "sounds_alike", 0.5),
    ],
)
async def test_names_are_compared_without_order_accents_and_small_slips(
    agent: Client, one: str, other: str, how: str, score: float
) -> None:
    first, second = await add(agent, **named(one)), await add(agent, **named(other))
    ((found,), (back,)) = await like(agent, first), await like(agent, second)
    assert why(found) == why(back) == [("name", how)]
    assert found["score"] == back["score"]
    assert float(found["score"]) == pytest.approx(score, abs=0.025)
    assert (found["contact"]["id"], back["contact"]["id"]) == (second["id"], first["id"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("John|Smith", "James|Smith"),
        ("John|Smith", "John|Smithson-Avery"),
        ("Mai|Nguyen", "Minh|Nguyen"),
        ("Al|Li", "Ed|Li"),
        ("Robert|Brown", "Bob|Brown"),  # what people are called for short is not guessed at
        ("Anna|Lee", "Hannah|Leigh"),
        ("小明|王", "小红|王"),
    ],
)
async def test_other_names_are_other_people(agent: Client, one: str, other: str) -> None:
    contact = await add(agent, **named(one))
    await add(agent, **named(other))
    assert await like(agent, contact) == []
    assert (await agent.get("/contacts/duplicates")).data == []


async def test_any_address_number_or_licence_is_looked_at_and_reasons_add_up(
    agent: Client,
) -> None:
    contact = await add(
        agent,
        first_name="Mai",
        last_name="Nguyen",
        email="Mai@Mail.example",
        phone="206-555-0100",
        license_number="DRE #0123-4567",
        company="Puget Bank",
        birthday="1980-02-29",
    )
    by_email = await add(agent, last_name="Aa", other_emails=["MAI@mail.EXAMPLE"])
    by_phone = await add(agent, last_name="Bb", other_phones=["+1 (206) 555 0100 x9"])
    by_license = await add(agent, last_name="Cc", license_number="dre01234567")
    by_all = await add(
        agent,
        first_name="Nguyễn",
        last_name="Mai",
        email="mai@mail.example",
        company="PUGET BANK",
        birthday="1980-02-29",
    )
    apart = await add(agent, first_name="Mai", last_name="Nguyen", birthday="1999-12-31")
    found = {each["contact"]["id"]: each for each in await like(agent, contact, min_score=0.3)}
    assert [why(found[each["id"]]) for each in (by_email, by_phone, by_license)] == [
        [("email", "same")],
        [("phone", "same")],
        [("license_number", "same")],
    ]
    assert why(found[by_all["id"]]) == [
        ("email", "same"), ("name", "same"), ("company", "same"), ("birthday", "same")
    ]  # fmt: skip
    assert why(found[apart["id"]]) == [("name", "same"), ("birthday", "differs")]
    scores = [found[each["id"]]["score"] for each in (by_all, by_email, by_phone, apart)]
    assert scores == sorted(scores, reverse=True)
    assert float(found[by_all["id"]]["score"]) == pytest.approx(0.98)
    assert float(found[apart["id"]]["score"]) == pytest.approx(0.39)
    assert apart["id"] not in {each["contact"]["id"] for each in await like(agent, contact)}


async def test_who_adds_a_contact_is_told_whom_it_may_be_and_adds_it_all_the_same(
    agent: Client,
) -> None:
    there = await add(agent, first_name="Mai", last_name="Nguyen", phone="206-555-0100")
    body = {"first_name": "Thi Mai", "last_name": "Nguyen", "phone": "+1 206 555 0100"}
    made = await agent.post("/contacts", body, key="once")
    assert made.status == 201
    (found,) = made.meta["possible_duplicates"]
    assert found["contact"]["id"] == there["id"]
    assert ("phone", "same") in why(found)
    again = await agent.post("/contacts", body, key="once")
    assert again.meta["possible_duplicates"] == made.meta["possible_duplicates"]
    alone = await agent.post("/contacts", {"last_name": "Somebody Else"})
    assert "possible_duplicates" not in alone.meta


async def test_pairs_come_likeliest_first_by_pages_and_without_those_put_away(
    agent: Client,
) -> None:
    twins = [await add(agent, last_name=name, email="t@mail.example") for name in ("Xu", "Yates")]
    names = [await add(agent, first_name="Mai", last_name="Nguyen") for _ in range(3)]
    await agent.patch(f"/contacts/{names[2]['id']}/archive")
    answer = await agent.get("/contacts/duplicates", limit=1)
    assert answer.body["pagination"] == {
        "page": 1, "limit": 1, "total": 2, "pages": 2, "next_cursor": None
    }  # fmt: skip
    pages = [answer, await agent.get("/contacts/duplicates", limit=1, page=2)]
    pairs = [pair for page in pages for pair in page.data]
    assert [[each["id"] for each in pair["contacts"]] for pair in pairs] == [
        [each["id"] for each in twins],
        [each["id"] for each in names[:2]],
    ]
    assert [why(pair) for pair in pairs] == [[("email", "same")], [("name", "same")]]
    assert (await agent.get("/contacts/duplicates", min_score=0.95)).data == []
    assert {each["contact"]["id"] for each in await like(agent, names[0])} == {
        names[1]["id"], names[2]["id"]
    }  # fmt: skip
    await merge(agent, twins[0], twins[1])
    (left,) = (await agent.get("/contacts/duplicates")).data
    assert [each["id"] for each in left["contacts"]] == [each["id"] for each in names[:2]]
    assert await like(agent, twins[0]) == []


async def test_what_many_share_tells_nobody_apart(agent: Client, api: Api, team: Team) -> None:
    first = await add(agent, last_name="Office0", phone="206-555-0100")
    await _numbered(api.db, team.agent, 1, COMMON - 1, "+12065550100")
    assert len(await like(agent, first, limit=100, min_score=0.7)) == COMMON - 1
    total = COMMON * (COMMON - 1) // 2
    answer = await agent.get("/contacts/duplicates", min_score=0.7)
    assert answer.body["pagination"]["total"] == total
    last = await add(agent, last_name="Office999", phone="206-555-0100")
    assert await like(agent, last, min_score=0.7) == []
    assert (await agent.get("/contacts/duplicates", min_score=0.7)).data == []


async def test_nobody_is_told_of_a_contact_that_they_may_not_see(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    rival = await api.sign_in((await new_team(api.db, "Rival Realty")).agent)
    body = {"first_name": "Mai", "last_name": "Nguyen", "email": "mai@mail.example"}
    for by in (rival, rival):
        await add(by, **body)
    hidden = await add(agent, **body, is_private=True)
    made = await ben.post("/contacts", body)
    assert "possible_duplicates" not in made.meta
    assert await like(ben, made.data) == []
    assert (await ben.get("/contacts/duplicates")).data == []
    assert (await ben.get(f"/contacts/{hidden['id']}/duplicates")).refused == (404, "NOT_FOUND")
    for by in (agent, lead):
        assert [each["contact"]["id"] for each in await like(by, made.data)] == [hidden["id"]]
        assert len((await by.get("/contacts/duplicates")).data) == 1
    again = await agent.post("/contacts", body)
    assert len(again.meta["possible_duplicates"]) == 2


# Ten thousand contacts


MANY = 10_000
FILL = """
    INSERT INTO contacts (team_id, display_id, owner_id, first_name, last_name, email, phone_e164,
        contact_status, created_by, last_modified_by)
    SELECT $1, 'CTC-2020-' || lpad(($3 + n)::text, 6, '0'), $2,
        initcap(translate(lpad((n % 97)::text, 2, '0'), '0123456789', 'aeioumnrst')) || 'a',
        initcap(translate(lpad((n * 7919 % 4999)::text, 4, '0'), '0123456789', 'balokiterm')),
        CASE WHEN n % 3 > 0 THEN n % 9000 || '@mail.example' END, $5,
        'active', $2, $2
    FROM generate_series(1, $4) AS n
"""


async def _numbered(db: Database, actor: Actor, start: int, number: int, phone: str | None) -> None:
    async with db.transaction() as rows:
        await rows.execute(FILL, actor.team_id, actor.user_id, start, number, phone)


def _nodes(plan: Any) -> Iterable[Any]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def _plan(db: Database, sql: str, *args: Any) -> list[Any]:
    told = await db.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, *args)
    (explained,) = json.loads(told) if isinstance(told, str) else told
    return list(_nodes(explained["Plan"]))


async def test_duplicates_among_ten_thousand_cost_one_look_at_each_and_one_round_trip(
    api: Api, team: Team, lead: Client
) -> None:
    await _numbered(api.db, team.agent, 1, MANY, None)
    async with api.db.transaction() as rows:
        await rows.execute("ANALYZE contacts")
    twins = [await add(lead, last_name="Zwilling", email="z@mail.example") for _ in range(2)]
    with statements(api.db) as sent:
        answer = await lead.get("/contacts/duplicates")
        (found,) = await like(lead, twins[0])
    assert len(sent) == 2, sent
    assert [each["id"] for each in answer.data[0]["contacts"]] == [each["id"] for each in twins]
    assert found["contact"]["id"] == twins[1]["id"]
    assert answer.body["pagination"]["total"] > PairQuery().limit

    sees = audiences_of(team.agent)
    of_one = await _plan(api.db, LIKE_ONE, team.id, twins[0]["id"], sees, 0.5, 20)
    indexes = {node["Index Name"] for node in of_one if "Index Name" in node}
    assert "contacts_match_idx" in indexes
    assert not [node for node in of_one if node["Node Type"] == "Seq Scan"]
    pairs = await _plan(api.db, PAIRS, team.id, sees, 0.5, 20, 0)
    read = [node for node in pairs if node.get("Relation Name") == "contacts"]
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in read) <= MANY + 100
    loops = [node for node in pairs if node["Node Type"] == "Nested Loop"]
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in loops) < MANY * 20
