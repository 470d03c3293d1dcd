"""The building blocks of every write: make a record, change one, move it, put it away.

Each takes an open transaction, so that one record, a batch and an import are the same code.
Every refusal is raised before anything is written, so a batch may carry on after one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from db.transaction import Transaction
from domains.kit.actor import Actor, Right
from domains.kit.children import add_all
from domains.kit.errors import Detail, Forbidden, Invalid, InvalidTransition
from domains.kit.followers import lead_on
from domains.kit.guard import refuse_unseen, said
from domains.kit.links import require_links
from domains.kit.merge import merged_fields, refuse_stale
from domains.kit.policy import allow_delete, allow_edit, allow_owner, allow_private
from domains.kit.resource import Moment, Record, Resource, Step
from domains.kit.rows import insert, lock, read_back, require_member, require_owner, update
from domains.kit.scope import ACROSS_TEAMS
from domains.kit.tell import tell
from domains.kit.unique import refuse_taken


@dataclass(frozen=True, slots=True)
class Changed:
    """A record after a write, and the fields a stale write was merged with."""

    row: Record
    merged: tuple[str, ...] = ()

    @property
    def image(self) -> str:
        return str(self.row["image"])


async def make(
    tx: Transaction,
    resource: Resource,
    actor: Actor,
    given: Mapping[str, Any],
    moment: Moment,
    *,
    source: Record | None = None,
) -> Changed:
    """Insert a record from the create model's fields; the actor owns it unless it says who.

    What a `source` is linked to may be linked again, whether or not the actor sees it.
    """
    values = dict(resource.prepare(given))
    if resource.defaults:
        values |= await resource.defaults(tx, values)
    rows = [(child, values.pop(child.plural, ())) for child in resource.children if not child.apart]
    for new in (values, *(row for _, several in rows for row in several)):
        refuse_unseen(resource.guard, actor, said(new))
    given = values
    values = {**given, "owner_id": given.get("owner_id") or actor.user_id}
    moved, moment = _move(resource, actor, None, values, given, moment)
    values |= moved
    values |= resource.derive(None, values, moment)
    _refuse(resource.check(values))
    if values.get("is_private"):
        allow_private(actor, values["owner_id"], resource.name)
    if values["owner_id"] != actor.user_id or actor.role in ACROSS_TEAMS:
        await require_owner(tx, values["owner_id"], named=given.get("owner_id") is not None)
    await require_links(tx, resource, source, values)
    await refuse_taken(tx, resource, values)
    if resource.settle:
        values |= await resource.settle(tx, actor, None, values, given)
    with_rows = any(several for _, several in rows)
    row = await insert(tx, resource, values, whole=with_rows)
    if with_rows:
        for child, several in rows:
            await add_all(tx, resource, child, actor, row, several)
        row = await read_back(tx, resource, row["id"])
    tell(tx, resource, f"{resource.name}.created", row, before=None)
    return Changed(row)


async def change(
    tx: Transaction,
    resource: Resource,
    actor: Actor,
    key: str,
    given: Mapping[str, Any],
    *,
    moment: Moment,
    base: int | None = None,
    kind: str | None = None,
) -> Changed:
    """Set the given fields of a record, merging with what others changed since version `base`.

    A change of the status field is a move of the state machine and is checked as one. Fields that
    already hold the given value are no change; when none is left nothing is written. `kind` is what
    the event is called where what is done says more than which fields it changes.
    """
    given = resource.prepare(given)
    refuse_unseen(resource.guard, actor, given)
    row = await lock(tx, resource, key)
    allow_edit(actor, row, resource.name)
    wanted = {name: value for name, value in given.items() if _differs(row[name], value)}
    merged = await merged_fields(tx, resource, row, wanted, base)
    if not wanted:
        return Changed(row, tuple(merged))
    if "is_private" in wanted:
        allow_private(actor, row["owner_id"], resource.name)
    if "owner_id" in wanted:
        allow_owner(actor, row, wanted["owner_id"], resource.name)
    for name, why in {resource.status: "status_reason", **resource.reasons}.items():
        if name in wanted and why not in given:
            wanted[why] = None
    after = {**row, **wanted}
    if resource.status in wanted:
        moved, moment = _move(resource, actor, row[resource.status], after, given, moment)
        wanted |= moved
        after |= moved
    else:
        _refuse(_no_longer_held(resource, row, after, wanted))
    wanted |= resource.derive(row, after, moment)
    after |= wanted
    _refuse(p for p in resource.check(after) if _touches(p, wanted))
    if "owner_id" in wanted:
        await require_member(tx, wanted["owner_id"])
    await require_links(tx, resource, row, wanted)
    await refuse_taken(tx, resource, wanted, own=row)
    if resource.settle:
        wanted |= await resource.settle(tx, actor, row, after, given)
    new = await update(tx, resource, row["id"], wanted)
    told = f"{resource.name}.{kind}" if kind else resource.kind(wanted)
    tell(tx, resource, told, new, before=row)
    await lead_on(tx, resource, row, new)
    return Changed(new, tuple(merged))


async def archive(
    tx: Transaction,
    resource: Resource,
    actor: Actor,
    key: str,
    *,
    moment: Moment,
    base: int | None = None,
) -> Changed:
    """Put a record away: it leaves the lists and keeps its history."""
    row = await lock(tx, resource, key)
    allow_edit(actor, row, resource.name)
    merged = await merged_fields(tx, resource, row, {"is_archived": True}, base)
    if row["archived_at"] is not None:
        return Changed(row, tuple(merged))
    new = await update(tx, resource, row["id"], {"archived_at": moment.now})
    tell(tx, resource, f"{resource.name}.archived", new, before=row)
    return Changed(new, tuple(merged))


async def restore(
    tx: Transaction, resource: Resource, actor: Actor, key: str, *, base: int | None = None
) -> Changed:
    """Bring an archived record back; a deleted one too, for those who may delete others'."""
    row = await lock(tx, resource, key, deleted=True)
    allow_edit(actor, row, resource.name)
    if row["deleted_at"] is not None and Right.DELETE not in actor.rights:
        raise Forbidden(f"Only a team lead can bring a deleted {resource.name} back")
    await refuse_stale(tx, resource, row, base)
    if row["archived_at"] is None and row["deleted_at"] is None:
        return Changed(row)
    if row["deleted_at"] is not None:
        await refuse_taken(tx, resource, row, own=row)
    back: dict[str, Any] = {"archived_at": None, "deleted_at": None, "deleted_by": None}
    if resource.settle:
        back |= await resource.settle(tx, actor, row, {**row, **back}, {})
    new = await update(tx, resource, row["id"], back)
    tell(tx, resource, f"{resource.name}.restored", new, before=row)
    return Changed(new)


