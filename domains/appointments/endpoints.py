"""What appointments offer to the outside."""

from typing import Any

from domains.appointments import service
from domains.appointments.models import Appointment, Cancel, Confirm, Reschedule
from domains.appointments.resource import APPOINTMENTS
from domains.kit.crud import crud
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.replies import reply
from domains.kit.services import Services


def endpoints(services: Services) -> list[Endpoint]:
    db = services.db

    async def confirm(call: Call) -> Reply:
        key, body = call.path["id"], call.body
        return reply(await service.confirm(db, call.who, key, body, call.version, call.op))

    async def cancel(call: Call) -> Reply:
        key, body = call.path["id"], call.body
        return reply(await service.cancel(db, call.who, key, body, call.version, call.op))

    async def complete(call: Call) -> Reply:
        key = call.path["id"]
        return reply(await service.complete(db, call.who, key, call.version, call.op))

    async def reschedule(call: Call) -> Reply:
        key, body = call.path["id"], call.body
        return reply(await service.reschedule(db, call.who, key, body, call.version, call.op))

    one = "/appointments/{id}"
    verb: dict[str, Any] = {
        "returns": Appointment,
        "roles": APPOINTMENTS.writers,
        "tag": "appointments",
    }
    return [
        *crud(db, APPOINTMENTS),
        Endpoint("appointments:confirm", Method.POST, f"{one}/confirm", confirm, body=Confirm,
                 summary="Agree to an appointment", **verb),
        Endpoint("appointments:cancel", Method.POST, f"{one}/cancel", cancel, body=Cancel,
                 summary="Call an appointment off", **verb),
        Endpoint("appointments:complete", Method.POST, f"{one}/complete", complete,
                 summary="Say that an appointment took place", **verb),
        Endpoint("appointments:reschedule", Method.POST, f"{one}/reschedule", reschedule,
                 body=Reschedule, summary="Move an appointment to another time", **verb),
    ]  # fmt: skip
