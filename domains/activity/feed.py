"""The team's activity: the log, newest first, said in sentences, as its reader may see it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import blake2b
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from orjson import Fragment

from db.as_of import EVERYTHING, AsOf
from db.database import Database
from db.events import EVERYONE
from domains.activity.models import ActivityQuery
from domains.activity.pieces import pieces, text_of
from domains.activity.sentences import FIELD, Teller, Told
from domains.activity.statement import LARGEST_GROUP, Statement, Wanted, matching, page
from domains.kit.actor import Actor
from domains.kit.endpoint import Reply
from domains.kit.fields import Kind
from domains.kit.guard import Guard, blank
from domains.kit.policy import audiences_of
from domains.kit.policy import words_of as words_for
from domains.kit.resource import Resource
from domains.kit.view import Found, Live
from domains.kit.words import Clock, NameOf, Words, words_of

KEY_BYTES = 16
NAMED = frozenset({Kind.PERSON, Kind.RECORD})
NO_FIELDS = frozenset({"record", "noun", "many"})
ZONES = ("effective_time_zone", "time_zone")  # of a record, where it has one of its own


@dataclass(frozen=True, slots=True)
class Reading:
    """A page of the feed for one reader, or for all who are shown the same."""

    team_id: UUID
    query: ActivityQuery
    statement: Statement
    hidden: frozenset[str]  # names of fields that these readers have no right to see


class Feed:
    """Reads the log of teams; what is said of a kind of record comes from its definition."""

    def __init__(
        self, db: Database, resources: Sequence[Resource], others: Sequence[Words]
    ) -> None:
        self._db = db
        self._words = {words.entity: words for words in (*map(words_of, resources), *others)}
        known = self._words.values()
        deeds = [deed for words in known for deed in words.deeds.values()]
        said = {name for deed in deeds for name in FIELD.findall(deed)}
        held = {name.removeprefix("a ").partition(".")[0] for name in said}
        fields = [field for words in known for field in words.fields.values()]
        ids = {field.name for field in fields if field.kind in NAMED or field.of in NAMED}
        # Rows that name another record are called by its name.
        of_rows = (child for each in resources for child in each.children if child.links)
        ids |= {child.plural for child in of_rows}
        self._guard = Guard.of(*(resource.guarded for resource in resources))
        self._wanted = Wanted(sorted({*held, *ZONES} - NO_FIELDS), sorted(ids), resources)

    async def find(self, actor: Actor, query: ActivityQuery) -> Reply:
        """A page of the feed, in one round trip."""
        found = await self._look(self._reading(actor, query))
        return Reply(
            b"[" + ",".join(found.images).encode() + b"]",
            as_of=found.as_of,
        )

    def live(self, actor: Actor, query: ActivityQuery) -> Live:
        """The page as a list to keep open; most are shown the same."""
        own = self._live(self._reading(actor, query))
        seen = audiences_of(actor)
        if seen is None or query.personal:
            return own
        shared = self._live(self._reading(actor, query, shared=True))
        return replace(shared, audiences=frozenset(seen), own=own)

    def _reading(self, actor: Actor, query: ActivityQuery, *, shared: bool = False) -> Reading:
        chosen = matching(actor, query, self._wanted.resources)
        audiences = (EVERYONE,) if shared else audiences_of(actor)
        wide = query.wide(actor)
        statement = page(chosen, query, self._wanted, audiences, shared=shared, wide=wide)
        return Reading(actor.team_id, query, statement, self._guard.hidden(actor.rights))

    def _live(self, reading: Reading) -> Live:
        said = repr((reading.statement.sql, reading.statement.args, sorted(reading.hidden)))
        key = blake2b(said.encode(), digest_size=KEY_BYTES).digest()
        return Live(key, reading.team_id, EVERYTHING, partial(self._look, reading))

    async def _look(self, reading: Reading) -> Found:
        row = await self._db.one(reading.statement.sql, *reading.statement.args)
        rows = json.loads(row["entries"] or "[]", parse_float=Decimal)
        if reading.hidden:
            rows = blank(rows, reading.hidden)
        names = json.loads(row["names"] or "{}")
        limit = reading.query.limit
        entries = [self._entry(each, names.get, row["zone"]) for each in rows]
        # What an open feed shows is all that is counted of it.
        shown = {"page": 1, "limit": limit, "total": len(entries), "pages": 1, "next_cursor": None}
        return Found(
            AsOf.read(row["as_of"]),
            [_id(entry, in_several=bool(row["heads"])) for entry in entries],
            [orjson.dumps(entry, default=_exact).decode() for entry in entries],
            len(entries),
            b"{}",
            orjson.dumps(shown),
            row["day_left"],
            frozenset(word for audience in row["apart"] or () for word in words_for(audience)),
            {UUID(team): head for team, head in (row["heads"] or {}).items()},
        )

    def _words_of(self, entity: str) -> Words:
        return self._words.get(entity) or Words(entity)

    def _entry(self, row: dict[str, Any], name_of: NameOf, zone: str) -> dict[str, Any]:
        told = _told(row)
        teller = Teller(self._words_of, name_of, _clock(row["at"], told.holds, zone))
        together = row.pop("together")
        row.pop("held")
        group = together and {name: together[name] for name in GROUP_FIELDS}
        said = _of_group(teller, told, together) if group else teller.sentence(told)
        return {
            **row,
            "sentence": text_of(said),
            "pieces": pieces(said),
            "diff": teller.diff(told),
            "group": group,
        }


GROUP_FIELDS = ("id", "count", "records", "first_seq", "last_seq", "since", "kinds", "labels")


def _told(row: Mapping[str, Any]) -> Told:
    actor = row["a"] or {}
    return Told(
        kind=row["k"],
        entity=row["e"],
        label=row["label"] or "",
        who=actor.get("name") or "Somebody",
        about_self=actor.get("id") == row["id"],
        changes=row["ch"],
        holds=row["held"] or {},
    )


def _clock(at: str, holds: Mapping[str, Any], team_zone: str) -> Clock:
    """The clocks where the record is, which are named where the team's show something else."""
    zone = next((holds[name] for name in ZONES if holds.get(name)), team_zone)
    clocks = ZoneInfo(zone)
    return Clock(clocks, zone != team_zone, datetime.fromisoformat(at).astimezone(clocks).year)


def _of_group(teller: Teller, told: Told, together: Mapping[str, Any]) -> str:
    states, fields = together["states"] or [], together["fields"] or []
    whole = together["count"] <= LARGEST_GROUP
    return teller.group(
        told,
        count=together["count"],
        records=together["records"],
        labels=[label for label in together["labels"] or [] if label],
        kinds=together["kinds"],
        status=states[0] if whole and len(states) == 1 else None,
        fields=fields[0].split(",") if whole and len(fields) == 1 and fields[0] else [],
    )


def _id(entry: Mapping[str, Any], *, in_several: bool) -> str:
    """What an entry is known by on a screen: a group stays what it is while it grows."""
    if in_several:
        return f"{entry['t']} {entry['s']}"
    return f"group {entry['group']['id']}" if entry["group"] else str(entry["s"])


def _exact(value: Any) -> Any:
    """Money keeps every digit."""
    if isinstance(value, Decimal):
        return Fragment(str(value))
    raise TypeError
