"""What a node knows of a log that it follows for its readers."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from channels.bus.bus import straight
from channels.room.followed import Followed
from channels.room.rooms import LINGER_SECONDS, POLL_SECONDS, RELIABLE_SECONDS
from db.as_of import EVERYTHING, AsOf
from db.errors import Unavailable
from db.events import Event, Head
from tests.realtime.simulated import MemoryLog, Stage, simulate

TOPICS = ("listing", "member")


async def follow(stage: Stage) -> Followed:
    while True:
        followed = stage.rooms.follow(stage.log.team_id)
        if followed is not None:
            return followed
        await asyncio.sleep(0.01)


def of(event: Event, entity: str) -> Event:
    return replace(event, entity=entity)


def test_asking_makes_a_node_listen_until_nobody_asks_any_more() -> None:
    async def read() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        assert stage.rooms.follow(stage.log.team_id) is None
        followed = await follow(stage)
        for _ in range(4):
            await asyncio.sleep(LINGER_SECONDS / 2)
            assert stage.rooms.follow(stage.log.team_id) is followed
        await asyncio.sleep(LINGER_SECONDS + 2 * POLL_SECONDS)
        assert followed.closed
        assert stage.counters.rooms == 0
        await stage.supervisor.close()

    simulate(read())


def test_each_event_is_the_last_of_its_own_topic() -> None:
    async def hear() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        followed = await follow(stage)
        assert followed.topic(TOPICS) is None  # what touched it before we came is not known
        for entity in ("listing", "escrow", "member", "escrow"):
            stage.bus.publish(of(stage.log.commit(), entity))
        await asyncio.sleep(0.01)
        assert followed.topic(TOPICS) == stage.log.position(3)
        assert followed.topic(("listing",)) == stage.log.position(1)
        assert followed.topic(EVERYTHING) == stage.log.position(4)
        assert followed.topic(("contact",)) is None
        stage.commit()  # names no entity
        await asyncio.sleep(0.01)
        assert followed.topic(TOPICS) == stage.log.position(5)
        await stage.supervisor.close()

    simulate(hear())


def test_a_topic_is_learned_from_a_read_of_our_own_past_and_no_other() -> None:
    async def learn() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        for _ in range(3):
            stage.log.commit()
        followed = await follow(stage)
        last = stage.log.position(1)
        for elsewhere in (Head(3, "f" * 32), Head(4, "f" * 32), stage.log.position(2)):
            followed.learn(TOPICS, AsOf(elsewhere, last, 0))
            assert followed.topic(TOPICS) is None
        followed.learn(TOPICS, AsOf(stage.log.head, last, 0))
        assert followed.topic(TOPICS) == last
        stage.bus.publish(of(stage.log.commit(), "member"))
        await asyncio.sleep(0.01)
        assert followed.topic(TOPICS) == stage.log.head
        await stage.supervisor.close()

    simulate(learn())


def test_a_commit_of_this_node_is_known_before_it_comes_back() -> None:
    async def commit() -> None:
        stage = Stage(MemoryLog(uuid4()), lambda _: (0.02,)).start()
        followed = await follow(stage)
        assert followed.current
        stage.rooms.announce(stage.log.commit())
        assert not followed.current
        await asyncio.sleep(0.05)
        assert followed.current
        assert followed.applied == stage.log.head
        await stage.supervisor.close()

    simulate(commit())


def test_a_commit_of_this_node_while_it_begins_to_listen_is_known_too() -> None:
    async def commit() -> None:
        stage = Stage(MemoryLog(uuid4()), lambda _: ()).start()
        stage.log.delay = 0.1
        assert stage.rooms.follow(stage.log.team_id) is None
        await asyncio.sleep(0.05)
        stage.log.frozen = 0  # the head is being read already
        stage.rooms.announce(stage.log.commit())
        followed = await follow(stage)
        assert followed.applied == stage.log.head or not followed.current
        await stage.supervisor.close()

    simulate(commit())


def test_who_has_seen_more_is_waited_for_with_one_read() -> None:
    async def reach() -> None:
        stage = Stage(MemoryLog(uuid4()), lambda _: ()).start()
        followed = await follow(stage)
        for _ in range(5):
            stage.log.commit()
        await asyncio.gather(*(followed.reach(5) for _ in range(40)))
        assert followed.applied == stage.log.head
        assert len(stage.log.reads) == 1
        await asyncio.gather(*(followed.reach(1_000_000) for _ in range(40)))  # never given
        assert len(stage.log.reads) == 3  # the first goes at once, the others share the next
        await stage.supervisor.close()

    simulate(reach())


def test_a_read_that_was_on_its_way_does_not_do_for_who_came_later() -> None:
    async def reach() -> None:
        stage = Stage(MemoryLog(uuid4()), lambda _: ()).start()
        followed = await follow(stage)
        stage.log.commit()
        stage.log.frozen = 1
        early = asyncio.create_task(followed.reach(1))
        await asyncio.sleep(0)
        stage.log.commit()
        late = asyncio.create_task(followed.reach(2))
        await early
        stage.log.frozen = None
        await late
        assert followed.applied.seq == 2
        await stage.supervisor.close()

    simulate(reach())


def test_without_postgres_nobody_is_told_that_this_is_all() -> None:
    async def reach() -> None:
        stage = Stage(MemoryLog(uuid4()), lambda _: ()).start()
        followed = await follow(stage)
        stage.log.commit()
        stage.log.away = True
        found = await asyncio.gather(*(followed.reach(1) for _ in range(5)), return_exceptions=True)
        assert [type(one) for one in found] == [Unavailable] * 5
        stage.log.away = False
        await followed.reach(1)
        assert followed.applied.seq == 1
        await stage.supervisor.close()

    simulate(reach())


@pytest.mark.parametrize("lost", [True, False])
def test_what_the_bus_loses_is_stale_for_one_poll_at_most(*, lost: bool) -> None:
    async def lose() -> None:
        stage = Stage(MemoryLog(uuid4()), (lambda _: ()) if lost else straight).start()
        followed = await follow(stage)
        stage.commit()
        await asyncio.sleep(POLL_SECONDS + 0.1)
        assert followed.applied == stage.log.head
        assert followed.current
        await stage.supervisor.close()

    simulate(lose())


def test_heads_that_postgres_has_not_confirmed_are_not_relied_upon_for_long() -> None:
    async def lose_postgres() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        await follow(stage)
        stage.log.away = True
        await asyncio.sleep(RELIABLE_SECONDS + POLL_SECONDS)
        assert stage.rooms.follow(stage.log.team_id) is None
        stage.log.away = False
        await asyncio.sleep(POLL_SECONDS + 0.1)
        assert stage.rooms.follow(stage.log.team_id) is not None
        await stage.supervisor.close()

    simulate(lose_postgres())


def test_a_restored_log_is_followed_from_the_start() -> None:
    async def restore() -> None:
        stage = Stage(MemoryLog(uuid4())).start()
        for _ in range(3):
            stage.log.commit()
        followed = await follow(stage)
        followed.learn(TOPICS, AsOf(stage.log.head, stage.log.position(3), 0))
        stage.log.restore(2, "another past")
        await asyncio.sleep(POLL_SECONDS + 0.1)
        assert followed.closed
        assert not followed.current
        assert (await follow(stage)).topic(TOPICS) is None
        await stage.supervisor.close()

    simulate(restore())
