"""What leads offer to the outside."""

from dataclasses import replace
from typing import Any

from domains.kit.actor import LEADS as LEAD_ROLES
from domains.kit.crud import crud
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.replies import reply
from domains.kit.services import Services
from domains.leads import assignment, conversion, pond
from domains.leads.conversion import Conversion, Convert
from domains.leads.models import Lead
from domains.leads.resource import LEADS


def endpoints(services: Services) -> list[Endpoint]:
    db = services.db

    async def create(call: Call) -> Reply:
        return reply(await assignment.create(db, call.who, call.body.model_dump(), call.op))

    async def route(call: Call) -> Reply:
        return reply(await assignment.route(db, call.who, call.path["id"], call.version, call.op))

    async def claim(call: Call) -> Reply:
        return reply(await pond.claim(db, call.who, call.path["id"], call.version, call.op))

    async def release(call: Call) -> Reply:
        return reply(await pond.release(db, call.who, call.path["id"], call.version, call.op))

    async def convert(call: Call) -> Reply:
        return reply(
            await conversion.convert(
                db, call.who, call.path["id"], call.body, base=call.version, op=call.op
            )
        )

    shared = [
        replace(each, run=create) if each.name == "leads:create" else each
        for each in crud(db, LEADS)
    ]
    one = "/leads/{id}"
    writing: dict[str, Any] = {"roles": LEADS.writers, "tag": "leads"}
    leading: dict[str, Any] = {"roles": LEAD_ROLES, "tag": "leads"}
    return [
        *shared,
        Endpoint("leads:route", Method.POST, f"{one}/route", route, Lead,
                 "Let the team's rules decide whose a lead is", **leading),
        Endpoint("leads:claim", Method.POST, f"{one}/claim", claim, Lead,
                 "Take a lead from the pond", **writing),
        Endpoint("leads:release", Method.POST, f"{one}/release", release, Lead,
                 "Put a lead into the pond", **writing),
        Endpoint("leads:convert", Method.POST, f"{one}/convert", convert, Conversion,
                 "Make a client of a qualified lead, and a deal", body=Convert, **writing),
    ]  # fmt: skip
