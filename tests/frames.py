"""Real frames of every kind, as one socket after the other gets them from a running server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from typing_extensions import override

from channels.base.limits import COMMAND_BURST
from channels.views.view import Declined
from channels.views.views import Views
from db.events import heads
from domains.kit.actor import Actor, Role
from domains.kit.child import Child
from domains.kit.resource import Resource
from server.keys import CREDENTIALS, GATEWAY, PRESENCE, ROOMS
from tests.api.whole_server import WholeServer
from tests.examples import EXAMPLES
from tests.factories import LEAST, Team, move_to, new_member, new_team, road
from tests.screens import Refused, Screen
from tests.walk import RESOURCES, a_change, child_example

LATER = "2199-06-03T19:30:00+00:00"
STEP = ("join", "upd", "leave")


@dataclass
class Frames:
    """`said` are the server's words by what they show; `asked` what each command was given."""

    said: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)
    presence: bool = False  # who is here while other things are played through is a matter of time


class Recorder(Screen):
    """A screen that keeps one frame of each kind."""

    frames: Frames
    auth: Mapping[str, Any] = MappingProxyType({})  # what it says beside what every screen does

    @override
    def _auth(self) -> dict[str, Any]:
        return super()._auth() | dict(self.auth)

    @override
    async def connect(self, url: str | None = None) -> dict[str, Any]:
        hello = await super().connect(url)
        self._keep(f"hello.{hello['teams'][0]['mode']}", hello)
        return hello

    @override
    async def _take(self, text: str) -> None:
        if text.startswith("42"):
            name, body = orjson.loads(text[2:])
            if name == "event":
                for event in body:
                    kind = event["k"]
                    self._keep("event.tombstone" if kind == "-" else f"event.{kind}", event)
            elif name == "presence":
                if self.frames.presence:
                    self._keep(_step(body), body)
            elif name == "view":
                parts = ["closed"] if "closed" in body else [one["k"] for one in body["changes"]]
                self._keep("-".join(["view", *parts]), body)
            elif name != "hello":
                self._keep(name, body)
        await super()._take(text)

    def _keep(self, label: str, body: Any) -> None:
        self.frames.said.setdefault(label, body)

    async def ask(self, command: str, payload: Any = None) -> Any:
        """Run a command that succeeds; its data."""
        envelope = await self.call(command, payload)
        assert envelope["success"], (command, envelope)
        self.frames.asked.setdefault(command, {} if payload is None else payload)
        self._keep(f"ack.{command}", envelope)
        return envelope["data"]

    async def fail(self, command: str, payload: Any = None) -> None:
        envelope = await self.call(command, payload)
        assert not envelope["success"], (command, envelope)
        self._keep(f"refused.{envelope['error']['code']}", envelope)


def _step(body: Mapping[str, Any]) -> str:
    """What a step of presence does, as its label."""
    parts = ["full"] if body.get("full") else [part for part in STEP if body.get(part)]
    return f"presence.{'-'.join(parts)}"


# They share the first team, whose numbers are in the frames. A later kind has a team of its own.
FIRST = {"escrows", "listings"}


class Stage:
    """A team, and as many sockets of it as are wanted: each has its own allowance of commands."""

    def __init__(self, server: WholeServer, team: Team, frames: Frames) -> None:
        self.server = server
        self.team = team
        self.frames = frames
        self._ops = count(1)

    def op(self) -> str:
        return f"op-{next(self._ops)}"

    @asynccontextmanager
    async def screen(
        self, who: Actor | None = None, *, at: tuple[int, str] | None = None, **auth: Any
    ) -> AsyncIterator[Recorder]:
        actor = who or self.team.owner
        token = await self.server.token(actor)
        screen = Recorder(self.server.session, self.server.url, token, actor.team_id)
        screen.frames = self.frames
        screen.position = at
        screen.auth = auth
        await screen.connect()
        try:
            yield screen
            if screen.connected:  # what was done last is told a moment after its answer
                head = (await heads(self.server.db, [actor.team_id]))[actor.team_id]
                await screen.reaches(head.seq)
        finally:
            await screen.disconnect()


