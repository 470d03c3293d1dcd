"""The endpoints of rows that belong to a record, read from the resource's definition."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from db.database import Database
from db.transaction import Answer, Transaction
from domains.kit.child import Child
from domains.kit.children import ChildQuery, Touched, add, amend, drop, rows_of
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.fields import sent
from domains.kit.policy import allow
from domains.kit.replies import reply
from domains.kit.resource import Resource
from domains.kit.writes import writer


@dataclass(frozen=True, slots=True)
class ChildVerbs:
    """The verbs of one kind of child as an endpoint runs them."""

    db: Database
    resource: Resource
    child: Child

    async def list(self, call: Call) -> Reply:
        key, query = call.path["id"], call.params
        return await rows_of(self.db, self.resource, self.child, call.who, key, query)

    async def add(self, call: Call) -> Reply:
        given, key = call.body.model_dump(), call.path["id"]
        return await self._write(
            call,
            lambda tx: add(tx, self.resource, self.child, call.who, key, given, base=call.version),
            status=201,
        )

    async def update(self, call: Call) -> Reply:
        given, (key, row) = sent(call.body), self._path(call)
        given.pop("version", None)
        return await self._write(
            call,
            lambda tx: amend(
                tx, self.resource, self.child, call.who, key, row, given, base=call.version
            ),
        )

    async def remove(self, call: Call) -> Reply:
        key, row = self._path(call)
        return await self._write(
            call,
            lambda tx: drop(tx, self.resource, self.child, call.who, key, row, base=call.version),
        )

    def _path(self, call: Call) -> tuple[str, str]:
        return call.path["id"], call.path[f"{self.child.name}_id"]

    async def _write(
        self, call: Call, act: Callable[[Transaction], Awaitable[Touched]], status: int = 200
    ) -> Reply:
        allow(call.who, self.resource.writers, f"change {self.resource.plural}")

        async def work(tx: Transaction) -> Answer:
            touched = await act(tx)
            meta = {"version": touched.record["version"]}
            return Answer(touched.row["image"], status, meta, shows=(touched.record["id"],))

        return reply(await self.db.write(writer(call.who, call.op), work))


def of_children(db: Database, resource: Resource) -> list[Endpoint]:
    return [endpoint for child in resource.children for endpoint in of_child(db, resource, child)]


def of_child(db: Database, resource: Resource, child: Child) -> list[Endpoint]:
    """List, add, change, remove."""
    verbs = ChildVerbs(db, resource, child)
    name, plural, image = child.name, resource.plural, child.image
    all_of = f"/{plural}/{{id}}/{child.plural}"
    one = f"{all_of}/{{{name}_id}}"
    record = f"an {resource.name}" if resource.name[0] in "aeiou" else f"a {resource.name}"
    reading: dict[str, Any] = {"roles": resource.readers, "tag": plural, "topics": resource.topics}
    writing: dict[str, Any] = {"roles": resource.writers, "tag": plural}
    return [
        Endpoint(f"{plural}:{child.plural}", Method.GET, all_of, verbs.list, image,
                 f"List the {child.plural} of {record}", params=ChildQuery, many=True, **reading),
        Endpoint(f"{plural}:add_{name}", Method.POST, all_of, verbs.add, image,
                 f"Add to the {child.plural} of {record}", body=child.create, status=201,
                 **writing),
        Endpoint(f"{plural}:update_{name}", Method.PATCH, one, verbs.update, image,
                 f"Change one of the {child.plural} of {record}", body=child.patch, **writing),
        Endpoint(f"{plural}:put_{name}", Method.PUT, one, verbs.update, image,
                 f"Change one of the {child.plural} of {record} (a field left out is left alone)",
                 body=child.patch, socket=False, **writing),
        Endpoint(f"{plural}:remove_{name}", Method.DELETE, one, verbs.remove, image,
                 f"Remove one of the {child.plural} of {record}", **writing),
    ]  # fmt: skip
