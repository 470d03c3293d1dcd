"""The packets on a socket: Socket.IO text made once, client bytes read with suspicion."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

import orjson
from engineio import packet as engine  # type: ignore[import-untyped]  # it has no types

from channels.base.limits import MAX_FRAME
from channels.sockets import frames
from db.events import Event

PROTO = 1
MAX_FRAME_EVENTS = 100
MAX_PAYLOAD_PACKETS = 16  # of one polling request

_DECODER = json.JSONDecoder()


class Packet(engine.Packet):  # type: ignore[misc]  # the library has no types
    """One for all who get it: its text is made once, and its WebSocket frame when first asked."""

    _frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        if self._frame is None:
            self._frame = frames.text(self.encode())
        return self._frame


class Parcel:
    """Packets that leave together: one by one for who polls, as one write to a WebSocket."""

    __slots__ = ("_frames", "packets")

    def __init__(self, packets: Sequence[Packet]) -> None:
        self.packets = packets
        self._frames: bytes | None = None

    @property
    def frames(self) -> bytes:
        if self._frames is None:
            self._frames = b"".join(packet.frame for packet in self.packets)
        return self._frames


class Kind(IntEnum):
    """Socket.IO packet types that we speak; 5 and 6 carry binary, which we do not."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4


class Malformed(Exception):
    """A client sent what no official client sends."""


@dataclass(frozen=True, slots=True)
class Inbound:
    kind: Kind
    namespace: str
    ack: int | None
    data: str  # JSON text, unread


# Server to client


def packet(text: str) -> Packet:
    """An engine.io message. The same object may go to every client: it is encoded once."""
    return Packet(engine.MESSAGE, data=text)


def opening(sid: str, upgrades: Sequence[str], ping_interval: int, ping_timeout: int) -> Packet:
    """The first packet of a connection."""
    told = {
        "sid": sid,
        "upgrades": upgrades,
        "pingInterval": ping_interval * 1000,
        "pingTimeout": ping_timeout * 1000,
        "maxPayload": MAX_FRAME,
    }
    return Packet(engine.OPEN, data=_json(told))


def connected(sid: str) -> Packet:
    return packet(f"{Kind.CONNECT}{_json({'sid': sid})}")


def refused(namespace: str, message: str, data: Mapping[str, Any] | None = None) -> Packet:
    place = "" if namespace == "/" else f"{namespace},"
    error = {"message": message} | ({"data": data} if data else {})
    return packet(f"{Kind.CONNECT_ERROR}{place}{_json(error)}")


def disconnected() -> Packet:
    return packet(f"{Kind.DISCONNECT}")


def said(name: str, body: Mapping[str, Any]) -> Packet:
    """An event with one argument: `hello`, `hb`."""
    return packet(f'{Kind.EVENT}["{name}",{_json(body)}]')


def acknowledged(ack: int, envelope: bytes) -> Packet:
    return packet(f"{Kind.ACK}{ack}[{envelope.decode()}]")


def events(wires: Iterable[bytes]) -> list[Packet]:
    """Finished event objects as `event` packets of bounded size, in order."""
    packets = []
    batch: list[bytes] = []
    size = 0
    for wire in wires:
        if batch and (size + len(wire) > MAX_FRAME or len(batch) == MAX_FRAME_EVENTS):
            packets.append(_event_packet(batch))
            batch, size = [], 0
        batch.append(wire)
        size += len(wire)
    if batch:
        packets.append(_event_packet(batch))
    return packets


def tombstone(event: Event) -> bytes:
    """What those get who may not see the event: there was one, so their count stays whole."""
    return _json({"t": str(event.team_id), "s": event.seq, "h": event.h, "k": "-"}).encode()


def withdrawn(event: Event) -> bytes:
    """What those get who could see the record until this event, and no longer may: drop it."""
    told = orjson.loads(event.wire)
    kept = {name: told[name] for name in ("t", "s", "h", "e", "id", "ver")}
    return _json(kept | {"k": f"{told['e']}.withdrawn"}).encode()


def without_changes(event: Event) -> bytes:
    """What those get who can see the record from this event on: to them it is new.

    Cut out of the finished text, so that the rest keeps its bytes (money its cents). The key is
    found for sure: in the texts before it a quote is always escaped, and none is followed by a
    colon.
    """
    head, key, rest = event.wire.decode().partition('"ch":')
    if not key:
        return event.wire  # a reference, which has no changes
    _, end = _DECODER.raw_decode(rest)
    return f"{head}{key}{{}}{rest[end:]}".encode()


def committed_at(event: Event) -> datetime | None:
    """When Postgres wrote it, a moment before the COMMIT; None for one that does not say."""
    _, _, rest = event.wire[:400].partition(b'"at":"')
    return datetime.fromisoformat(rest[: rest.find(b'"')].decode()) if rest else None


PING = Packet(engine.PING)
NOOP = Packet(engine.NOOP)


def _event_packet(wires: Sequence[bytes]) -> Packet:
    return packet(f'{Kind.EVENT}["event",[{b",".join(wires).decode()}]]')


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


# Client to server

# CONNECT, DISCONNECT, EVENT, ACK; a namespace; an ack number; JSON.
PACKET = re.compile(r"([0-3])(?:(/[^,]*)(?:,|$))?([0-9]{1,15})?(.*)", re.DOTALL)


def lawful(text: str) -> bool:
    """Whether an engine.io packet may be handed to engine.io's own decoder.

    That decoder parses nearly anything as JSON, deeply nested if need be, and its errors come out
    as tracebacks. Official clients send nothing but these.
    """
    if text[:1] == "4":
        return text[1:2] in ("0", "1", "2", "3")
    return text in ("1", "2probe", "3", "3probe", "5")


def read(data: Any) -> Inbound:
    """Take a Socket.IO packet apart; Malformed when it is none, or a binary one."""
    match = PACKET.fullmatch(data) if isinstance(data, str) else None
    if match is None:
        raise Malformed
    kind, namespace, ack, text = match.groups()
    return Inbound(Kind(int(kind)), namespace or "/", int(ack) if ack else None, text)


def json_of(text: str) -> Any:
    """The value, None for empty text; Malformed when it is no JSON that orjson takes.

    orjson also refuses NaN, nesting beyond 1,024 levels and half surrogates.
    """
    if not text:
        return None
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise Malformed from error