async def record(server: WholeServer) -> Frames:
    """Play through everything the wire can say."""
    frames = Frames()
    stage = Stage(server, await new_team(server.db), frames)
    async with stage.screen(stage.team.agent) as watching:
        for resource in RESOURCES:
            if resource.plural in FIRST:
                await _records(stage, resource)
        await _listings(stage)
        await _people(stage)
        await _privacy(stage)
        await _refusals(stage)
        await _comings(stage)
        server.app[ROOMS].beat()
        await _until(stage, "hb")
        await watching.reaches((await heads(server.db, [stage.team.id]))[stage.team.id].seq)
    for resource in RESOURCES:
        if resource.plural not in FIRST:
            await _of_its_own(server, frames, resource)
        await _grants(await _anew(stage), resource)
        for child in resource.children:
            await _children(await _anew(stage), resource, child)
    await _permissions(await _anew(stage))
    await _leads(await _anew(stage))
    company = await _anew(stage)
    async with company.screen(company.team.agent) as watching:
        await _company(company)
        head = (await heads(server.db, [company.team.id]))[company.team.id]
        await watching.reaches(head.seq)
    await _appointments(await _anew(stage))
    await _presence(server, frames)
    await _views(server, frames)
    await _old_names(server, frames)
    await _token(stage)
    await _refused_connections(stage)
    async with stage.screen() as screen:
        gateway = server.app[GATEWAY]
        gateway._closing = True
        await gateway._drain()
        await screen.closed()
        await _refused(stage, {"token": await server.token(stage.team.owner)})
    return frames


async def _of_its_own(server: WholeServer, frames: Frames, resource: Resource) -> None:
    stage = Stage(server, await new_team(server.db), frames)
    async with stage.screen(stage.team.agent) as watching:
        await _records(stage, resource)
        if also := ALSO.get(resource.plural):
            await also(stage)
        await watching.reaches((await heads(server.db, [stage.team.id]))[stage.team.id].seq)


async def _clients(stage: Stage) -> None:
    async with stage.screen() as screen:
        made = await screen.ask("clients:create", {"op": stage.op(), "body": LEAST["clients"]})
        tags = {"op": stage.op(), "id": made["id"], "body": {"add": ["VIP"]}}
        await screen.ask("clients:tags", tags)
        await screen.ask("search", {"params": {"q": "cleo"}})


async def _contacts(stage: Stage) -> None:
    async with stage.screen() as screen:
        body = {**LEAST["contacts"], "email": "carla@mail.example"}
        first, other = [
            await screen.ask("contacts:create", {"op": stage.op(), "body": body}) for _ in range(2)
        ]
        one = {"id": first["id"]}
        await screen.ask(
            "contacts:primary_role", {"op": stage.op(), **one, "body": {"role": "agent"}}
        )
        await screen.ask(
            "contacts:search", {"params": {"role": "agent", "name": first["display_id"]}}
        )
        await screen.ask("contacts:duplicates", {})
        await screen.ask("contacts:duplicates_of", one)
        merge, body = stage.op(), {"other_id": other["id"]}
        await screen.ask("contacts:merge", {"op": merge, **one, "body": body})
        await screen.fail("contacts:get", {"id": other["id"]})
        back = {"op": stage.op(), **one, "body": {"merge": merge}}
        await screen.ask("contacts:unmerge", back)
        await screen.ask(
            "contacts:distinct", {"op": stage.op(), **one, "body": {"other_id": other["id"]}}
        )
        await screen.ask("contacts:undistinct", {"op": stage.op(), **one, "other_id": other["id"]})


# What a kind with a team of its own offers beside the common verbs.
ALSO: dict[str, Callable[[Stage], Awaitable[None]]] = {
    "clients": _clients,
    "contacts": _contacts,
}


async def _records(stage: Stage, resource: Resource) -> None:
    plural = resource.plural
    async with stage.screen() as screen:
        made = await screen.ask(f"{plural}:create", {"op": stage.op(), "body": LEAST[plural]})
        one = {"id": made["id"]}
        body = a_change(resource)
        await screen.ask(f"{plural}:update", {"op": stage.op(), **one, "version": 1, "body": body})
        status = next(iter(resource.transitions[made[resource.status]]))
        moved = {"op": stage.op(), **one, "body": move_to(resource, status)}
        await screen.ask(f"{plural}:status", moved)
        for verb in ("archive", "restore", "delete"):
            await screen.ask(f"{plural}:{verb}", {"op": stage.op(), **one})
        await screen.ask(f"{plural}:restore", {"op": stage.op(), **one})
        batch = {"op": "archive", "ids": [made["id"]]}
        await screen.ask(f"{plural}:batch", {"op": stage.op(), "body": batch})
        await screen.ask(f"{plural}:get", one)
        await screen.ask(f"{plural}:history", one)
        await screen.ask(f"{plural}:list", {"params": {"limit": 10, "archived": True}})
        await screen.ask(f"{plural}:stats", {})


