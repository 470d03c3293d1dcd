"""All endpoints of all domains, with what they need; and the same without, to be read only."""

from collections.abc import Callable, Iterable, Sequence
from typing import cast
from uuid import UUID

from db.database import Database
from domains import DOMAINS
from domains.auth.passwords import Passwords
from domains.auth.tokens import Tokens
from domains.kit.domain import Domain
from domains.kit.endpoint import Endpoint
from domains.kit.guard import Guard
from domains.kit.job import Job
from domains.kit.services import Services, tell_nobody
from server import asyncapi, openapi
from server.housework import PURGE
from server.version import VERSION


def guard(domains: Iterable[Domain] = DOMAINS) -> Guard:
    """What is shown to whom: a name that one kind of record guards is guarded everywhere."""
    resources = [domain.resource for domain in domains if domain.resource]
    return Guard.of(*(each.guarded for each in resources), *(r.guarded_stats for r in resources))


def endpoints(services: Services, domains: Sequence[Domain] = DOMAINS) -> list[Endpoint]:
    before = guard(domains).before
    return [before(endpoint) for domain in domains for endpoint in domain.endpoints(services)]


def jobs(domains: Iterable[Domain] = DOMAINS) -> list[Job]:
    """What the worker does: of every domain, and of the server itself."""
    return [PURGE, *(job for domain in domains for job in domain.jobs)]


def services(
    db: Database, tokens: Tokens, *, cut_off: Callable[[UUID], None] = tell_nobody
) -> Services:
    return Services(
        db=db,
        tokens=tokens,
        passwords=Passwords(),
        cut_off=cut_off,
        resources=tuple(domain.resource for domain in DOMAINS if domain.resource),
        words=tuple(words for domain in DOMAINS for words in domain.words),
    )


def described() -> list[Endpoint]:
    """For documents: their outsides are whole, but with no database behind them none may be run."""
    nothing = cast("Database", None)
    return endpoints(services(nothing, Tokens(["only to be read, never to sign with"])))


def document(found: Sequence[Endpoint], domains: Iterable[Domain] = DOMAINS) -> bytes:
    tags = {domain.name: domain.summary for domain in domains}
    return openapi.as_json(openapi.document(found, version=VERSION, tags=tags))


def socket_document(found: Sequence[Endpoint], domains: Iterable[Domain] = DOMAINS) -> bytes:
    return asyncapi.document(found, domains, version=VERSION)
