"""What listings offer to the outside."""

from domains.kit.crud import crud
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.history import HistoryQuery
from domains.kit.replies import reply
from domains.kit.services import Services
from domains.listings import service
from domains.listings.models import Listing, NewPrice, PriceEntry, Relist
from domains.listings.resource import LISTINGS


def endpoints(services: Services) -> list[Endpoint]:
    db = services.db

    async def price(call: Call) -> Reply:
        return reply(
            await service.set_price(db, call.who, call.path["id"], call.body, call.version, call.op)
        )

    async def relist(call: Call) -> Reply:
        return reply(await service.relist(db, call.who, call.path["id"], call.body, call.op))

    async def prices(call: Call) -> Reply:
        return await service.price_history(db, call.who, call.path["id"], call.params)

    return [
        *crud(db, LISTINGS),
        Endpoint(
            name="listings:price",
            method=Method.POST,
            path="/listings/{id}/price",
            run=price,
            returns=Listing,
            summary="Change the list price",
            body=NewPrice,
            roles=LISTINGS.writers,
            tag="listings",
        ),
        Endpoint(
            name="listings:relist",
            method=Method.POST,
            path="/listings/{id}/relist",
            run=relist,
            returns=Listing,
            summary="Open a new contract on the same property",
            body=Relist,
            status=201,
            roles=LISTINGS.writers,
            tag="listings",
        ),
        Endpoint(
            name="listings:price_history",
            method=Method.GET,
            path="/listings/{id}/price-history",
            run=prices,
            returns=PriceEntry,
            summary="Every price the listing had",
            params=HistoryQuery,
            many=True,
            roles=LISTINGS.readers,
            tag="listings",
            topics=LISTINGS.topics,
        ),
    ]
