"""The one shape of every answer, REST or socket: the parts are joined, never parsed again."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from domains.kit.endpoint import Reply
from domains.kit.errors import DomainError


def success(reply: Reply) -> bytes:
    if reply.body is not None:
        return reply.body
    parts = [b'{"success":true,"data":', reply.data]
    if reply.pagination is not None:
        parts += (b',"pagination":', reply.pagination)
    if reply.stats is not None:
        parts += (b',"stats":', reply.stats)
    if reply.as_of is not None:
        parts += (b',"meta":', reply.as_of.meta)
    elif reply.meta is not None:
        parts += (b',"meta":', reply.meta)
    parts.append(b"}")
    return b"".join(parts)


def failure(error: DomainError) -> bytes:
    return refusal(error.code, error.message, error.details)


def refusal(code: str, message: str, details: Sequence[Mapping[str, Any]] = ()) -> bytes:
    body = {"code": code, "message": message, "details": [dict(detail) for detail in details]}
    answer = {"success": False, "error": body}
    try:
        return orjson.dumps(answer, default=str)
    except TypeError:
        # Details may quote what a client sent, half a surrogate pair for one; json escapes that.
        return json.dumps(answer, default=str).encode()
