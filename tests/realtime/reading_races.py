"""Lists read among writes, then followed; writes here, read there; what was kept beside what is.

Each plays seeded games on two nodes and tells what went wrong, so that a fault suite can play for
hours.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from db.errors import Unavailable
from db.events import Head, heads
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Actor
from domains.kit.errors import DomainError
from domains.kit.resource import Resource
from domains.listings.resource import LISTINGS
from tests.factories import Team, fields, new_team
from tests.realtime.nodes import bearer
from tests.realtime.reading_nodes import ReadingNode, reading_nodes
from tests.realtime.simulated import Ear

RESOURCES = (ESCROWS, LISTINGS)
RECORDS = 8  # of each kind, to begin with
PAGE = 3
CLIENTS = 6  # that come while a burst of writes goes on
WRITES = 14
LATE = 0.03  # seconds, a few writes and reads: one node shows what was, the other what is
NEVER = 5.0
SETTLE_SECONDS = 10.0
TOLD = 5

State = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What was played; the first faults in words."""

    runs: int = 0
    events: int = 0
    replayed: int = 0  # events that came between a list and its client's following
    hits: int = 0
    behind: int = 0  # answers that were from before, where nobody had asked for better
    faults: list[str] = field(default_factory=list)

    def expect(self, seen: Any, wanted: Any, where: str) -> None:
        if seen != wanted and len(self.faults) < TOLD:
            self.faults.append(f"{where}: {seen!r:.600} is not {wanted!r:.600}")


# Snapshot, then stream (row 22 of the fault table)


async def list_then_follow(database_url: str, seed: int, runs: int) -> Tally:
    """Clients list page by page among random writes, follow from there, and end like the server."""
    tally, chance = Tally(), random.Random(seed)
    async with reading_nodes(database_url, seed, LATE) as nodes:
        while tally.runs < runs:
            team = await new_team(nodes[0].db)
            await _records(nodes[0], team)
            for _ in range(4):
                await _one_burst(nodes, team, chance, tally)
        tally.hits = sum(sum(node.cache.counts.hits.values()) for node in nodes)
    return tally


async def _one_burst(
    nodes: tuple[ReadingNode, ...], team: Team, chance: random.Random, tally: Tally
) -> None:
    people = [team.lead, team.agent, team.viewer]
    clients = [_Client(chance.choice(people)) for _ in range(CLIENTS)]
    for node in nodes:  # so that there is something kept to be shown when it should not be
        await _list_all(node.read, chance.choice(people))
    await asyncio.gather(
        *(_writes(nodes, team, chance) for _ in range(2)),
        *(client.come(nodes, chance) for client in clients),
    )
    head = (await heads(nodes[0].db, [team.id]))[team.id]
    fresh = {
        who: await _list_all(nodes[0].read_anew, who)
        for who in (team.lead, team.agent, team.viewer)
    }
    for client in clients:
        await client.hears(head)
        where = f"run {tally.runs}, a {client.who.role}"
        tally.expect(client.position, head, f"{where}, its place")
        tally.expect(client.state, fresh[client.who], where)
        tally.runs += 1
        tally.events += len(client.ear.events)
        tally.replayed += sum(len(standing.missed) for standing in client.ear.standings)
        client.leave()


