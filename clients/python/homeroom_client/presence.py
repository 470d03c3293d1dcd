"""Who else is here, and what they look at: told in steps, checked by a digest."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

Call = Callable[[str, Any], Awaitable[dict[str, Any]]]
Here = dict[str, Any]


class Presence:
    """`here` has people's connections by name; `count` how many there are, in a large team more."""

    def __init__(self, call: Call, ask_again: Callable[[], None]) -> None:
        self.here: dict[str, Here] = {}
        self.count = 0
        self.own: str | None = None
        self._call = call
        self._ask_again = ask_again
        self._version = 0
        self._run = ""
        self._doing: dict[str, Any] | None = None

    def of(self, record: str) -> list[Here]:
        """Who looks at a record, this connection left out."""
        return [
            one
            for one in self.here.values()
            if one.get("record") == record and one["conn"] != self.own
        ]

    async def set(self, state: str, record: str | None = None, field: str | None = None) -> Any:
        """Say what is being done here; said again by itself after a lost line.

        Who edits says so again every ten seconds while typing: the answer's `lease` tells who was
        first at the field, and stops nobody.
        """
        given = {"state": state, "record": record, "field": field}
        self._doing = {name: value for name, value in given.items() if value is not None}
        return (await self._call("presence:set", self._doing))["data"]

    async def again(self) -> None:
        if self._doing:
            await self._call("presence:set", self._doing)

    async def read(self) -> None:
        told = (await self._call("presence:get", {}))["data"]
        self._replace(told | {"join": told["here"]})

    def hear(self, step: Mapping[str, Any]) -> None:
        if step.get("full"):
            self._replace(step)
        elif step["run"] != self._run:
            self._ask_again()
        elif step["pv"] >= self._version:
            for one in (*step.get("join", ()), *step.get("upd", ())):
                self.here[one["conn"]] = one
            for conn in step.get("leave", ()):
                self.here.pop(conn, None)
            self._sum(step)

    def check(self, told: Mapping[str, Any]) -> None:
        """Compare with the server's digest; what does not add up is asked for again."""
        if told["run"] != self._run or (
            told["pv"] >= self._version and told["digest"] != digest(self.here.values())
        ):
            self._ask_again()

    def _replace(self, step: Mapping[str, Any]) -> None:
        self.here = {one["conn"]: one for one in step.get("join", ())}
        self._run = step["run"]
        self._sum(step)

    def _sum(self, step: Mapping[str, Any]) -> None:
        self._version = step["pv"]
        self.count = step["n"]


def digest(here: Iterable[Here]) -> str:
    """The digest of docs/protocol.md."""
    lines = sorted(
        f"{one['conn']} {one['state']} {one.get('record') or ''} {one.get('field') or ''}"
        for one in here
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