async def remove(
    tx: Transaction,
    resource: Resource,
    actor: Actor,
    key: str,
    *,
    moment: Moment,
    base: int | None = None,
) -> Changed:
    """Delete softly: gone for every reader, kept for the log and for a lead's restore."""
    row = await lock(tx, resource, key)
    allow_delete(actor, row, f"delete this {resource.name}")
    await refuse_stale(tx, resource, row, base)
    gone = {"deleted_at": moment.now, "deleted_by": actor.user_id}
    new = await update(tx, resource, row["id"], gone)
    tell(tx, resource, f"{resource.name}.deleted", new, before=row)
    return Changed(new)


def _move(
    resource: Resource,
    actor: Actor,
    old: str | None,
    after: Mapping[str, Any],
    given: Mapping[str, Any],
    moment: Moment,
) -> tuple[dict[str, Any], Moment]:
    """Check a move of the state machine; give the columns it sets and when it took effect."""
    new = after[resource.status]
    steps = resource.steps(old)
    if new not in steps:
        was = f"A {resource.name} that is {old}" if old else f"A new {resource.name}"
        told = f"allowed is {', '.join(steps)}" if steps else "this is an end"
        raise InvalidTransition(
            f"{was} cannot become {new}; {told}",
            [{"field": resource.status, "from": old, "to": new, "allowed": list(steps)}],
        )
    step = steps[new]
    if actor.role not in step.roles:
        raise Forbidden(f"Only a team lead can make this {resource.name} {new}")
    sets, moment = _dates(step, given, moment)
    whole = {**after, **sets}
    problems: list[Detail] = [
        {
            "field": name,
            "message": f"is needed to make this {resource.name} {new}",
            "code": "missing",
        }
        for name in step.needs
        if _empty(whole.get(name))
    ]
    if step.reason and not given.get("status_reason"):
        problems.append(
            {"field": "status_reason", "message": f"say why it becomes {new}", "code": "missing"}
        )
    if step.guard:
        problems.extend(step.guard(whole))
    _refuse(problems)
    return sets, moment


def _dates(step: Step, given: Mapping[str, Any], moment: Moment) -> tuple[dict[str, Any], Moment]:
    """The contract date of a step and the day it took effect: either tells the other."""
    if step.dated is None:
        return {}, moment
    day = given.get(step.dated)
    if day is not None:
        return {}, replace(moment, effective=moment.effective or day)
    if moment.effective or step.dated not in step.needs:
        return {step.dated: moment.day}, moment
    return {}, moment


def _no_longer_held(
    resource: Resource, before: Record, after: Record, wanted: Mapping[str, Any]
) -> Iterable[Detail]:
    """What a record's state asks for may be corrected in that state, but not taken away."""
    state = after[resource.status]
    steps = resource.into(state)
    for name in dict.fromkeys(name for step in steps for name in step.needs):
        if name in wanted and _empty(after[name]) and not _empty(before[name]):
            message = f"is needed while this {resource.name} is {state}"
            yield {"field": name, "message": message, "code": "missing"}
    for guard in dict.fromkeys(step.guard for step in steps if step.guard):
        yield from (problem for problem in guard(after) if problem["field"] in wanted)


def _empty(value: Any) -> bool:
    return value in (None, [], "")


def _refuse(problems: Iterable[Detail]) -> None:
    found = list(problems)
    if found:
        first = found[0]
        raise Invalid(f"{first['field']}: {first['message']}", found)


def _touches(problem: Detail, wanted: Mapping[str, Any]) -> bool:
    # An old record may break a newer rule; that must not stand in the way of another field.
    return any(name in wanted for name in (problem["field"], *problem.get("with", ())))


def _differs(old: Any, new: Any) -> bool:
    if isinstance(new, list) and new and isinstance(new[0], dict):
        return bool(old != [{k: _plain(v) for k, v in item.items()} for item in new])
    return bool(old != new)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
