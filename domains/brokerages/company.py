"""What becomes of a brokerage's brokers and teams: rows, and what each team's log is told of it.

Everything here is within an open transaction of one of the teams; what concerns the others is told
in their logs by the same commit.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from db.transaction import Draft, Transaction
from domains.brokerages import queries
from domains.kit.errors import Conflict, NotFound
from domains.teams.invitations import withdraw_beyond
from domains.teams.team import tell_team

LARGEST = 200  # teams, each with a room of its own on a node that shows them all
MOST_BROKERS = 50


async def found(
    tx: Transaction, name: str, license_number: str | None = None, license_state: str | None = None
) -> UUID:
    """Make a brokerage of the writing team, with the writing user as its broker."""
    brokerage_id: UUID = await tx.fetchval(queries.FOUND, name, license_number, license_state)
    await tx.execute(queries.LOCK, brokerage_id)
    if await tx.fetchval(queries.LOCK_TEAM, tx.team_id) is not None:
        raise Conflict("Your team is of a brokerage already")
    await tx.fetchval(queries.JOIN, brokerage_id, tx.user_id)
    await _place(tx, brokerage_id, tx.team_id)
    await _tell(tx, "brokerage.created", brokerage_id, 1, None)
    return brokerage_id


async def lock(tx: Transaction) -> UUID | None:
    """The brokerage of the writing team, which nobody else changes until the transaction ends."""
    brokerage_id: UUID | None = await tx.fetchval(queries.OF_TEAM, tx.team_id)
    if brokerage_id is not None:
        await tx.execute(queries.LOCK, brokerage_id)
        brokerage_id = await tx.fetchval(queries.OF_TEAM, tx.team_id)
    return brokerage_id


async def join(tx: Transaction, brokerage_id: UUID) -> None:
    """Make the writing user a broker, in each of its teams from here on."""
    await tx.execute(queries.LOCK, brokerage_id)
    brokers = await tx.fetch(queries.BROKERS, brokerage_id)
    if any(row["user_id"] == tx.user_id for row in brokers):
        raise Conflict("You are a broker of this brokerage already")
    if len(brokers) >= MOST_BROKERS:
        raise Conflict(f"A brokerage has at most {MOST_BROKERS} brokers")
    await tx.fetchval(queries.JOIN, brokerage_id, tx.user_id)
    teams = await tx.fetchval(queries.TEAMS, brokerage_id)
    for now in await _images(tx, brokerage_id, [tx.user_id], teams):
        tx.append(_draft("broker.joined", now, None))


async def leave(tx: Transaction, brokerage_id: UUID, user_id: UUID) -> str:
    """Take a broker out of it, and so out of all its teams; what the writing team sees of them."""
    brokers = [row["user_id"] for row in await tx.fetch(queries.BROKERS, brokerage_id)]
    if user_id not in brokers:
        raise NotFound("There is no such broker")
    if len(brokers) == 1:
        raise Conflict("The last broker stays; invite somebody else first")
    teams = await tx.fetchval(queries.TEAMS, brokerage_id)
    before = await _images(tx, brokerage_id, [user_id], teams)
    await tx.execute(queries.REMOVE, brokerage_id, user_id)
    after = await _images(tx, brokerage_id, [user_id], teams)
    for was, now in zip(before, after, strict=True):
        tx.append(_draft("broker.removed", now, was["image"]))
        await withdraw_beyond(tx, user_id, team_id=now["team_id"])
    (mine,) = [now["image"] for now in after if now["team_id"] == tx.team_id]
    return str(mine)


async def move_in(tx: Transaction, brokerage_id: UUID, team_id: UUID) -> None:
    """Make a team one of the brokerage's: its brokers may act in it from here on."""
    if await tx.fetchval(queries.LOCK_TEAM, team_id) is not None:
        raise Conflict("This team is of a brokerage already")
    if len(await tx.fetchval(queries.TEAMS, brokerage_id) or ()) >= LARGEST:
        raise Conflict(f"A brokerage has at most {LARGEST} teams")
    before = await tx.fetchval(queries.IMAGE, brokerage_id)
    await _place(tx, brokerage_id, team_id)
    version = await tx.fetchval(queries.TOUCH, brokerage_id)
    await _tell(tx, "brokerage.team_joined", brokerage_id, version, before)


async def move_out(tx: Transaction, brokerage_id: UUID, team_id: UUID) -> None:
    """Let a team go: its brokers are out of it with the event that says so."""
    if await tx.fetchval(queries.LOCK_TEAM, team_id) != brokerage_id:
        raise NotFound("There is no such team in this brokerage")
    before = await tx.fetchval(queries.IMAGE, brokerage_id)
    teams = await tx.fetchval(queries.TEAMS, brokerage_id)
    brokers = [row["user_id"] for row in await tx.fetch(queries.BROKERS, brokerage_id)]
    were = await _images(tx, brokerage_id, brokers, [team_id])
    async with tell_team(tx, team_id, "team.updated"):
        await tx.execute(queries.MOVE_OUT, team_id)
    await tx.execute(queries.TOUCH_BROKERS, brokerage_id)
    for was, now in zip(were, await _images(tx, brokerage_id, brokers, [team_id]), strict=True):
        tx.append(_draft("broker.removed", now, was["image"]))
        await withdraw_beyond(tx, now["user_id"], team_id=team_id)
    version = await tx.fetchval(queries.TOUCH, brokerage_id)
    await _tell(tx, "brokerage.team_left", brokerage_id, version, before, teams=teams)


async def change(tx: Transaction, brokerage_id: UUID, row: Any) -> tuple[int, str]:
    """Give it another name or licence; its version and image by then."""
    before = await tx.fetchval(queries.IMAGE, brokerage_id)
    version: int = await tx.fetchval(
        queries.CHANGE, brokerage_id, row["name"], row["license_number"], row["license_state"]
    )
    return version, await _tell(tx, "brokerage.updated", brokerage_id, version, before)


async def _place(tx: Transaction, brokerage_id: UUID, team_id: UUID) -> None:
    async with tell_team(tx, team_id, "team.updated"):
        await tx.execute(queries.MOVE_IN, team_id, brokerage_id)
    await tx.execute(queries.ASKED, team_id)
    await tx.execute(queries.TOUCH_BROKERS, brokerage_id)
    brokers = [row["user_id"] for row in await tx.fetch(queries.BROKERS, brokerage_id)]
    for now in await _images(tx, brokerage_id, brokers, [team_id]):
        tx.append(_draft("broker.joined", now, None))


async def _images(
    tx: Transaction, brokerage_id: UUID, brokers: Sequence[UUID], teams: Sequence[UUID]
) -> list[Any]:
    return await tx.fetch(queries.BROKER_IMAGES, brokerage_id, brokers, teams)


def _draft(kind: str, now: Any, before: str | None) -> Draft:
    user_id, version, image = now["user_id"], now["version"], now["image"]
    return Draft(kind, "broker", user_id, version, image, before, team_id=now["team_id"])


async def _tell(
    tx: Transaction,
    kind: str,
    brokerage_id: UUID,
    version: int,
    before: str | None,
    *,
    teams: Sequence[UUID] | None = None,
) -> str:
    """Tell all its teams, or those named, what it is now."""
    image: str = await tx.fetchval(queries.IMAGE, brokerage_id)
    for team_id in teams or await tx.fetchval(queries.TEAMS, brokerage_id):
        tx.append(Draft(kind, "brokerage", brokerage_id, version, image, before, team_id=team_id))
    return image
