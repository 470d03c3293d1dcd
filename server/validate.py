"""Reads bodies and query strings into an endpoint's models, or says what is wrong, by field."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domains.kit.errors import Detail, Invalid
from server import json_input

MAX_DETAILS: Final = 50
PLAINER: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("required", "Required"),
    "extra_forbidden": ("unknown_field", "There is no such field"),
    "model_type": ("object_expected", "A JSON object is expected"),
}


def body(model: type[BaseModel], raw: bytes) -> tuple[BaseModel, Any]:
    """The validated body and the plain document it was read from.

    Strict: JSON's own types are kept apart, so `false` is no number and `"3"` is none either. Read
    from the text and not from the document, because JSON's strings may be dates there.
    """
    if not raw:
        raise Invalid.field("body", "A JSON object is expected", "required")
    document = json_input.load(raw)
    try:
        return model.model_validate_json(raw, strict=True), document
    except ValidationError as error:
        raise invalid(error, root="body") from None


def query(model: type[BaseModel] | None, pairs: Mapping[str, Any]) -> BaseModel | None:
    """The validated parameters; texts become numbers, dates and flags, as a URL has no types."""
    if model is None:
        if pairs:
            raise _unknown(pairs)
        return None
    for name, value in pairs.items():
        if isinstance(value, str) and (odd := json_input.odd_text(value)):
            raise Invalid.field(json_input.shown((name,)), odd.message, odd.code)
    try:
        return model.model_validate(pairs, strict=False)
    except ValidationError as error:
        raise invalid(error, root="query") from None


def invalid(error: ValidationError, *, root: str) -> Invalid:
    details = [_detail(e, root) for e in error.errors(include_url=False, include_input=False)]
    summary = "; ".join(f"{d['field']}: {d['message']}" for d in details[:3])
    if len(details) > 3:
        summary += f"; and {len(details) - 3} more"
    return Invalid(summary, details[:MAX_DETAILS])


def _detail(error: ErrorDetails, root: str) -> Detail:
    field = json_input.shown(error["loc"], root=root)
    if plain := PLAINER.get(error["type"]):
        return {"field": field, "message": plain[1], "code": plain[0]}
    if error["type"] in ("value_error", "assertion_error"):
        message = error["msg"].partition(", ")[2]
        return {"field": field, "message": message, "code": "invalid"}
    return {"field": field, "message": error["msg"], "code": error["type"]}


def _unknown(pairs: Mapping[str, Any]) -> Invalid:
    names = [json_input.shown((name,)) for name in pairs]
    details = [
        {"field": name, "message": "There is no such parameter", "code": "unknown_field"}
        for name in names[:MAX_DETAILS]
    ]
    return Invalid(f"{', '.join(names[:3])}: There is no such parameter", details)
