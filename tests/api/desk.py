"""Calls verbs as the edge does: a body through its model, the answer as JSON."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from argon2 import PasswordHasher

from db.database import Database
from db.transaction import Operation
from domains.auth.authenticator import Authenticator
from domains.auth.endpoints import endpoints as auth_endpoints
from domains.auth.passwords import Passwords
from domains.auth.tokens import Tokens
from domains.brokerages.endpoints import endpoints as brokerage_endpoints
from domains.kit.actor import Actor
from domains.kit.endpoint import Call, Endpoint
from domains.kit.errors import Unauthenticated
from domains.kit.services import Services
from domains.teams.endpoints import endpoints as team_endpoints

SECRET = "a secret for tests, longer than 32 bytes"
PASSWORD = "correct horse battery"
REMOTE = "192.0.2.7"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody signed in, with what a client would keep."""

    email: str
    data: Any

    @property
    def access(self) -> str:
        token: str = self.data["access_token"]
        return token

    @property
    def refresh(self) -> str:
        token: str = self.data["refresh_token"]
        return token

    @property
    def id(self) -> str:
        user_id: str = self.data["user"]["id"]
        return user_id

    @property
    def team_id(self) -> str:
        team_id: str = self.data["team"]["id"]
        return team_id


def quick_hasher(rounds: int = 1) -> PasswordHasher:
    """Hash with next to no work, which in a test is only waiting."""
    return PasswordHasher(time_cost=rounds, memory_cost=8, parallelism=1)


def desk_of(db: Database, hasher: PasswordHasher | None = None) -> "Desk":
    tokens = Tokens([SECRET])
    return Desk(Services(db, tokens, Passwords(hasher or quick_hasher())), tokens)


class Desk:
    """Everything sign-in and teams offer, by the name of the verb."""

    def __init__(self, services: Services, tokens: Tokens) -> None:
        self.services = services
        self.db = services.db
        self.tokens = tokens
        verbs = [
            *auth_endpoints(services),
            *team_endpoints(services),
            *brokerage_endpoints(services),
        ]
        self._verbs: dict[str, Endpoint] = {verb.name: verb for verb in verbs}

    async def ask(
        self,
        name: str,
        body: dict[str, Any] | None = None,
        *,
        by: Account | Actor | None = None,
        version: int | None = None,
        op: Operation | None = None,
        id_: str | None = None,
    ) -> Any:
        """The `data` of the answer; refusals are raised as the verb itself raises them.

        The edge's own look at `roles` is left out on purpose: the verb must not rely on it.
        """
        verb = self._verbs[name]
        actor = await self.actor(by.access) if isinstance(by, Account) else by
        if verb.roles is not None and actor is None:
            raise Unauthenticated("Sign in first")
        path = {} if id_ is None else {"id": id_}
        given = verb.body.model_validate_json(json.dumps(body)) if verb.body else None
        reply = await verb.run(Call(actor, path, None, given, version, op, REMOTE))
        return json.loads(reply.data)

    async def actor(self, token: str) -> Actor:
        """Who the token stands for, with nothing remembered from before."""
        return await Authenticator(self.db, self.tokens).authenticate(token)

    async def owner(self) -> Account:
        """A new team and its owner."""
        email = a_new_address()
        body = {
            "email": email,
            "password": PASSWORD,
            "full_name": "Olga Owner",
            "team_name": "Harbor Homes",
        }
        return Account(email, await self.ask("auth:register", body))

    async def member(self, of: Account, role: str = "agent", name: str = "Mia Member") -> Account:
        """A new colleague of this owner or lead."""
        email = a_new_address()
        invited = await self.ask("teams:invite", {"email": email, "role": role}, by=of)
        body = {"token": invited["token"], "full_name": name, "password": PASSWORD}
        return Account(email, await self.ask("auth:accept", body))


def a_new_address() -> str:
    return f"{uuid4().hex}@homes.example"
