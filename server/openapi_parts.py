"""The parts of the OpenAPI document that every operation shares: envelope, refusals, headers."""

from typing import Any, Final

Json = dict[str, Any]

SECURITY: Final[Json] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` that POST /v1/auth/login answers.",
    }
}

PARAMETERS: Final[Json] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Your name for this write. Sent again within a day with the same body, it is"
        " done once and answered alike; with another body it is refused.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "pattern": "^[\\x21-\\x7e]+$",
        },
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The version your change is based on. Fields that others changed since are"
        " merged; the same field changed twice is a 409. Without it the last write wins by field.",
        "schema": {"type": "string", "examples": ["3"]},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "The ETag of what you have: 304 while nothing in it has changed.",
        "schema": {"type": "string"},
    },
    "MinSeq": {
        "name": "X-Min-Seq",
        "in": "header",
        "required": False,
        "description": "An event you have seen: what you read is as of it or later, on any node.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$", "examples": ["1824"]},
    },
}

SCHEMAS: Final[Json] = {
    "Pagination": {
        "type": "object",
        "required": ["page", "limit", "total", "pages", "next_cursor"],
        "properties": {
            "page": {"type": "integer"},
            "limit": {"type": "integer"},
            "total": {"type": "integer"},
            "pages": {"type": "integer"},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Give it as `cursor` for what follows; null on the last page",
            },
        },
    },
    "Meta": {
        "type": "object",
        "properties": {
            "as_of_seq": {
                "type": "integer",
                "description": "The team's last event in this answer: start a stream here",
            },
            "as_of_h": {
                "type": "string",
                "description": "That event's hash, to start the stream with",
            },
            "seq": {
                "type": ["integer", "null"],
                "description": "The event this write became; null when it changed nothing",
            },
            "merged": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Fields that others changed since your version, kept as they are",
            },
            "replayed": {
                "type": "boolean",
                "description": "This idempotency key was answered before; this is that answer",
            },
        },
    },
    "Error": {
        "type": "object",
        "required": ["success", "error"],
        "properties": {
            "success": {"const": False},
            "error": {
                "type": "object",
                "required": ["code", "message", "details"],
                "properties": {
                    "code": {"type": "string", "description": "For programs; never changes"},
                    "message": {"type": "string", "description": "For people"},
                    "details": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "field": {"type": "string"},
                                "message": {"type": "string"},
                                "code": {"type": "string"},
                            },
                        },
                    },
                },
            },
        },
    },
}

QUERY_SENTENCES: Final = {
    "page": "Which page, from 1",
    "limit": "Records on a page, at most 100",
    "cursor": "The `next_cursor` of the page before; then `page` is not looked at",
    "sort": "What to order by",
    "order": "Ascending or descending",
    "search": "Words to look for",
    "scope": "Whose records",
    "archived": "The archived ones instead of the others",
    "created_since": "Created at or after this instant",
    "updated_since": "Changed at or after this instant",
    "before_seq": "Only what came before this event",
    "after_seq": "Only what came after this event",
}

UNCHANGED: Final[Json] = {
    "description": "You have it already",
    "headers": {"ETag": {"schema": {"type": "string"}}, "X-As-Of": {"schema": {"type": "string"}}},
}

CSV: Final[Json] = {
    "description": "The records as CSV, streamed; the first line names the fields",
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
}


def envelope(data: Json, sentence: str, *, paged: bool = False, tagged: bool = False) -> Json:
    """A good answer: `data` in its envelope, with what stands beside it."""
    properties: Json = {"success": {"const": True}, "data": data}
    if paged:
        properties["pagination"] = {"$ref": "#/components/schemas/Pagination"}
        number = {"type": ["number", "null"]}
        properties["stats"] = {"type": "object", "additionalProperties": number}
    properties["meta"] = {"$ref": "#/components/schemas/Meta"}
    schema = {"type": "object", "required": ["success", "data"], "properties": properties}
    answer: Json = {"description": sentence, "content": {"application/json": {"schema": schema}}}
    if tagged:
        version = {"schema": {"type": "string"}, "description": 'The record\'s version, like "3"'}
        answer["headers"] = {"ETag": version}
    return answer


def _refusal(sentence: str, code: str, message: str, *details: Json, **headers: str) -> Json:
    example = {
        "success": False,
        "error": {"code": code, "message": message, "details": list(details)},
    }
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "example": example}
    answer: Json = {"description": sentence, "content": {"application/json": content}}
    if headers:
        answer["headers"] = {
            name.replace("_", "-"): {"schema": {"type": "string"}, "description": text}
            for name, text in headers.items()
        }
    return answer


RESPONSES: Final[Json] = {
    "Invalid": _refusal(
        "The request has the wrong shape; `details` names each field",
        "VALIDATION_ERROR",
        "purchase_price: Input should be greater than or equal to 0",
        {
            "field": "purchase_price",
            "message": "Input should be greater than or equal to 0",
            "code": "greater_than_equal",
        },
    ),
    "Unauthenticated": _refusal(
        "Not signed in (AUTH_REQUIRED), or the access token is too old (TOKEN_EXPIRED)",
        "TOKEN_EXPIRED",
        "The access token has expired",
        WWW_Authenticate="Bearer",
    ),
    "Forbidden": _refusal("Your role may not do this", "FORBIDDEN", "A viewer may not do this"),
    "NotFound": _refusal(
        "No such record, or not one of your team",
        "NOT_FOUND",
        "There is no escrow 'ESC-2026-9999'",
    ),
    "Conflict": _refusal(
        "Somebody changed the same field (VERSION_CONFLICT), the status has no such step"
        " (INVALID_TRANSITION), or it is there already (CONFLICT)",
        "VERSION_CONFLICT",
        "Ana changed purchase_price since you read it",
        {
            "field": "purchase_price",
            "base": 500000,
            "current": 510000,
            "yours": 505000,
            "changed_by": {"id": "6f0c…", "name": "Ana Ruiz"},
            "changed_at": "2026-11-21T09:30:00Z",
        },
    ),
    "Merged": _refusal(
        "The record was merged into another one, which details name",
        "MERGED",
        "This contact was merged into CTC-2026-0001",
        {
            "field": "id",
            "message": "is CTC-2026-0001 now",
            "code": "merged",
            "merged_into": "6f0c…",
            "display_id": "CTC-2026-0001",
        },
    ),
    "TooLarge": _refusal(
        "The body is too large", "PAYLOAD_TOO_LARGE", "The body is larger than 1 MB"
    ),
    "UnsupportedMediaType": _refusal(
        "The body is not JSON by its Content-Type",
        "UNSUPPORTED_MEDIA_TYPE",
        "A body is sent as Content-Type: application/json, in UTF-8",
    ),
    "KeyReused": _refusal(
        "The idempotency key came before, with another request",
        "IDEMPOTENCY_KEY_REUSED",
        "This idempotency key was used for another request",
    ),
    "Internal": _refusal(
        "A fault of ours; the log has it under the X-Request-Id of this answer",
        "INTERNAL",
        "Something went wrong on our side; the log has it under this request's id",
        X_Request_Id="Quote it when you ask us",
    ),
    "Unavailable": _refusal(
        "The database cannot be reached now",
        "UNAVAILABLE",
        "The database cannot be reached now; try again shortly",
        Retry_After="Seconds after which to try again",
    ),
}
