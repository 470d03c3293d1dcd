"""Everything that anybody may ask of the server, by everybody, over REST and as socket commands."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from typing_extensions import override

from db.database import Database
from domains import DOMAINS
from domains.kit.actor import EVERYONE, LEADS, RIGHTS, WRITERS, Actor, Right, Role
from domains.kit.child import Child
from domains.kit.endpoint import Endpoint, Method
from domains.kit.resource import Resource
from domains.kit.scope import ACROSS_TEAMS
from server.keys import SERVICES
from tests.api.client import Answer, Api, Client
from tests.commander import Commander, NoCommand
from tests.factories import Team, new_brokerage, new_member, new_team
from tests.walk import (
    OWN,
    RESOURCES,
    WRITES,
    Write,
    child_example,
    child_writes,
    head,
    made_ready,
    parts_of,
    with_rows,
)

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)

# What a write of a record asks of who does not own it.
SEE: Final = "to see it"
EDIT: Final = "to change it"
DELETE: Final = "to delete it"
TAKE: Final = "to take it over"
GRANT: Final = "to decide about it, and to do what is granted"
DECIDE: Final = "to decide about it"
AUTHOR: Final = "to have written it"
EDIT_AUTHOR: Final = "to change it, and to have written it"
BRING_BACK: Final = "to change it, and to delete what others own"

ASKS: Final = {
    "create": SEE,
    "update": EDIT,
    "put": EDIT,
    "status": EDIT,
    "archive": EDIT,
    "restore": EDIT,
    "delete": DELETE,
    "grant": GRANT,
    "revoke": DECIDE,
    "batch": EDIT,
    "batch-deleted": DELETE,
    "restore-after-delete": BRING_BACK,
    "batch-after-delete": BRING_BACK,
    # leads
    "claim": SEE,
    "release": TAKE,
    "route": SEE,
    "convert": EDIT,
    # listings
    "price": EDIT,
    "relist": EDIT,
    # clients
    "tags": EDIT,
    # contacts
    "distinct": EDIT,
    "undistinct": EDIT,
    "merge": EDIT,
    "unmerge": EDIT,
    "primary_role": EDIT,
    # appointments
    "confirm": EDIT,
    "cancel": EDIT,
    "complete": EDIT,
    "reschedule": EDIT,
}
FOR: Final = {"route": LEADS}  # where that is not every writer
# What makes another private record for the owner of a private one, which is theirs to decide.
MAKES_ANOTHER: Final = {"convert", "relist"}
OF_MEMBERS: Final = {"claim"}
NOT_OFFERED: Final = "only over REST"


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody, with the permissions beside the role, and what the record is to them."""

    role: Role
    to: str = "others"
    edit: bool | None = None
    delete: bool | None = None

    @property
    def private(self) -> bool:
        return "private" in self.to

    @property
    def rights(self) -> frozenset[str]:
        rights = set(RIGHTS[self.role])
        for right, said in ((Right.EDIT_TEAM_DATA, self.edit), (Right.DELETE, self.delete)):
            if said is not None:
                (rights.add if said else rights.discard)(right)
        return frozenset(rights)

    @property
    def grant(self) -> dict[str, Any] | None:
        named = {
            "shown private": {},
            "lent": {"can_edit": True},
            "lent private": {"can_edit": True},
            "lent to delete": {"can_delete": True},
        }
        return named.get(self.to)

    def may(self, asks: str) -> bool:
        if asks == BRING_BACK:
            return self.may(EDIT) and Right.DELETE in self.rights
        if asks == EDIT_AUTHOR:
            return self.may(EDIT) and self.may(AUTHOR)
        if asks == AUTHOR:
            return self.role in LEADS
        if asks == SEE or self.to == "own":
            return True
        lent = self.grant or {}
        return {
            EDIT: Right.EDIT_TEAM_DATA in self.rights or "can_edit" in lent,
            DELETE: Right.DELETE in self.rights or "can_delete" in lent,
            TAKE: Right.DELETE in self.rights,
            GRANT: self.role in LEADS and Right.EDIT_TEAM_DATA in self.rights,
            DECIDE: self.role in LEADS,
        }[asks]

    def refused(self, verb: str, asks: str) -> str | None:
        """The code that this write is answered by; None where it is theirs to do."""
        outside = verb in OF_MEMBERS and self.role in ACROSS_TEAMS
        if self.role not in FOR.get(verb, WRITERS) or outside:
            return "FORBIDDEN"
        if verb == "create":
            return None
        if self.to == "another team's" or (self.to == "private" and self.role not in LEADS):
            return "NOT_FOUND"
        if verb in MAKES_ANOTHER and self.private and self.role not in LEADS:
            return "FORBIDDEN"
        if verb == "unmerge" and self.grant:
            return "FORBIDDEN"  # the one that was merged was granted to nobody
        return None if self.may(asks) else "FORBIDDEN"

    @override
    def __str__(self) -> str:
        said = [f"{'' if value else 'no-'}{name}" for name, value in
                (("edit", self.edit), ("delete", self.delete)) if value is not None]  # fmt: skip
        return "-".join([self.role, self.to.replace(" ", "-"), *said])


