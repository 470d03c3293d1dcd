"""What the log says, and what it must not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
WRITES = """
import logging
import sys
import structlog
from aiohttp.http_exceptions import BadHttpMessage
from server import logs
from server.settings import Settings

logs.set_up(Settings(log_format=sys.argv[1], log_level=sys.argv[2]))
log = structlog.get_logger("server")
log.debug("unheard")
log.info("seen", token="swordfish", password="swordfish", ms=1.5)
try:
    raise RuntimeError("half a surrogate: \\ud83d")
except RuntimeError as error:
    log.error("failed", exc_info=error)
logging.getLogger("db").warning("collided", extra={"team": "t1", "authorization": "swordfish"})
try:
    raise BadHttpMessage("garbage")
except BadHttpMessage:
    logging.getLogger("aiohttp.server").exception("Error handling request")
"""


def written(log_format: str, level: str = "info") -> str:
    done = subprocess.run(
        [sys.executable, "-c", WRITES, log_format, level],
        capture_output=True,
        check=True,
        cwd=PROJECT,
    )
    return done.stderr.decode()


@pytest.mark.parametrize("log_format", ["json", "logfmt"])
def test_no_secret_and_no_strangers_fault_is_written(log_format: str) -> None:
    text = written(log_format)
    assert "swordfish" not in text
    assert "unheard" not in text
    assert "garbage" not in text
    assert "seen" in text
    assert "team" in text


def test_json_is_one_object_a_line_with_the_traceback_in_it() -> None:
    lines = [json.loads(line) for line in written("json").splitlines()]
    assert [line["event"] for line in lines] == ["seen", "failed", "collided"]
    assert lines[0]["token"] == "[hidden]"
    assert lines[1]["exception"].count("Traceback") == 1
    assert lines[2] | {"team": "t1", "logger": "db", "level": "warning"} == lines[2]


def test_people_read_a_traceback_below_its_line() -> None:
    text = written("logfmt")
    assert "level=error event=failed\nTraceback (most recent call last):\n" in text


def test_the_level_is_kept() -> None:
    assert written("json", "error").count("\n") == 1
