"""One box finds what the team knows, whatever it is and however it was typed."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domains.clients.models import ClientQuery
from domains.clients.resource import CLIENTS
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Role
from domains.kit.finding import Asked
from domains.kit.folding import folded
from domains.kit.reads import page_of
from domains.kit.resource import Resource
from domains.leads.resource import LEADS
from domains.listings.resource import LISTINGS
from domains.search.models import SearchQuery
from domains.search.statement import statement
from tests.api.client import Api, Client
from tests.api.statements import statements
from tests.eyes import eyes_of
from tests.factories import Team, fields, new_member, new_team
from tests.walk import RESOURCES

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)


async def hits(by: Client, q: str, **params: Any) -> list[Any]:
    found: list[Any] = (await by.get("/search", q=q, **params)).data["hits"]
    return found


async def labels(by: Client, q: str, **params: Any) -> list[str]:
    return [hit["label"] for hit in await hits(by, q, **params)]


# What is found


@each_resource
async def test_every_kind_of_record_is_found_by_what_it_is_known_by(
    agent: Client, resource: Resource
) -> None:
    record = await agent.make(resource, **{resource.search[0]: "Quetzalcoatl"})
    for q in ("quetzalcoatl", "Quetzalco", "quetzalcaotl", record["display_id"]):
        found = await hits(agent, q)
        assert [(hit["entity"], hit["id"]) for hit in found] == [(resource.name, record["id"])], q
        (hit,) = found
        assert (hit["label"], hit["display_id"]) == (record["label"], record["display_id"])
        assert hit["status"] == record[resource.status]
        assert (await agent.get(hit["url"].removeprefix("/v1"))).data == record


@each_resource
async def test_every_field_that_is_searched_is_in_the_line_that_is_kept(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    """The migration gives the table its line, the definition the fields to show: they agree."""
    for name in resource.search:
        if name not in resource.create.model_fields or name in ("email", "phone"):
            continue
        text = f"q{uuid4().hex}"  # with digits in it, so that nothing else is like it
        several = isinstance(resource.create.model_fields[name].default_factory, type)
        body = fields(resource, **{name: [text] if several else text})
        record = (await agent.post(f"/{resource.plural}", body)).data
        (hit,) = await hits(agent, text)
        assert hit["id"] == record["id"]
        assert hit["matched"] == {"field": name, "text": text, "ranges": [[0, len(text)]]}
    assert not set(resource.guarded) & set(resource.search), "a search tells what it looks at"
    assert await api.db.fetchval(
        f"SELECT bool_and(search_text LIKE '| %') FROM {resource.table} WHERE team_id = $1", team.id
    )


@each_resource
async def test_the_line_begins_with_what_the_record_is_called(
    api: Api, team: Team, agent: Client, resource: Resource
) -> None:
    """Rank is read from it: what the record itself is called comes before what it mentions."""
    await agent.make(resource)
    await agent.make(resource, **{resource.search[0]: "Quetzalcoatl"})
    assert await api.db.fetchval(
        f"""
        SELECT bool_and(r.search_text LIKE '| ' || search_fold({resource.label}) || ' |%')
        FROM {resource.table} AS r
        WHERE r.team_id = $1
        """,
        team.id,
    )


async def test_people_of_the_team_are_found(api: Api, team: Team, agent: Client) -> None:
    mai = await new_member(api.db, team.id, Role.AGENT, "Mai Quetzalcoatl")
    await new_member(api.db, (await new_team(api.db, "Rival")).id, Role.AGENT, "Quetzalcoatl")
    (hit,) = await hits(agent, "quetzalcoatl mai")
    assert (hit["entity"], hit["id"], hit["label"]) == (
        "user",
        str(mai.user_id),
        "Mai Quetzalcoatl",
    )
    assert (hit["display_id"], hit["url"]) == (None, f"/v1/users/{mai.user_id}")
    (listed,) = (await agent.get("/users", search="quetzalcaotl mai")).data or [None]
    assert listed is None  # a list's search takes no typos
    (listed,) = (await agent.get("/users", search="Quetzal")).data
    assert listed["id"] == hit["id"]


async def test_one_box_finds_all_kinds_the_best_first_and_counts_them(agent: Client) -> None:
    await agent.make(ESCROWS, property_address="9 Alder Ct", buyers=["Rosalind Franklin"])
    await agent.make(CLIENTS, first_name="Rosalind", last_name="Franklin")
    await agent.make(CLIENTS, first_name="Rosalinda", last_name="Franklinson")
    await agent.make(LEADS, first_name="Franklin", last_name="Rosalind Jr")
    await agent.make(LISTINGS, property_address="12 Franklin Ave")
    answer = await agent.get("/search", q="rosalind franklin")
    found = [(hit["entity"], hit["label"]) for hit in answer.data["hits"]]
    assert set(found[:2]) == {("client", "Rosalind Franklin"), ("escrow", "9 Alder Ct")}
    assert found[2:] == [
        ("client", "Rosalinda Franklinson"),
        ("lead", "Franklin Rosalind Jr"),
    ] or found[2:] == [("lead", "Franklin Rosalind Jr"), ("client", "Rosalinda Franklinson")]
    ranks = [float(hit["rank"]) for hit in answer.data["hits"]]
    assert ranks == sorted(ranks, reverse=True)
    assert found[0] == ("client", "Rosalind Franklin")
    assert ranks[:3] == [1, 0.95, 0.6]  # it is called so, it names one, it has the words in it
    assert answer.data["counts"] == {"client": 2, "escrow": 1, "lead": 1}
    assert await labels(agent, "rosalind franklin", entity="escrow") == ["9 Alder Ct"]
    assert await labels(agent, "rosalind franklin", entity="leads") == ["Franklin Rosalind Jr"]
    one = await agent.get("/search", q="rosalind franklin", limit=1)
    assert len(one.data["hits"]) == 1
    assert one.data["counts"] == answer.data["counts"]


async def test_a_colleague_is_found_by_e_mail_but_by_no_viewer(
    api: Api, team: Team, agent: Client, viewer: Client
) -> None:
    mai = await new_member(api.db, team.id, Role.AGENT, "Mai Quetzalcoatl")
    contact = (await agent.get(f"/teams/current/members/{mai.user_id}")).data
    address = contact["email"]
    name, _, domain = address.partition("@")
    for q in (address, address.upper(), name, f"mai {domain}"):
        (hit,) = [hit for hit in await hits(agent, q) if hit["id"] == str(mai.user_id)]
        assert hit["label"] == "Mai Quetzalcoatl"
    (hit,) = await hits(agent, address)
    assert (hit["matched"]["field"], hit["matched"]["text"]) == ("email", address)
    assert [each["id"] for each in (await agent.get("/users", search=address)).data] == [hit["id"]]
    # A viewer is not shown an address, and does not learn by asking whose one is.
    for q in (address, name):
        assert await hits(viewer, q) == []
        assert (await viewer.get("/users", search=q)).data == []
        assert (await viewer.get("/users/stats", search=q)).data["total"] == 0
    rival = await api.sign_in((await new_team(api.db, "Rival")).owner)
    assert await hits(rival, address) == []


NAMES = ["Nguyễn Thị Mai", "José Muñoz", "Seán O'Brien", "王小明", "محمد علي", "Жуков Иван"]
NAMES += [
    "Søren Ørsted",
    "Łukasz Żółć",
    "Jürgen Groß",
    "林 さくら",
    "דוד לוי",
    "Anne-Marie D\u2019Arcy",
]


@pytest.mark.parametrize(
    ("q", "name"),
    [
        ("Nguyễn", "Nguyễn Thị Mai"),
        ("nguyen", "Nguyễn Thị Mai"),
        ("Nguye\u0302\u0303n", "Nguyễn Thị Mai"),  # each accent typed on its own
        ("mai thi", "Nguyễn Thị Mai"),
        ("munoz", "José Muñoz"),
        ("MUÑOZ jose", "José Muñoz"),
        ("O'Brien", "Seán O'Brien"),
        ("O\u2019Brien", "Seán O'Brien"),
        ("obrien", "Seán O'Brien"),
        ("o'brien sean", "Seán O'Brien"),
        ("王小明", "王小明"),
        ("小明", "王小明"),
        ("王", "王小明"),
        ("محمد", "محمد علي"),
        ("علي", "محمد علي"),
        ("жуков", "Жуков Иван"),
        ("ЖУКОВ", "Жуков Иван"),
        ("orsted soren", "Søren Ørsted"),
        ("zolc", "Łukasz Żółć"),
        ("gross", "Jürgen Groß"),
        ("さくら", "林 さくら"),
        ("לוי", "דוד לוי"),
        ("d'arcy", "Anne-Marie D\u2019Arcy"),
        ("anne marie", "Anne-Marie D\u2019Arcy"),
        # a letter wrong, missing, too many, or two that changed places
        ("nguyn", "Nguyễn Thị Mai"),
        ("nguyenn", "Nguyễn Thị Mai"),
        ("munioz", "José Muñoz"),
        ("jurgen gros", "Jürgen Groß"),
        ("lukacz", "Łukasz Żółć"),
        ("jsoe", "José Muñoz"),
        ("anne-maire", "Anne-Marie D\u2019Arcy"),
    ],
)
async def test_names_of_the_world_are_found_as_they_are_typed(
    agent: Client, q: str, name: str
) -> None:
    for each in NAMES:
        first, _, last = each.partition(" ")
        await agent.make(CLIENTS, first_name=first, last_name=last or None)
    assert (await labels(agent, q))[0] == name


ADDRESSES = [
    "Große Bleichen Straße 12",
    "東京都千代田区千代田1-1",
    "شارع الملك فيصل 7",
    "Rua São João 5",
    "12 Đường Nguyễn Huệ",
    "רחוב הרצל 9",
    "Kärntner Str. 4/2",
    "1200 N. O'Farrell St #4",
]


@pytest.mark.parametrize(
    ("q", "address"),
    [
        ("Straße", ADDRESSES[0]),
        ("strasse", ADDRESSES[0]),
        ("GROSSE BLEICHEN", ADDRESSES[0]),
        ("strase", ADDRESSES[0]),
        ("千代田", ADDRESSES[1]),
        ("東京都", ADDRESSES[1]),
        ("الملك", ADDRESSES[2]),
        ("شارع الملك فيصل 7", ADDRESSES[2]),
        ("sao joao", ADDRESSES[3]),
        ("São João", ADDRESSES[3]),
        ("duong nguyen hue", ADDRESSES[4]),
        ("Đường", ADDRESSES[4]),
        ("Nguyễn", ADDRESSES[4]),
        ("הרצל", ADDRESSES[5]),
        ("karntner str 4", ADDRESSES[6]),
        ("Kärntner", ADDRESSES[6]),
        ("ofarrell #4", ADDRESSES[7]),
        ("o'farell st", ADDRESSES[7]),
    ],
)
async def test_addresses_of_the_world_are_found_as_they_are_typed(
    agent: Client, q: str, address: str
) -> None:
    for each in ADDRESSES:
        made = await agent.make(LISTINGS, property_address=each)
        assert made["property_address"] == each
    assert (await labels(agent, q))[0] == address


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def one_letter_off(word: str) -> set[str]:
    """All that differ from it by a letter: another, one more, one less, in the next one's place."""
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {a + letter + b for a, b in halves for letter in LETTERS}
    found |= {a + letter + b[1:] for a, b in halves if b for letter in LETTERS}
    found |= {a + b[1:] for a, b in halves if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    return found - {word}


@pytest.mark.parametrize(
    "word", ["john", "mary", "smith", "nguyen", "walker", "johnson", "rosalind", "fitzgerald"]
)
async def test_every_typo_of_one_letter_is_found_in_a_word_of_four_or_more(
    api: Api, team: Team, agent: Client, word: str
) -> None:
    client = await agent.make(CLIENTS, first_name="Ann", last_name=word.title())
    for typo in one_letter_off(word):
        asked = Asked.of(typo)
        assert asked
        made = statement([CLIENTS], team.agent, SearchQuery(q=typo), asked)
        (row,) = await api.db.fetch(made.sql, *made.args)
        (hit,) = row["hits"]
        assert (hit["id"], hit["rank"] < 1) == (client["id"], True), typo


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_name_is_found_with_a_typo_in_each_of_its_words(
    agent: Client, data: st.DataObject
) -> None:
    letters = st.text(LETTERS, min_size=4, max_size=14)
    first, last = data.draw(letters), data.draw(letters)
    client = await agent.make(CLIENTS, first_name=first, last_name=last)
    first_typo = data.draw(st.sampled_from(sorted(one_letter_off(first))))
    last_typo = data.draw(st.sampled_from(sorted(one_letter_off(last))))
    found = await hits(agent, f"{last_typo} {first_typo}", limit=50)
    assert client["id"] in [hit["id"] for hit in found] or len(found) == 50


async def test_what_is_nearer_to_what_was_typed_comes_first(agent: Client) -> None:
    def made(**fields: Any) -> Any:
        return agent.make(CLIENTS, **{"last_name": None, **fields})

    await made(first_name="Jonh")
    await made(first_name="Ann", city="Johnstown")
    await made(first_name="Mary Upjohn")
    await made(first_name="Ann", last_name="John")
    await made(first_name="Ann", last_name="Johnson")
    await made(first_name="Johnny Appleseed")
    await made(first_name="John Appleseed")
    await made(first_name="Bea", city="John")
    await made(first_name="John")
    found = await hits(agent, "john")
    assert [(hit["label"], float(hit["rank"])) for hit in found[:-1]] == [
        ("John", 1),
        ("Bea", 0.95),
        ("Ann John", 0.95),
        ("John Appleseed", 0.9),
        ("Johnny Appleseed", 0.85),
        ("Ann Johnson", 0.75),
        ("Ann", 0.75),
        ("Mary Upjohn", 0.6),
    ]
    assert (found[-1]["label"], 0.4 <= found[-1]["rank"] < 0.5) == ("Jonh", True)


@pytest.mark.parametrize(
    "q",
    [
        "(206) 555-0142",
        "206.555.0142",
        "2065550142",
        "+1 206 555 0142",
        "1-206-555-0142",
        "555-0142",
        "5550142",
        "0142",
    ],
)
async def test_a_telephone_number_is_found_in_any_spelling(agent: Client, q: str) -> None:
    client = await agent.make(CLIENTS, phone="206-555-0142", last_name="Mai")
    await agent.make(CLIENTS, phone="206-555-0199")
    (hit,) = await hits(agent, q)
    assert hit["id"] == client["id"]
    assert hit["matched"]["field"] == "phone_e164"
    (listed,) = (await agent.get("/clients", search=q)).data
    assert listed["id"] == client["id"]


async def test_what_was_asked_for_itself_comes_before_what_is_like_it(agent: Client) -> None:
    for address in ("112 Main St", "12 Main St", "12 Main St Apt 4", "12 Maine Ave", "12 Maim St"):
        await agent.make(LISTINGS, property_address=address)
    found = await labels(agent, "12 Main St")
    assert found[:2] == ["12 Main St", "12 Main St Apt 4"]
    assert "12 Maine Ave" not in found  # it has no St
    assert found[-1] == "12 Maim St"
    assert (await labels(agent, "12 maim st"))[0] == "12 Maim St"
    assert "112 Main St" not in await labels(agent, "12 Maine")  # a number is never mistyped
    away = (await agent.get("/listings", search="12 Main St Apt 4")).data[0]
    await agent.patch(f"/listings/{away['id']}/archive")
    hit = (await hits(agent, "main apt"))[0]
    assert (hit["id"], hit["is_archived"]) == (away["id"], True)


@pytest.mark.parametrize(
    ("q", "text", "shown"),
    [
        ("muno", "José Muñoz", ["Muño"]),
        ("jose munoz", "José Muñoz", ["José", "Muñoz"]),
        ("obrien", "Seán O'Brien", ["O'Brien"]),
        ("小明", "王小明", ["小明"]),
        ("gross", "Jürgen Groß", ["Groß"]),
    ],
)
async def test_a_hit_shows_where_it_matched_in_the_text_as_it_is_written(
    agent: Client, q: str, text: str, shown: list[str]
) -> None:
    await agent.make(CLIENTS, entity_type="llc", entity_name=text)
    (hit,) = await hits(agent, q)
    assert hit["matched"]["field"] == "full_name"
    assert [text[start:end] for start, end in hit["matched"]["ranges"]] == shown


# Who finds it


@each_resource
async def test_nobody_finds_what_they_may_not_see(
    api: Api, team: Team, agent: Client, lead: Client, viewer: Client, resource: Resource
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    rival = await api.sign_in((await new_team(api.db, "Rival Realty")).owner)
    hidden: dict[str, Any] = {"is_private": True, resource.search[0]: "Quetzalcoatl"}
    record = await agent.make(resource, **hidden)
    for q in ("quetzalcoatl", "quetzalcaotl", "quetz", record["display_id"]):
        for by in (agent, lead):
            assert [hit["id"] for hit in await hits(by, q)] == [record["id"]]
        for by in (ben, viewer, rival):
            answer = await by.get("/search", q=q)
            assert answer.data == {"hits": [], "counts": {}}
    await agent.patch(f"/{resource.plural}/{record['id']}", {"is_private": False})
    assert len(await hits(ben, "quetzalcoatl")) == 1
    assert await hits(rival, "quetzalcoatl") == []
    await agent.delete(f"/{resource.plural}/{record['id']}")
    assert await hits(lead, "quetzalcoatl") == []


async def test_a_scope_of_mine_finds_mine(agent: Client, lead: Client) -> None:
    mine = await agent.make(CLIENTS, last_name="Quetzalcoatl")
    await lead.make(CLIENTS, last_name="Quetzalcoatl")
    assert [hit["id"] for hit in await hits(agent, "quetzalcoatl", scope="my")] == [mine["id"]]
    assert len(await hits(agent, "quetzalcoatl", scope="team")) == 2


async def test_the_socket_finds_what_rest_finds(api: Api, team: Team, agent: Client) -> None:
    client = await agent.make(CLIENTS, last_name="Quetzalcoatl")
    async with eyes_of(api, team) as eyes:
        ack = await eyes.agent.screen.call("search", {"params": {"q": "quetzalcoatl"}})
    assert [hit["id"] for hit in ack["data"]["hits"]] == [client["id"]]


# What it costs, and what it takes


async def test_a_search_of_everything_is_one_round_trip_and_new_after_every_write(
    api: Api, agent: Client
) -> None:
    client = await agent.make(CLIENTS, last_name="Quetzalcoatl")
    with statements(api.db) as sent:
        found = await hits(agent, "quetzalcoatl")
    assert (len(sent), len(found)) == (1, 1)
    await agent.patch(f"/clients/{client['id']}", {"last_name": "Xochipilli"})
    assert await hits(agent, "quetzalcoatl") == []
    assert len(await hits(agent, "xochipilli")) == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": "   "}, "q"),
        ({"q": "x" * 201}, "q"),
        ({"q": "a\x00b"}, "q"),
        ({"q": "a", "limit": 51}, "limit"),
        ({"q": "a", "limit": 0}, "limit"),
        ({"q": "a", "entity": "castle"}, "entity"),
        ({"q": "a", "search": "b"}, "search"),
        ({"q": "a", "page": 2}, "page"),
    ],
)
async def test_a_question_out_of_bounds_is_refused(
    agent: Client, params: dict[str, Any], field: str
) -> None:
    answer = await agent.get("/search", **params)
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), [field])


