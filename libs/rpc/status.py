"""Typed errors on the wire, both ways: google.rpc.Status with BadRequest, ErrorInfo and RetryInfo."""

from __future__ import annotations

from typing import NoReturn

import grpc
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from libs import errors, telemetry
from libs.errors import FieldViolation, ServiceError

log = telemetry.logger(__name__)
DOMAIN = "recapito"
_LONGEST_MESSAGE = 1000  # together well below client.OPTIONS' grpc.max_metadata_size
_LONGEST_TEXT = 250
_MOST_VIOLATIONS = 20
_TRANSPORT = {
    grpc.StatusCode.UNAVAILABLE: "a service that this needs does not answer",
    grpc.StatusCode.CANCELLED: "a service ended before it had answered",
    grpc.StatusCode.UNKNOWN: "a service ended before it had answered",
    grpc.StatusCode.DEADLINE_EXCEEDED: "a service did not answer in time",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "a message to or from a service was too large, or there are too many calls",
}
_BROKEN = {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN}
STATUS: dict[type[ServiceError], grpc.StatusCode] = {
    errors.InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    errors.FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    errors.Aborted: grpc.StatusCode.ABORTED,
    errors.ResourceExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.Internal: grpc.StatusCode.INTERNAL,
}
ERROR = {code: kind for kind, code in STATUS.items()}


def code_of(error: ServiceError) -> grpc.StatusCode:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def abort(context: grpc.ServicerContext, error: ServiceError) -> NoReturn:
    """End the call with the error's code and details, shortened: they travel as headers, and too many of those end as another error."""
    code = code_of(error)
    status = status_pb2.Status(code=code_pb2.Code.Value(code.name), message=str(error)[:_LONGEST_MESSAGE])
    if error.reason or error.metadata:
        info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
        _pack(status, info)
    if error.violations:
        bad = error_details_pb2.BadRequest()
        for fault in error.violations[:_MOST_VIOLATIONS]:
            field, description = fault.field[:_LONGEST_TEXT], fault.description[:_LONGEST_TEXT]
            bad.field_violations.add(field=field, description=description, reason=fault.reason)
        _pack(status, bad)
    if error.retry_after_seconds is not None:
        delay = Duration(seconds=int(error.retry_after_seconds), nanos=int(error.retry_after_seconds % 1 * 1e9))
        _pack(status, error_details_pb2.RetryInfo(retry_delay=delay))
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError  # abort_with_status does not return


def _pack(
    status: status_pb2.Status, detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo
) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)


def _sent(failure: grpc.RpcError) -> status_pb2.Status:
    """Return what our server sent. What the transport itself says names addresses: it is replaced by words of ours."""
    try:
        status: status_pb2.Status | None = rpc_status.from_call(failure) if isinstance(failure, grpc.Call) else None
    except ValueError:  # the transport has put a code of its own over the one that was sent
        status = None
    if status is not None:
        return status
    code = failure.code() if isinstance(failure, grpc.Call) else grpc.StatusCode.UNKNOWN
    return status_pb2.Status(message=_TRANSPORT.get(code, "the call to a service failed"))


def error_of(failure: grpc.RpcError) -> ServiceError:
    """Return the typed error of a failed call. A code that we never send is Internal, but for those of a connection that broke under it."""
    code = failure.code() if isinstance(failure, grpc.Call) else grpc.StatusCode.UNKNOWN
    kind = errors.Unavailable if code in _BROKEN else ERROR.get(code, errors.Internal)
    if code not in ERROR:
        log.warning("a call failed in transport", code=code.name, details=failure.details() if isinstance(failure, grpc.Call) else "")
    reason, retry_after = "", None
    metadata: dict[str, str] = {}
    violations: list[FieldViolation] = []
    status = _sent(failure)
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
            reason, metadata = info.reason, dict(info.metadata)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest.FromString(detail.value)
            violations = [FieldViolation(v.field, v.description, v.reason) for v in bad.field_violations]
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
            retry_after = delay.seconds + delay.nanos / 1e9
    return kind(status.message, reason=reason, violations=violations, metadata=metadata, retry_after_seconds=retry_after)
