"""Paths that the earlier system's programs ask for; each is a verb that has a path of ours.

Only those that differ: a PUT of a record, its notes or the primary role of a contact has its own
path anyway. None is a command on the socket, for the earlier system had no commands.
"""

from dataclasses import replace

from db.database import Database
from domains.earlier import rows
from domains.earlier.models import Ids, PriceReduction
from domains.kit.batch import Batch, BatchOp, batch
from domains.kit.crud import BatchOutcome, Verbs
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.replies import reply
from domains.kit.resource import Resource
from domains.kit.services import Services
from domains.listings import service
from domains.listings.models import Listing, NewPrice
from domains.listings.resource import LISTINGS


def endpoints(services: Services) -> list[Endpoint]:
    db = services.db
    every = [each for resource in services.resources for each in _of(db, resource)]
    return [*every, *rows.endpoints(db), _price_reduction(db)]


def _of(db: Database, resource: Resource) -> list[Endpoint]:
    verbs, plural, name = Verbs(db, resource), resource.plural, resource.name
    one = f"/{plural}/{{id}}"

    async def delete_all(call: Call) -> Reply:
        body = Batch(op=BatchOp.DELETE, ids=call.body.ids)
        return reply(await batch(db, resource, call.who, body, call.op))

    archive = Endpoint(
        name=f"earlier:archive_{name}",
        method=Method.PUT,
        path=f"{one}/archive",
        run=verbs.archive,
        returns=resource.image,
        summary=f"PATCH {one}/archive",
        roles=resource.writers,
        socket=False,
        tag="earlier",
        successor=resource.successor is not None,
    )
    restore = replace(
        archive,
        name=f"earlier:restore_{name}",
        path=f"{one}/restore",
        run=verbs.restore,
        summary=f"PATCH {one}/restore",
    )
    unarchive = replace(
        restore, name=f"earlier:unarchive_{name}", method=Method.PATCH, path=f"{one}/unarchive"
    )
    delete = Endpoint(
        name=f"earlier:delete_{plural}",
        method=Method.POST,
        path=f"/{plural}/batch-delete",
        run=delete_all,
        returns=BatchOutcome,
        summary=f"POST /{plural}/batch with op delete",
        body=Ids,
        many=True,
        roles=resource.writers,
        socket=False,
        tag="earlier",
    )
    by_method = replace(
        delete,
        name=f"earlier:delete_{plural}_by_method",
        method=Method.DELETE,
        path=f"/{plural}/batch",
    )
    return [archive, restore, unarchive, delete, by_method]


def _price_reduction(db: Database) -> Endpoint:
    async def run(call: Call) -> Reply:
        body = NewPrice(list_price=call.body.new_price, reason=call.body.reason)
        key = call.path["id"]
        return reply(await service.set_price(db, call.who, key, body, call.version, call.op))

    return Endpoint(
        name="earlier:price_reduction",
        method=Method.POST,
        path="/listings/{id}/price-reduction",
        run=run,
        returns=Listing,
        summary="POST /listings/{id}/price",
        body=PriceReduction,
        roles=LISTINGS.writers,
        socket=False,
        tag="earlier",
    )