async def _anew(stage: Stage) -> Stage:
    """A team of its own: what is played there moves no number of what is played elsewhere."""
    return Stage(stage.server, await new_team(stage.server.db), stage.frames)


async def _grants(stage: Stage, resource: Resource) -> None:
    plural = resource.plural
    async with stage.screen() as screen:
        made = await screen.ask(f"{plural}:create", {"op": stage.op(), "body": LEAST[plural]})
        one = {"id": made["id"]}
        viewer = {"user_id": str(stage.team.viewer.user_id)}
        await screen.ask(f"{plural}:grant", {"op": stage.op(), **one, "body": viewer})
        await screen.ask(f"{plural}:grants", one)
        await screen.ask(
            f"{plural}:revoke", {"op": stage.op(), **one, "grantee": viewer["user_id"]}
        )


async def _permissions(stage: Stage) -> None:
    async with stage.screen(stage.team.agent) as watching:
        async with stage.screen() as screen:
            given = {"id": str(stage.team.agent.user_id), "body": {"can_view_financials": False}}
            await screen.ask("teams:permissions", {"op": stage.op(), **given})
        await watching.reaches((await heads(stage.server.db, [stage.team.id]))[stage.team.id].seq)


async def _children(stage: Stage, resource: Resource, child: Child) -> None:
    plural, name, example = resource.plural, child.name, child_example(resource, child)
    async with stage.screen() as screen:
        made = await screen.ask(f"{plural}:create", {"op": stage.op(), "body": LEAST[plural]})
        one = {"id": made["id"]}
        body = dict(example.least)
        row = await screen.ask(f"{plural}:add_{name}", {"op": stage.op(), **one, "body": body})
        this = {"op": stage.op(), **one, f"{name}_id": row["id"]}
        await screen.ask(f"{plural}:update_{name}", {**this, "body": dict(example.change)})
        await screen.ask(f"{plural}:{child.plural}", {**one, "params": {"limit": 5}})
        await screen.ask(f"{plural}:remove_{name}", {**this, "op": stage.op()})


async def _listings(stage: Stage) -> None:
    (listings,) = [one for one in RESOURCES if one.plural == "listings"]
    async with stage.screen() as screen:
        made = await screen.ask("listings:create", {"op": stage.op(), "body": LEAST["listings"]})
        one = {"id": made["id"]}
        for status in road(listings, "active"):
            moved = {"op": stage.op(), **one, "body": move_to(listings, status)}
            await screen.ask("listings:status", moved)
        price = {"op": stage.op(), **one, "body": {"list_price": 475000.25}}
        await screen.ask("listings:price", price)
        await screen.ask("listings:price_history", one)
        gone = {"op": stage.op(), **one, "body": move_to(listings, "cancelled")}
        await screen.ask("listings:status", gone)
        anew = {"op": stage.op(), **one, "body": {"list_price": 480000}}
        await screen.ask("listings:relist", anew)


async def _leads(stage: Stage) -> None:
    """What leads have beside the common verbs, and the rules that give them out."""
    async with stage.screen() as screen:
        rule = {"name": "All", "strategy": "round_robin"}
        added = await screen.ask("lead_routing:add", {"op": stage.op(), "body": rule})
        this = {"id": added["id"]}
        changed = {"op": stage.op(), **this, "body": {"name": "Everybody"}}
        await screen.ask("lead_routing:change", changed)
        await screen.ask("lead_routing:rules")
        takes = {"capacity": 30, "territories": ["98101"]}
        agent = {"id": str(stage.team.agent.user_id)}
        await screen.ask("lead_routing:agent", {"op": stage.op(), **agent, "body": takes})
        await screen.ask("lead_routing:agents")
        made = await screen.ask("leads:create", {"op": stage.op(), "body": LEAST["leads"]})
        for verb in ("release", "claim", "route"):
            await screen.ask(f"leads:{verb}", {"op": stage.op(), "id": made["id"]})
        await screen.ask("lead_routing:remove", {"op": stage.op(), **this})
        for status in ("contacted", "qualified"):
            moved = {"op": stage.op(), "id": made["id"], "body": {"status": status}}
            await screen.ask("leads:status", moved)
        one = {"op": stage.op(), "id": made["id"], "body": {}}
        await screen.ask("leads:convert", one)


