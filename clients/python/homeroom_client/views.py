"""Lists that the server keeps up to date: opened by a query, moved row by row."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

from homeroom_client.refused import Refused

Call = Callable[[str, Any], Awaitable[dict[str, Any]]]


class View:
    """`current` is False while the line is lost, and for good once `refused` says why."""

    def __init__(self, command: str, params: Mapping[str, Any]) -> None:
        self.id = uuid4().hex
        self.command = command
        self.params = dict(params)
        self.rows: list[dict[str, Any]] = []
        self.ids: list[str] = []  # what each row is known by, in the same order
        self.total = 0
        self.stats: dict[str, Any] = {}
        self.pagination: Any = None
        self.seq = 0
        self.current = False
        self.refused: Refused | None = None

    def begin(self, answer: Mapping[str, Any]) -> None:
        self.rows = answer["rows"]
        self.ids = answer.get("ids") or [row["id"] for row in self.rows]
        self.total = answer["total"]
        self.stats = answer.get("stats") or {}
        self.pagination = answer.get("pagination")
        self.seq = answer["s"]
        self.current = True

    def take(self, told: Mapping[str, Any]) -> None:
        """Every row that is named goes out; then each enter and change in, in the order given."""
        changes = told["changes"]
        named = {change["id"] for change in changes if "id" in change}
        kept = [place for place, row in enumerate(self.ids) if row not in named]
        rows, ids = [self.rows[place] for place in kept], [self.ids[place] for place in kept]
        for change in changes:
            if change["k"] in ("row.enter", "row.change"):
                rows.insert(change["index"], change["d"])
                ids.insert(change["index"], change["id"])
            elif change["k"] == "stats.delta":
                self.stats |= {name: new for name, (_, new) in change["stats"].items()}
        self.rows, self.ids = rows, ids
        self.total = told["total"]
        self.pagination = told.get("pagination", self.pagination)
        self.seq = told["s"]

    def end(self, refused: Refused) -> None:
        self.rows, self.ids = [], []
        self.current = False
        self.refused = refused


class Views:
    """Views live as long as a connection: they are opened again after each hello."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._open: dict[str, View] = {}

    def hear(self, told: Mapping[str, Any]) -> None:
        view = self._open.get(told["view"])
        if view is None:
            return
        if closed := told.get("closed"):
            del self._open[view.id]
            view.end(Refused(closed["code"], closed["message"]))
        else:
            view.take(told)

    def lose(self) -> None:
        for view in self._open.values():
            view.current = False

    async def again(self) -> None:
        for view in list(self._open.values()):
            await self.ask(view)

    def add(self, view: View) -> None:
        self._open[view.id] = view

    async def ask(self, view: View) -> None:
        asked = {"view": view.id, "list": view.command, "params": view.params}
        try:
            answer = await self._call("view:open", asked)
        except Refused as refused:
            if not refused.passes:
                self._open.pop(view.id, None)
                view.end(refused)
            raise
        view.begin(answer["data"])

    async def close(self, view: View) -> None:
        if self._open.pop(view.id, None) and view.current:
            view.current = False
            await self._call("view:close", {"view": view.id})
