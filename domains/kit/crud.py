"""The endpoints that every resource has, read from its definition."""

from dataclasses import dataclass
from typing import Any

from db.database import Database
from domains.kit import reads, writes
from domains.kit.batch import Batch, batch
from domains.kit.child_endpoints import of_children
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.fields import Output, sent
from domains.kit.grant_endpoints import of_grants
from domains.kit.history import HistoryEntry, HistoryQuery, history
from domains.kit.replies import reply
from domains.kit.resource import Moment, Resource
from domains.kit.status import fields_of_move
from domains.kit.view import Live


class BatchOutcome(Output):
    """What became of one id of a batch."""

    id: str
    success: bool
    data: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Verbs:
    """The shared verbs as an endpoint runs them."""

    db: Database
    resource: Resource

    async def find(self, call: Call) -> Reply:
        return await reads.find(self.db, self.resource, call.who, call.params)

    def live(self, call: Call) -> Live:
        return reads.live(self.db, self.resource, call.who, call.params)

    async def get(self, call: Call) -> Reply:
        return await reads.get(self.db, self.resource, call.who, call.path["id"])

    async def stats(self, call: Call) -> Reply:
        return await reads.stats(self.db, self.resource, call.who, call.params)

    async def export(self, call: Call) -> Reply:
        return await reads.export(self.db, self.resource, call.who, call.params)

    async def history(self, call: Call) -> Reply:
        return await history(self.db, self.resource, call.who, call.path["id"], call.params)

    async def create(self, call: Call) -> Reply:
        given = call.body.model_dump()
        return reply(await writes.create(self.db, self.resource, call.who, given, call.op))

    async def update(self, call: Call) -> Reply:
        given = sent(call.body)
        given.pop("version", None)
        return await self._edit(call, given, Moment.given())

    async def status(self, call: Call) -> Reply:
        given, moment = fields_of_move(self.resource, call.body)
        return await self._edit(call, given, moment)

    async def archive(self, call: Call) -> Reply:
        return await self._whole(call, writes.put_away)

    async def restore(self, call: Call) -> Reply:
        return await self._whole(call, writes.bring_back)

    async def delete(self, call: Call) -> Reply:
        return await self._whole(call, writes.delete)

    async def batch(self, call: Call) -> Reply:
        return reply(await batch(self.db, self.resource, call.who, call.body, call.op))

    async def _edit(self, call: Call, given: dict[str, Any], moment: Moment) -> Reply:
        return reply(
            await writes.edit(
                self.db,
                self.resource,
                call.who,
                call.path["id"],
                given,
                base=call.version,
                moment=moment,
                op=call.op,
            )
        )

    async def _whole(self, call: Call, verb: writes.Whole) -> Reply:
        key = call.path["id"]
        return reply(await verb(self.db, self.resource, call.who, key, call.version, call.op))


def crud(db: Database, resource: Resource) -> list[Endpoint]:
    """List, read, add, change, move, archive, restore, delete, batch, export, count, look back.

    Then what there is to do with its grants, and with the rows that belong to it.
    """
    verbs = Verbs(db, resource)
    name, plural, image = resource.name, resource.plural, resource.image
    all_of, one = f"/{plural}", f"/{plural}/{{id}}"
    a_name = f"an {name}" if name[0] in "aeiou" else f"a {name}"
    reading: dict[str, Any] = {"roles": resource.readers, "tag": plural}
    kept: dict[str, Any] = {"topics": resource.topics, **reading}
    writing: dict[str, Any] = {"roles": resource.writers, "tag": plural}
    return [
        Endpoint(f"{plural}:list", Method.GET, all_of, verbs.find, image, f"List {plural}",
                 params=resource.query, many=True, live=verbs.live, **kept),
        Endpoint(f"{plural}:create", Method.POST, all_of, verbs.create, image, f"Add {a_name}",
                 body=resource.create, status=201, **writing),
        Endpoint(f"{plural}:stats", Method.GET, f"{all_of}/stats", verbs.stats,
                 resource.stats_model, f"Statistics of {plural}", params=resource.query, **kept),
        Endpoint(f"{plural}:export", Method.GET, f"{all_of}/export", verbs.export, None,
                 f"Download {plural} as CSV", params=resource.query, socket=False, **reading),
        Endpoint(f"{plural}:batch", Method.POST, f"{all_of}/batch", verbs.batch, BatchOutcome,
                 f"Change many {plural}, with an outcome for each", body=Batch, many=True,
                 **writing),
        Endpoint(f"{plural}:get", Method.GET, one, verbs.get, image, f"Read {a_name}", **kept),
        Endpoint(f"{plural}:update", Method.PATCH, one, verbs.update, image,
                 f"Change fields of {a_name}", body=resource.patch, **writing),
        Endpoint(f"{plural}:put", Method.PUT, one, verbs.update, image,
                 f"Change fields of {a_name} (a field left out is left alone)",
                 body=resource.patch, socket=False, **writing),
        Endpoint(f"{plural}:delete", Method.DELETE, one, verbs.delete, image, f"Delete {a_name}",
                 **writing),
        Endpoint(f"{plural}:status", Method.PATCH, f"{one}/status", verbs.status, image,
                 f"Move {a_name} to another status", body=resource.move, **writing),
        Endpoint(f"{plural}:archive", Method.PATCH, f"{one}/archive", verbs.archive, image,
                 f"Put {a_name} away", **writing),
        Endpoint(f"{plural}:restore", Method.PATCH, f"{one}/restore", verbs.restore, image,
                 f"Bring {a_name} back", **writing),
        Endpoint(f"{plural}:history", Method.GET, f"{one}/history", verbs.history, HistoryEntry,
                 f"What happened to {a_name}", params=HistoryQuery, many=True, **kept),
        *of_grants(db, resource),
        *of_children(db, resource),
    ]  # fmt: skip
