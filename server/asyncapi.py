"""The AsyncAPI 3.0 document of the socket: what is said on it, both ways, from the definitions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from pydantic import BaseModel

from channels.sockets.wire import PROTO
from domains.brokerages.models import Broker, Brokerage
from domains.kit.domain import Domain
from domains.kit.endpoint import Endpoint, Method
from domains.kit.resource import Resource
from domains.leads.rule_models import LeadAgent, LeadRule
from domains.teams.models import Member, TeamImage
from domains.users.models import TeamUser
from server import asyncapi_parts as parts
from server import openapi_parts
from server.calls import endpoint_parts
from server.openapi import schemas_of

Json = dict[str, Any]

CHANNEL: Final = {"$ref": "#/channels/room"}
# What the log tells of that is no resource: by the name of its entity, what its image is.
OTHERS: Final[Mapping[str, type[BaseModel]]] = {
    "member": Member,
    "lead_rule": LeadRule,
    "lead_agent": LeadAgent,
    "broker": Broker,
    "user": TeamUser,
    "team": TeamImage,
    "brokerage": Brokerage,
}
ABOUT: Final = (
    "The live room of a team, over Socket.IO (protocol 5, path /socket.io/, namespace /). The"
    " payload of a message is the one argument of the Socket.IO event of that name; a command's"
    " reply is its acknowledgement. The rules that a client keeps are in docs/protocol.md."
)


def document(endpoints: Sequence[Endpoint], domains: Iterable[Domain], *, version: str) -> bytes:
    """`endpoints` with everything a socket can ask for; `domains` with what the log tells of."""
    commands = [endpoint for endpoint in endpoints if endpoint.socket]
    resources = [domain.resource for domain in domains if domain.resource]
    refs, schemas = schemas_of(commands, [_image(one) for one in [*resources, *OTHERS.values()]])
    told = {**parts.TOLD, "event": _events(resources), **parts.OLD}
    asked = {**parts.ASKED, **{one.name: _command(one, refs) for one in commands}}
    messages = {
        **{_key(name): _message(name, *said) for name, said in told.items()},
        "connect": _message("connect", parts.CONNECT, "The `auth` of the handshake"),
        "connect_error": _message("connect_error", parts.CONNECT_ERROR, "A client not let in"),
        **{_key(name): _message(name, one.payload, one.summary) for name, one in asked.items()},
        **{f"{_key(name)}.ack": _ack(name, one) for name, one in asked.items()},
    }
    return orjson.dumps(
        {
            "asyncapi": "3.0.0",
            "info": {
                "title": "Homeroom",
                "version": version,
                "description": ABOUT,
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {"this": parts.SERVER},
            "channels": {
                "room": {
                    "address": "/",
                    "title": "The namespace of protocol version " + str(PROTO),
                    "servers": [{"$ref": "#/servers/this"}],
                    "messages": {
                        name: {"$ref": f"#/components/messages/{name}"} for name in messages
                    },
                }
            },
            "operations": {
                "connect": _receive("connect", "connect_error", "hello"),
                **{f"say.{_key(name)}": _send(_key(name)) for name in told},
                **{_key(name): _receive(_key(name), f"{_key(name)}.ack") for name in asked},
            },
            "components": {
                "messages": messages,
                "schemas": {
                    **schemas,
                    **parts.SCHEMAS,
                    **{name: openapi_parts.SCHEMAS[name] for name in ("Pagination", "Meta")},
                    **{f"{_title(one.name)}Event": _event(one.name, refs, one.image, one)
                       for one in resources},
                    **{f"{_title(name)}Event": _event(name, refs, image)
                       for name, image in OTHERS.items()},
                },
                "securitySchemes": parts.SECURITY,
            },
        }
    )  # fmt: skip


def _image(one: Any) -> type[BaseModel]:
    image: type[BaseModel] = getattr(one, "image", one)
    return image


def _key(name: str) -> str:
    """A name where colons and braces may not stand."""
    return name.replace(":", ".").replace("{", "").replace("}", "")


def _title(name: str) -> str:
    return name.replace("_", " ").title().replace(" ", "")


# Messages and operations


def _message(name: str, payload: Json, summary: str) -> Json:
    return {"name": name, "title": name, "summary": summary, "payload": payload}


def _ack(name: str, command: parts.Command) -> Json:
    refused = {"$ref": "#/components/schemas/Failure"}
    message = _message(name, {"oneOf": [command.answer, refused]}, f"The ack of {name}")
    return message | {"name": f"{name} ack", "title": f"{name} ack"}


def _in_channel(message: str) -> Json:
    return {"$ref": f"#/channels/room/messages/{message}"}


def _send(message: str) -> Json:
    return {"action": "send", "channel": CHANNEL, "messages": [_in_channel(message)]}


def _receive(message: str, *answers: str) -> Json:
    reply = {"channel": CHANNEL, "messages": [_in_channel(answer) for answer in answers]}
    return {
        "action": "receive",
        "channel": CHANNEL,
        "messages": [_in_channel(message)],
        "reply": reply,
    }


# Commands


def _command(endpoint: Endpoint, refs: Mapping[Any, Json]) -> parts.Command:
    return parts.Command(_payload(endpoint, refs), _answer(endpoint, refs), endpoint.summary)


def _payload(endpoint: Endpoint, refs: Mapping[Any, Json]) -> Json:
    names = endpoint_parts(endpoint)
    properties: Json = dict.fromkeys(names, parts.PATH_PART)
    required = list(names)
    if endpoint.params is not None:
        properties["params"] = refs[(endpoint.params, "validation")]
    if endpoint.method is Method.GET:
        properties |= parts.READING
    else:
        properties |= parts.WRITING
        required.append("op")
    if endpoint.body is not None:
        properties["body"] = refs[(endpoint.body, "validation")]
        required.append("body")
    return parts.strict(required, properties)


def _answer(endpoint: Endpoint, refs: Mapping[Any, Json]) -> Json:
    if endpoint.returns is None:
        return parts.success({"type": "null"})
    data = refs[(endpoint.returns, "serialization")]
    if not endpoint.many:
        return parts.success(data)
    paged = endpoint.params is not None and "page" in endpoint.params.model_fields
    return parts.success({"type": "array", "items": data}, paged=paged)


# Events


def _events(resources: Sequence[Resource]) -> tuple[Json, str]:
    names = [*(resource.name for resource in resources), *OTHERS]
    kinds = [{"$ref": f"#/components/schemas/{_title(name)}Event"} for name in names]
    hidden = [{"$ref": f"#/components/schemas/{name}"} for name in ("Tombstone", "Withdrawn")]
    return (
        {"type": "array", "minItems": 1, "items": {"anyOf": [*kinds, *hidden]}},
        "Committed changes, in order, without a gap",
    )


def _event(
    name: str, refs: Mapping[Any, Json], image: type[BaseModel], resource: Resource | None = None
) -> Json:
    kinds = parts.OTHER_KINDS[name] if resource is None else parts.kinds_of(resource)
    return {
        "allOf": [
            {"$ref": "#/components/schemas/Event"},
            {
                "properties": {
                    "k": {"type": "string", "examples": kinds},
                    "e": {"const": name},
                    "d": refs[(image, "serialization")],
                }
            },
        ]
    }