STANDINGS: Final = [
    *(Standing(role) for role in Role if role not in ACROSS_TEAMS),
    Standing(Role.BROKER),
    Standing(Role.AGENT, edit=False),
    Standing(Role.AGENT, delete=True),
    Standing(Role.COORDINATOR, edit=False, delete=True),
    Standing(Role.LEAD, edit=False, delete=False),
    Standing(Role.VIEWER, "own"),
    Standing(Role.AGENT, "own", edit=False),
    Standing(Role.AGENT, "private", delete=True),
    Standing(Role.COORDINATOR, "private"),
    Standing(Role.LEAD, "private", edit=False, delete=False),
    Standing(Role.AGENT, "shown private", edit=False),
    Standing(Role.AGENT, "lent", edit=False),
    Standing(Role.AGENT, "lent private", edit=False),
    Standing(Role.AGENT, "lent to delete", edit=False),
    Standing(Role.OWNER, "another team's"),
]


@dataclass(frozen=True, slots=True)
class Case:
    """A write, under the name that it has in ASKS."""

    write: Write
    asks: str

    @property
    def destroys(self) -> bool:
        return self.write.verb == "delete" or self.write.kind == "deleted"


def common(resource: Resource) -> list[Case]:
    """What may be done one after the other with one record; what ends it comes last."""
    found = [Case(write, ASKS[_name(write)]) for write in WRITES]
    for child in resource.children:
        found += [Case(write, _of_row(child, write)) for write in child_writes(child)]
    return sorted(found, key=lambda case: case.destroys)


def _name(write: Write) -> str:
    if write.first == "delete":
        return f"{write.verb}-after-delete"
    return "batch-deleted" if write.kind == "deleted" and write.verb == "batch" else write.verb


def _of_row(child: Child, write: Write) -> str:
    adds = write.verb.startswith("add_")
    if not child.own:
        return EDIT
    if child.follows:
        return EDIT if adds else EDIT_AUTHOR
    return SEE if adds else AUTHOR


async def reader_of(api: Api, team: Team, who: Standing) -> Actor:
    """Somebody who stands so; of another team where that is what they are."""
    of = team.id if who.to != "another team's" else (await new_team(api.db, "Rival Realty")).id
    return await let(api.db, await new_member(api.db, of, who.role, "Rea Reader"), who)


async def let(db: Database, actor: Actor, who: Standing) -> Actor:
    async with db.transaction() as rows:
        await rows.execute(
            """
            UPDATE members SET can_edit_team_data = $3, can_delete = $4
            WHERE team_id = $1 AND user_id = $2
            """,
            actor.team_id,
            actor.user_id,
            who.edit,
            who.delete,
        )
    return Actor(actor.user_id, actor.team_id, actor.role, actor.name, rights=who.rights)


