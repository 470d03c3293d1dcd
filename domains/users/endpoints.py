"""The outside of users: the people of one's team, and one's own profile."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from domains.kit.actor import EVERYONE
from domains.kit.crud import Verbs
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.errors import NotFound
from domains.kit.fields import sent
from domains.kit.history import HistoryEntry, HistoryQuery
from domains.kit.replies import reply
from domains.kit.services import Services
from domains.kit.view import Live
from domains.users import profile
from domains.users.models import Account, Profile, ProfilePatch, TeamUser, UserQuery, UserStats
from domains.users.profile import ADMINS
from domains.users.resource import USERS, users_for


def endpoints(services: Services) -> list[Endpoint]:
    db, verbs = services.db, Verbs(services.db, USERS)

    def verbs_for(call: Call) -> Verbs:
        return Verbs(db, users_for(call.who.role))

    async def find(call: Call) -> Reply:
        return await verbs_for(call).find(call)

    def live(call: Call) -> Live:
        return verbs_for(call).live(call)

    async def stats(call: Call) -> Reply:
        return await verbs_for(call).stats(call)

    async def export(call: Call) -> Reply:
        return await verbs_for(call).export(call)

    async def me(call: Call) -> Reply:
        return Reply((await profile.read(db, call.who)).encode())

    async def change(call: Call) -> Reply:
        given = sent(call.body)
        return reply(await profile.change(db, call.who, given, base=call.version, op=call.op))

    async def disable(call: Call) -> Reply:
        return reply(
            await profile.set_disabled(services, call.who, _id(call), call.op, disabled=True)
        )

    async def enable(call: Call) -> Reply:
        return reply(
            await profile.set_disabled(services, call.who, _id(call), call.op, disabled=False)
        )

    reading: dict[str, Any] = {"roles": EVERYONE, "tag": "users"}
    kept: dict[str, Any] = {"topics": USERS.topics, **reading}
    admins: dict[str, Any] = {"roles": ADMINS, "tag": "users"}
    own = [
        Endpoint("users:me", Method.GET, "/users/me", me, Profile, "Read your profile", **reading),
        Endpoint("users:update", Method.PATCH, "/users/me", change, Profile,
                 "Change fields of your profile, in all your teams", body=ProfilePatch, **reading),
    ]  # fmt: skip
    return [
        *own,
        # The paths that the earlier system's programs know.
        replace(own[0], name="auth:profile", path="/auth/profile", socket=False),
        replace(own[1], name="auth:profile_put", method=Method.PUT, path="/auth/profile",
                socket=False),
        Endpoint("users:list", Method.GET, "/users", find, TeamUser, "List people",
                 params=UserQuery, many=True, live=live, **kept),
        Endpoint("users:stats", Method.GET, "/users/stats", stats, UserStats,
                 "Statistics of people", params=UserQuery, **kept),
        Endpoint("users:export", Method.GET, "/users/export", export, None,
                 "Download people as CSV", params=UserQuery, socket=False, **reading),
        Endpoint("users:get", Method.GET, "/users/{id}", verbs.get, TeamUser,
                 "Read a user", **kept),
        Endpoint("users:history", Method.GET, "/users/{id}/history", verbs.history, HistoryEntry,
                 "What happened to a user in your team", params=HistoryQuery, many=True, **kept),
        Endpoint("users:disable", Method.POST, "/users/{id}/disable", disable, Account,
                 "Let somebody sign in no more, anywhere", **admins),
        Endpoint("users:enable", Method.POST, "/users/{id}/enable", enable, Account,
                 "Let somebody sign in again", **admins),
    ]  # fmt: skip


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["id"])
    except ValueError:
        raise NotFound("There is no such user") from None
