"""A lead becomes a client, and maybe at once a deal: once, whoever asks however often."""

from typing import Any
from uuid import UUID, uuid4

from pydantic import Field

from db.database import Database
from db.errors import Overtaken
from db.transaction import Answer, Operation, Transaction
from domains.clients.models import Client
from domains.clients.resource import CLIENTS
from domains.escrows.models import Escrow, EscrowCreate
from domains.escrows.resource import ESCROWS
from domains.kit.actor import Actor
from domains.kit.changes import change, make
from domains.kit.errors import Conflict
from domains.kit.fields import Input, Output
from domains.kit.people import PersonFields
from domains.kit.policy import allow, allow_edit, within
from domains.kit.resource import Moment, Record
from domains.kit.rows import is_member, lock, read_back
from domains.kit.writes import writer
from domains.leads.models import Lead
from domains.leads.resource import LEADS

# What kind of client a kind of lead becomes; one of whom it is not known is taken for a buyer.
CLIENT_TYPES = {"seller": "seller", "both": "both", "investor": "investor"}
CARRIED = (*PersonFields.model_fields, "tags")


class Convert(Input):
    """The deal to open with the client, if there is one already; its parties may be left out."""

    create_escrow: EscrowCreate | None = None


class Conversion(Output):
    """What a lead became. All of it is written together, and told as one group of events."""

    lead: Lead
    client: Client
    escrow: Escrow | None
    linked: bool = Field(description="The client was there before: the lead was one of theirs")


async def convert(
    db: Database, actor: Actor, key: str, body: Convert, *, base: int | None, op: Operation | None
) -> Answer:
    """Make a client of a qualified lead, or link it to the one who has its e-mail address.

    Asked again it answers the same client. A private lead becomes a private client.
    """
    allow(actor, LEADS.writers, "convert leads")

    async def work(tx: Transaction) -> Answer:
        row = await lock(tx, LEADS, key)
        allow_edit(actor, row, LEADS.name)
        if row["lead_status"] == "converted":
            return await _again(tx, row, body)
        if row["in_pond"]:
            raise Conflict("This lead is in the pond; claim it first")
        moment = Moment.given()
        known = await _known(tx, row)
        client_id = known or uuid4()
        escrow_id = uuid4() if body.create_escrow else None
        given = {
            "lead_status": "converted",
            "converted_to_client_id": client_id,
            "converted_to_escrow_id": escrow_id,
            "client_was_known": known is not None,
        }
        done = await change(
            tx, LEADS, actor, key, given, moment=moment, base=base, kind="converted"
        )
        # A record of somebody who left the team goes on with whoever converts it.
        stays = await is_member(tx, row["owner_id"])
        owner = {"owner_id": row["owner_id"] if stays else actor.user_id}
        if known is None:
            try:
                await make(tx, CLIENTS, actor, {"id": client_id, **_client(row), **owner}, moment)
            except Conflict as taken:
                if await _known(tx, row):  # made a moment ago, of another lead
                    raise Overtaken from taken
                raise
        if body.create_escrow:
            deal = owner | _escrow(row, body.create_escrow, client_id)
            await make(tx, ESCROWS, actor, {"id": escrow_id, **deal}, moment)
        return await _answer(tx, done.row)

    return await db.write(writer(actor, op), work)


async def _known(tx: Transaction, lead: Record) -> UUID | None:
    """The living client with the lead's e-mail address, as far as the writer may see one."""
    if lead["email"] is None:
        return None
    known: UUID | None = await tx.fetchval(
        f"""
        SELECT r.id FROM clients AS r
        WHERE r.team_id = $1 AND r.email = $2 AND r.deleted_at IS NULL
            AND {within("r.audience", "$3")}
        FOR SHARE
        """,
        tx.team_id,
        lead["email"],
        tx.writer.sees,
    )
    return known


def _client(lead: Record) -> dict[str, Any]:
    return {
        **{name: lead[name] for name in CARRIED},
        "client_type": CLIENT_TYPES.get(lead["lead_type"], "buyer"),
        "client_status": "active",
        "entity_type": "individual",
        "budget_min": lead["budget_min"],
        "budget_max": lead["budget_max"] if lead["budget_max"] is not None else lead["budget"],
        "is_private": lead["is_private"],
    }


def _escrow(lead: Record, asked: EscrowCreate, client_id: UUID) -> dict[str, Any]:
    """The deal as asked for, with the client as a party, and no more public than the lead."""
    deal = asked.model_dump()
    if deal["owner_id"] is None:
        del deal["owner_id"]
    side = "sellers" if lead["lead_type"] == "seller" else "buyers"
    name = " ".join(part for part in (lead["first_name"], lead["last_name"]) if part)
    if not deal[side] and not deal[f"{side.removesuffix('s')}_name"]:
        deal[side] = [name]
    return {
        **deal,
        "client_ids": list(dict.fromkeys([client_id, *deal["client_ids"]])),
        "is_private": deal["is_private"] or lead["is_private"],
        "lead_source": deal["lead_source"] or lead["lead_source"],
    }


async def _again(tx: Transaction, lead: Record, body: Convert) -> Answer:
    if body.create_escrow and lead["converted_to_escrow_id"] is None:
        raise Conflict("This lead was converted without a deal; open one for its client")
    return await _answer(tx, lead)


async def _answer(tx: Transaction, lead: Record) -> Answer:
    client = await read_back(tx, CLIENTS, lead["converted_to_client_id"])
    escrow_id = lead["converted_to_escrow_id"]
    escrow = await read_back(tx, ESCROWS, escrow_id) if escrow_id else None
    linked = str(lead["client_was_known"]).lower()
    shown = [lead, client, *([escrow] if escrow else [])]
    return Answer(
        f'{{"lead":{lead["image"]},"client":{client["image"]},'
        f'"escrow":{escrow["image"] if escrow else "null"},"linked":{linked}}}',
        meta={"version": lead["version"]},
        shows=[each["id"] for each in shown],
    )