@dataclass(frozen=True, slots=True)
class Office:
    """Where a standing is tried: who asks, both ways, and who makes what they ask about."""

    api: Api
    team: Team
    who: Standing
    reader: Actor
    lead: Client
    ways: tuple[Client, ...]

    @property
    def owner(self) -> UUID:
        return self.reader.user_id if self.who.to == "own" else self.team.agent.user_id

    @property
    def said(self) -> dict[str, Any]:
        """What makes a record stand so."""
        private = {"is_private": True} if self.who.private else {}
        return {"owner_id": str(self.owner), **private}

    async def some(self, resource: Resource) -> tuple[list[Any], list[Any]]:
        """Three records, the first with rows, and two that are deleted."""
        made = [await self.lead.make(resource, **self.said) for _ in range(5)]
        made[0] = await with_rows(self.lead, resource, made[0])
        await self._lend(resource, made)
        for record in made[3:]:
            await self.lead.delete(f"/{resource.plural}/{record['id']}")
        return made[:3], made[3:]

    async def ready(self, resource: Resource, first: str | None) -> list[Any]:
        """Records for a verb of their own, to which `first` was done."""
        records = await made_ready(self.lead, resource, first, **self.said)
        await self._lend(resource, records[:2])
        return records

    async def _lend(self, resource: Resource, records: list[Any]) -> None:
        if self.who.grant is not None:
            grant = {"user_id": str(self.reader.user_id), **self.who.grant}
            for record in records:
                await self.lead.put(f"/{resource.plural}/{record['id']}/grants", grant)

    def in_turn(self, number: int) -> Client:
        """One way or the other: over all standings, each write goes both."""
        return self.ways[(number + STANDINGS.index(self.who)) % len(self.ways)]


def code_of(answer: Answer) -> str | None:
    """What the write was refused with, or the one record of a batch."""
    if not answer.body["success"]:
        code: str = answer.error["code"]
        return code
    items = answer.data if isinstance(answer.data, list) else []
    codes = {item["error"]["code"] for item in items if item.get("error")}
    return next(iter(codes), None)


@pytest.fixture
async def office(api: Api, team: Team, lead: Client, who: Standing) -> Office:
    reader = await reader_of(api, team, who)
    ways = (await api.sign_in(reader), Commander(api, reader))
    return Office(api, team, who, reader, lead, ways)


each_standing = pytest.mark.parametrize("who", STANDINGS, ids=str)


@each_standing
@each_resource
async def test_a_record_is_written_by_whom_it_is_for_and_by_nobody_else(
    office: Office, resource: Resource
) -> None:
    allowed: list[tuple[Write, str | None]] = []
    denied: list[tuple[Write, str | None]] = []
    for case in common(resource):
        code = office.who.refused(case.write.verb, case.asks)
        (denied if code else allowed).append((case.write, code))
    records, gone = await office.some(resource)
    before = await head(office.api.db, office.team)
    for write, expected in denied:
        for by in office.ways:
            code = await _tried(by, resource, write, gone if write.first == "delete" else records)
            assert code in (expected, NOT_OFFERED), (write.verb, write.kind, by)
    assert await head(office.api.db, office.team) == before  # so one record served for all of it
    for number, (write, _) in enumerate(allowed):
        # What was deleted by itself is in no batch any more.
        of = gone if write.first == "delete" else records[write.records - 1 :]
        by = office.in_turn(number)
        code = await _tried(by, resource, write, of)
        assert code not in ("FORBIDDEN", "NOT_FOUND"), (write.verb, write.kind, by)


@each_standing
@pytest.mark.parametrize("resource", [each for each in RESOURCES if each.plural in OWN],
                         ids=lambda r: r.plural)  # fmt: skip
async def test_a_verb_of_its_own_is_done_for_whom_it_is_and_for_nobody_else(
    office: Office, resource: Resource
) -> None:
    for number, write in enumerate(OWN[resource.plural]):
        if write.shared and office.who.private:
            continue
        expected = office.who.refused(write.verb, ASKS[write.verb])
        records = await office.ready(resource, write.first)
        before = await head(office.api.db, office.team)
        for by in office.ways if expected else (office.in_turn(number),):
            code = await _tried(by, resource, write, records)
            assert code == expected, (write.verb, by)
        if expected:
            assert await head(office.api.db, office.team) == before


