"""What the wire said when a version was made, it says for as long as that version is spoken.

`GOLDEN=write` keeps frames, and fields of them, that are new. It never takes one back.
"""

import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from channels.sockets.wire import PROTO
from server.catalogue import described, socket_document
from tests.api.whole_server import whole_server
from tests.frames import Frames, record

GOLDEN = Path(__file__).parents[1] / "golden" / f"v{PROTO}"
VARIES = {  # a value of each of these forms stands for all of them
    "<uuid>": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "<instant>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"),
    "<time>": re.compile(r"^\d\d:\d\d:\d\d$"),
    "<date>": re.compile(r"\b\d{4}-\d\d-\d\d\b"),
    "<zone>": re.compile(r"^(UTC|(America|Pacific)/\w+)$"),  # some follow the hour of the run
    "<hash>": re.compile(r"\b[0-9a-f]{32}\b"),
    "<somebody>": re.compile(r"\b[j-z]{32}(?=@)"),  # tests.factories: an address is made of letters
    "<digest>": re.compile(r"\b[0-9a-f]{16}\b"),
    "<year>": re.compile(r"(?<=[A-Z]{3}-)\d{4}(?=-\d{4})"),
}
# Names of connections, runs and cursors, counts of what happens at its own pace, and the calendar.
LOOSE = {"conn", "run", "pv", "next_cursor", "days_on_market", "retry_ms", "leave"}
BUMP = (
    f"Version {PROTO} of the wire said it like this. A new field or frame is kept by GOLDEN=write;"
    " what is taken away or means another thing needs PROTO + 1 in channels/sockets/wire.py, this"
    " folder copied to the next version, a line in docs/protocol.md under Versions, and the version"
    " before spoken for as long as that section says."
)


@pytest.fixture(scope="module")
async def frames(database_url: str, redis_url: str) -> AsyncIterator[Frames]:
    async with whole_server(database_url, redis_url) as server:
        yield await record(server)


def steady(value: Any, name: str = "") -> Any:
    """A frame without what differs from one run to the next."""
    if name in LOOSE and value is not None:
        return f"<{type(value).__name__}>"
    if isinstance(value, dict):
        return {steady(key): steady(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [steady(each, name) for each in value]
    if isinstance(value, str):
        for shown, pattern in VARIES.items():
            value = pattern.sub(shown, value)
    return value


def lost(golden: Any, now: Any, where: str) -> list[str]:
    """What the golden frame says and this one does not."""
    if isinstance(golden, dict) and isinstance(now, dict):
        return [
            problem
            for key, value in golden.items()
            for problem in (
                lost(value, now[key], f"{where}.{key}")
                if key in now
                else [f"{where}.{key} is gone"]
            )
        ]
    if isinstance(golden, list) and isinstance(now, list) and len(golden) == len(now):
        return [
            problem
            for place, (one, other) in enumerate(zip(golden, now, strict=True))
            for problem in lost(one, other, f"{where}[{place}]")
        ]
    return [] if golden == now else [f"{where} was {golden!r} and is {now!r}"]


def test_no_frame_of_this_version_has_lost_or_changed_anything(frames: Frames) -> None:
    now = {label.replace(":", "."): steady(body) for label, body in frames.said.items()}
    kept = {path.stem: json.loads(path.read_text()) for path in GOLDEN.glob("*.json")}
    problems = [f"{label} is no longer said" for label in kept.keys() - now.keys()]
    for label in kept.keys() & now.keys():
        problems += lost(kept[label], now[label], label)
    assert not problems, "\n".join([*sorted(problems), BUMP])
    if os.environ.get("GOLDEN") == "write":
        for label, body in now.items():
            text = json.dumps(body, indent=1, ensure_ascii=False)
            (GOLDEN / f"{label}.json").write_text(text + "\n")
    else:
        assert not now.keys() - kept.keys(), "new frames: GOLDEN=write keeps them"


def test_every_frame_is_what_the_socket_s_document_says(frames: Frames) -> None:
    document = json.loads(socket_document(described()))
    problems = []
    for name, body in [*frames.said.items(), *((f"ask.{k}", v) for k, v in frames.asked.items())]:
        message, payload = _message(name, body)
        schema = document["components"]["messages"][message]["payload"]
        validator = Draft202012Validator({**schema, "components": document["components"]})
        problems += [
            f"{name}: {error.json_path}: {error.message[:200]}"
            for error in validator.iter_errors(payload)
        ]
    assert not problems, "\n".join(problems)


def _message(label: str, body: Any) -> tuple[str, Any]:
    """Which message of the document a frame is, and its payload."""
    kind, _, rest = label.partition(".")
    if kind == "event":
        return "event", [body]
    if kind == "ack":
        return f"{rest.removesuffix('.denied').replace(':', '.')}.ack", body
    if kind == "ask":
        return rest.replace(":", "."), body
    if kind == "refused":
        return "escrows.update.ack", body
    kind = kind.partition("-")[0]
    if kind.startswith(("escrow:", "listing:")):
        return "entity.change", body
    kind = kind.replace(":", ".")
    return (label if label in ("auth.expiring", "presence.digest") else kind), body


def test_every_command_and_every_word_of_the_document_was_heard(frames: Frames) -> None:
    document = json.loads(socket_document(described()))
    heard = {_message(label, body)[0] for label, body in frames.said.items()}
    heard |= {_message(f"ask.{label}", body)[0] for label, body in frames.asked.items()}
    told = set(document["components"]["messages"]) - {"connect"}
    assert sorted(told - heard) == []
