"""A merge taken back from the log: each record gets what it had, but for what was changed since.

Merges into one contact are taken back in the opposite order, the last one first: a later one may
have built upon what an earlier one changed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from db.database import Database
from db.transaction import Answer, Operation, Transaction
from domains.contacts import links
from domains.contacts.blend import SEVERAL, SINGLE
from domains.contacts.merging import MERGED
from domains.contacts.models import ContactPatch, Kept, Unmerge
from domains.contacts.resource import CONTACTS
from domains.contacts.roles import part_roles
from domains.kit.actor import Actor
from domains.kit.errors import Conflict, Forbidden, Invalid
from domains.kit.fields import sent
from domains.kit.merge import refuse_stale
from domains.kit.policy import allow, allow_edit, within
from domains.kit.resource import Record
from domains.kit.rows import key_of, lock, update
from domains.kit.tell import tell
from domains.kit.validated import validated
from domains.kit.writes import writer

Event = Mapping[str, Any]
Pair = list[Any]  # what a field held before a change, and after it
NAMES = ("first_name", "last_name", "company")
UNTOUCHED = object()
# The address or number that stood first before a merge stands among the others after it.
FIRST_OF = {"other_emails": "email", "other_phones": "phone"}

# The merges into a contact that the log knows, the last one first.
MERGES = f"""
    SELECT e.seq, e.tx_i, e.tx_n, e.op, e.changes,
        (e.changes -> 'merged_from' -> 1 ->> -1)::uuid AS other_id
    FROM events AS e
    WHERE e.team_id = $1 AND e.entity_id = $2 AND e.kind = '{MERGED}'
    ORDER BY e.seq DESC
"""
TOLD_WITH = """
    SELECT e.entity, e.entity_id, e.changes
    FROM events AS e
    WHERE e.team_id = $1 AND e.seq BETWEEN $2 AND $3 AND e.changes IS NOT NULL