async def _appointments(stage: Stage) -> None:
    async with stage.screen() as screen:
        for verb in ("confirm", "reschedule", "cancel", "complete"):
            body = dict(LEAST["appointments"])
            if verb == "complete":
                body |= EXAMPLES["appointments"].ready["begun"]()
            made = await screen.ask("appointments:create", {"op": stage.op(), "body": body})
            said: dict[str, Any] = {"op": stage.op(), "id": made["id"]}
            if verb in EXAMPLES["appointments"].verbs:
                said["body"] = EXAMPLES["appointments"].verbs[verb]
            await screen.ask(f"appointments:{verb}", said)
        body = {**LEAST["appointments"], "overlap_reason": None}
        made = await screen.ask("appointments:create", {"op": stage.op(), "body": body})
        later = {"op": stage.op(), "id": made["id"], "body": {"starts_at": LATER}}
        await screen.ask("appointments:update", later)
        clash = {**body, "starts_at": LATER}
        await screen.fail("appointments:create", {"op": stage.op(), "body": clash})


async def _people(stage: Stage) -> None:
    leaver = await new_member(stage.server.db, stage.team.id, Role.AGENT, "Lou Leaver")
    one = {"id": str(leaver.user_id)}
    async with stage.screen() as screen:
        await screen.ask("auth:me")
        await screen.ask("teams:current")
        await screen.ask("teams:members")
        await screen.ask("teams:member", one)
        await screen.ask("teams:role", {"op": stage.op(), **one, "body": {"role": "lead"}})
        await screen.ask("teams:remove", {"op": stage.op(), **one})
        invitation = await stage.server.ask(
            "POST",
            "/v1/teams/current/invitations",
            by=stage.team.owner,
            body={"email": "new@homes.example", "role": "agent"},
        )
        await screen.ask("teams:invitations")
        wanted = {"op": stage.op(), "id": invitation.data["id"]}
        await screen.ask("teams:uninvite", wanted)
        await screen.ask("activity:list", {"params": {"limit": 3}})
        await screen.ask("stats:home", {})
        await screen.ask("escrows:manager", {"params": {"period": "1_year"}})
        joining = await stage.server.ask(
            "POST",
            "/v1/teams/current/invitations",
            by=stage.team.owner,
            body={"email": f"{stage.team.id.hex}@homes.example", "role": "agent"},
        )
        joined = {
            "token": joining.data["token"],
            "full_name": "Nia New",
            "password": "a password of eleven words",
        }
        await stage.server.ask("POST", "/v1/auth/invitations/accept", body=joined)


