"""Channels to other services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from libs import telemetry
from libs.errors import DeadlineExceeded, Unavailable
from libs.rpc import context, passports, tls
from libs.rpc.status import error_of
from libs.settings import RpcSettings

Answer = TypeVar("Answer")
DEADLINE_SECONDS = 10.0
# A credential is spent by the first try: to repeat it would look like its theft, and count as another attempt.
_ONCE = frozenset({"/recapito.identity.v1.Sessions/CreateSession", "/recapito.identity.v1.Tokens/IssueToken"})
RESTART_SECONDS = 8.0  # how long `patiently` waits for a service that restarts
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
STREAM_SECONDS = 600.0  # for a whole stream, such as a file of 200,000 people; a server that died is noticed by the keepalive
_KEEPALIVE = [("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 10_000)]
OPTIONS = [
    *_KEEPALIVE,
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 64 * 1024),  # an error's details are headers
    ("grpc.absolute_max_metadata_size", 64 * 1024),
    ("grpc.lb_policy_name", "round_robin"),
    # Names are looked up again when a connection ends, and a rolling restart ends them seconds apart; the default waits 30 s in between.
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),  # else an old channel's wait to reconnect holds up a new one to the same address
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),  # a service that is back is used within a second
    ("grpc.enable_retries", 1),
    (
        "grpc.service_config",
        # Only UNAVAILABLE before any answer, within the caller's deadline; what may be repeated is safe by request_id. First: _ONCE.
        '{"methodConfig":[{"name":[{"service":"recapito.identity.v1.Sessions","method":"CreateSession"},'
        '{"service":"recapito.identity.v1.Tokens","method":"IssueToken"}]},{"name":[{}],"retryPolicy":{"maxAttempts":3,"initialBackoff":"0.1s","maxBackoff":"1s",'
        '"backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}],"retryThrottling":{"maxTokens":10,"tokenRatio":0.1}}',
    ),
]


def connect(address: str, *, service: str, settings: RpcSettings) -> grpc.Channel:
    """Return a channel to `address` (host:port, or unix:path) for `service`, the caller.

    Its calls carry deadline, trace and identity, and raise the errors of libs.errors. Make it after a fork, never before.
    """
    certificate = settings.tls_certificate_file
    channel = tls.RenewingChannel(address, settings, OPTIONS) if certificate else grpc.insecure_channel(address, OPTIONS)
    secret = settings.internal_secret.get_secret_value().encode()
    return grpc.intercept_channel(channel, _Outbound(service, b"" if certificate else secret))


def patiently(call: Callable[..., Answer], request: Message) -> Answer:
    """Make a call that everything depends on and that is safe to repeat: while its service restarts it costs time, not an error.

    A connection that breaks under the call is tried once more. A service that stays away is Unavailable as ever.
    """
    try:
        return _ready(call, request)
    except Unavailable:
        return _ready(call, request)


def _ready(call: Callable[..., Answer], request: Message) -> Answer:
    try:
        return call(request, timeout=RESTART_SECONDS, wait_for_ready=True)
    except DeadlineExceeded as error:
        raise Unavailable("a service that this needs does not answer", retry_after_seconds=1) from error


class _Details(grpc.ClientCallDetails):
    def __init__(self, details: grpc.ClientCallDetails, timeout: float, metadata: list[tuple[str, str]]) -> None:
        self.method = details.method
        self.timeout = timeout
        self.metadata = tuple(metadata)
        self.credentials = details.credentials
        self.wait_for_ready = details.wait_for_ready
        self.compression = details.compression


class Stream:
    """The messages of a streaming call; ends the call when the reader goes away. initial_metadata: once the first message is there."""

    def __init__(self, call: Any) -> None:
        self._call, self._messages = call, self._read(call)

    def __iter__(self) -> Iterator[Any]:
        return self._messages

    def __next__(self) -> Any:
        return next(self._messages)

    def initial_metadata(self) -> dict[str, str]:
        return {key: value for key, value in self._call.initial_metadata() or () if isinstance(value, str)}

    @staticmethod
    def _read(call: Any) -> Iterator[Any]:
        try:
            yield from call
        except grpc.RpcError as failure:
            raise error_of(failure) from None
        finally:
            call.cancel()  # the reader went away, or all was read


class _Outbound(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Adds deadline, identity and trace to every call, and turns its failure into a typed error."""

    def __init__(self, service: str, secret: bytes) -> None:
        self._service, self._secret = service, secret

    # A server that stops cancels what reached it and was not begun, which gRPC does not repeat by itself; we cancel nothing of this kind.
    def intercept_unary_unary(self, continuation: Callable[..., Any], details: grpc.ClientCallDetails, request: Any) -> Any:
        with telemetry.calling(str(details.method)) as traceparent:
            call = continuation(self._complete(details, traceparent), request)
            if call.code() is grpc.StatusCode.CANCELLED and details.method not in _ONCE:
                call = continuation(self._complete(details, traceparent), request)
            try:
                call.result()
            except grpc.RpcError as failure:
                raise error_of(failure) from None
            return call

    def intercept_unary_stream(self, continuation: Callable[..., Any], details: grpc.ClientCallDetails, request: Any) -> Any:
        with telemetry.calling(str(details.method)) as traceparent:
            call = continuation(self._complete(details, traceparent), request)

        return Stream(call)

    def _complete(self, details: grpc.ClientCallDetails, traceparent: str) -> grpc.ClientCallDetails:
        left = context.seconds_left()
        if left is not None and left <= 0:
            raise DeadlineExceeded("no time is left for a further call")
        wanted = details.timeout if details.timeout is not None else DEADLINE_SECONDS
        metadata = [(key, value) for key, value in details.metadata or () if isinstance(value, str)]
        if traceparent:
            metadata.append(("traceparent", traceparent))
        passport, language = context.person()
        if passport:
            metadata.append((passports.PASSPORT, passport))
        if language:
            metadata.append((context.LANGUAGE, language))
        if self._secret:
            metadata.append((passports.SERVICE, passports.service_token(self._service, self._secret)))
        return _Details(details, min(wanted, left) if left is not None else wanted, metadata)
