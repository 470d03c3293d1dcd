"""Structured logs: one line an event, key=value for people or JSON for machines, never a secret."""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from aiohttp.http_exceptions import HttpProcessingError
from structlog.typing import Processor

from server.settings import LogFormat, LogLevel, Settings

HIDDEN = "[hidden]"
SECRET_KEYS = frozenset(
    {"authorization", "cookie", "jwt", "password", "refresh_token", "secret", "token"}
)
QUIET = ("aiohttp.access", "asyncio", "engineio.server", "socketio.server")
Fields = MutableMapping[str, Any]


def set_up(settings: Settings) -> None:
    """Our own lines go the cheap way; those of libraries join them in the same format."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    render = _renderer(settings.format)
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, render, _as_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(_number(settings.level)),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                *shared,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _renderer(settings.format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_number(settings.level), logging.INFO))
    for name in QUIET:
        # Malformed packets are a client's business: they are counted, not logged one by one.
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("aiohttp.server").addFilter(_ours)


def _ours(record: logging.LogRecord) -> bool:
    """Whether a fault is ours; what is not even HTTP is its sender's, and is answered with 400."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def _number(level: LogLevel) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _renderer(log_format: LogFormat) -> Processor:
    if log_format is LogFormat.JSON:
        return structlog.processors.JSONRenderer(serializer=_json)
    return _key_value


def _json(fields: Fields, **_: Any) -> str:
    try:
        return orjson.dumps(fields, default=str).decode()
    except TypeError:
        # Half a surrogate pair, out of somebody's input: a line must be written all the same.
        return json.dumps(fields, default=str)


LOGFMT = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
)


def _key_value(logger: Any, name: str, fields: Fields) -> str:
    """One line, and a traceback below it as people read them."""
    traceback = fields.pop("exception", None)
    line = LOGFMT(logger, name, fields)
    return f"{line}\n{traceback}" if traceback else line


def _as_bytes(_: Any, __: str, line: Any) -> bytes:
    text: str = line
    return text.encode("utf-8", "backslashreplace")


def _hide_secrets(_: Any, __: str, fields: Fields) -> Fields:
    for key in SECRET_KEYS & fields.keys():
        fields[key] = HIDDEN
    return fields
