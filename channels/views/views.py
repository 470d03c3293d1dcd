"""Live views: lists that a screen has open, kept as a fresh reading would show them."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from channels.base.counters import Counters
from channels.base.limits import VIEWS
from channels.base.supervisor import Supervisor
from channels.gateway.commands import Answer, OwnRun, failure, success
from channels.room import membership
from channels.room.rooms import Rooms
from channels.sockets.members import Member
from channels.sockets.wire import Malformed
from channels.views.group import Group
from channels.views.view import Declined, LiveList, View
from db.errors import Unavailable
from db.events import Event

MAX_NAME = 64
EVERYTHING = "*"  # the topic of a list that any event of its team may change
READERS = 2  # lists that are read at once: the pool belongs to those who ask

Source = Callable[[Any, Any], LiveList]  # who, params; raises Declined


class Views:
    """The part of the gateway that answers `view:open` and `view:close`.

    `sources` find, by a list's name, what a reader with these parameters is to be shown. Postgres
    alone knows what belongs in a list and where: it is read again, for all screens that show the
    same, when an event says that it may have changed.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        rooms: Rooms,
        *,
        counters: Counters,
        supervisor: Supervisor,
    ) -> None:
        self._sources = sources
        self._rooms = rooms
        self._counters = counters
        self._supervisor = supervisor
        self._views: dict[str, dict[str, View]] = {}  # by sid and name
        self._groups: dict[bytes, Group] = {}
        self._topics: dict[tuple[UUID, str], dict[Group, None]] = {}
        self._turns = asyncio.Semaphore(READERS)
        rooms.watch(self._hear)
        rooms.watch_past(self._doubt)

    @property
    def commands(self) -> Mapping[str, OwnRun]:
        return {"view:open": self._open, "view:close": self._close}

    def told(self, _: Member) -> Mapping[str, Any]:
        return {}

    def entered(self, member: Member) -> None:
        """Nothing is open yet."""

    def left(self, member: Member) -> None:
        for view in list(self._views.get(member.sid, {}).values()):
            self._drop(view)

    def closing(self) -> None:
        """Views go on until their sockets do."""

    # Commands

    async def _open(self, member: Member, payload: Any, answer: Answer) -> None:
        """Give the list as it is; what becomes of it follows as `view`."""
        try:
            name, listed, params = _asked(payload)
        except Malformed as error:
            answer(failure("VALIDATION_ERROR", str(error)))
            return
        source = self._sources.get(listed)
        if source is None:
            answer(failure("NOT_FOUND", f"There is no live list {listed[:100]!r}"))
            return
        if not self._rooms.holds(member):
            answer(failure("FORBIDDEN", "This socket does not follow its team"))
            return
        mine = self._views.get(member.sid, {})
        if name not in mine and len(mine) >= VIEWS:
            answer(failure("CONFLICT", f"{VIEWS} views are open on this socket; close one"))
            return
        settled = asyncio.get_running_loop().create_future()
        view = View(
            member,
            name,
            look=partial(_look, source, params),
            answer=answer,
            keep=self._keep,
            forget=self._drop,
            settled=settled,
        )
        try:
            self._place(view)
            await settled
        finally:
            if view.rows is None:
                view.leave()

    async def _close(self, member: Member, payload: Any, answer: Answer) -> None:
        name = payload.get("view") if isinstance(payload, dict) else None
        view = self._views.get(member.sid, {}).get(name) if isinstance(name, str) else None
        if view is None:
            answer(failure("NOT_FOUND", "There is no such view on this socket"))
            return
        self._drop(view)
        answer(success({"view": name}))

    # Inside

    def _place(self, view: View) -> None:
        """Put a view where its list is read, under the rights that its member has now."""
        view.leave()
        view.who = view.member.who
        try:
            live = view.look(view.who)
        except Declined as declined:
            view.end(declined)
        else:
            self._put(view, live)

    def _put(self, view: View, live: LiveList) -> None:
        view.leave()
        view.live = live
        group = self._groups.get(live.key) or self._begin(live)
        group.add(view)

    def _begin(self, live: LiveList) -> Group:
        group = Group(
            live,
            moved=self._place,
            parted=self._put,
            emptied=self._forget,
            reached=self._reached,
            follow=self._follow,
            turns=self._turns,
            counters=self._counters,
            supervisor=self._supervisor,
        )
        self._groups[live.key] = group
        self._listen(group, live.team_id)
        self._counters.view_groups += 1
        return group

    def _listen(self, group: Group, team_id: UUID) -> None:
        for topic in group.live.topics:
            self._topics.setdefault((team_id, topic), {})[group] = None

    def _ignore(self, group: Group, team_id: UUID) -> None:
        for topic in group.live.topics:
            groups = self._topics[team_id, topic]
            del groups[group]
            if not groups:
                del self._topics[team_id, topic]

    async def _follow(self, group: Group, heads: Mapping[UUID, int]) -> bool:
        """Listen to the other teams that are in a list; True where it was not to all of them."""
        wanted = {team_id for team_id in heads if team_id != group.live.team_id}
        for team_id in group.others - wanted:
            self._let_go(group, team_id)
        fresh = wanted - group.others
        for team_id in fresh:
            await self._rooms.keep(team_id)
            if self._groups.get(group.live.key) is not group:  # everybody went meanwhile
                self._rooms.release(team_id)
                return False
            group.others.add(team_id)
            self._listen(group, team_id)
        for team_id in wanted:
            await self._reached(team_id, heads[team_id])
        return bool(fresh)

    def _let_go(self, group: Group, team_id: UUID) -> None:
        group.others.discard(team_id)
        self._ignore(group, team_id)
        self._rooms.release(team_id)

    def _forget(self, group: Group) -> None:
        live = group.live
        if self._groups.get(live.key) is not group:
            return
        del self._groups[live.key]
        for team_id in list(group.others):
            self._let_go(group, team_id)
        self._ignore(group, live.team_id)
        self._counters.view_groups -= 1

    def _keep(self, view: View) -> None:
        """It is open from here on, in place of one that had its name."""
        member = view.member
        if member.gone:
            view.leave()
            return
        if before := self._views.get(member.sid, {}).get(view.name):
            self._drop(before)
        self._views.setdefault(member.sid, {})[view.name] = view
        self._counters.views += 1

    def _drop(self, view: View) -> None:
        view.leave()
        mine = self._views[view.member.sid]
        del mine[view.name]
        if not mine:
            del self._views[view.member.sid]
        self._counters.views -= 1

    # What the rooms say

    def _hear(self, event: Event) -> None:
        entity = event.entity or event.kind.partition(".")[0]
        for topic in (entity, EVERYTHING):
            for group in self._topics.get((event.team_id, topic), ()):
                group.hear(event)
        if event.kind in membership.KINDS and self._views:
            # The room gives the member its new role, or lets it go, within this very step.
            asyncio.get_running_loop().call_soon(self._look_again, event.entity_id)

    def _doubt(self, team_id: UUID) -> None:
        """Its room is closed with its past; whoever shows its records beside others' asks again."""
        for group in list(self._groups.values()):
            if team_id in group.others:
                self._let_go(group, team_id)
                group.doubt(team_id)

    def _look_again(self, user_id: UUID) -> None:
        """Somebody may see something else now; nothing more is shown to them as before."""
        for views in list(self._views.values()):
            for view in list(views.values()):
                if view.member.who.user_id == user_id and view.who is not view.member.who:
                    self._place(view)

    async def _reached(self, team_id: UUID, seq: int) -> None:
        """Wait until all is known here that a reading has seen."""
        if not await self._rooms.reach(team_id, seq):
            raise Unavailable("The log is shorter than when this list was read")


def _look(source: Source, params: Any, who: Any) -> LiveList:
    return source(who, params)


def _asked(payload: Any) -> tuple[str, str, Any]:
    """The name, the list and its parameters; Malformed with a sentence about what is wrong."""
    match payload:
        case {"view": str() as name, "list": str() as listed, **rest}:
            if not 0 < len(name) <= MAX_NAME:
                raise Malformed(f"view: 1 to {MAX_NAME} characters are expected")
            if rest.keys() - {"params"}:
                raise Malformed("view, list and params are expected, and nothing else")
            return name, listed, rest.get("params")
    raise Malformed("view: your name for it, and list: one like escrows:list, are expected")
