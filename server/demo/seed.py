"""Make the two demo teams, once: the people, then their records by the verbs everybody uses."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from pydantic_core import to_json

from db.database import Database
from db.transaction import Answer, Operation, Transaction, Writer
from domains.appointments.resource import APPOINTMENTS
from domains.auth.sign_up import add_user
from domains.brokerages import company
from domains.clients.resource import CLIENTS
from domains.contacts.resource import CONTACTS
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Actor
from domains.kit.changes import change, make
from domains.kit.errors import Conflict
from domains.kit.resource import Moment, Resource
from domains.kit.services import Services
from domains.kit.writes import writer
from domains.leads.resource import LEADS
from domains.listings.resource import LISTINGS
from domains.teams.members import join
from server.demo.chapters import Chapter, Deed, chapters
from server.demo.people import TEAMS, Person, Team, id_of, record_id
from server.demo.sales import read_sales
from server.demo.story import stories

RESOURCES: Mapping[str, Resource] = {
    one.name: one for one in (LISTINGS, ESCROWS, CLIENTS, LEADS, CONTACTS, APPOINTMENTS)
}


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was written now; nothing when the teams were there already."""

    records: int = 0
    events: int = 0


async def seed(services: Services, password: str, *, today: date | None = None) -> Seeded:
    """Write what is not written yet of the demo, and let `password` sign its people in.

    Every chapter is one transaction under a name of its own, so a seed that was cut short is taken
    up where it stopped, and two processes that start together write it once. Raise Conflict where
    somebody else has one of the demo's addresses.
    """
    hashes = await _password_hashes(services, password)
    total = Seeded()
    for team in TEAMS:
        written = await _seed_team(services.db, team, hashes, today)
        total = Seeded(total.records + written.records, total.events + written.events)
    return total


async def _seed_team(
    db: Database, team: Team, hashes: Mapping[str, str], today: date | None
) -> Seeded:
    team_id = id_of(team.name)
    for person in team.people:
        await _enroll(db, team, person, hashes)
    if team.broker:
        await _found(db, team, team.broker, hashes)
    founded: datetime = await db.fetchval("SELECT created_at FROM teams WHERE id = $1", team_id)
    # Taken up on a later day, the story is still told as of the day it was begun.
    day = today or founded.date()
    # What would be over by now is not planned any more.
    plans = day >= datetime.now(UTC).date()
    told = list(chapters(stories(team, read_sales(), day, plans=plans), day))
    missing = await _missing(db, team_id, told)
    for chapter in missing:
        await _write(db, team_id, chapter)
    deeds = [deed for chapter in missing for deed in chapter.deeds]
    return Seeded(sum(deed.first for deed in deeds), len(deeds))


async def _enroll(db: Database, team: Team, person: Person, hashes: Mapping[str, str]) -> None:
    """Make the team with its first member, and every member's account."""
    team_id, user_id = id_of(team.name), id_of(person.email)
    if await db.fetchval(IS_KNOWN, team_id, user_id):
        return

    async def work(tx: Transaction) -> Answer:
        await tx.execute(MAKE_TEAM, team_id, team.name)
        hashed = hashes[person.email]
        if await add_user(tx, user_id, person.email, person.full_name, hashed):
            await join(tx, person.role)
        elif not await tx.fetchval(IS_KNOWN, team_id, user_id):  # nor by another process just now
            raise Conflict(f"{person.email} has an account that is not the demo's")
        return Answer("null")

    await db.write(Writer(team_id, user_id), work)


async def _found(db: Database, team: Team, broker: Person, hashes: Mapping[str, str]) -> None:
    """Make the company that the team is of, with its broker."""
    user_id = id_of(broker.email)
    if await db.fetchval(IS_BROKER, user_id):
        return

    async def work(tx: Transaction) -> Answer:
        if await add_user(tx, user_id, broker.email, broker.full_name, hashes[broker.email]):
            await company.found(tx, team.brokerage)
        elif not await tx.fetchval(IS_BROKER, user_id):
            raise Conflict(f"{broker.email} has an account that is not the demo's")
        return Answer("null")

    await db.write(Writer(id_of(team.name), user_id), work)


async def _missing(db: Database, team_id: UUID, told: list[Chapter]) -> list[Chapter]:
    """A chapter is told when the log has its name at its first record."""
    names = [chapter.name for chapter in told]
    records = [_record_id(team_id, chapter.deeds[0]) for chapter in told]
    missing = {row["name"] for row in await db.fetch(MISSING, team_id, names, records)}
    return [chapter for chapter in told if chapter.name in missing]


async def _write(db: Database, team_id: UUID, chapter: Chapter) -> None:
    person = chapter.who
    actor = Actor(id_of(person.email), team_id, person.role, person.full_name)

    async def work(tx: Transaction) -> Answer:
        for deed in chapter.deeds:
            await _do(tx, actor, deed)
        return Answer("null")

    await db.write(writer(actor, Operation(chapter.name, b"demo")), work)


async def _do(tx: Transaction, actor: Actor, deed: Deed) -> None:
    """By the same models as a request, so that nothing stands here that nobody could have sent."""
    resource = RESOURCES[deed.story.entity]
    its_id = _record_id(actor.team_id, deed)
    moment = Moment.given(deed.step.on)
    body = to_json(deed.step.body)
    if deed.first:
        given = resource.create.model_validate_json(body).model_dump()
        await make(tx, resource, actor, {"id": its_id, **given}, moment)
    else:
        given = resource.patch.model_validate_json(body).model_dump(exclude_unset=True)
        await change(tx, resource, actor, str(its_id), given, moment=moment)


def _record_id(team_id: UUID, deed: Deed) -> UUID:
    return record_id(team_id, deed.story.entity, deed.story.key)


async def _password_hashes(services: Services, password: str) -> dict[str, str]:
    """A hash for everybody who has no account yet, or an old password: all sign in alike."""
    people = [person for team in TEAMS for person in team.everybody]
    rows = await services.db.fetch(HASHES, [id_of(person.email) for person in people])
    stored = {row["email"]: row["password_hash"] for row in rows}
    if len(stored) == len(people) and await services.passwords.check(
        stored[people[0].email], password
    ):
        return stored
    made = await asyncio.gather(*(services.passwords.hash(password) for _ in people))
    hashes = {person.email: hashed for person, hashed in zip(people, made, strict=True)}
    async with services.db.transaction() as connection:
        for email, hashed in hashes.items():
            await connection.execute(SET_HASH, id_of(email), hashed)
    return hashes


IS_KNOWN = """
    SELECT true
    FROM members
    WHERE team_id = $1 AND user_id = $2
"""

IS_BROKER = "SELECT true FROM brokers WHERE user_id = $1"

MAKE_TEAM = """
    INSERT INTO teams (id, name, is_demo)
    VALUES ($1, $2, true)
    ON CONFLICT (id) DO NOTHING
"""

MISSING = """
    SELECT told.name
    FROM unnest($2::text[], $3::uuid[]) AS told (name, entity_id)
    WHERE NOT EXISTS (
        SELECT
        FROM events AS e
        WHERE e.team_id = $1 AND e.entity_id = told.entity_id AND e.op = told.name
    )
"""

HASHES = """
    SELECT email, password_hash
    FROM users
    WHERE id = ANY ($1)
"""

SET_HASH = """
    UPDATE users
    SET password_hash = $2
    WHERE id = $1
"""
