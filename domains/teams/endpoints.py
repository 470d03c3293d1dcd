"""The outside of teams: the current team, its members, its invitations."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from db.database import Database
from domains.kit.actor import EVERYONE, LEADS, WRITERS
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import NotFound
from domains.kit.fields import sent
from domains.kit.replies import reply
from domains.kit.services import Services
from domains.teams import invitations, members, team
from domains.teams.models import (
    Invitation,
    InvitationRequest,
    Member,
    MemberContact,
    NewInvitation,
    Permissions,
    RoleChange,
    Team,
    TeamPatch,
    TeamsQuery,
)

TEAM = "/teams/current"
FOR_ALL: Mapping[str, Any] = {"roles": EVERYONE, "tag": "teams"}
FOR_LEADS: Mapping[str, Any] = {"roles": LEADS, "tag": "teams"}
FOR_MANAGERS: Mapping[str, Any] = {"roles": WRITERS, "tag": "teams"}  # with manage_team


def endpoints(services: Services) -> list[Endpoint]:
    db = services.db
    return [*_of_teams(db), *_of_people(db), *_of_permissions(db)]


def _of_teams(db: Database) -> list[Endpoint]:
    async def mine(call: Call) -> Reply:
        items, pagination = await team.list_mine(db, call.who, call.params)
        return Reply(items.encode(), pagination=pagination)

    async def current(call: Call) -> Reply:
        return _json(await team.current(db, call.who))

    async def change(call: Call) -> Reply:
        return reply(await team.change(db, call.who, call.body, version=call.version, op=call.op))

    return [
        Endpoint("teams:list", Method.GET, "/teams", mine, Team,
                 "List the teams that you may act in", params=TeamsQuery, many=True, **FOR_ALL),
        Endpoint("teams:current", Method.GET, TEAM, current, Team, "Read your team", **FOR_ALL),
        Endpoint("teams:update", Method.PATCH, TEAM, change, Team,
                 "Change your team's name or time zone", body=TeamPatch, **FOR_LEADS),
    ]  # fmt: skip


def _of_people(db: Database) -> list[Endpoint]:
    async def list_all(call: Call) -> Reply:
        items, read_at = await members.list_members(db, call.who)
        return Reply(items.encode(), as_of=read_at)

    async def list_of(call: Call) -> Reply:
        _require_own(call)
        return await list_all(call)

    async def member(call: Call) -> Reply:
        return _json(await members.read_member(db, call.who, _id(call)))

    async def role(call: Call) -> Reply:
        return reply(
            await members.change_role(
                db, call.who, _id(call), call.body.role, version=call.version, op=call.op
            )
        )

    async def remove(call: Call) -> Reply:
        return reply(await members.remove(db, call.who, _id(call), op=call.op))

    async def invite(call: Call) -> Reply:
        made = await invitations.invite(db, call.who, call.body.email, call.body.role)
        return _json(made, status=201)

    async def invited(call: Call) -> Reply:
        return _json(await invitations.list_open(db, call.who))

    async def revoke(call: Call) -> Reply:
        return _json(await invitations.revoke(db, call.who, _id(call)))

    of_members, one = f"{TEAM}/members", f"{TEAM}/members/{{id}}"
    of_invitations = f"{TEAM}/invitations"
    return [
        Endpoint("teams:members", Method.GET, of_members, list_all, Member,
                 "List the members of your team", many=True, **FOR_ALL),
        Endpoint("teams:members_of", Method.GET, "/teams/{team}/members", list_of, Member,
                 "The same, by the id of your team", many=True, socket=False, **FOR_ALL),
        Endpoint("teams:member", Method.GET, one, member, MemberContact,
                 "Read a member and how to write to them", **FOR_ALL),
        Endpoint("teams:role", Method.PATCH, one, role, Member, "Give a member another role",
                 body=RoleChange, **FOR_MANAGERS),
        Endpoint("teams:remove", Method.DELETE, one, remove, Member,
                 "Remove a member, or leave the team yourself", **FOR_ALL),
        Endpoint("teams:invitations", Method.GET, of_invitations, invited, Invitation,
                 "List the open invitations", many=True, **FOR_MANAGERS),
        # Not a socket command: its answer holds a secret that only the asker may see.
        Endpoint("teams:invite", Method.POST, of_invitations, invite, NewInvitation,
                 "Invite somebody; the token is shown this once", body=InvitationRequest,
                 status=201, socket=False, **FOR_MANAGERS),
        Endpoint("teams:uninvite", Method.DELETE, f"{of_invitations}/{{id}}", revoke, Invitation,
                 "Revoke an invitation", **FOR_MANAGERS),
    ]  # fmt: skip


def _of_permissions(db: Database) -> list[Endpoint]:
    async def permissions(call: Call) -> Reply:
        given = sent(call.body)
        given.pop("version", None)
        return reply(
            await members.change_permissions(
                db, call.who, _id(call), given, version=call.version, op=call.op
            )
        )

    async def permissions_of(call: Call) -> Reply:
        _require_own(call)
        return await permissions(call)

    one = f"{TEAM}/members/{{id}}/permissions"
    return [
        Endpoint("teams:permissions", Method.PUT, one, permissions, Member,
                 "Give a member permissions beside the role, or take them", body=Permissions,
                 **FOR_MANAGERS),
        Endpoint("teams:permissions_of", Method.PUT, "/teams/{team}/members/{id}/permissions",
                 permissions_of, Member, "The same, by the id of your team", body=Permissions,
                 socket=False, **FOR_MANAGERS),
    ]  # fmt: skip


def _require_own(call: Call) -> None:
    if call.path["team"].lower() != str(call.who.team_id):
        raise NotFound("There is no such team")


def _id(call: Call) -> UUID:
    """An id that cannot exist is a member or invitation that does not."""
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise NotFound("There is nothing with this id in your team") from None


def _json(text: str, status: int = 200) -> Reply:
    return Reply(text.encode(), status=status)
