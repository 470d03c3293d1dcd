"""An Endpoint becomes a socket command whose ack is the answer REST would give, byte for byte."""

import time
from collections.abc import Awaitable, Callable, Iterable
from uuid import uuid4

from domains.kit.actor import Actor
from domains.kit.endpoint import Endpoint
from server import calls, envelope
from server.metrics import Metrics
from server.refusals import refusal_of, status_of

Command = Callable[[Actor, object], Awaitable[bytes]]


def commands(endpoints: Iterable[Endpoint], metrics: Metrics) -> dict[str, Command]:
    """By name. A download has no ack to travel in, so it says so itself with `socket=False`."""
    return {endpoint.name: _command(endpoint, metrics) for endpoint in endpoints if endpoint.socket}


def _command(endpoint: Endpoint, metrics: Metrics) -> Command:
    async def run(actor: Actor, payload: object) -> bytes:
        began = time.perf_counter()
        try:
            call = calls.from_payload(endpoint, actor, payload)
            reply = await endpoint.run(call)
            status, ack = reply.status, envelope.success(reply)
        except Exception as error:  # noqa: BLE001 - the edge answers everything; faults are logged
            refusal = refusal_of(error, f"{endpoint.name}/{uuid4().hex[:16]}")
            status, ack = status_of(refusal), envelope.failure(refusal)
        metrics.observe("socket", endpoint.name, status, time.perf_counter() - began)
        return ack

    return run
