"""A screen that also keeps who is here, by the rules of docs/protocol.md."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from typing_extensions import override

from channels.presence.entry import digest
from tests.screens import WAIT, Screen

Here = Mapping[str, Mapping[str, Any]]  # by conn


class PresenceScreen(Screen):
    """`inst` is its tab: the same over reconnects."""

    inst: str | None = None

    def __init__(self, *args: Any, inst: str | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.inst = inst
        self.here: dict[str, dict[str, Any]] = {}
        self.steps: list[dict[str, Any]] = []  # every presence event, as it came
        self.digests: list[dict[str, Any]] = []
        self.wrong_digests = 0
        self.faults: list[dict[str, Any]] = []  # steps that cannot be
        self.pv: tuple[str, int] = ("", 0)
        self.partial = False
        self.count = 0

    @property
    def conn(self) -> str:
        conn: str = self.hello["presence"]["conn"]
        return conn

    def names(self) -> list[str]:
        return sorted(told["user"]["name"] for told in self.here.values())

    def doing(self) -> set[tuple[str, str, str | None, str | None]]:
        """(name, state, record, field) of each who is here."""
        return {
            (told["user"]["name"], told["state"], told.get("record"), told.get("field"))
            for told in self.here.values()
        }

    def joins(self) -> list[str]:
        """The names of those who came by a diff, in order."""
        return [each["user"]["name"] for step in self._diffs() for each in step["join"]]

    def leaves(self) -> list[str]:
        """The conns that left by a diff, in order."""
        return [conn for step in self._diffs() for conn in step["leave"]]

    async def set(self, state: str, record: str | None = None, field: str | None = None) -> Any:
        said = {"state": state, "record": record, "field": field}
        payload = {name: value for name, value in said.items() if value is not None}
        return await self.call("presence:set", payload)

    async def shows(
        self, condition: Callable[["PresenceScreen"], bool], within: float = WAIT
    ) -> None:
        """Wait until what is shown here is so."""
        async with asyncio.timeout(within):
            while not condition(self):
                await self._change()

    @override
    def _auth(self) -> dict[str, Any]:
        auth = super()._auth()
        return auth | {"inst": self.inst} if self.inst else auth

    @override
    async def _take(self, text: str) -> None:
        if text.startswith("42"):
            name, body = orjson.loads(text[2:])
            if name == "presence":
                self._step(body)
            elif name == "presence.digest":
                self.digests.append(body)
                self.wrong_digests += body["digest"] != digest(self.here.values())
        await super()._take(text)

    def _step(self, step: dict[str, Any]) -> None:
        self.steps.append(step)
        if step.get("full"):
            self.here = {each["conn"]: each for each in step["join"]}
        else:
            self._check(step)
            for each in [*step["join"], *step["upd"]]:
                self.here[each["conn"]] = each
            for conn in step["leave"]:
                self.here.pop(conn, None)
        self.pv = (step["run"], step["pv"])
        self.partial = step.get("partial", False)
        self.count = step["n"]

    def _check(self, step: dict[str, Any]) -> None:
        """A step says nothing that does not fit what was said before it."""
        fits = [
            step["team"] == self.team,
            step["run"] == self.pv[0],
            step["pv"] >= self.pv[1],
            all(each["conn"] not in self.here for each in step["join"]),
            all(self.here.get(each["conn"], each) != each for each in step["upd"]),
            all(conn in self.here for conn in step["leave"]),
        ]
        if not all(fits):
            self.faults.append({"step": step, "fits": fits, "here": dict(self.here)})

    def _diffs(self) -> list[dict[str, Any]]:
        return [step for step in self.steps if not step.get("full")]
