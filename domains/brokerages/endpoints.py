"""The outside of brokerages: the one of one's team, its brokers, its teams, who comes and goes."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from db.database import Database
from domains.brokerages import verbs
from domains.brokerages.models import (
    Broker,
    Brokerage,
    BrokerageChoice,
    BrokeragePatch,
    BrokerInvitation,
    Move,
    NewBrokerage,
    TeamOffer,
    WaitingMove,
)
from domains.kit.actor import ABOVE, EVERYONE, Role
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import NotFound
from domains.kit.replies import reply
from domains.kit.scope import ACROSS_TEAMS
from domains.kit.services import Services
from domains.teams.invitations import invite
from domains.teams.models import NewInvitation, NewTeam, Team

OURS = "/brokerages/current"
FOR_ALL: Mapping[str, Any] = {"roles": EVERYONE, "tag": "brokerages"}
FOR_BROKERS: Mapping[str, Any] = {"roles": ACROSS_TEAMS, "tag": "brokerages"}
FOR_OWNERS: Mapping[str, Any] = {"roles": ABOVE, "tag": "brokerages"}


def endpoints(services: Services) -> list[Endpoint]:
    return [*_of_company(services.db), *_of_brokers(services.db), *_of_teams(services.db)]


def _of_company(db: Database) -> list[Endpoint]:
    async def create(call: Call) -> Reply:
        return reply(await verbs.create(db, call.who, call.body, call.op))

    async def current(call: Call) -> Reply:
        return _json(await verbs.current(db, call.who))

    async def update(call: Call) -> Reply:
        return reply(await verbs.change(db, call.who, call.body, call.version, call.op))

    return [
        Endpoint("brokerages:create", Method.POST, "/brokerages", create, Brokerage,
                 "Found a brokerage with your team in it", body=NewBrokerage, status=201,
                 **FOR_OWNERS),
        Endpoint("brokerages:current", Method.GET, OURS, current, Brokerage,
                 "Read the brokerage that your team is of", **FOR_ALL),
        Endpoint("brokerages:update", Method.PATCH, OURS, update, Brokerage,
                 "Change the brokerage's name or licence", body=BrokeragePatch, **FOR_BROKERS),
    ]  # fmt: skip


def _of_brokers(db: Database) -> list[Endpoint]:
    async def brokers(call: Call) -> Reply:
        return _json(await verbs.brokers(db, call.who))

    async def remove(call: Call) -> Reply:
        return reply(await verbs.remove_broker(db, call.who, _id(call), call.op))

    async def invite_broker(call: Call) -> Reply:
        made = await invite(db, call.who, call.body.email, Role.BROKER, brokerage=True)
        return _json(made, status=201)

    return [
        Endpoint("brokerages:brokers", Method.GET, f"{OURS}/brokers", brokers, Broker,
                 "List the brokerage's brokers", many=True, **FOR_ALL),
        Endpoint("brokerages:remove", Method.DELETE, f"{OURS}/brokers/{{id}}", remove, Broker,
                 "Remove a broker, or leave the brokerage yourself", **FOR_BROKERS),
        # Not a socket command: its answer holds a secret that only the asker may see.
        Endpoint("brokerages:invite", Method.POST, f"{OURS}/invitations", invite_broker,
                 NewInvitation, "Invite a broker; the token is shown this once",
                 body=BrokerInvitation, status=201, socket=False, **FOR_BROKERS),
    ]  # fmt: skip


def _of_teams(db: Database) -> list[Endpoint]:
    async def add_team(call: Call) -> Reply:
        return reply(await verbs.add_team(db, call.who, call.body, call.op))

    async def moves(call: Call) -> Reply:
        return _json(await verbs.moves(db, call.who))

    async def offer(call: Call) -> Reply:
        return reply(await verbs.offer(db, call.who, call.body.team_id, call.op))

    async def decline(call: Call) -> Reply:
        return reply(await verbs.decline(db, call.who, _id(call), call.op))

    async def release(call: Call) -> Reply:
        return reply(await verbs.release(db, call.who, _id(call), call.op))

    async def ask(call: Call) -> Reply:
        return reply(await verbs.ask(db, call.who, call.body.brokerage_id, call.op))

    async def secede(call: Call) -> Reply:
        return reply(await verbs.secede(db, call.who, call.op))

    of_team = "/teams/current/brokerage"
    return [
        Endpoint("teams:create", Method.POST, "/teams", add_team, Team,
                 "Add a team to your brokerage", body=NewTeam, status=201, **FOR_BROKERS),
        Endpoint("brokerages:moves", Method.GET, f"{OURS}/moves", moves, WaitingMove,
                 "List the teams that are about to join", many=True, **FOR_BROKERS),
        Endpoint("brokerages:decline", Method.DELETE, f"{OURS}/moves/{{id}}", decline, None,
                 "Decline a team, or take back its offer", **FOR_BROKERS),
        Endpoint("brokerages:offer", Method.POST, f"{OURS}/teams", offer, Move,
                 "Take a team in, once its owner asks for it, too", body=TeamOffer,
                 **FOR_BROKERS),
        Endpoint("brokerages:release", Method.DELETE, f"{OURS}/teams/{{id}}", release, None,
                 "Let a team leave the brokerage", **FOR_BROKERS),
        Endpoint("teams:ask", Method.POST, of_team, ask, Move,
                 "Have your team join a brokerage, once a broker agrees", body=BrokerageChoice,
                 **FOR_OWNERS),
        Endpoint("teams:secede", Method.DELETE, of_team, secede, None,
                 "Take your team out of its brokerage", **FOR_OWNERS),
    ]  # fmt: skip


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise NotFound("There is nothing with this id in your brokerage") from None


def _json(text: str, status: int = 200) -> Reply:
    return Reply(text.encode(), status=status)
