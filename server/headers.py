"""Reads the request headers the API gives a meaning to."""

import hashlib
import random
import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

import orjson

from db.transaction import Operation
from domains.kit.errors import Invalid, Unauthenticated
from server.settings import Network

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:/+=-]{1,100}")
# A record's tag is its version and a digest, "3.8c1f…"; the version alone names it as well.
VERSION: Final = re.compile(r'(?:W/)?"(\d{1,9})(?:\.[0-9a-f]{1,64})?"|(\d{1,9})')
SEQ: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


def request_id(headers: Mapping[str, str]) -> str:
    """The caller's own, if it is fit for a log line; else a new one."""
    given = headers.get("X-Request-Id")
    if given is not None and REQUEST_ID.fullmatch(given):
        return given
    return f"{random.getrandbits(64):016x}"


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of the Authorization header; None when there is no such header."""
    given = headers.get("Authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("The Authorization header is not `Bearer <token>`")
    return token.strip()


def if_match(headers: Mapping[str, str]) -> int | None:
    """The version a write was based on: `3`, `"3"`, `W/"3"` or a record's tag; `*` for any."""
    given = headers.get("If-Match")
    if given is None or given == "*":
        return None
    found = VERSION.fullmatch(given)
    if found is None:
        raise Invalid.field("If-Match", "A record's version is expected, like 3", "invalid")
    return int(found[1] or found[2])


def min_seq(headers: Mapping[str, str]) -> int:
    """The event that the caller has seen already, and must find in what is read; 0 for none."""
    given = headers.get("X-Min-Seq")
    if given is None:
        return 0
    if not SEQ.fullmatch(given):
        raise Invalid.field("X-Min-Seq", "An event's number is expected, like 1824", "invalid")
    return int(given)


def operation_key(key: object, *, field: str) -> str:
    if not isinstance(key, str) or not KEY.fullmatch(key):
        code = "required" if key is None else "invalid"
        raise Invalid.field(field, "1 to 200 visible ASCII characters are expected", code)
    return key


def operation(key: str, name: str, path: Mapping[str, str], said: Any) -> Operation:
    """A client's name for one write, with the fingerprint of what that write says.

    The fingerprint is of the meaning and not of the bytes, so that a write sent by socket and
    again by REST, when no ack came, is still the same write.
    """
    meaning = orjson.dumps([name, dict(path), said], option=orjson.OPT_SORT_KEYS)
    return Operation(key, hashlib.sha256(meaning).digest())


def client_address(peer: str | None, forwarded: str | None, proxies: tuple[Network, ...]) -> str:
    """The nearest address that is not one of our proxies; what stands left of it is hearsay."""
    address = peer or ""
    if not forwarded or not _is_proxy(address, proxies):
        return address
    for hop in reversed([part.strip() for part in forwarded.split(",")]):
        if not _is_address(hop):
            return address
        address = hop
        if not _is_proxy(hop, proxies):
            return address
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_proxy(address: str, proxies: tuple[Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in proxies)
