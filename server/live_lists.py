"""The lists that can be kept open, as live views are given them: refusals are those of the list."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from uuid import uuid4

from channels.views.view import Declined, LiveList
from channels.views.views import Source
from db.errors import Unavailable
from domains.kit.actor import Actor
from domains.kit.endpoint import Call, Endpoint
from domains.kit.view import Found, Live
from server import calls, envelope
from server.refusals import refusal_of

Find = Callable[[Call], Live]


def live_lists(endpoints: Iterable[Endpoint]) -> dict[str, Source]:
    """By the endpoint's name."""
    return {
        endpoint.name: partial(_find, endpoint, endpoint.live)
        for endpoint in endpoints
        if endpoint.live
    }


def _find(endpoint: Endpoint, find: Find, actor: Actor, params: object) -> LiveList:
    try:
        live = find(calls.from_payload(endpoint, actor, {"params": params}))
    except Exception as error:
        raise _declined(endpoint, error) from error
    return _guarded(endpoint, live)


def _guarded(endpoint: Endpoint, live: Live) -> Live:
    """The same list, its faults as refusals."""
    own = live.own and _guarded(endpoint, live.own)
    return replace(live, read=partial(_read, endpoint, live), own=own)


async def _read(endpoint: Endpoint, live: Live) -> Found:
    try:
        return await live.read()
    except Unavailable:
        raise
    except Exception as error:
        raise _declined(endpoint, error) from error


def _declined(endpoint: Endpoint, error: Exception) -> Declined:
    """A fault of ours is logged here, once; a view of it would only fail again."""
    refusal = refusal_of(error, f"view {endpoint.name}/{uuid4().hex[:16]}")
    return Declined(envelope.failure(refusal), refusal.code, refusal.message)
