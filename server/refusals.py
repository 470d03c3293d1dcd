"""Turns whatever went wrong into one refusal that tells its reader enough, and not our insides."""

from typing import Final

import structlog
from aiohttp import web
from aiohttp.web_exceptions import HTTPException

from db import errors as db
from domains.kit import errors as domain
from domains.kit.errors import DomainError

log = structlog.get_logger("server")

SORRY: Final = "Something went wrong on our side; the log has it under this request's id"
AWAY: Final = "The database cannot be reached now; try again shortly"


class Broken(DomainError):
    """A fault of ours."""


class NotWell(DomainError):
    """This process, or what it stands on, is not as it should be."""

    code = "UNAVAILABLE"
    status = 503
    retry_after = 1


class PathNotFound(domain.NotFound):
    """No route has this path."""


class Refused(DomainError):
    """A refusal of aiohttp's own that has no better name here."""

    code = "BAD_REQUEST"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.http_status = status


def refusal_of(error: Exception, request_id: str) -> DomainError:
    """A DomainError is its own answer; a fault of ours is logged here, once, with its traceback."""
    match error:
        case DomainError():
            return error
        case db.Unavailable():
            return domain.Unavailable(AWAY, retry_after=error.retry_after)
        case db.KeyReused() | db.OutOfSight():
            return _of_operation(error)
        case HTTPException():
            return _of_aiohttp(error)
        case web.RequestPayloadError():
            return domain.Invalid.field("body", "The body broke off or is badly encoded", "broken")
        case _:
            log.error("request failed", request_id=request_id, exc_info=error)
            return Broken(SORRY)


def status_of(error: DomainError) -> int:
    return error.http_status if isinstance(error, Refused) else error.status


def _of_operation(error: db.KeyReused | db.OutOfSight) -> DomainError:
    if isinstance(error, db.KeyReused):
        return domain.KeyReused("This idempotency key was used for another request")
    return domain.NotFound("This was done before, and what it was done to is not shown to you now")


def _of_aiohttp(error: HTTPException) -> DomainError:
    match error:
        case web.HTTPNotFound():
            return PathNotFound("There is nothing at this path")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return domain.MethodNotAllowed(f"{error.method} is not allowed here, only {allowed}")
        case web.HTTPRequestEntityTooLarge():
            return domain.TooLarge("The body is larger than 1 MB")
        case _:
            return Refused(error.reason, error.status)
