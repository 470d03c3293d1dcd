"""Two people, one record: what a write based on an older version may still change."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from db.transaction import Transaction
from domains.kit.child import Child, Row
from domains.kit.errors import Detail, Invalid, VersionConflict
from domains.kit.policy import seen_whole, within
from domains.kit.resource import Record, Resource

SINCE = f"""
    SELECT e.version, e.changes, e.at, e.actor_id, u.full_name AS actor_name,
        {within("e.audience", "$4")} AS seen, {seen_whole("e", "$4")} AS seen_whole
    FROM events AS e
    LEFT JOIN users AS u ON u.id = e.actor_id
    WHERE e.team_id = $1 AND e.entity_id = $2 AND e.version > $3 AND e.entity = $5
    ORDER BY e.seq
"""


async def merged_fields(
    tx: Transaction, resource: Resource, row: Record, wanted: Mapping[str, Any], base: int | None
) -> list[str]:
    """The fields others changed since version `base`, none of which the write touches.

    Without a base the write wins, field by field. Raise VersionConflict when somebody changed a
    field that the write wants otherwise, with base, current and yours for each.
    """
    if base is None or base == row["version"]:
        return []
    if base > row["version"]:
        raise Invalid.field("version", f"the {resource.name} is at version {row['version']}")
    image = json.loads(row["image"])
    theirs = _by_field(await _since(tx, resource, row, base), image)
    conflicts = [
        {
            "field": name,
            "current": image.get(name),
            "yours": _shown(value),
            **theirs[name],
        }
        for name, value in wanted.items()
        if name in theirs
    ]
    if conflicts:
        who = conflicts[0]["changed_by"]["name"] or "Somebody"
        names = ", ".join(str(conflict["field"]) for conflict in conflicts)
        raise VersionConflict(f"{who} changed {names} since you last saw it", conflicts)
    return sorted(theirs)


async def refuse_stale(tx: Transaction, resource: Resource, row: Record, base: int | None) -> None:
    """For writes about the whole record (delete): any change since `base` is a conflict."""
    if base is None or base == row["version"]:
        return
    if base > row["version"]:
        raise Invalid.field("version", f"the {resource.name} is at version {row['version']}")
    image = json.loads(row["image"])
    theirs = _by_field(await _since(tx, resource, row, base), image)
    details = [{"field": name, "current": image.get(name), **told} for name, told in theirs.items()]
    raise VersionConflict(f"The {resource.name} was changed since you last saw it", details)


async def refuse_stale_row(
    tx: Transaction,
    resource: Resource,
    row: Record,
    child: Child,
    old: Row,
    wanted: Mapping[str, Any],
    base: int | None,
) -> None:
    """For writes of a row that belongs to the record `row`: another's change of that very row.

    A row keeps the record's version with which it was written last. `wanted` without a field is a
    write about the whole row.
    """
    if base is None or base == row["version"]:
        return
    if base > row["version"]:
        raise Invalid.field("version", f"the {resource.name} is at version {row['version']}")
    if old["version"] <= base:
        return
    field = child.last if child.apart else child.plural
    events = [e for e in await _since(tx, resource, row, base) if e["version"] <= old["version"]]
    told = _by_field(events, {})[field]
    theirs = {name: value for name, value in told.items() if name != "base"}
    now = json.loads(old["image"])
    was = _row_of(child, told["base"], now["id"])
    touched = [name for name in wanted or now if name not in ("version", "updated_at")]
    conflicts: list[Detail] = [
        {
            "field": f"{child.plural}.{name}",
            "base": was and was[name],
            "current": now[name],
            **({"yours": _shown(wanted[name])} if wanted else {}),
            **theirs,
        }
        for name in touched
        if was is None or was[name] != now[name]
    ]
    if conflicts:
        raise VersionConflict(f"The {child.name} was changed since you last saw it", conflicts)


def _row_of(child: Child, was: Any, row_id: str) -> dict[str, Any] | None:
    """The row as an image held it; None where it did not, or is not for the writer to see."""
    rows = [was] if child.apart else was
    return next((row for row in rows or () if row and row["id"] == row_id), None)


async def _since(tx: Transaction, resource: Resource, row: Record, base: int) -> list[Any]:
    return await tx.fetch(SINCE, tx.team_id, row["id"], base, tx.writer.sees, resource.name)


def _by_field(events: list[Any], image: Record) -> dict[str, Detail]:
    """For each field that is not what it was: the value it had, and who changed it last.

    To a writer from whom the record was hidden meanwhile, all that happened then is the doing of
    the event that showed it, and what a field held in between stays untold.
    """
    fields: dict[str, dict[str, Any]] = {}
    was: dict[str, Any] = {}
    unseen: set[str] = set()
    for event in events:
        changes = event["changes"] or {}
        for name, (old, _) in changes.items():
            was.setdefault(name, old)
            fields.setdefault(name, {"base": old if event["seen_whole"] else None})
        unseen |= changes.keys()
        if event["seen"]:
            who: dict[str, UUID | str | None] = {
                "id": str(event["actor_id"]),
                "name": event["actor_name"],
            }
            for name in unseen:
                fields[name].update(changed_by=who, changed_at=event["at"].isoformat())
            unseen.clear()
    return {name: told for name, told in fields.items() if was[name] != image.get(name)}


def _shown(value: Any) -> Any:
    """A value as the image shows it: money is a number there, and so beside it."""
    return float(value) if isinstance(value, Decimal) else to_jsonable_python(value)
