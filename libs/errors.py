"""The typed errors that may cross a border: one class per gRPC code in use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldViolation:
    """What is wrong with one field; `field` is its path in the request, such as "contact.email" or "invoice.lines[2].quantity"."""

    field: str
    description: str
    reason: str = ""  # code in capitals, such as "EMAIL_TAKEN"; words/reasons.yaml has its sentence in each language


class ServiceError(Exception):
    """Base of all errors that a caller may see; its text names what is wrong and never a secret or personal data.

    reason: code in capitals from the comments of the .proto, for programs. metadata: short values that the reason's sentence needs.
    retry_after_seconds: when it is worth trying again; None when it is not.
    """

    reason = ""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        violations: Iterable[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason or type(self).reason
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds


class InvalidArgument(ServiceError):
    """The request is wrong whatever the state of the system."""

    @classmethod
    def of(cls, field: str, description: str, reason: str = "") -> InvalidArgument:
        """Return the error for one wrong field."""
        return cls(f"{field}: {description}", reason=reason, violations=[FieldViolation(field, description, reason)])


class Unauthenticated(ServiceError):
    """Nobody, or nobody we can tell, is asking."""


class PermissionDenied(ServiceError):
    """The caller may know of the resource but not do this."""


class NotFound(ServiceError):
    """The resource does not exist, or the caller may not know of it: the two cannot be told apart."""


class AlreadyExists(ServiceError):
    """Another resource holds what must be unique."""


class FailedPrecondition(ServiceError):
    """The state of the resource does not allow it; trying again changes nothing until the state does."""


class Aborted(ServiceError):
    """Somebody else was faster; read again, then decide."""


class ResourceExhausted(ServiceError):
    """A limit is reached; try again after `retry_after_seconds`."""


class DeadlineExceeded(ServiceError):
    """The time that the caller gave ran out; it is not known whether the call had an effect."""


class Unavailable(ServiceError):
    """Something that this call needs cannot be reached now."""


class Internal(ServiceError):
    """A defect; the details are in the log of the service that answered, under the trace."""


class EtagMismatch(Aborted):
    """The resource changed since the caller read it."""

    reason = "ETAG_MISMATCH"


class RequestIdReused(AlreadyExists):
    """The request_id was used before, for another method or another body."""

    reason = "REQUEST_ID_REUSED"
