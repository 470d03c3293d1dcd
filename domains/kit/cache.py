"""Answers of pure reads, kept for as long as no event touches what they show.

An answer is kept under what was asked, by whom, and the last event that touched its topics, as the
statement that read it told. Nothing is ever invalidated: a write moves the topic's head, and the
old answer is not asked for again. See docs/decisions/0015.
"""

import asyncio
import hashlib
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final
from uuid import UUID

from db.as_of import AsOf
from db.events import Head
from domains.kit.actor import SHOWING, Actor
from domains.kit.endpoint import Call, Endpoint, Reply, Run
from domains.kit.heads import Heads
from domains.kit.policy import audiences_of

ETAG, HIT, MISS = "ETag", "hit", "miss"
DAY_SECONDS: Final = 86_400
ENTRY_BYTES: Final = 1_000  # what an answer takes beside its bytes: key, reply, headers
LARGEST_SHARE: Final = 8  # an answer larger than this part of the budget is not kept
NOT_MODIFIED: Final = 304
TAG_BYTES: Final = 12

# The endpoint, the team, the reader's class, the path, the query.
Key = tuple[str, UUID, tuple[object, ...], tuple[str, ...], str]


@dataclass(slots=True)
class Counts:
    """By endpoint; all only grow."""

    hits: Counter[str] = field(default_factory=Counter)
    not_modified: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)
    shared: Counter[str] = field(default_factory=Counter)
    evictions: int = 0


@dataclass(slots=True)
class Kept:
    """`reply` is finished as of the head it was last asked at; `topic` and `day` never change."""

    topic: Head
    day: int
    reply: Reply
    size: int


