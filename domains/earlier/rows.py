"""Rows of an appointment by their own ids: DELETE /appointments/stops/{stop_id}."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from db.database import Database
from domains.appointments.resource import APPOINTMENTS
from domains.kit.child import Child
from domains.kit.child_endpoints import ChildVerbs, of_child
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import NotFound
from domains.kit.policy import audiences_of, within

ROWS = ("stops", "attendees", "showings")
Verb = Callable[[ChildVerbs, Call], Awaitable[Reply]]


def endpoints(db: Database) -> list[Endpoint]:
    children = [child for child in APPOINTMENTS.children if child.plural in ROWS]
    return [each for child in children for each in _of(db, child)]


def _of(db: Database, child: Child) -> list[Endpoint]:
    verbs = ChildVerbs(db, APPOINTMENTS, child)
    ours = {each.method: each for each in of_child(db, APPOINTMENTS, child) if not each.many}

    def earlier(method: Method, verb: Verb) -> Endpoint:
        async def run(call: Call) -> Reply:
            return await verb(verbs, await _with_parent(db, child, call))

        return replace(
            ours[method],
            name=f"earlier:{method.lower()}_{child.name}",
            path=f"/appointments/{child.plural}/{{{child.name}_id}}",
            run=run,
            summary=f"{method} {ours[method].path}",
            socket=False,
            tag="earlier",
        )

    return [earlier(Method.PUT, ChildVerbs.update), earlier(Method.DELETE, ChildVerbs.remove)]


async def _with_parent(db: Database, child: Child, call: Call) -> Call:
    """The same call, to the appointment whose row it is, where the caller may see that."""
    key = call.path[f"{child.name}_id"]
    parent = None
    try:
        row_id = UUID(key)
    except ValueError:
        row_id = None
    if row_id is not None:
        parent = await db.fetchval(
            f"""
            SELECT r.id
            FROM {child.table} AS c
            JOIN {APPOINTMENTS.table} AS r ON {child.belongs}
            WHERE c.team_id = $1 AND c.id = $2 AND r.deleted_at IS NULL
                AND {within("r.audience", "$3")}
            """,
            call.who.team_id,
            row_id,
            audiences_of(call.who),
        )
    if parent is None:
        raise NotFound(f"There is no {child.name} {key!r:.80} here")
    return replace(call, path={**call.path, "id": str(parent)})
