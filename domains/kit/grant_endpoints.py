"""The endpoints of a record's grants, the same for every resource."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from db.database import Database
from db.transaction import Answer, Transaction
from domains.kit.changes import Changed
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.grant import Grant, NewGrant
from domains.kit.grants import give, grants_of, take_back
from domains.kit.policy import allow
from domains.kit.replies import reply
from domains.kit.resource import Moment, Resource
from domains.kit.writes import answer, writer


@dataclass(frozen=True, slots=True)
class GrantVerbs:
    db: Database
    resource: Resource

    async def list(self, call: Call) -> Reply:
        return await grants_of(self.db, self.resource, call.who, call.path["id"])

    async def give(self, call: Call) -> Reply:
        given = call.body.model_dump()
        given.pop("version")
        moment = Moment.given()
        return await self._write(
            call,
            lambda tx, key: give(
                tx, self.resource, call.who, key, given, moment=moment, base=call.version
            ),
        )

    async def take_back(self, call: Call) -> Reply:
        grantee = call.path["grantee"]
        return await self._write(
            call,
            lambda tx, key: take_back(tx, self.resource, call.who, key, grantee, base=call.version),
        )

    async def _write(
        self, call: Call, act: Callable[[Transaction, str], Awaitable[Changed]]
    ) -> Reply:
        allow(call.who, self.resource.writers, f"change {self.resource.plural}")

        async def work(tx: Transaction) -> Answer:
            return answer(await act(tx, call.path["id"]))

        return reply(await self.db.write(writer(call.who, call.op), work))


def of_grants(db: Database, resource: Resource) -> list[Endpoint]:
    """List, give, take back."""
    verbs = GrantVerbs(db, resource)
    plural, image = resource.plural, resource.image
    record = f"an {resource.name}" if resource.name[0] in "aeiou" else f"a {resource.name}"
    path = f"/{plural}/{{id}}/grants"
    reading: dict[str, Any] = {"roles": resource.readers, "tag": plural, "topics": resource.topics}
    writing: dict[str, Any] = {"roles": resource.writers, "tag": plural}
    return [
        Endpoint(f"{plural}:grants", Method.GET, path, verbs.list, Grant,
                 f"To whom {record} is granted, and what", many=True, **reading),
        Endpoint(f"{plural}:grant", Method.PUT, path, verbs.give, image,
                 f"Grant {record} to somebody", body=NewGrant, **writing),
        Endpoint(f"{plural}:revoke", Method.DELETE, f"{path}/{{grantee}}", verbs.take_back, image,
                 "Take a grant back: from a user by id, or from `team` or `broker`", **writing),
    ]  # fmt: skip
