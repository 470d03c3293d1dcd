"""The API document is valid, whole, and the page that shows it works under its own policy."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from openapi_pydantic import OpenAPI

from server.catalogue import described, document
from server.cli import main
from server.docs_page import FILES
from server.version import VERSION
from tests.api.whole_server import WholeServer


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document(described()))
    return parsed


@pytest.fixture(scope="module")
def api(raw: dict[str, Any]) -> OpenAPI:
    return OpenAPI.model_validate(raw)


def operations(raw: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in raw["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_the_document_is_openapi_3_1(api: OpenAPI) -> None:
    assert api.openapi == "3.1.1"
    assert (api.info.title, api.info.version) == ("Homeroom", VERSION)


async def test_it_names_every_route_there_is(server: WholeServer, raw: dict[str, Any]) -> None:
    routed = {
        (route.resource.canonical, route.method.lower())
        for route in server.app.router.routes()
        if isinstance(route.resource, web.Resource)
        and route.resource.canonical.startswith("/v1/")
        and route.method != "HEAD"
    }
    assert {(path, method) for path, method, _ in operations(raw)} == routed


async def test_the_server_serves_it(server: WholeServer, raw: dict[str, Any]) -> None:
    said = await server.ask("GET", "/openapi.json")
    assert said.headers["Content-Type"].startswith("application/json")
    assert said.json == raw


def test_every_reference_leads_somewhere(raw: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(raw)):
        found: Any = raw
        for part in reference.split("/"):
            found = found[part]


def test_models_are_called_by_their_names(raw: dict[str, Any]) -> None:
    names = set(raw["components"]["schemas"])
    assert {"Escrow", "EscrowCreate", "EscrowPatch", "Listing", "Error", "Pagination"} <= names
    assert not [name for name in names if "__" in name]


def test_every_operation_can_be_understood(raw: dict[str, Any]) -> None:
    seen = set()
    for path, method, operation in operations(raw):
        assert operation["summary"], (path, method)
        assert operation["tags"], (path, method)
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        named = {p["name"] for p in operation["parameters"] if p.get("in") == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))
        for parameter in operation["parameters"]:
            assert "$ref" in parameter or parameter["description"], (path, parameter)
        assert ("requestBody" in operation) <= {"413", "415"}.issubset(operation["responses"])
        assert {"400", "500", "503"} <= set(operation["responses"])
        assert any(status.startswith("2") for status in operation["responses"])


def test_every_refusal_is_shown_by_an_example(raw: dict[str, Any]) -> None:
    for name, response in raw["components"]["responses"].items():
        shown = response["content"]["application/json"]["example"]
        assert shown["success"] is False, name
        assert set(shown["error"]) == {"code", "message", "details"}, name


SIGNED_IN = {
    "me",
    "logout-everywhere",
    "password",
    "team",
    "profile",
}  # the paths of sign-in that are for those in


def test_signing_in_needs_no_token_and_everything_else_does(raw: dict[str, Any]) -> None:
    for path, method, operation in operations(raw):
        free = path.startswith("/v1/auth/") and path.rpartition("/")[2] not in SIGNED_IN
        assert operation["security"] == ([] if free else [{"bearer": []}]), (path, method)
        assert free or "401" in operation["responses"]


def test_an_export_is_described_as_csv(raw: dict[str, Any]) -> None:
    export = raw["paths"]["/v1/escrows/export"]["get"]
    assert list(export["responses"]["200"]["content"]) == ["text/csv"]


def test_the_command_prints_the_same(
    raw: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.logs.set_up", lambda _: None)
    assert main(["openapi"]) == 0
    assert json.loads(capsys.readouterr().out) == raw


async def test_the_page_needs_no_other_host_and_no_inline_script(server: WholeServer) -> None:
    page = await server.ask("GET", "/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    text = page.raw.decode()
    assert not re.search(r"https?://", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', text):
        assert (await server.ask("GET", address)).status == 200, address
    assert {f"/docs/{name}" for name in FILES} <= set(re.findall(r'"(/docs/[^"]+)"', text))
