"""What the feed offers to the outside."""

from db.as_of import EVERYTHING
from domains.activity.feed import Feed
from domains.activity.models import ActivityEntry, ActivityQuery
from domains.kit.endpoint import Call, Endpoint, Method, Reply
from domains.kit.services import Services
from domains.kit.view import Live


def endpoints(services: Services) -> list[Endpoint]:
    feed = Feed(services.db, services.resources, services.words)

    async def find(call: Call) -> Reply:
        return await feed.find(call.who, call.params)

    def live(call: Call) -> Live:
        return feed.live(call.who, call.params)

    return [
        Endpoint(
            name="activity:list",
            method=Method.GET,
            path="/activity",
            run=find,
            returns=ActivityEntry,
            summary="What the team did, newest first",
            params=ActivityQuery,
            many=True,
            tag="activity",
            topics=EVERYTHING,
            live=live,
        )
    ]