"""


async def unmerge(
    db: Database, actor: Actor, key: str, body: Unmerge, base: int | None, op: Operation | None
) -> Answer:
    """Take the last merge into a contact back, and tell what of it stays because it changed since.

    Raise Conflict for a merge that is not the last one, was taken back already, or is no longer in
    the log.
    """
    allow(actor, CONTACTS.writers, "take merges back")

    async def work(tx: Transaction) -> Answer:
        await _hold(tx, key)
        this = await lock(tx, CONTACTS, key)
        allow_edit(actor, this, CONTACTS.name)
        merge = await _last(tx, this, body.merge)
        await refuse_stale(tx, CONTACTS, this, base)
        other = await _merged_one(tx, merge["other_id"])
        allow_edit(actor, other, CONTACTS.name)
        told = await tx.fetch(TOLD_WITH, tx.team_id, _first(merge), _end(merge))
        events = [dict(event) for event in told]
        after, kept = await _give_back(tx, this, merge["changes"])
        tell(tx, CONTACTS, "contact.unmerged", after, before=this)
        restored = await _restore(tx, other, events)
        tell(tx, CONTACTS, "contact.restored", restored, before=other)
        kept += await links.lead_back(tx, events, other["id"], this["id"])
        left = ",".join(each.model_dump_json() for each in kept)
        return Answer(
            f'{{"contact":{after["image"]},"other":{restored["image"]},"kept":[{left}]}}',
            meta={"version": after["version"]},
            shows=(this["id"], other["id"]),
        )

    return await db.write(writer(actor, op), work)


async def _hold(tx: Transaction, key: str) -> None:
    """The contact and those merged into it, taken in the order in which a merge takes two."""
    column, value = key_of(CONTACTS, key)
    await tx.fetch(
        f"""
        SELECT r.id FROM contacts AS r
        WHERE r.team_id = $1 AND (r.{column} = $2 OR r.merged_into = (
            SELECT s.id FROM contacts AS s WHERE s.team_id = $1 AND s.{column} = $2
        ))
        ORDER BY r.id
        FOR UPDATE
        """,
        tx.team_id,
        value,
    )


async def _last(tx: Transaction, this: Record, named: int | str) -> Event:
    """The merge that is named, which has to be the last one that stands."""
    merges = [dict(row) for row in await tx.fetch(MERGES, tx.team_id, this["id"])]
    merge = next((each for each in merges if _is(each, named)), None)
    if merge is None:
        raise Invalid.field("merge", f"is no merge into {this['display_id']}", "not_found")
    standing = [
        next((each for each in merges if each["other_id"] == other_id), None)
        for other_id in this["merged_from"]
    ]
    last = standing[-1] if standing else None
    if standing and last is None:  # its events are kept, but not what they told
        raise _refused("The log no longer holds what was before", "forgotten", merge)
    if last is None or merge not in standing:
        raise _refused("This merge was taken back already", "taken_back", merge)
    if merge["seq"] != last["seq"]:
        raise _refused("Another merge came after this one: take that back first", "not_last", last)
    return last


def _is(merge: Event, named: int | str) -> bool:
    if isinstance(named, int):
        return bool(_first(merge) <= named <= _end(merge))
    return bool(merge["op"] == named)


def _first(merge: Event) -> int:
    return int(merge["seq"] - merge["tx_i"] + 1)


def _end(merge: Event) -> int:
    return int(merge["seq"] - merge["tx_i"] + merge["tx_n"])


def _refused(why: str, code: str, merge: Event) -> Conflict:
    return Conflict(why, [{"field": "merge", "message": why, "code": code, "seq": merge["seq"]}])


async def _merged_one(tx: Transaction, contact_id: UUID) -> Record:
    row = await tx.one(
        f"""
        SELECT r.*, {CONTACTS.image_sql} AS image, {within("r.audience", "$3")} AS seen
        FROM contacts AS r
        WHERE r.team_id = $1 AND r.id = $2
        """,
        tx.team_id,
        contact_id,
        tx.writer.sees,
    )
    if not row["seen"]:
        raise Forbidden("Only who may see both contacts can take this merge back")
    return dict(row)


async def _give_back(
    tx: Transaction, this: Record, changes: Mapping[str, Pair]
) -> tuple[Record, list[Kept]]:
    """The contact with what it held before the merge, and the fields that keep what they have."""
    now = json.loads(this["image"])
    given, kept = _single(now, changes)
    given |= _several(now, changes, kept)
    columns = _columns(given)
    if list(CONTACTS.check({**this, **columns})):
        # Its own name was emptied since: those of the merge are all that it is called by.
        kept += [name for name in NAMES if given.pop(name, UNTOUCHED) is not UNTOUCHED]
        columns = _columns(given)
    if "roles" in changes and not await part_roles(tx, this, changes["roles"]):
        kept.append("roles")
    columns["merged_from"] = this["merged_from"][:-1]
    after = await update(tx, CONTACTS, this["id"], columns)
    return after, [Kept(entity=CONTACTS.name, id=this["id"], field=name) for name in kept]


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    return dict(CONTACTS.prepare(sent(validated(ContactPatch, dict(given), "merge"))))


def _single(now: Record, changes: Mapping[str, Pair]) -> tuple[dict[str, Any], list[str]]:
    """What each field of one value held before, and those that hold another value since."""
    given: dict[str, Any] = {}
    kept: list[str] = []
    for name, (old, new) in changes.items():
        if name not in SINGLE:
            continue
        if now[name] == new:
            given[name] = old
        else:
            kept.append(name)
    return given, kept


def _several(now: Record, changes: Mapping[str, Pair], kept: Iterable[str]) -> dict[str, list[str]]:
    """Lists without what the merge added, and with what it left out; what came since stays."""
    given = {}
    for name in SEVERAL:
        if name not in changes:
            continue
        old, new = changes[name]
        # Nothing else holds the address that stood first, if another one does since.
        first = FIRST_OF.get(name, "")
        spared = changes[first][0] if first in kept else None
        added = {each for each in new if each not in old and each != spared}
        left_out = [each for each in old if each not in new and each not in now[name]]
        rest = [each for each in now[name] if each not in added]
        given[name] = old if now[name] == new and spared is None else [*rest, *left_out]
    return given


async def _restore(tx: Transaction, other: Record, events: Iterable[Event]) -> Record:
    """The merged contact, of which nothing could be changed since, as it was."""
    (changes,) = [event["changes"] for event in events if event["entity_id"] == other["id"]]
    status, _ = changes["contact_status"]
    back = {"contact_status": status, "merged_into": None, "deleted_at": None, "deleted_by": None}
    return await update(tx, CONTACTS, other["id"], back)
