"""The classic bugs of an event log, each of which would be seen here."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID, uuid4

import pytest

from db import events
from db.database import Database
from db.errors import KeyReused
from db.transaction import Answer, Draft, Operation, Transaction, Writer
from tests.db.proxy import proxied
from tests.factories import Team, new_team

Work = Callable[[Transaction], Awaitable[Answer]]


class RollBack(Exception):
    """Changed its mind after everything was written."""


def one_event(entity_id: UUID | None = None, *, version: int = 1, price: int = 1) -> Work:
    """A write of one event; nothing else."""

    async def work(tx: Transaction) -> Answer:
        data = json.dumps({"list_price": price})
        tx.append(Draft("note.created", "note", entity_id or uuid4(), version, data))
        return Answer(data)

    return work


def writer(team: Team, key: str | None = None, said: bytes = b"") -> Writer:
    op = Operation(key, said) if key else None
    return Writer(team.id, team.agent.user_id, op)


async def read_all(db: Database, team: Team) -> list[events.Event]:
    log: list[events.Event] = []
    while page := await events.read_after(db, team.id, log[-1].seq if log else 0, limit=100):
        log += page
    return log


def careless(chance: random.Random, events_here: int) -> Work:
    """Takes its time, and now and then fails: before the head was taken, or after."""
    pause, fails = chance.random() / 250, chance.random()

    async def work(tx: Transaction) -> Answer:
        await asyncio.sleep(pause)
        for _ in range(events_here):
            tx.append(Draft("note.created", "note", uuid4(), 1, "{}"))
        if fails < 0.1:
            await tx.seal("rolled back after it had its numbers")
        if fails < 0.2:
            raise RollBack
        return Answer("{}")

    return work


async def test_a_cursor_sees_no_hole_and_no_disorder_while_32_writers_commit_and_roll_back(
    db: Database, team: Team, record_property: Callable[[str, object], None]
) -> None:
    seed = random.randrange(2**32)
    record_property("seed", seed)
    chance = random.Random(seed)
    seen: list[int] = []
    over = asyncio.Event()

    async def read() -> None:
        page: list[events.Event] = []
        while page or not over.is_set():
            page = await events.read_after(db, team.id, len(seen), limit=50)
            seen.extend(event.seq for event in page)

    async def write() -> int:
        landed = 0
        for events_here in (chance.randint(1, 3) for _ in range(12)):
            with suppress(RollBack):
                await db.write(writer(team), careless(chance, events_here))
                landed += events_here
        return landed

    reader = asyncio.create_task(read())
    landed = sum(await asyncio.gather(*(write() for _ in range(32))))
    over.set()
    await reader
    seen += [event.seq for event in await events.read_after(db, team.id, len(seen))]

    assert seen == list(range(1, landed + 1))
    assert await events.first_bad(db, team.id) is None
    assert (await events.heads(db, [team.id]))[team.id].seq == landed


@pytest.mark.parametrize("seed", range(4))
async def test_a_commit_whose_answer_is_lost_is_one_event_when_it_is_sent_again(
    db: Database, database_url: str, team: Team, seed: int
) -> None:
    async with proxied(database_url, seed) as proxy:
        cut_off = await Database.connect(proxy.url, min_size=1, max_size=4)
        told: list[events.Event] = []
        cut_off.announce = told.append
        proxy.share = 0.4

        async def save(number: int) -> Answer:
            return await cut_off.write(writer(team, f"key-{number}"), one_event(price=number))

        first = await asyncio.gather(*(save(number) for number in range(40)))
        again = await asyncio.gather(*(save(number) for number in range(40)))
        await cut_off.close()

    assert proxy.cuts > 10
    log = await read_all(db, team)
    assert sorted(json.loads(event.wire)["op"] for event in log) == sorted(
        f"key-{number}" for number in range(40)
    )
    assert [answer.seq for answer in again] == [answer.seq for answer in first]
    assert all(answer.replayed for answer in again)
    assert sorted(event.seq for event in told) == [event.seq for event in log]
    assert await events.first_bad(db, team.id) is None


async def test_a_lost_commit_without_a_key_is_settled_all_the_same(
    db: Database, database_url: str, team: Team
) -> None:
    async with proxied(database_url, seed=7) as proxy:
        cut_off = await Database.connect(proxy.url, min_size=1, max_size=4)
        proxy.share = 0.5
        answers = [await cut_off.write(writer(team), one_event(price=n)) for n in range(20)]
        await cut_off.close()

    assert proxy.cuts > 5
    assert [answer.seq for answer in answers] == list(range(1, 21))
    assert [event.seq for event in await read_all(db, team)] == list(range(1, 21))


async def test_two_teams_never_wait_for_each_other(db: Database, team: Team) -> None:
    other = await new_team(db)
    async with db.transaction() as rows:
        await rows.execute("SELECT FROM team_heads WHERE team_id = $1 FOR UPDATE", team.id)
        waiting = asyncio.create_task(db.write(writer(team), one_event()))
        answer = await asyncio.wait_for(db.write(writer(other), one_event()), 2)
        assert answer.seq == 1
        assert not waiting.done()
    assert (await waiting).seq == 1


async def test_the_head_is_taken_last_so_a_slow_writer_holds_nobody_up(
    db: Database, team: Team
) -> None:
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction) -> Answer:
        tx.append(Draft("note.created", "note", uuid4(), 1, "{}"))
        inside.set()
        await go_on.wait()
        return Answer("{}")

    last = asyncio.create_task(db.write(writer(team), slow))
    await inside.wait()
    assert (await asyncio.wait_for(db.write(writer(team), one_event()), 2)).seq == 1
    go_on.set()
    assert (await last).seq == 2


async def test_a_key_gives_its_first_answer_again_and_refuses_another_request(
    db: Database, team: Team
) -> None:
    first = await db.write(writer(team, "k", b"a"), one_event(price=1))
    again = await db.write(writer(team, "k", b"a"), one_event(price=2))
    assert (again.data, again.seq, again.replayed) == (first.data, first.seq, True)
    with pytest.raises(KeyReused):
        await db.write(writer(team, "k", b"b"), one_event(price=3))
    assert len(await read_all(db, team)) == 1


async def test_the_same_key_sent_eight_times_at_once_is_one_event(db: Database, team: Team) -> None:
    writes = (db.write(writer(team, "k"), one_event(price=n)) for n in range(8))
    answers = await asyncio.gather(*writes)
    assert {answer.data for answer in answers} == {answers[0].data}
    assert sum(not answer.replayed for answer in answers) == 1
    assert len(await read_all(db, team)) == 1


async def test_a_write_that_fails_leaves_its_key_free(db: Database, team: Team) -> None:
    async def fails(_: Transaction) -> Answer:
        raise RollBack

    with pytest.raises(RollBack):
        await db.write(writer(team, "k"), fails)
    assert not (await db.write(writer(team, "k"), one_event())).replayed


async def test_events_are_announced_once_they_are_committed_and_never_else(
    db: Database, database_url: str, team: Team
) -> None:
    mine = await Database.connect(database_url, min_size=1, max_size=2)
    told: list[events.Event] = []
    mine.announce = told.append

    async def fails(tx: Transaction) -> Answer:
        tx.append(Draft("note.created", "note", uuid4(), 1, "{}"))
        await tx.seal("x")
        raise RollBack

    with pytest.raises(RollBack):
        await mine.write(writer(team), fails)
    await mine.write(writer(team), one_event())
    await mine.close()
    assert told == await read_all(db, team)
    again = [events.Event.unpack(event.pack()) for event in told]
    assert again == told
    assert [event.previous for event in again] == [await events.hash_at(db, team.id, 0)]


TAMPERINGS = {
    "its image": "UPDATE events SET data = '{\"list_price\": 2}'",
    "its changes": "UPDATE events SET changes = '{\"list_price\": [1, 2]}'",
    "its author": "UPDATE events SET actor_id = gen_random_uuid()",
    "its kind": "UPDATE events SET kind = 'note.deleted'",
    "its time": "UPDATE events SET at = at - interval '1 day'",
    "its digest": "UPDATE events SET digest = sha256('x')",
    "its audience": "UPDATE events SET audience = 'private:nobody'",
    "its audience before": "UPDATE events SET audience_before = 'private:nobody'",
    "its hash": "UPDATE events SET h = decode(repeat('00', 16), 'hex')",
    "its existence": "DELETE FROM events",
}


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS)
@pytest.mark.parametrize("seq", [1, 5, 9])
async def test_the_audit_names_the_first_event_that_was_tampered_with(
    db: Database, team: Team, tampering: str, seq: int
) -> None:
    for _ in range(9):
        await db.write(writer(team), one_event())
    async with db.transaction() as rows:
        await rows.execute(f"{tampering} WHERE team_id = $1 AND seq = $2", team.id, seq)
    assert await events.first_bad(db, team.id) == seq


async def test_an_audience_that_changed_is_in_the_chain(db: Database, team: Team) -> None:
    private = f"private:{team.agent.user_id}"

    async def work(tx: Transaction) -> Answer:
        for audience, before in (("all", None), (private, "all"), (private, private)):
            draft = Draft("note.updated", "note", uuid4(), 2, "{}", "{}", audience, before)
            tx.append(draft)
        return Answer("{}")

    await db.write(writer(team), work)
    found = await read_all(db, team)
    assert [(event.audience, event.audience_before) for event in found] == [
        ("all", None), (private, "all"), (private, None)
    ]  # fmt: skip
    assert await events.first_bad(db, team.id) is None
    async with db.transaction() as rows:
        await rows.execute(
            "UPDATE events SET audience_before = NULL WHERE team_id = $1 AND seq = 2", team.id
        )
    assert await events.first_bad(db, team.id) == 2


async def test_a_node_of_the_release_before_goes_on_writing(db: Database, team: Team) -> None:
    """It calls append_events without the audiences before."""
    async with db.transaction() as rows:
        await rows.execute(
            """
            SELECT seq
            FROM append_events($1, $2, 'op', '{note.created}', '{note}', ARRAY[$3::uuid], '{1}',
                '{all}', '{"{}"}', ARRAY[NULL], '{}')
            """,
            team.id,
            team.agent.user_id,
            uuid4(),
        )
    await db.write(writer(team), one_event())
    assert [event.is_open for event in await read_all(db, team)] == [True, True]
    assert await events.first_bad(db, team.id) is None


async def test_a_forged_event_at_the_end_is_found(db: Database, team: Team) -> None:
    await db.write(writer(team), one_event())
    async with db.transaction() as rows:
        await rows.execute(
            """
            INSERT INTO events
            SELECT team_id, 2, h, at, kind, entity, entity_id, version, actor_id, op, tx_i, tx_n,
                audience, changes, data, salt, digest
            FROM events
            WHERE team_id = $1
            """,
            team.id,
        )
    assert await events.first_bad(db, team.id) == 2


async def test_erasing_what_an_event_told_leaves_the_chain_whole(db: Database, team: Team) -> None:
    for _ in range(3):
        await db.write(writer(team), one_event())
    async with db.transaction() as rows:
        await rows.execute(
            """
            UPDATE events SET data = NULL, changes = NULL, salt = NULL
            WHERE team_id = $1 AND seq = 2
            """,
            team.id,
        )
    assert await events.first_bad(db, team.id) is None
    erased = json.loads((await read_all(db, team))[1].wire)
    assert erased["ref"] is True
    assert "d" not in erased


async def test_a_very_large_image_travels_as_a_reference(db: Database, team: Team) -> None:
    async def work(tx: Transaction) -> Answer:
        data = json.dumps({"notes": "n" * 20_000})
        tx.append(Draft("note.created", "note", uuid4(), 1, data))
        return Answer(data)

    await db.write(writer(team), work)
    [event] = await read_all(db, team)
    assert len(event.wire) < 1000
    assert json.loads(event.wire)["ref"] is True


async def test_events_of_one_transaction_share_their_operation_and_know_their_place(
    db: Database, team: Team
) -> None:
    async def work(tx: Transaction) -> Answer:
        for _ in range(3):
            tx.append(Draft("note.created", "note", uuid4(), 1, "{}"))
        return Answer("{}")

    answer = await db.write(writer(team), work)
    frames = [json.loads(event.wire) for event in await read_all(db, team)]
    assert answer.seq == 3
    assert [(frame["i"], frame["n"]) for frame in frames] == [(1, 3), (2, 3), (3, 3)]
    assert len({frame["op"] for frame in frames}) == 1


async def test_a_packed_event_unpacks_to_itself(db: Database, team: Team) -> None:
    await db.write(writer(team), one_event())
    [event] = await read_all(db, team)
    assert events.Event.unpack(event.pack()) == event
    with pytest.raises(ValueError, match=r"values to unpack"):
        events.Event.unpack(b"not an event")


async def test_changes_tell_exact_money_and_leave_out_what_follows(
    db: Database, team: Team
) -> None:
    async def work(tx: Transaction) -> Answer:
        before = '{"version": 1, "list_price": 450000.10, "notes": null, "city": "Kent"}'
        after = '{"version": 2, "list_price": 435000.00, "notes": "x", "city": "Kent"}'
        tx.append(Draft("listing.updated", "listing", uuid4(), 2, after, before))
        return Answer(after)

    await db.write(writer(team), work)
    [event] = await read_all(db, team)
    assert json.loads(event.wire)["ch"].keys() == {"list_price", "notes"}
    assert b"450000.10" in event.wire
    assert b"435000.00" in event.wire


async def test_where_a_log_stands_is_told_for_every_seq(db: Database, team: Team) -> None:
    start = await events.heads(db, [team.id, uuid4()])
    assert start.keys() == {team.id}
    assert await events.hash_at(db, team.id, 0) == start[team.id].h
    await db.write(writer(team), one_event())
    [event] = await read_all(db, team)
    assert await events.hash_at(db, team.id, 1) == event.h
    assert await events.hash_at(db, team.id, 2) is None


async def test_an_announced_event_names_the_hash_before_it(database_url: str, team: Team) -> None:
    mine = await Database.connect(database_url, min_size=1, max_size=4)
    told: list[events.Event] = []
    mine.announce = told.append

    async def three(tx: Transaction) -> Answer:
        for _ in range(3):
            tx.append(Draft("note.created", "note", uuid4(), 1, "{}"))
        return Answer("null")

    await asyncio.gather(*(mine.write(writer(team), three) for _ in range(8)))
    told = [events.Event.unpack(event.pack()) for event in sorted(told, key=lambda e: e.seq)]
    hashes = [await events.hash_at(mine, team.id, 0), *(event.h for event in told)]
    assert [event.previous for event in told] == hashes[:-1]
    assert len(told) == 24
    await mine.close()


async def test_the_timeline_is_the_servers(db: Database) -> None:
    timeline = await events.timeline(db)
    assert timeline is not None
    assert int(timeline, 16) >= 1


async def test_a_timeline_that_cannot_be_told_is_none(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "TIMELINE", "SELECT no_such_function()")
    assert await events.timeline(db) is None