async def _tried(by: Client, resource: Resource, write: Write, records: list[Any]) -> str | None:
    try:
        return code_of(await write.act(by, resource, records))
    except NoCommand:
        return NOT_OFFERED


# The earlier system's paths to the same


def earlier_of(api: Api, resource: Resource) -> list[Endpoint]:
    (domain,) = [each for each in DOMAINS if each.name == "earlier"]
    offered = domain.endpoints(api.app[SERVICES])
    return [each for each in offered if each.path.startswith(f"/{resource.plural}/")]


def _earlier_body(endpoint: Endpoint, resource: Resource, record: Any) -> Any:
    fields = endpoint.body.model_fields if endpoint.body else {}
    if "ids" in fields:
        return {"ids": [record["id"]]}
    if "new_price" in fields:
        return {"newPrice": 475000}
    rows = [child for child in resource.children if endpoint.body is child.patch]
    return dict(child_example(resource, rows[0]).change) if rows else None


@pytest.mark.parametrize(
    ("who", "code"),
    [
        (Standing(Role.VIEWER), "FORBIDDEN"),
        (Standing(Role.AGENT, edit=False), "FORBIDDEN"),
        (Standing(Role.COORDINATOR, "private"), "NOT_FOUND"),
        (Standing(Role.OWNER, "another team's"), "NOT_FOUND"),
    ],
    ids=str,
)
@each_resource
async def test_no_earlier_path_lets_anybody_do_more(
    office: Office, resource: Resource, code: str
) -> None:
    record = await office.lead.make(resource, **office.said)
    record = await with_rows(office.lead, resource, record)
    before = await head(office.api.db, office.team)
    by, _ = office.ways
    for endpoint in earlier_of(office.api, resource):
        path = endpoint.path.format(**parts_of(endpoint, resource, record))
        answer = await by.ask(endpoint.method, path, _earlier_body(endpoint, resource, record))
        assert code_of(answer) == code, (endpoint.name, answer.body)
    assert await head(office.api.db, office.team) == before


# What is about no record