async def _company(stage: Stage) -> None:
    """A brokerage from its founding to its last team but one, and the people of its first."""
    async with stage.screen() as owner:
        await owner.ask("brokerages:create", {"op": stage.op(), "body": {"name": "Lake & Sons"}})
        await owner.ask("users:me")
        telling = {"title": "Broker of Record", "license_state": "WA"}
        await owner.ask("users:update", {"op": stage.op(), "body": telling})
        await owner.ask("users:list", {"params": {"sort": "full_name", "order": "asc"}})
        await owner.ask("users:stats")
        one = {"id": str(stage.team.agent.user_id)}
        await owner.ask("users:get", one)
        await owner.ask("users:history", one)
    third = await new_team(stage.server.db, "Third Team")
    leaver = await new_member(stage.server.db, stage.team.id, Role.BROKER, "Lou Leaver")
    async with stage.screen() as broker:
        await broker.ask("teams:list")
        await broker.ask("teams:update", {"op": stage.op(), "body": {"name": "Harbor"}})
        company = await broker.ask("brokerages:current")
        await broker.ask("brokerages:brokers")
        renamed = {"op": stage.op(), "body": {"name": "Lake & Daughters"}}
        await broker.ask("brokerages:update", renamed)
        await broker.ask("brokerages:remove", {"op": stage.op(), "id": str(leaver.user_id)})
        made = await broker.ask("teams:create", {"op": stage.op(), "body": {"name": "Second"}})
        await broker.ask("brokerages:release", {"op": stage.op(), "id": made["id"]})
        nobody = str(stage.team.agent.user_id)  # no team has this id
        await broker.ask("brokerages:offer", {"op": stage.op(), "body": {"team_id": nobody}})
        await broker.ask("brokerages:moves")
        declined = {"op": stage.op(), "id": nobody}
        await broker.ask("brokerages:decline", declined)
    async with stage.screen(third.owner) as owner:
        asked = {"op": stage.op(), "body": {"brokerage_id": company["id"]}}
        await owner.ask("teams:ask", asked)
        await owner.ask("teams:secede", {"op": stage.op()})
    admin = await new_member(stage.server.db, stage.team.id, Role.SYSTEM_ADMIN)
    async with stage.screen(admin) as screen:
        for command in ("users:disable", "users:enable"):
            await screen.ask(command, {"op": stage.op(), "id": str(stage.team.viewer.user_id)})


async def _privacy(stage: Stage) -> None:
    """The agent who watches loses sight of a record, and sees that it goes on without them."""
    async with stage.screen() as screen:
        made = await screen.ask("escrows:create", {"op": stage.op(), "body": LEAST["escrows"]})
        for body in ({"is_private": True}, {"notes": "between us"}):
            await screen.ask("escrows:update", {"op": stage.op(), "id": made["id"], "body": body})


async def _refusals(stage: Stage) -> None:
    async with stage.screen() as screen:
        made = await screen.ask("escrows:create", {"op": stage.op(), "body": LEAST["escrows"]})
        one = {"id": made["id"]}
        price = {"op": stage.op(), **one, "version": 1, "body": {"purchase_price": 1}}
        await screen.ask("escrows:update", price)
        await screen.fail(
            "escrows:update", {**price, "op": stage.op(), "body": {"purchase_price": 2}}
        )
        await screen.fail("escrows:update", {**price, "body": {"purchase_price": 3}})
        await screen.fail("escrows:update", {**price, "op": stage.op(), "body": {"colour": "red"}})
        closed = {"op": stage.op(), **one, "body": {"status": "closed"}}
        await screen.fail("escrows:status", closed)
        await screen.fail("escrows:get", {"id": "ESC-1999-0001"})
        listed = await screen.ask("listings:create", {"op": stage.op(), "body": LEAST["listings"]})
        anew = {"op": stage.op(), "id": listed["id"], "body": {"list_price": 480000}}
        await screen.fail("listings:relist", anew)
    async with stage.screen(stage.team.viewer) as screen:
        await screen.fail("escrows:update", {"op": stage.op(), **one, "body": {"notes": "x"}})
    async with stage.screen() as screen:
        at_once = (screen.call("escrows:get", one) for _ in range(COMMAND_BURST + 5))
        for envelope in await asyncio.gather(*at_once):
            if not envelope["success"]:
                stage.frames.said["refused.RATE_LIMITED"] = envelope


async def _comings(stage: Stage) -> None:
    head = (await heads(stage.server.db, [stage.team.id]))[stage.team.id]
    async with stage.screen(at=(head.seq, head.h)) as screen:
        assert screen.modes == {"live": 1}, screen.hello
        await screen.ask("escrows:create", {"op": stage.op(), "body": LEAST["escrows"]})
        await screen.reaches(head.seq + 1)
        position = {"team": str(stage.team.id), "s": head.seq, "h": head.h}
        await screen.ask("resume", position)
    async with stage.screen(at=(head.seq, head.h)) as screen:
        assert screen.modes == {"replay": 1}, screen.hello
    async with stage.screen(at=(head.seq, "0" * 32)) as screen:
        assert screen.modes == {"resync": 1}, screen.hello
    async with stage.screen() as screen:
        elsewhere = {"team": "00000000-0000-4000-8000-000000000000", "s": 1, "h": "0" * 32}
        denied = await screen.call("resume", elsewhere)
        stage.frames.said["ack.resume.denied"] = denied


