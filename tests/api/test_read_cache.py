"""Reads over the whole server, kept until they change, on one node and on two."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from db.database import Database
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Actor
from domains.listings.resource import LISTINGS
from tests.api.statements import statements
from tests.api.whole_server import Said, WholeServer, whole_server
from tests.factories import Team, fields, new_record

CONTRACT = {"listing_contract_date": "2026-01-05", "expiration_date": "2027-01-05"}
PATHS = ("", "/stats", "/{id}", "/{id}/history")


@pytest.fixture(scope="module")
async def other(database_url: str, redis_url: str) -> AsyncIterator[WholeServer]:
    """Another node on the same Postgres and Redis."""
    async with whole_server(database_url, redis_url) as running:
        yield running


async def kept(server: WholeServer, path: str, by: Actor) -> Said:
    """Ask until this node has it and answers by itself."""
    async with asyncio.timeout(5):
        while True:
            said = await server.ask("GET", path, by=by)
            if said.headers["X-Cache"] == "hit":
                return said
            await asyncio.sleep(0.01)


def as_of(said: Said) -> int:
    meta = said.json["meta"]
    assert said.headers["X-As-Of"] == f"{meta['as_of_seq']}:{meta['as_of_h']}"
    seq: int = meta["as_of_seq"]
    return seq


@pytest.mark.parametrize("path", PATHS)
async def test_what_did_not_change_costs_postgres_nothing(
    server: WholeServer, db: Database, team: Team, path: str
) -> None:
    record = await new_record(db, LISTINGS, team.agent)
    path = f"/v1/listings{path}".replace("{id}", record["id"])
    first = await kept(server, path, team.agent)
    with statements(server.db) as sent:
        again = await server.ask("GET", path, by=team.agent)
        head = await server.ask("HEAD", path, by=team.agent)
        known = {"If-None-Match": first.headers["ETag"]}
        unchanged = await server.ask("GET", path, by=team.agent, headers=known)
    assert sent == []
    assert again.raw == first.raw
    assert (head.raw, head.headers["Content-Length"]) == (b"", str(len(first.raw)))
    assert (unchanged.status, unchanged.raw) == (304, b"")
    for said in (again, head, unchanged):
        assert said.headers["ETag"] == first.headers["ETag"]
        assert said.headers["X-As-Of"] == first.headers["X-As-Of"]
        assert said.headers["Cache-Control"] == "private, no-cache"
        assert said.headers["X-Cache"] == "hit"
    assert "Content-Type" not in unchanged.headers


@pytest.mark.parametrize("path", PATHS)
async def test_a_write_is_in_the_next_read_on_its_node(
    server: WholeServer, team: Team, path: str
) -> None:
    made = await server.ask("POST", "/v1/escrows", by=team.agent, body=fields(ESCROWS))
    one = f"/v1/escrows/{made.data['id']}"
    path = f"/v1/escrows{path}".replace("{id}", made.data["id"])
    for n in range(20):
        before = await server.ask("GET", path, by=team.agent)
        price = {"purchase_price": 510_001 + n}
        written = await server.ask("PATCH", one, by=team.agent, body=price)
        known = {"If-None-Match": before.headers["ETag"]}
        after = await server.ask("GET", path, by=team.agent, headers=known)
        assert after.status == 200
        assert as_of(after) >= written.json["meta"]["seq"]
        assert "/stats" in path or after.data != before.data


async def test_a_write_is_in_the_next_read_on_every_node_for_who_says_its_number(
    server: WholeServer, other: WholeServer, team: Team
) -> None:
    made = await server.ask("POST", "/v1/escrows", by=team.agent, body=fields(ESCROWS))
    one = f"/v1/escrows/{made.data['id']}"
    await kept(other, one, team.agent)
    for n in range(50):
        price = {"purchase_price": 510_001 + n}
        written = await server.ask("PATCH", one, by=team.agent, body=price)
        seq = written.json["meta"]["seq"]
        said = await other.ask("GET", one, by=team.agent, headers={"X-Min-Seq": str(seq)})
        assert said.data == written.data
        assert as_of(said) >= seq


async def test_a_tag_is_the_same_on_every_node(
    server: WholeServer, other: WholeServer, db: Database, team: Team
) -> None:
    record = await new_record(db, LISTINGS, team.agent)
    for each in PATHS:
        path = f"/v1/listings{each}".replace("{id}", record["id"])
        here, there = await kept(server, path, team.agent), await kept(other, path, team.agent)
        assert here.headers["ETag"] == there.headers["ETag"]
        assert here.raw == there.raw
        mine = await server.ask("GET", path, by=team.viewer)
        theirs = await server.ask("GET", path, by=team.owner)
        if path.endswith(record["id"]):
            assert mine.headers["ETag"] == theirs.headers["ETag"]  # a record's tag is its own
        else:
            assert len({said.headers["ETag"] for said in (here, mine, theirs)}) == 3


async def test_an_etag_of_a_record_is_a_version_to_write_with(
    server: WholeServer, db: Database, team: Team
) -> None:
    one = f"/v1/escrows/{(await new_record(db, ESCROWS, team.agent))['id']}"
    tag = (await server.ask("GET", one, by=team.agent)).headers["ETag"]
    assert tag.startswith('"1.')
    based = {"If-Match": tag}
    first = await server.ask("PATCH", one, by=team.agent, body={"notes": "a"}, headers=based)
    assert first.status == 200
    late = await server.ask("PATCH", one, by=team.agent, body={"notes": "b"}, headers=based)
    assert (late.status, late.error["code"]) == (409, "VERSION_CONFLICT")


async def test_equal_queries_are_one_however_they_are_spelled(
    server: WholeServer, team: Team
) -> None:
    first = await kept(server, "/v1/escrows?limit=5&status=active", team.agent)
    for query in (
        "status=active&limit=5",
        "limit=05&status=active&page=1",
        "status=active&limit=5",
    ):
        said = await server.ask("GET", f"/v1/escrows?{query}", by=team.agent)
        assert (said.headers["X-Cache"], said.headers["ETag"]) == ("hit", first.headers["ETag"])
    another = await server.ask("GET", "/v1/escrows?limit=6&status=active", by=team.agent)
    assert another.headers["ETag"] != first.headers["ETag"]


async def test_a_bad_query_is_refused_each_time(server: WholeServer, team: Team) -> None:
    for _ in range(2):
        said = await server.ask("GET", "/v1/escrows?limit=0", by=team.agent)
        assert (said.status, said.fields) == (400, {"limit"})


@pytest.mark.parametrize("odd", ["", "-1", "1.0", "one", "1, 2", "9" * 19, "\u0661"])
async def test_an_odd_number_to_wait_for_is_refused_by_name(
    server: WholeServer, team: Team, odd: str
) -> None:
    headers = {"X-Min-Seq": odd}
    said = await server.ask("GET", "/v1/escrows", by=team.agent, headers=headers)
    assert (said.status, said.error["code"]) == (400, "VALIDATION_ERROR")
    assert said.fields == {"X-Min-Seq"}


async def test_a_number_that_was_never_given_is_answered_with_what_there_is(
    server: WholeServer, db: Database, team: Team
) -> None:
    await new_record(db, ESCROWS, team.agent)
    for _ in range(3):
        headers = {"X-Min-Seq": "9" * 18}
        said = await server.ask("GET", "/v1/escrows", by=team.agent, headers=headers)
        assert (said.status, as_of(said)) == (200, 1)


async def test_another_day_is_another_answer(
    server: WholeServer, db: Database, team: Team, database_url: str, redis_url: str
) -> None:
    """Days on market grow without any event; yesterday's tag must not say that nothing did."""
    record = await new_record(db, LISTINGS, team.agent, listing_status="active", **CONTRACT)
    one = f"/v1/listings/{record['id']}"
    before = await kept(server, one, team.agent)
    async with db.transaction() as rows:  # as a day that passes would
        await rows.execute(
            "UPDATE listings SET on_market_since = on_market_since - 1 WHERE id = $1",
            record["id"],
        )
    async with whole_server(database_url, redis_url) as tomorrow:
        known = {"If-None-Match": before.headers["ETag"]}
        after = await tomorrow.ask("GET", one, by=team.agent, headers=known)
    assert after.status == 200
    assert after.data["version"] == before.data["version"]
    assert after.data["days_on_market"] == before.data["days_on_market"] + 1


async def test_the_cache_is_counted(server: WholeServer, team: Team) -> None:
    await kept(server, "/v1/listings/stats", team.agent)
    metrics = (await server.ask("GET", "/metrics")).raw.decode()
    for name in ("hits", "misses", "shared", "not_modified"):
        assert f"# TYPE homeroom_cache_{name}_total counter" in metrics
    assert 'homeroom_cache_hits_total{endpoint="listings:stats"}' in metrics
    for name in ("entries", "bytes"):
        assert f"# TYPE homeroom_cache_{name} gauge" in metrics