class _Client:
    """Keeps the rules of docs/protocol.md, for all kinds of records at once."""

    def __init__(self, who: Actor) -> None:
        self.who = who
        self.ear = Ear(bearer(who))
        self.state: State = {}
        self.position = Head(0, "")
        self._gone: dict[str, int] = {}
        self._taken = 0
        self._node: ReadingNode | None = None

    async def come(self, nodes: tuple[ReadingNode, ...], chance: random.Random) -> None:
        await asyncio.sleep(chance.uniform(0, 0.05))
        place: Head | None = None
        for resource in chance.sample(RESOURCES, len(RESOURCES)):
            place = await self._list(nodes, chance, resource, place)
        assert place
        await asyncio.sleep(chance.choice([0, 0, chance.uniform(0, 0.03)]))
        self.position = place
        self._node = chance.choice(nodes)
        await self._node.rooms.join(
            self.who.team_id, self.ear.member, place, self.ear.standings.append
        )

    async def _list(
        self,
        nodes: tuple[ReadingNode, ...],
        chance: random.Random,
        resource: Resource,
        place: Head | None,
    ) -> Head:
        """Every page from another node; the first of all pages says where to go on from."""
        params: dict[str, Any] = {"limit": PAGE, "order": "asc"}
        while True:
            node = chance.choice(nodes)
            min_seq = place.seq if place else 0
            name = f"{resource.plural}:list"
            page = await node.read(name, self.who, params, min_seq=min_seq)
            meta = page["meta"]
            assert meta["as_of_seq"] >= min_seq
            place = place or Head(meta["as_of_seq"], meta["as_of_h"])
            for record in page["data"]:
                self._put(record["id"], record)
            if page["pagination"]["next_cursor"] is None:
                return place
            params["cursor"] = page["pagination"]["next_cursor"]

    def _put(self, id_: str, record: Any) -> None:
        known = self.state.get(id_)
        if known is None or known["version"] < record["version"]:
            self.state[id_] = record

    async def hears(self, head: Head) -> None:
        """Wait for the stream to have brought everything, then apply it in order."""
        async with asyncio.timeout(SETTLE_SECONDS):
            while self.position.seq < head.seq:
                for event in self.ear.events[self._taken :]:
                    self._taken += 1
                    self._apply(event)
                if self.position.seq < head.seq:
                    await asyncio.sleep(0.002)
        self.state = {
            id_: record for id_, record in self.state.items() if not record["is_archived"]
        }

    def _apply(self, event: Any) -> None:
        assert event["s"] == self.position.seq + 1, "a hole, or one twice"
        self.position = Head(event["s"], event["h"])
        if event["k"].endswith((".deleted", ".withdrawn")):
            self.state.pop(event["id"], None)
        elif "d" in event:
            self._put(event["id"], event["d"])

    def leave(self) -> None:
        if self._node:
            self._node.rooms.leave(self.ear.member)


async def _list_all(read: Callable[..., Awaitable[Any]], who: Actor) -> State:
    found: State = {}
    for resource in RESOURCES:
        params: dict[str, Any] = {"limit": PAGE, "order": "asc"}
        while True:
            page = await read(f"{resource.plural}:list", who, params)
            found |= {record["id"]: record for record in page["data"]}
            if page["pagination"]["next_cursor"] is None:
                break
            params["cursor"] = page["pagination"]["next_cursor"]
    return found


