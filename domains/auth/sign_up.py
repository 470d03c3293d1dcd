"""Two ways to get an account: start a team, or take up an invitation to one."""

from uuid import UUID, uuid4

from db.transaction import Answer, Transaction, Writer
from domains.auth.models import Acceptance, Registration
from domains.auth.service import ME, refused, signed
from domains.auth.sessions import Refusal, Rows, open_session
from domains.brokerages import company
from domains.kit.actor import Role
from domains.kit.errors import Conflict, Unauthenticated
from domains.kit.services import Services
from domains.teams.invitations import find_invitation, take_up
from domains.teams.members import join


async def register(services: Services, body: Registration, *, remote: str) -> Answer:
    """Make a team and its owner, and sign the owner in, all or nothing.

    With a brokerage named, that is made around the team, and the owner is its broker.
    """
    password_hash = await services.passwords.hash(body.password)
    team_id, user_id = uuid4(), uuid4()

    async def work(tx: Transaction) -> Answer:
        await tx.execute("INSERT INTO teams (id, name) VALUES ($1, $2)", team_id, body.team_name)
        if not await add_user(tx, user_id, body.email, body.full_name, password_hash):
            raise Conflict("This e-mail address has an account already; sign in instead")
        await join(tx, Role.OWNER)
        if body.brokerage_name is not None:
            await company.found(tx, body.brokerage_name)
        return await _come_in(services, tx, remote)

    # No operation: a kept answer would hold the tokens in clear. A second try is a CONFLICT.
    return await services.db.write(Writer(team_id, user_id), work)


async def accept(services: Services, body: Acceptance, *, remote: str) -> Answer:
    """Join the team or brokerage one was invited to: with a new account, or the address's own.

    Holding the invitation is not enough to use an account that is there: its password is asked for.
    """
    found = await find_invitation(services.db, body.token)
    known = found.user_id is not None
    if known and not await services.passwords.check(found.password_hash, body.password):
        raise Unauthenticated("This e-mail address has an account already; give its password")
    if found.disabled:
        raise refused(Refusal.DISABLED)
    password_hash = "" if known else await services.passwords.hash(body.password)
    user_id = found.user_id or uuid4()

    async def work(tx: Transaction) -> Answer:
        if not known and not await add_user(
            tx, user_id, found.email, body.full_name, password_hash
        ):
            raise Conflict("This e-mail address has an account by now; give its password")
        await take_up(tx, found.id)
        if found.brokerage_id is None:
            await join(tx, found.role)
        else:
            await company.join(tx, found.brokerage_id)
        return await _come_in(services, tx, remote)

    return await services.db.write(Writer(found.team_id, user_id), work)


async def add_user(
    rows: Rows, user_id: UUID, email: str, full_name: str, password_hash: str
) -> bool:
    """Add an account; False when the address has one, in whatever case it is written."""
    added = await rows.fetchval(ADD_USER, user_id, email, full_name, password_hash)
    return bool(added)


async def _come_in(services: Services, tx: Transaction, remote: str) -> Answer:
    opened = await open_session(tx, tx.user_id, tx.team_id, remote=remote)
    who = await tx.fetchrow(ME, tx.user_id, tx.team_id)
    return Answer(signed(services, who, opened).model_dump_json(), status=201)


ADD_USER = """
    INSERT INTO users (id, email, full_name, password_hash)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
    RETURNING true
"""