async def _presence(server: WholeServer, frames: Frames) -> None:
    """One step after the other: what happens at once is told at once."""
    stage = Stage(server, await new_team(server.db), frames)
    frames.presence = True
    async with stage.screen() as ana:
        await _until(stage, "presence.full")
        async with stage.screen(stage.team.lead):
            await _until(stage, "presence.join")
            made = await ana.ask("listings:create", {"op": stage.op(), "body": LEAST["listings"]})
            place = {"record": f"listing:{made['id']}", "field": "notes"}
            await ana.ask("presence:set", {"state": "editing", **place})
            await _until(stage, "presence.upd")
        await _until(stage, "presence.leave")
        await ana.ask("presence:get", {})
        for team in server.app[PRESENCE]._teams.values():
            team.view.tell_digests()
        await _until(stage, "presence.digest")
    frames.presence = False


async def _old_names(server: WholeServer, frames: Frames) -> None:
    """What those hear who ask for `compat`."""
    stage = Stage(server, await new_team(server.db), frames)
    async with stage.screen(compat=True) as screen:
        await _until(stage, "connection")
        async with asyncio.timeout(10):
            while "presence" not in dict(screen.said):  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.02)
        async with stage.screen(stage.team.lead):
            await _until(stage, "team:userConnected")
        await _until(stage, "team:userDisconnected")
        made = await screen.ask("escrows:create", {"op": stage.op(), "body": LEAST["escrows"]})
        one = {"id": made["id"]}
        await screen.ask("escrows:update", {"op": stage.op(), **one, "body": {"notes": "Called"}})
        await _until(stage, "escrow:updated")


async def _views(server: WholeServer, frames: Frames) -> None:
    stage = Stage(server, await new_team(server.db), frames)
    async with stage.screen() as screen:
        screen.views["board"] = lambda _: None
        board = {"view": "board", "list": "escrows:list", "params": {"status": "pending"}}
        await screen.ask("view:open", board)
        made = await screen.ask("escrows:create", {"op": stage.op(), "body": LEAST["escrows"]})
        await _until(stage, "view-row.enter-stats.delta")
        one = {"id": made["id"]}
        await screen.ask("escrows:update", {"op": stage.op(), **one, "body": {"notes": "Called"}})
        await _until(stage, "view-row.change")
        await screen.ask("escrows:delete", {"op": stage.op(), **one})
        await _until(stage, "view-row.leave-stats.delta")
        await screen.ask("view:close", {"view": "board"})
        # What a role may read does not change while it is on a socket, in this release.
        await screen.ask("view:open", board)
        (views,) = (each for each in server.app[GATEWAY]._features if isinstance(each, Views))
        ((view,),) = (mine.values() for mine in views._views.values())
        view.end(Declined(b"", "FORBIDDEN", "You may not read this list"))
        await _until(stage, "view-closed")


async def _until(stage: Stage, label: str) -> None:
    async with asyncio.timeout(10):
        while label not in stage.frames.said:  # noqa: ASYNC110 - a screen tells nobody
            await asyncio.sleep(0.02)


async def _token(stage: Stage) -> None:
    async with stage.screen() as screen:
        credentials = stage.server.app[CREDENTIALS]
        for member, (end, _) in list(credentials._ends.items()):
            credentials._look_at(member, end - 60)
        await _until(stage, "auth.expiring")
        await screen.ask("auth:refresh", {"token": await stage.server.token(stage.team.owner)})


async def _refused_connections(stage: Stage) -> None:
    token = await stage.server.token(stage.team.owner)
    await _refused(stage, {"token": "nonsense"})
    await _refused(stage, {"token": token, "proto": 0})
    await _refused(stage, {"token": token, "subs": 7})


async def _refused(stage: Stage, auth: Mapping[str, Any]) -> None:
    screen = Recorder(stage.server.session, stage.server.url, "", stage.team.id)
    screen.frames = stage.frames
    screen.auth = {"proto": 1, **auth}
    with pytest.raises(Refused) as told:
        await screen.connect()
    error = {"message": told.value.message, "data": told.value.data}
    stage.frames.said[f"connect_error.{told.value.data['code']}"] = error