async def _writes(nodes: tuple[ReadingNode, ...], team: Team, chance: random.Random) -> None:
    node = chance.choice(nodes)  # each knows of its own writes at once
    for _ in range(WRITES // 2):
        await asyncio.sleep(chance.uniform(0, 0.006))
        await a_write(node, team, chance)


# Reading one's own writes (row 23)


async def write_here_read_there(database_url: str, seed: int, runs: int) -> Tally:
    """After each write on one node, read on the other, whose bus is silent, with its number."""
    tally, chance = Tally(), random.Random(seed)
    async with reading_nodes(database_url, seed, NEVER) as (here, there):
        team = await new_team(here.db)
        ids = await _records(here, team)
        for number in range(runs):
            resource = chance.choice(RESOURCES)
            id_ = chance.choice(ids[resource.plural])
            name = f"{resource.plural}:get"
            path = {"id": id_}
            before = await there.read(name, team.lead, path=path)
            said = await here.write(
                f"{resource.plural}:update", team.lead, {"notes": f"{number}"}, **path
            )
            seq = said["meta"]["seq"]
            careless = await there.read(name, team.lead, path=path)
            tally.behind += careless["data"] == before["data"]
            verb = chance.choice(["get", "list", "stats", "history"])
            params = {"limit": 50} if verb == "list" else {}
            read = await there.read(
                f"{resource.plural}:{verb}",
                team.lead,
                params,
                path if verb in ("get", "history") else {},
                min_seq=seq,
            )
            where = f"run {number}, {verb}"
            tally.expect(read["meta"]["as_of_seq"] >= seq, True, where)
            tally.expect(_shown(verb, read, id_), _wanted(verb, said), where)
            tally.runs += 1
        tally.hits = sum(there.cache.counts.hits.values())
    return tally


def _shown(verb: str, read: Any, id_: str) -> Any:
    match verb:
        case "get":
            return read["data"]["notes"]
        case "list":
            return next(one["notes"] for one in read["data"] if one["id"] == id_)
        case "history":
            return read["data"][0]["version"]
    return None


def _wanted(verb: str, said: Any) -> Any:
    return {
        "get": said["data"]["notes"],
        "list": said["data"]["notes"],
        "history": said["data"]["version"],
    }.get(verb)


# What is kept is what would be read


async def kept_as_read(database_url: str, seed: int, runs: int) -> Tally:
    """Any write, then any read by anybody, on any node: as if nothing had been kept."""
    tally, chance = Tally(), random.Random(seed)
    async with reading_nodes(database_url, seed, LATE) as nodes:
        team = await new_team(nodes[0].db)
        ids = await _records(nodes[0], team)
        wrote, seq = nodes[0], 0
        people = [team.owner, team.lead, team.agent, team.viewer]
        asked = [(chance.choice(nodes), chance.choice(people), *a_read(chance, ids))]
        while tally.runs < runs:
            if chance.random() < 0.1:
                wrote = chance.choice(nodes)
                seq = await a_write(wrote, team, chance) or seq
            elif chance.random() < 0.2:
                asked.append((chance.choice(nodes), chance.choice(people), *a_read(chance, ids)))
            node, who, name, params, path = chance.choice(asked[-12:])  # what may well be kept
            min_seq = 0 if node is wrote else seq
            kept = await _outcome(node.read(name, who, params, path, min_seq=min_seq))
            plain = await _outcome(node.read_anew(name, who, params, path))
            tally.expect(kept, plain, f"run {tally.runs}, {name} {params} by a {who.role}")
            tally.runs += 1
        tally.hits = sum(sum(node.cache.counts.hits.values()) for node in nodes)
    return tally


async def _outcome(read: Awaitable[Any]) -> Any:
    try:
        told = await read
    except DomainError as refusal:
        return refusal.code
    told.pop("meta")
    return json.dumps(told)


def a_read(chance: random.Random, ids: dict[str, list[str]]) -> tuple[str, Any, dict[str, str]]:
    plural = chance.choice(list(ids))
    path = {"id": chance.choice(ids[plural])}
    verb = chance.choice(["list", "list", "stats", "get", "get", "history", "activity"])
    if verb == "activity":
        return "activity:list", {"limit": chance.choice([5, 50])}, {}
    if verb in ("get", "history"):
        return f"{plural}:{verb}", {}, path
    params = {
        "limit": chance.choice([3, 50]),
        "scope": chance.choice(["team", "my"]),
        "archived": chance.choice(["false", "true"]),
    }
    return f"{plural}:{verb}", params, {}


# Writes


async def _records(node: ReadingNode, team: Team) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for resource in RESOURCES:
        verb = f"{resource.plural}:create"
        records = [
            await node.write(
                verb, (team.agent, team.lead)[n % 2], fields(resource, is_private=n % 4 < 2)
            )
            for n in range(RECORDS)
        ]
        made[resource.plural] = [record["data"]["id"] for record in records]
    return made


async def a_write(node: ReadingNode, team: Team, chance: random.Random) -> int | None:
    """Something that a lead may do to any record; the number it got, if it changed anything."""
    resource = chance.choice(RESOURCES)
    plural = resource.plural
    rows = await node.db.fetch(
        f"SELECT id::text FROM {plural} WHERE team_id = $1 AND deleted_at IS NULL", team.id
    )
    id_ = chance.choice([row["id"] for row in rows])
    verb = chance.choices(
        ["update", "private", "create", "archive", "restore", "delete", "owner"],
        [8, 3, 2, 1, 1, 1, 2],
    )[0]
    who = team.lead
    try:
        match verb:
            case "update":
                note = {"notes": f"{chance.random()}"}
                said = await node.write(f"{plural}:update", who, note, id=id_)
            case "private":
                private = {"is_private": chance.random() < 0.5}
                said = await node.write(f"{plural}:update", who, private, id=id_)
            case "owner":
                owner = chance.choice([team.agent, team.lead]).user_id
                said = await node.write(f"{plural}:update", who, {"owner_id": f"{owner}"}, id=id_)
            case "create":
                body = fields(resource, is_private=chance.random() < 0.5)
                said = await node.write(f"{plural}:create", who, body)
            case "delete" if len(rows) <= RECORDS:
                return None
            case _:
                said = await node.write(f"{plural}:{verb}", who, id=id_)
    except (DomainError, Unavailable):
        return None  # the other writer was there before
    seq: int | None = said["meta"]["seq"]
    return seq