@pytest.mark.parametrize("q", ["%", "_", "\\", "'", '"', "|", "% %", "!!!", "🏡", "$1", "{}", ".*"])
async def test_signs_find_nothing_and_break_nothing(agent: Client, q: str) -> None:
    await agent.make(CLIENTS, last_name="100% | _ \\ ' $1 {}")
    if q == "$1":
        assert len(await hits(agent, q, entity="client")) == 1  # it has a 1 in it
    else:
        assert await hits(agent, q) == []


@given(q=st.text(min_size=1, max_size=60))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_text_breaks_the_search_and_what_holds_it_is_found(agent: Client, q: str) -> None:
    made = await agent.post("/clients", {"last_name": q})
    answer = await agent.get("/search", q=q, limit=50)
    assert answer.status in (200, 400), answer.body
    if made.status != 201 or answer.status != 200:
        return
    text = made.data["last_name"]
    if not any(letter.strip() for letter, _ in folded(text)):
        return
    found = answer.data["hits"]
    assert made.data["id"] in [hit["id"] for hit in found] or len(found) == 50, text
    for hit in found:
        if hit["matched"]:
            for start, end in hit["matched"]["ranges"]:
                assert 0 <= start < end <= len(hit["matched"]["text"])


# Plans

MANY = 10_000
FILL = """
    INSERT INTO clients (team_id, display_id, owner_id, client_type, client_status, first_name,
        last_name, email, phone_e164, created_by, last_modified_by)
    SELECT $1, 'CLT-2026-' || lpad(i::text, 5, '0'), $2, 'buyer', 'active',
        (ARRAY['Mai', 'José', 'Anne', 'Иван', 'Lee'])[1 + i % 5] || chr(97 + i % 26),
        'Name' || md5(i::text), md5(i::text) || '@mail.example', '+1206' || (5550000 + i), $2, $2
    FROM generate_series(1, $3::int) AS i
"""


@pytest.fixture(scope="module")
async def crowd(api: Api) -> Team:
    """A team with ten thousand clients."""
    team = await new_team(api.db)
    async with api.db.transaction() as rows:
        await rows.execute(FILL, team.id, team.agent.user_id, MANY)
        await rows.execute("ANALYZE clients")
    return team


@pytest.mark.parametrize("q", ["nameffff", "josé named", "206 555 0142", "CLT-2026-00042", "mai"])
async def test_ten_thousand_clients_are_searched_by_an_index(api: Api, crowd: Team, q: str) -> None:
    asked = Asked.of(q)
    assert asked
    made = statement([CLIENTS], crowd.agent, SearchQuery(q=q), asked)
    page = page_of(CLIENTS, crowd.agent, ClientQuery(search=q))
    for sql, args in ((made.sql, made.args), (page.sql, page.args)):
        plan = "\n".join(row[0] for row in await api.db.fetch(f"EXPLAIN {sql}", *args))
        assert "Bitmap Index Scan on clients_search_idx" in plan, plan
        assert "Seq Scan on clients" not in plan, plan
        assert await api.db.fetch(sql, *args)
