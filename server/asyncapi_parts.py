"""The parts of the AsyncAPI document that no Endpoint defines: handshake, presence, views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from domains.kit.resource import Resource

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    payload: Json
    answer: Json
    summary: str


def strict(required: Sequence[str], properties: Json) -> Json:
    """An object that a client sends: nothing unknown."""
    return loose(required, properties) | {"additionalProperties": False}


def loose(required: Sequence[str], properties: Json) -> Json:
    """An object that the server sends: later versions may say more."""
    return {"type": "object", "required": list(required), "properties": properties}


def success(data: Json, *, paged: bool = False) -> Json:
    properties: Json = {"success": {"const": True}, "data": data}
    if paged:
        properties["pagination"] = {"$ref": "#/components/schemas/Pagination"}
        properties["stats"] = {"type": "object"}
    properties["meta"] = {"$ref": "#/components/schemas/Meta"}
    return loose(["success", "data"], properties)


def kinds_of(resource: Resource) -> list[str]:
    own = [f"{resource.name}.{kind}" for kind in resource.kinds.values()]
    rows = [f"{resource.name}.{child.name}_{done}" for child in resource.children for done in DONE]
    return [*(f"{resource.name}.{kind}" for kind in KINDS), *own, *rows]


DONE: Final = ("added", "updated", "removed")
KINDS: Final = ("created", "updated", "status_changed", "archived", "restored", "deleted")
OTHER_KINDS: Final[Mapping[str, Sequence[str]]] = {
    "member": [
        "member.joined",
        "member.removed",
        "member.permissions_changed",
        "role.changed",
    ],
    "lead_rule": ["lead_rule.created", "lead_rule.updated", "lead_rule.deleted"],
    "lead_agent": ["lead_agent.updated"],
    "broker": ["broker.joined", "broker.removed"],
    "user": ["user.updated", "user.status_changed"],
    "team": ["team.updated"],
    "brokerage": [
        "brokerage.created",
        "brokerage.updated",
        "brokerage.team_joined",
        "brokerage.team_left",
    ],
}

ID: Final[Json] = {"type": "string", "format": "uuid"}
INSTANT: Final[Json] = {"type": "string", "format": "date-time"}
COUNT: Final[Json] = {"type": "integer", "minimum": 0}
TEXT: Final[Json] = {"type": "string"}
HASH: Final[Json] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
PERSON: Final[Json] = loose(["id", "name"], {"id": ID, "name": TEXT})
ACTOR: Final[Json] = {"anyOf": [PERSON, {"type": "null"}]}

SERVER: Final[Json] = {
    "host": "{host}",
    "pathname": "/socket.io/",
    "protocol": "ws",
    "description": "Socket.IO over WebSocket, or polling and an upgrade",
    "variables": {"host": {"default": "127.0.0.1:8080"}},
}
SECURITY: Final[Json] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token, as `token` in the handshake's `auth`",
    }
}

PATH_PART: Final[Json] = {"type": "string", "minLength": 1}
READING: Final[Json] = {"min_seq": COUNT | {"description": "You have seen this event"}}
WRITING: Final[Json] = {
    "op": {
        "type": "string",
        "pattern": "^[\\x21-\\x7e]{1,200}$",
        "description": "Your name for this write: sent again within a day, it is done once",
    },
    "version": {"type": ["integer", "null"], "minimum": 1},
}

POSITION: Final[Json] = loose(
    ["team"], {"team": ID, "s": {"type": ["integer", "null"], "minimum": 0}, "h": TEXT}
)
STANDING: Final[Json] = loose(
    ["team", "mode"],
    {
        "team": ID,
        "mode": {"enum": ["live", "replay", "snapshot", "resync", "denied"]},
        "head": COUNT,
        "h": HASH,
        "from": COUNT,
        "to": COUNT,
    },
)
CONNECT: Final[Json] = loose(
    ["token"],
    {
        "token": TEXT,
        "proto": {"type": "integer", "minimum": 1},
        "subs": {"type": "array", "maxItems": 50, "items": POSITION},
        "inst": {"type": "string", "description": "One tab or process, for presence"},
        "client": {"type": "string", "description": "What calls itself what"},
        "compat": {
            "type": "boolean",
            "description": "Also say the events of the system before this one",
        },
    },
)
CONNECT_ERROR: Final[Json] = loose(
    ["message"],
    {
        "message": TEXT,
        "data": loose(["code", "message"], {"code": TEXT, "message": TEXT, "retry_ms": COUNT}),
    },
)

TOLD: Final[dict[str, tuple[Json, str]]] = {
    "hello": (
        loose(
            ["proto", "conn", "now", "hb", "user", "rights", "lim", "teams"],
            {
                "proto": {"type": "integer"},
                "conn": TEXT,
                "now": INSTANT,
                "hb": COUNT,
                "user": PERSON,
                "rights": {
                    "type": "array",
                    "items": TEXT,
                    "description": "what you may see and do; what you may not see is null",
                },
                "lim": {"type": "object", "additionalProperties": {"type": "number"}},
                "teams": {"type": "array", "items": STANDING},
                "exp": INSTANT | {"description": "when the token ends"},
                "presence": loose(["conn"], {"conn": TEXT}),
            },
        ),
        "The first word: who you are, your limits, and where you stand",
    ),
    "hb": (
        loose(
            ["now", "teams"],
            {
                "now": INSTANT,
                "teams": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "array",
                        "minItems": 2,
                        "maxItems": 2,
                        "description": "seq and hash of the log's head",
                    },
                },
                "stale": {"const": True},
            },
        ),
        "Every 15 seconds: where the log stands",
    ),
    "auth.expiring": (
        loose(["exp", "in_s"], {"exp": INSTANT, "in_s": COUNT}),
        "The token ends soon: bring the next with auth:refresh",
    ),
    "presence": (
        loose(
            ["team", "pv", "run", "n"],
            {
                "team": ID,
                "pv": COUNT,
                "run": TEXT,
                "n": COUNT | {"description": "how many connections there are"},
                "large": {"const": True},
                "partial": {"const": True},
                "full": {"const": True, "description": "`join` is everybody"},
                "join": {"type": "array", "items": {"$ref": "#/components/schemas/Present"}},
                "upd": {"type": "array", "items": {"$ref": "#/components/schemas/Present"}},
                "leave": {"type": "array", "items": TEXT},
            },
        ),
        "Who came, moved and went",
    ),
    "presence.digest": (
        loose(
            ["team", "pv", "run", "n", "digest"],
            {"team": ID, "pv": COUNT, "run": TEXT, "n": COUNT, "digest": TEXT},
        ),
        "Every 30 seconds: what presence must add up to",
    ),
    "view": (
        loose(
            ["view", "s", "total", "changes"],
            {
                "view": TEXT,
                "s": COUNT,
                "total": COUNT,
                "pagination": {"$ref": "#/components/schemas/Pagination"},
                "closed": loose(["code", "message"], {"code": TEXT, "message": TEXT}),
                "changes": {
                    "type": "array",
                    "items": {
                        "oneOf": [
                            loose(
                                ["k", "id", "index", "d"],
                                {
                                    "k": {"enum": ["row.enter", "row.change"]},
                                    "id": TEXT,
                                    "index": COUNT,
                                    "d": {"type": "object"},
                                },
                            ),
                            loose(["k", "id"], {"k": {"const": "row.leave"}, "id": TEXT}),
                            loose(
                                ["k", "stats"],
                                {"k": {"const": "stats.delta"}, "stats": {"type": "object"}},
                            ),
                        ]
                    },
                },
            },
        ),
        "What became of an open view",
    ),
    "drain": (
        loose(["retry_ms"], {"retry_ms": COUNT}),
        "This server is stopping: connect again after so long",
    ),
}

_OLD: Final[Json] = {
    "data": {"type": ["object", "null"]},
    "version": COUNT,
    "timestamp": INSTANT,
}
_PERSON_MOVED: Final[Json] = loose(["userId", "timestamp"], {"userId": ID, "timestamp": INSTANT})
# Said only to those who connected with `compat`. What is in braces stands for a name.
OLD: Final[dict[str, tuple[Json, str]]] = {
    "connection": (
        loose(
            ["status", "userId", "teamId"],
            {
                "status": {"const": "connected"},
                "userId": ID,
                "teamId": {"type": ["string", "null"]},
            },
        ),
        "compat: who one is",
    ),
    "data:update": (
        loose(
            ["entityType", "entityId", "action", *_OLD],
            {
                "entityType": TEXT,
                "entityId": ID,
                "action": {"enum": ["created", "updated", "deleted"]},
                **_OLD,
            },
        ),
        "compat: one change of a record",
    ),
    "{entity}:{change}": (
        loose([*_OLD], {"type": TEXT, **_OLD}),
        "compat: the same, as escrow:updated, escrow:created, listing:priceChanged and the like",
    ),
    "team:userConnected": (_PERSON_MOVED, "compat: somebody came"),
    "team:userDisconnected": (_PERSON_MOVED, "compat: somebody went"),
}

ASKED: Final[dict[str, Command]] = {
    "resume": Command(POSITION, success(STANDING), "What came after an event; it follows"),
    "auth:refresh": Command(
        strict(["token"], {"token": TEXT}),
        success(loose(["exp"], {"exp": INSTANT})),
        "Let the socket stay by a new token",
    ),
    "presence:set": Command(
        strict(
            ["state"],
            {
                "state": {"enum": ["online", "viewing", "editing", "idle"]},
                "record": TEXT | {"examples": ["listing:<id>"]},
                "field": TEXT,
            },
        ),
        success(
            loose(
                ["pv", "run", "conn"],
                {
                    "pv": COUNT,
                    "run": TEXT,
                    "conn": TEXT,
                    "coalesced": {"const": True},
                    "lease": loose(["held_by", "until"], {"until": INSTANT}),
                },
            )
        ),
        "Say what is being done here",
    ),
    "presence:get": Command(
        strict([], {}),
        success(
            loose(
                ["pv", "run", "n", "digest", "here"],
                {
                    "team": ID,
                    "n": COUNT,
                    "digest": TEXT,
                    "pv": COUNT,
                    "run": TEXT,
                    "here": {"type": "array", "items": {"$ref": "#/components/schemas/Present"}},
                },
            )
        ),
        "Everybody who is here",
    ),
    "view:open": Command(
        strict(
            ["view", "list"],
            {
                "view": {"type": "string", "minLength": 1, "maxLength": 64},
                "list": {"type": "string", "examples": ["escrows:list"]},
                "params": {"type": ["object", "null"]},
            },
        ),
        success(
            loose(
                ["view", "s", "rows", "total"],
                {
                    "view": TEXT,
                    "s": COUNT,
                    "ids": {"type": "array", "items": TEXT},
                    "rows": {"type": "array", "items": {"type": "object"}},
                    "total": COUNT,
                    "pagination": {"$ref": "#/components/schemas/Pagination"},
                    "stats": {"type": "object"},
                },
            )
        ),
        "Keep a list as a fresh reading would show it",
    ),
    "view:close": Command(
        strict(["view"], {"view": TEXT}),
        success(loose(["view"], {"view": TEXT})),
        "Be done with a view",
    ),
}

SCHEMAS: Final[Json] = {
    "Present": loose(
        ["conn", "user", "state"],
        {
            "conn": TEXT,
            "user": PERSON,
            "state": {"enum": ["online", "viewing", "editing", "idle"]},
            "record": {"type": ["string", "null"]},
            "field": {"type": ["string", "null"]},
            "since": INSTANT,
            "inst": {"type": ["string", "null"]},
        },
    ),
    "Event": loose(
        ["t", "s", "h", "at", "k", "e", "id", "ver", "a", "op", "i", "n"],
        {
            "t": ID | {"description": "team"},
            "s": COUNT | {"description": "number in the team's log"},
            "h": HASH | {"description": "chain hash: (s, h) is where a client is"},
            "at": INSTANT,
            "k": TEXT | {"description": "kind"},
            "e": TEXT | {"description": "entity"},
            "id": ID,
            "ver": COUNT,
            "a": ACTOR,
            "op": TEXT,
            "i": COUNT,
            "n": COUNT,
            "ch": {
                "type": "object",
                "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2},
                "description": "what changed: field → [old, new]",
            },
            "d": {"description": "the whole record after it"},
            "ref": {"const": True, "description": "instead of `d`, where it is over 16 KB"},
        },
    ),
    "Tombstone": strict(["t", "s", "h", "k"], {"t": ID, "s": COUNT, "h": HASH, "k": {"const": "-"}})
    | {"description": "An event whose content you may not see"},
    "Withdrawn": strict(
        ["t", "s", "h", "k", "e", "id", "ver"],
        {
            "t": ID,
            "s": COUNT,
            "h": HASH,
            "k": {"type": "string", "pattern": "^[a-z_]+\\.withdrawn$"},
            "e": TEXT,
            "id": ID,
            "ver": COUNT,
        },
    )
    | {"description": "A record went out of your sight: drop it"},
    "Failure": loose(
        ["success", "error"],
        {
            "success": {"const": False},
            "error": loose(
                ["code", "message", "details"],
                {
                    "code": TEXT,
                    "message": TEXT,
                    "details": {"type": "array", "items": {"type": "object"}},
                    "retry_ms": COUNT,
                },
            ),
        },
    ),
}
