"""The socket's document is valid, whole, and says what a running server says."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from channels.gateway.gateway import Gateway
from server.catalogue import described, socket_document
from server.cli import main
from server.commands import commands
from server.keys import GATEWAY
from server.metrics import Metrics
from server.version import VERSION
from tests.api.whole_server import WholeServer

VENDOR = Path(__file__).parent / "vendor"
SCHEMA = VENDOR / "asyncapi-3.0.0.json"


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(socket_document(described()))
    return parsed


def test_the_document_is_asyncapi_3_0(raw: dict[str, Any]) -> None:
    Draft7Validator(json.loads(SCHEMA.read_text())).validate(raw)
    assert (raw["info"]["title"], raw["info"]["version"]) == ("Homeroom", VERSION)


def test_the_schema_it_is_held_to_is_the_one_its_readme_names() -> None:
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() in (VENDOR / "README.md").read_text()


def test_every_payload_is_a_schema(raw: dict[str, Any]) -> None:
    for message in raw["components"]["messages"].values():
        Draft202012Validator.check_schema(message["payload"])
    for schema in raw["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(raw: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(raw)):
        found: Any = raw
        for part in reference.split("/"):
            found = found[part]


def test_every_message_is_said_by_an_operation_and_understood(raw: dict[str, Any]) -> None:
    said: set[str] = set()
    for operation in raw["operations"].values():
        for one in [*operation["messages"], *operation.get("reply", {}).get("messages", [])]:
            said.add(one["$ref"].rpartition("/")[2])
    assert said == set(raw["components"]["messages"]) == set(raw["channels"]["room"]["messages"])
    assert all(message["summary"] for message in raw["components"]["messages"].values())


async def test_it_names_every_command_there_is(server: WholeServer, raw: dict[str, Any]) -> None:
    gateway: Gateway[Any] = server.app[GATEWAY]
    there = {*commands(server.endpoints, cast("Metrics", None)), *gateway._commands._own}
    named = {
        raw["components"]["messages"][name]["name"]
        for name, operation in raw["operations"].items()
        if operation["action"] == "receive" and name != "connect"
    }
    assert named == there


async def test_the_server_serves_it(server: WholeServer, raw: dict[str, Any]) -> None:
    said = await server.ask("GET", "/asyncapi.json")
    assert said.headers["Content-Type"].startswith("application/json")
    assert said.json == raw


def test_the_command_prints_the_same(
    raw: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.logs.set_up", lambda _: None)
    assert main(["asyncapi"]) == 0
    assert json.loads(capsys.readouterr().out) == raw