class ReadCache:
    """`finish` makes the envelope of a reply; it ends with the meta of the reply's `as_of`.

    `salt` tells releases apart that show the same records in other shapes.
    """

    def __init__(
        self,
        heads: Heads,
        finish: Callable[[Reply], bytes],
        *,
        budget: int,
        salt: bytes = b"",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.counts = Counts()
        self.bytes = 0
        self._heads = heads
        self._finish = finish
        self._budget = budget
        self._salt = salt
        self._clock = clock
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._filling: dict[Any, asyncio.Future[Reply | None]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def before(self, endpoint: Endpoint) -> Endpoint:
        """The same endpoint, answered from here where it may be."""
        topics = endpoint.topics
        if topics is None:
            return endpoint
        reading = _Reading(endpoint.name, topics, endpoint.run)

        async def run(call: Call) -> Reply:
            return await self._read(reading, call)

        return replace(endpoint, run=run)

    async def _read(self, reading: "_Reading", call: Call) -> Reply:
        actor = call.who
        if call.params is not None and call.params.wide(actor):
            return await reading.run(call)  # events of many logs touch it: nothing is kept of it
        team = self._heads.follow(actor.team_id)
        if team is not None and call.min_seq > team.applied.seq:
            await team.reach(call.min_seq)
            team = self._heads.follow(actor.team_id)  # what was read may have been another past
        key = (
            reading.name,
            actor.team_id,
            reader_class(actor, personal=call.params is not None and call.params.personal),
            tuple(call.path.values()),
            call.query,
        )
        topic = team.topic(reading.topics) if team is not None and team.current else None
        if team is None or topic is None:
            reply = await self._miss(reading, call, key, None if team is None else team.told)
            return self._seen(reading, reply, call.seen)
        day = int(self._clock() // DAY_SECONDS)
        kept = self._kept.get(key)
        if kept is not None and kept.topic == topic and kept.day == day:
            self._kept.move_to_end(key)
            if kept.reply.as_of is None or kept.reply.as_of.head != team.applied:
                kept.reply = _standing(kept.reply, team.applied)
            if call.seen is None:
                self.counts.hits[reading.name] += 1
                return kept.reply
            return self._seen(reading, kept.reply, call.seen)
        if call.seen is not None and says(call.seen, tag := self._tag(key, topic, day)):
            # Current, though its bytes are another node's: Postgres need not be asked.
            as_of = AsOf(team.applied, topic, day)
            return self._seen(reading, Reply(as_of=as_of, headers={ETAG: tag}, cache=HIT), tag)
        return self._seen(reading, await self._miss(reading, call, key, topic), call.seen)

    def _seen(self, reading: "_Reading", reply: Reply, seen: str | None) -> Reply:
        """The reply, or 304 for one who has it already."""
        if seen is not None and says(seen, reply.headers.get(ETAG, "")):
            self.counts.not_modified[reading.name] += 1
            return replace(reply, status=NOT_MODIFIED, body=None)
        if reply.cache == HIT:
            self.counts.hits[reading.name] += 1
        return reply

    async def _miss(self, reading: "_Reading", call: Call, key: Key, knowing: object) -> Reply:
        """Ask Postgres; those who ask the same, knowing of the same events, share one answer.

        `knowing` None is a node that hears nothing of this team: it asks for each, as an answer on
        its way may be from before a change that the asker has seen.
        """
        if knowing is None:
            return self._keep(reading, key, await reading.run(call))
        flight = (key, knowing)
        while (filling := self._filling.get(flight)) is not None:
            reply = await asyncio.shield(filling)
            if reply is not None and reply.as_of and reply.as_of.head.seq >= call.min_seq:
                self.counts.shared[reading.name] += 1
                return reply
            if reply is not None:
                return self._keep(reading, key, await reading.run(call))
        filled: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._filling[flight] = filled
        try:
            reply = self._keep(reading, key, await reading.run(call))
        except Exception as error:
            filled.set_exception(error)
            filled.exception()  # it is raised where it is waited for, and nobody may be waiting
            raise
        else:
            filled.set_result(reply)
            return reply
        finally:
            del self._filling[flight]
            if not filled.done():
                filled.set_result(None)  # cut off in the middle: another one asks

    def _keep(self, reading: "_Reading", key: Key, reply: Reply) -> Reply:
        """Finish an answer and keep it under what its own snapshot told, whatever was asked for."""
        self.counts.misses[reading.name] += 1
        as_of = reply.as_of
        if as_of is None:
            return reply
        headers = reply.headers
        if ETAG not in headers:
            headers = {**headers, ETAG: self._tag(key, as_of.topic, as_of.day)}
        body = self._finish(reply)
        reply = Reply(status=reply.status, headers=headers, as_of=as_of, body=body, cache=HIT)
        team = self._heads.follow(key[1])
        if team is not None:
            team.learn(reading.topics, as_of)
            if team.current and team.topic(reading.topics) == as_of.topic:
                reply = _standing(reply, team.applied)
        self._store(key, Kept(as_of.topic, as_of.day, reply, len(body) + ENTRY_BYTES))
        return Reply(
            status=reply.status,
            headers=headers,
            as_of=reply.as_of,
            body=reply.body,
            cache=MISS,
        )

    def _store(self, key: Key, kept: Kept) -> None:
        if kept.size * LARGEST_SHARE > self._budget:
            return
        old = self._kept.pop(key, None)
        if old is not None:
            self.bytes -= old.size
        self._kept[key] = kept
        self.bytes += kept.size
        while self.bytes > self._budget:
            _, oldest = self._kept.popitem(last=False)
            self.bytes -= oldest.size
            self.counts.evictions += 1

    def _tag(self, key: Key, topic: Head, day: int) -> str:
        """The key as an entity tag, the same on every node; weak, for the meta beside it moves."""
        said = repr((*key, topic.seq, topic.h, day))
        digest = hashlib.blake2b(said.encode(), key=self._salt, digest_size=TAG_BYTES)
        return f'W/"{digest.hexdigest()}"'


@dataclass(frozen=True, slots=True)
class _Reading:
    """What of an endpoint the cache needs."""

    name: str
    topics: tuple[str, ...]
    run: Run


def reader_class(actor: Actor, *, personal: bool) -> tuple[object, ...]:
    """Those who are shown the same share it; a query for one's own is one's own, whoever asks."""
    return (audiences_of(actor), _in_order(actor.rights), actor.user_id if personal else None)


@cache
def _in_order(rights: frozenset[str]) -> tuple[str, ...]:
    """The same text on every node."""
    return tuple(sorted(rights & SHOWING))


def says(seen: str, tag: str) -> bool:
    """Whether an If-None-Match names this entity tag; weakly, as a GET compares."""
    if seen == tag:
        return bool(tag)
    tags = [part.strip().removeprefix("W/") for part in seen.split(",")]
    return bool(tag) and ("*" in tags or tag.removeprefix("W/") in tags)


def _standing(reply: Reply, head: Head) -> Reply:
    """The same answer as of another head: what it shows did not change in between."""
    if reply.as_of is None or reply.body is None or reply.as_of.head == head:
        return reply
    moved = replace(reply.as_of, head=head)
    kept = memoryview(reply.body)[: len(reply.body) - len(_end(reply.as_of))]
    return replace(reply, as_of=moved, body=b"".join((kept, _end(moved))))


def _end(as_of: AsOf) -> bytes:
    return b',"meta":' + as_of.meta + b"}"
