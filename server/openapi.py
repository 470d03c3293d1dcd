"""The OpenAPI 3.1 document, read from the same Endpoints that make the routes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from openapi_pydantic import OpenAPI
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema
from typing_extensions import override

from domains.kit.actor import EVERYONE
from domains.kit.endpoint import Endpoint, Method
from server import openapi_parts as parts
from server.calls import endpoint_parts
from server.http import PREFIX

Json = dict[str, Any]
Moded = tuple[type[BaseModel], JsonSchemaMode]

REF: Final = "#/components/schemas/{model}"
BOUNDS: Final = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
}
ABOUT: Final = (
    "The live data of a real-estate team: escrows and listings with their whole history. Every"
    " answer is `{success, data, pagination?, stats?, meta}` or `{success: false, error}`; every"
    " change is also an event on the team's socket, and most operations are socket commands too,"
    " with the same answer as their ack. Texts hold no NUL; parameters may be spelled in camelCase."
)


class Numbers(GenerateJsonSchema):
    """Money travels as JSON numbers, both ways; pydantic's own document would call it text."""

    @override
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> Json:
        found = {
            BOUNDS[name]: float(str(value)) for name, value in schema.items() if name in BOUNDS
        }
        return {"type": "number", **found}


def document(endpoints: Sequence[Endpoint], *, version: str, tags: Mapping[str, str]) -> OpenAPI:
    """The parsed document: what openapi-pydantic accepts is a valid 3.1 structure."""
    refs, schemas = schemas_of(endpoints)
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        operations = paths.setdefault(PREFIX + endpoint.path, {})
        operations[endpoint.method.lower()] = _operation(endpoint, refs, schemas)
    queries = {_name(refs[(e.params, "validation")]) for e in endpoints if e.params}
    return OpenAPI.model_validate(
        {
            "openapi": "3.1.1",
            "info": {
                "title": "Homeroom",
                "version": version,
                "description": ABOUT,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/", "description": "This server"}],
            "tags": [{"name": name, "description": text} for name, text in tags.items()],
            "paths": paths,
            "components": {
                "schemas": {
                    **{name: schema for name, schema in schemas.items() if name not in queries},
                    **parts.SCHEMAS,
                },
                "responses": parts.RESPONSES,
                "parameters": parts.PARAMETERS,
                "securitySchemes": parts.SECURITY,
            },
        }
    )


def as_json(api: OpenAPI) -> bytes:
    return api.model_dump_json(by_alias=True, exclude_unset=True).encode()


def schemas_of(
    endpoints: Iterable[Endpoint], images: Iterable[type[BaseModel]] = ()
) -> tuple[Mapping[Any, Json], dict[str, Json]]:
    """References by (model, mode), and the schemas they lead to."""
    wanted: dict[Moded, None] = {(image, "serialization"): None for image in images}
    for endpoint in endpoints:
        for model in (endpoint.params, endpoint.body):
            if model is not None:
                wanted[(model, "validation")] = None
        if endpoint.returns is not None:
            wanted[(endpoint.returns, "serialization")] = None
    refs, definitions = models_json_schema(list(wanted), ref_template=REF, schema_generator=Numbers)
    return dict(refs), definitions.get("$defs", {})


def _name(ref: Json) -> str:
    return str(ref["$ref"]).rpartition("/")[2]


def _operation(endpoint: Endpoint, refs: Mapping[Any, Json], schemas: Mapping[str, Json]) -> Json:
    operation: Json = {
        "operationId": endpoint.name.replace(":", "_"),
        "summary": endpoint.summary,
        "tags": [endpoint.tag] if endpoint.tag else [],
        "parameters": [
            *_path_parameters(endpoint),
            *_query(endpoint, refs, schemas),
            *_head(endpoint),
        ],
        "responses": {**_answer(endpoint, refs), **_unchanged(endpoint), **_refusals(endpoint)},
        "security": [{"bearer": []}] if endpoint.roles is not None else [],
    }
    if endpoint.socket:
        operation["description"] = f"On a socket: `{endpoint.name}`."
    if endpoint.body is not None:
        schema = refs[(endpoint.body, "validation")]
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _path_parameters(endpoint: Endpoint) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "The UUID, or the display id that people use"
            if name == "id"
            else f"The {name.replace('_', ' ')}",
            "schema": {"type": "string"},
        }
        for name in endpoint_parts(endpoint)
    ]


def _query(endpoint: Endpoint, refs: Mapping[Any, Json], schemas: Mapping[str, Json]) -> list[Json]:
    if endpoint.params is None:
        return []
    schema = schemas[_name(refs[(endpoint.params, "validation")])]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": field.get("description") or _sentence(name),
            "schema": _never_null(field),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _never_null(schema: Json) -> Json:
    """A URL has no null: what may be left out is simply left out."""
    kept = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "description")}
    if rest.get("default", ...) is None:
        del rest["default"]
    if not kept:
        return rest
    return {**kept[0], **rest} if len(kept) == 1 else {"anyOf": kept, **rest}


def _sentence(name: str) -> str:
    return parts.QUERY_SENTENCES.get(name, name.replace("_", " ").capitalize())


def _head(endpoint: Endpoint) -> list[Json]:
    if endpoint.roles is None or endpoint.tag == "auth":
        return []  # nothing of signing in is kept to be answered again
    if endpoint.method is Method.GET:
        names = ["MinSeq"] if endpoint.topics is None else ["MinSeq", "IfNoneMatch"]
    else:
        names = ["IdempotencyKey", "IfMatch"] if "{id}" in endpoint.path else ["IdempotencyKey"]
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _answer(endpoint: Endpoint, refs: Mapping[Any, Json]) -> Json:
    status = str(endpoint.status)
    if endpoint.method is Method.GET and endpoint.returns is None:
        return {status: parts.CSV}
    if endpoint.returns is None:
        return {status: parts.envelope({"type": "null"}, endpoint.summary)}
    record = refs[(endpoint.returns, "serialization")]
    if not endpoint.many:
        tagged = "{id}" in endpoint.path or endpoint.status == 201
        return {status: parts.envelope(record, endpoint.summary, tagged=tagged)}
    paged = endpoint.params is not None and "page" in endpoint.params.model_fields
    return {
        status: parts.envelope({"type": "array", "items": record}, endpoint.summary, paged=paged)
    }


def _unchanged(endpoint: Endpoint) -> Json:
    return {} if endpoint.topics is None else {"304": parts.UNCHANGED}


def _refusals(endpoint: Endpoint) -> Json:
    names = {"400": "Invalid", "500": "Internal", "503": "Unavailable"}
    if endpoint.roles is not None or endpoint.tag == "auth":
        names["401"] = "Unauthenticated"
    if endpoint.roles not in (None, EVERYONE):
        names["403"] = "Forbidden"
    if "{" in endpoint.path:
        names["404"] = "NotFound"
    if endpoint.successor:
        names["410"] = "Merged"
    if endpoint.method is not Method.GET:
        names |= {"409": "Conflict", "422": "KeyReused"}
    if endpoint.body is not None:
        names |= {"413": "TooLarge", "415": "UnsupportedMediaType"}
    return {
        status: {"$ref": f"#/components/responses/{name}"} for status, name in sorted(names.items())
    }
