"""A part of a body that holds another model's fields, checked as that model's own body would be."""

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from domains.kit.errors import Invalid
from domains.kit.fields import Input

Model = TypeVar("Model", bound=Input)


def validated(model: type[Model], fields: dict[str, Any] | None, under: str) -> Model:
    """Raise Invalid that names each wrong field by its place `under` the body's own field."""
    try:
        return model.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        details = [
            {
                "field": ".".join(map(str, (under, *found["loc"]))),
                "message": found["msg"],
                "code": found["type"],
            }
            for found in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise Invalid(f"{details[0]['field']}: {details[0]['message']}", details) from error
