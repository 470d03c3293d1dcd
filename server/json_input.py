"""Screens JSON from outside before a model reads it, and says which field was at fault."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from domains.kit.errors import Detail, Invalid

MAX_DEPTH: Final = 32
MAX_DETAILS: Final = 20
MAX_DIGITS: Final = 400  # the longest exact double has 309 digits before its point
Path = tuple[str | int, ...]
TOO_DEEP: Final = f"Nested deeper than {MAX_DEPTH} levels"


@dataclass(frozen=True, slots=True)
class _Odd:
    """Stands in a diagnosed document where a value was that no field can hold."""

    message: str
    code: str


HUGE = _Odd("The number is out of range", "number_out_of_range")
NOT_FINITE = _Odd("NaN and Infinity are not numbers", "not_finite")
NUL = _Odd("The character NUL is not allowed", "nul")
SURROGATE = _Odd("Half of a surrogate pair is not text", "lone_surrogate")


def load(raw: bytes) -> Any:
    """The document, or Invalid naming each field that holds what JSON or Postgres cannot.

    orjson refuses all of it but NUL and depth; only a refused document pays for finding where.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise _diagnosis(raw) from None
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _refuse_depth(document)
    if b"\\u0000" in raw and (details := _details(document)):
        raise _invalid(details)
    return document


def _diagnosis(raw: bytes) -> Invalid:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return Invalid.field("body", "Not UTF-8", "json_invalid")
    try:
        document = json.loads(
            text, parse_int=_integer, parse_float=_float, parse_constant=lambda _: NOT_FINITE
        )
        _refuse_depth(document)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return Invalid.field("body", f"Not JSON: {error.msg} at {where}", "json_invalid")
    except RecursionError:
        return Invalid.field("body", TOO_DEEP, "too_deep")
    except Invalid as error:
        return error
    details = _details(document)
    return _invalid(details) if details else Invalid.field("body", "Not JSON", "json_invalid")


def _integer(digits: str) -> int | _Odd:
    return HUGE if len(digits) > MAX_DIGITS else _finite(int(digits))


def _finite(number: int) -> int | _Odd:
    try:
        float(number)
    except OverflowError:
        return HUGE
    return number


def _float(digits: str) -> float | _Odd:
    number = float(digits)
    return HUGE if number in (float("inf"), float("-inf")) else number


def _refuse_depth(document: Any) -> None:
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise Invalid.field("body", TOO_DEEP, "too_deep")


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        return iter(node.values())
    return iter(node) if isinstance(node, list) else iter(())


def _details(document: Any) -> list[Detail]:
    found: list[Detail] = []
    for path, odd in _odd_values(document, ()):
        field = shown(path)
        found.append({"field": field, "message": odd.message, "code": odd.code})
        if len(found) == MAX_DETAILS:
            break
    return found


def _odd_values(node: Any, path: Path) -> Iterator[tuple[Path, _Odd]]:
    if isinstance(node, _Odd):
        yield path, node
    elif isinstance(node, str):
        if odd := odd_text(node):
            yield path, odd
    elif isinstance(node, dict):
        for key, child in node.items():
            if odd := odd_text(key):
                yield (*path, key), odd
            yield from _odd_values(child, (*path, key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _odd_values(child, (*path, index))


def odd_text(text: str) -> _Odd | None:
    """What keeps a text out of Postgres, if anything."""
    if "\0" in text:
        return NUL
    return SURROGATE if any("\ud800" <= c <= "\udfff" for c in text) else None


def shown(path: Path, *, root: str = "body") -> str:
    """A field's dotted path, safe to print and of bounded length."""
    dotted = ".".join(str(part)[:60] for part in path)[:200]
    return dotted.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode() or root


def _invalid(details: list[Detail]) -> Invalid:
    return Invalid("; ".join(f"{d['field']}: {d['message']}" for d in details[:3]), details)
