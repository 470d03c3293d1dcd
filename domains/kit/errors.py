"""Every refusal a verb may answer, with its stable code; the edge makes HTTP and acks of them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

Detail = Mapping[str, Any]


class DomainError(Exception):
    """A refusal: a code for programs, a sentence for people, details for both."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    retry_after: int | None = None

    def __init__(self, message: str, details: Sequence[Detail] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)


class Invalid(DomainError):
    """The request has the wrong shape; `details` names each field: {field, message, code}."""

    code = "VALIDATION_ERROR"
    status = 400

    @classmethod
    def field(cls, field: str, message: str, code: str = "invalid") -> "Invalid":
        return cls(f"{field}: {message}", [{"field": field, "message": message, "code": code}])


class Unauthenticated(DomainError):
    code = "AUTH_REQUIRED"
    status = 401


class TokenExpired(Unauthenticated):
    code = "TOKEN_EXPIRED"


class Forbidden(DomainError):
    code = "FORBIDDEN"
    status = 403


class NotFound(DomainError):
    """No such record for this reader; another team's record looks just the same."""

    code = "NOT_FOUND"
    status = 404


class Merged(DomainError):
    """The record was merged into another one; details: {field, merged_into, display_id}."""

    code = "MERGED"
    status = 410


class Conflict(DomainError):
    """Something with that name or address is already there."""

    code = "CONFLICT"
    status = 409


class VersionConflict(DomainError):
    """Somebody changed the same field since.

    Details: {field, base, current, yours, changed_by, changed_at}.
    """

    code = "VERSION_CONFLICT"
    status = 409


class AppointmentClash(DomainError):
    """Somebody would be at two appointments at once; details name the other ones."""

    code = "APPOINTMENT_CLASH"
    status = 409


class ShowingNotAllowed(DomainError):
    """The listing takes no showing then; details: {field, rule, message}."""

    code = "SHOWING_NOT_ALLOWED"
    status = 409


class AgreementRequired(DomainError):
    """A showing is confirmed without a buyer agreement in force, and without a reason for it."""

    code = "BUYER_AGREEMENT_REQUIRED"
    status = 409


class InvalidTransition(DomainError):
    """The state machine has no such step; details: {field, from, to, allowed[]}."""

    code = "INVALID_TRANSITION"
    status = 409


class KeyReused(DomainError):
    """The idempotency key was used before with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"
    status = 422


class TooLarge(DomainError):
    code = "PAYLOAD_TOO_LARGE"
    status = 413


class UnsupportedMediaType(DomainError):
    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class MethodNotAllowed(DomainError):
    code = "METHOD_NOT_ALLOWED"
    status = 405


class Unavailable(DomainError):
    code = "UNAVAILABLE"
    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after
