"""What the load process is told to do, and what it reports; both travel as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Request(BaseModel):
    model_config = ConfigDict(frozen=True)

    method: str
    path: str
    headers: Mapping[str, str]
    body: str | None = None

    def encode(self, port: int) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body is not None:
            size = len(self.body.encode())
            lines += ["Content-Type: application/json", f"Content-Length: {size}"]
        return ("\r\n".join([*lines, "", ""]) + (self.body or "")).encode()


class Target(BaseModel):
    """The server under load; its CPU is read where the load begins and ends."""

    model_config = ConfigDict(frozen=True)

    port: int
    pid: int
    postgres_pid: int


class Calls(BaseModel):
    """REST: each caller sends its requests in turn, the next when the last was answered.

    `knows` has a caller name the tag of the first answer from then on, as a browser does: it is
    answered 304 by a server that gives tags.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["calls"] = "calls"
    target: Target
    callers: list[list[Request]]
    seconds: float
    status: int = 200
    knows: bool = False


class Room(BaseModel):
    """Screens in one room while somebody writes, the next change when all have seen the last.

    `enters` are the screens' `auth` objects. `hello` begins the packet after which a screen is in
    the room, `event` the packets that are counted, and `holds` stands in each of them. `loud` are
    writes to the screens' team, `silent` the same to one where nobody listens.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["room"] = "room"
    target: Target
    enters: list[dict[str, Any]]
    hello: str
    event: str
    holds: str
    loud: list[Request]
    silent: list[Request]
    seconds: float


class Log(BaseModel):
    """Where another node of ours writes: its changes reach the server over Redis alone."""

    model_config = ConfigDict(frozen=True)

    database_url: str
    redis_url: str
    team_id: UUID
    user_id: UUID


class Burst(BaseModel):
    """Screens in one room while many changes are made at once, again and again.

    `holds` stands once in every event. Our server hears the changes from another node, by `log`; a
    peer is asked to make them, by `loud`, and the same in a silent team is taken off.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["burst"] = "burst"
    target: Target
    enters: list[dict[str, Any]]
    hello: str
    event: str
    holds: str
    events: int
    log: Log | None
    loud: list[Request]
    silent: list[Request]
    seconds: float


class Herd(BaseModel):
    """Screens that are all cut off and all come back at once.

    With `resumes` each says that it has missed the last `missed` events, and must get them once.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["herd"] = "herd"
    target: Target
    enters: list[dict[str, Any]]
    hello: str
    event: str
    resumes: bool
    missed: int
    loud: list[Request]


class Pause(BaseModel):
    """A full garbage collection with so many screens, as bench/probe.py tells it in `file`."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["pause"] = "pause"
    target: Target
    enters: list[dict[str, Any]]
    hello: str
    file: Path


class Idle(BaseModel):
    """Screens that only are there. A browser offers to compress; `compress` offers it too.

    `seconds` is how long they are watched; 0 measures their memory alone.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["idle"] = "idle"
    target: Target
    enters: list[dict[str, Any]]
    hello: str
    compress: bool
    seconds: float = 0.0


Some = Calls | Room | Burst | Herd | Pause | Idle
Job = Annotated[Some, Field(discriminator="kind")]


class Outcome(BaseModel):
    """Figures by name, or why there are none.

    `last_ms` holds, for each write in a room, when the last screen saw it.
    """

    model_config = ConfigDict(frozen=True)

    values: dict[str, float] = {}
    last_ms: list[float] = []
    failed: str | None = None


class Failed(Exception):
    """The server did not do what was asked, so there is nothing to measure."""