Body = Callable[["Desk"], Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """What there is in a team to ask about."""

    team: Team
    member: Actor
    broker: UUID
    brokerage: UUID
    invitation: str
    rule: str
    other_team: UUID


@dataclass(frozen=True, slots=True)
class Ask:
    """For whom an endpoint is, what is said to it, and about what."""

    roles: frozenset[Role]
    body: Body = lambda _: None
    parts: Callable[[Desk], Mapping[str, str]] = lambda _: {}


def _member(desk: Desk) -> Mapping[str, str]:
    return {"id": str(desk.member.user_id), "team": str(desk.team.id)}


def _rule(desk: Desk) -> Mapping[str, str]:
    return {"id": desk.rule}


def _other_team(desk: Desk) -> Mapping[str, str]:
    return {"id": str(desk.other_team)}


ADMIN: Final = frozenset({Role.SYSTEM_ADMIN})
OWNER: Final = frozenset({Role.OWNER})
OF_TEAMS: Final[Mapping[str, Ask]] = {
    "teams:update": Ask(LEADS, lambda _: {"name": "Harbor Homes West"}),
    "teams:role": Ask(LEADS, lambda _: {"role": "viewer"}, _member),
    "teams:permissions": Ask(LEADS, lambda _: {"can_delete": None}, _member),
    "teams:permissions_of": Ask(LEADS, lambda _: {"can_delete": None}, _member),
    "teams:remove": Ask(LEADS, parts=_member),
    "teams:invite": Ask(LEADS, lambda _: {"email": f"{uuid4().hex}@a.example", "role": "viewer"}),
    "teams:uninvite": Ask(LEADS, parts=lambda desk: {"id": desk.invitation}),
    "teams:create": Ask(ACROSS_TEAMS, lambda _: {"name": "Harbor Homes East"}),
    "teams:ask": Ask(OWNER | ADMIN, lambda desk: {"brokerage_id": str(desk.brokerage)}),
    "teams:secede": Ask(OWNER | ADMIN),
    "brokerages:create": Ask(OWNER, lambda _: {"name": "Lake & Daughters"}),
    "brokerages:update": Ask(ACROSS_TEAMS, lambda _: {"name": "Lake & Daughters"}),
    "brokerages:remove": Ask(ACROSS_TEAMS, parts=lambda desk: {"id": str(desk.broker)}),
    "brokerages:invite": Ask(ACROSS_TEAMS, lambda _: {"email": f"{uuid4().hex}@a.example"}),
    "brokerages:decline": Ask(ACROSS_TEAMS, parts=_other_team),
    "brokerages:offer": Ask(ACROSS_TEAMS, lambda desk: {"team_id": str(desk.other_team)}),
    "brokerages:release": Ask(ACROSS_TEAMS, parts=_other_team),
    "users:update": Ask(EVERYONE, lambda _: {"bio": "Sells houses"}),
    "auth:profile_put": Ask(EVERYONE, lambda _: {"bio": "Sells houses"}),
    "users:disable": Ask(ADMIN, parts=_member),
    "users:enable": Ask(ADMIN, parts=_member),
    "auth:team": Ask(EVERYONE, lambda desk: {"team_id": str(desk.team.id)}),
    "auth:password": Ask(EVERYONE, lambda _: {"current": "?" * 12, "new": "another word " * 2}),
    "auth:logout_everywhere": Ask(EVERYONE),
    "lead_routing:add": Ask(LEADS, lambda _: {"name": "All", "strategy": "pond"}),
    "lead_routing:change": Ask(LEADS, lambda _: {"name": "Some"}, _rule),
    "lead_routing:remove": Ask(LEADS, parts=_rule),
    "lead_routing:agent": Ask(LEADS, lambda _: {"capacity": 3}, _member),
}
# For whom nobody has to be signed in.
FOR_ALL: Final = {"auth:register", "auth:login", "auth:refresh", "auth:logout", "auth:accept"}


async def a_desk(api: Api) -> Desk:
    team = await new_team(api.db)
    lead = await api.sign_in(team.lead)
    email = f"{uuid4().hex}@homes.example"
    invited = await lead.post("/teams/current/invitations", {"email": email, "role": "viewer"})
    rule = await lead.post("/lead-routing/rules", {"name": "All", "strategy": "round_robin"})
    return Desk(
        team,
        await new_member(api.db, team.id, Role.AGENT, "Max Member"),
        uuid4(),
        await new_brokerage(api.db),
        invited.data["id"],
        rule.data["id"],
        (await new_team(api.db, "Rival Realty")).id,
    )


@pytest.mark.parametrize("way", ["rest", "socket"])
@pytest.mark.parametrize("role", Role)
async def test_what_is_about_no_record_is_done_for_whom_it_is_and_for_nobody_else(
    api: Api, role: Role, way: str
) -> None:
    every = [each for domain in DOMAINS for each in domain.endpoints(api.app[SERVICES])]
    offered = {each.name: each for each in every if way == "rest" or each.socket}
    desk = await a_desk(api)
    for name, asked in OF_TEAMS.items():
        if name not in offered:
            continue
        forbidden = role not in asked.roles
        reader = await new_member(api.db, desk.team.id, role, "Rea Reader")
        by = await api.sign_in(reader) if way == "rest" else Commander(api, reader)
        before = await head(api.db, desk.team)
        path = offered[name].path.format(**asked.parts(desk))
        answer = await by.ask(offered[name].method, path, asked.body(desk))
        assert (code_of(answer) == "FORBIDDEN") is forbidden, (name, answer.body)
        if forbidden:
            assert await head(api.db, desk.team) == before, name


async def test_every_way_to_write_anything_is_tried_by_every_role(api: Api) -> None:
    writes = {
        each.name
        for domain in DOMAINS
        for each in domain.endpoints(api.app[SERVICES])
        if each.method is not Method.GET
    }
    tried = {
        f"{resource.plural}:{verb}"
        for resource in RESOURCES
        for verb in (
            *(case.write.verb for case in common(resource)),
            *(write.verb for write in OWN.get(resource.plural, [])),
        )
    }
    tried |= {each.name for resource in RESOURCES for each in earlier_of(api, resource)}
    assert writes == tried | OF_TEAMS.keys() | FOR_ALL
