"""A change of a profile or an account is told in every team that its person is in."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from db.database import Database
from db.transaction import Answer, Draft, Operation, Transaction
from domains.auth.sessions import close_sessions
from domains.kit.actor import Actor, Role
from domains.kit.errors import Conflict, NotFound
from domains.kit.merge import merged_fields
from domains.kit.phone import with_e164
from domains.kit.policy import allow
from domains.kit.services import Services
from domains.kit.writes import writer
from domains.users import queries
from domains.users.resource import USERS

ADMINS = frozenset({Role.SYSTEM_ADMIN})


async def read(db: Database, actor: Actor) -> str:
    profile: str = await db.fetchval(queries.PROFILE, actor.user_id, actor.team_id)
    return profile


async def change(
    db: Database, actor: Actor, given: Mapping[str, Any], *, base: int | None, op: Operation | None
) -> Answer:
    """Set fields of one's own, merging with what was changed elsewhere since version `base`."""
    given = with_e164(_named(given))

    async def work(tx: Transaction) -> Answer:
        row = dict(await tx.one(queries.LOCK, tx.user_id))
        row["image"] = await tx.fetchval(queries.PROFILE, tx.user_id, tx.team_id)
        columns = _full_name(row, given)
        wanted = {name: value for name, value in columns.items() if row[name] != value}
        merged = await merged_fields(tx, USERS, row, wanted, base)
        if wanted:
            async with _told(tx, "user.updated", tx.user_id):
                await tx.execute(queries.change(list(wanted)), tx.user_id, *wanted.values())
        meta: dict[str, Any] = {"version": row["version"] + bool(wanted)}
        if merged:
            meta["merged"] = merged
        return Answer(await tx.fetchval(queries.PROFILE, tx.user_id, tx.team_id), meta=meta)

    return await db.write(writer(actor, op), work)


async def set_disabled(
    services: Services, actor: Actor, user_id: UUID, op: Operation | None, *, disabled: bool
) -> Answer:
    """Let somebody sign in no more, anywhere, and end their sessions; or let them in again.

    An account may be in several teams, and the owner of one has no business in the others: they
    remove it from theirs.
    """
    allow(actor, ADMINS, "disable or enable accounts")

    async def work(tx: Transaction) -> Answer:
        if user_id == tx.user_id:
            raise Conflict("Nobody disables their own account")
        row = await tx.fetchrow(queries.LOCK, user_id)
        if row is None:
            raise NotFound("There is no such user")
        if (row["disabled_at"] is not None) != disabled:
            async with _told(tx, "user.status_changed", user_id):
                await tx.execute(queries.DISABLE, user_id, disabled)
            if disabled:
                await close_sessions(tx, user_id)
        return Answer(await tx.fetchval(queries.ACCOUNT, user_id))

    answer = await services.db.write(writer(actor, op), work)
    services.cut_off(user_id)
    return answer


@asynccontextmanager
async def _told(tx: Transaction, kind: str, user_id: UUID) -> AsyncIterator[None]:
    before = await tx.fetch(queries.IMAGES, user_id)
    yield
    after = await tx.fetch(queries.IMAGES, user_id)
    for was, now in zip(before, after, strict=True):
        version, image = now["version"], now["image"]
        tx.append(
            Draft(kind, "user", user_id, version, image, was["image"], team_id=now["team_id"])
        )


def _named(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "version"}


def _full_name(row: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What people are called follows from their names, unless they say it themselves."""
    if "full_name" in given or not given.keys() & {"first_name", "last_name"}:
        return dict(given)
    names = (given.get(name, row[name]) for name in ("first_name", "last_name"))
    called = " ".join(name for name in names if name)
    return {**given, "full_name": called or row["full_name"]}
