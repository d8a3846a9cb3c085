"""A gRPC server: who may call, checks of the request, deadlines, typed errors, health, reflection, drain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from recapito.access.v1 import access_pb2
from recapito.identity.v1 import tokens_pb2, tokens_pb2_grpc

from libs import access, audit, telemetry
from libs.access import ANONYMOUS, Caller
from libs.audit import Refusals, Trail
from libs.errors import Internal, ServiceError
from libs.rpc import certificates, client, context, passports, validation
from libs.rpc.status import abort, code_of
from libs.settings import RpcSettings, ServiceSettings

LONGEST_SECONDS = 60.0  # a call without a deadline, or with a longer one, gets this
DRAIN_SECONDS = 20.0
CONNECTION_AGE_MS = 60_000  # then its caller connects anew and so finds replicas that were added; what is in hand ends in peace
_OPEN = ("/grpc.health.v1.Health/", "/grpc.reflection.")  # carry no data of ours

Servicer = TypeVar("Servicer")
log = telemetry.logger(__name__)


@dataclass(frozen=True)
class _Method:
    name: str
    rule: access_pb2.Rule
    changes: bool  # something, at the wish of a person

    @property
    def full_name(self) -> str:
        return self.name[1:].replace("/", ".")


def verifier(service: str, settings: RpcSettings) -> passports.PassportVerifier:
    """Return a verifier that asks identity for its public keys."""
    channel = client.connect(settings.identity_address, service=service, settings=settings)
    keys = tokens_pb2_grpc.TokensStub(channel)
    return passports.PassportVerifier(service, lambda: keys.GetKeySet(tokens_pb2.GetKeySetRequest(), timeout=2).data)


class Server:
    """The gRPC server of one service. Add the servicers, then start; a method without an access rule stops the start.

    verify: reads a passport; see `verifier`. refusals: writes those that the audit must know; None for a server without a database.
    Reflection is answered everywhere but in production.
    """

    def __init__(self, service: str, settings: ServiceSettings, verify: Callable[[str], Caller], refusals: Refusals | None = None) -> None:
        self._service, self._settings, self._refusals = service, settings, refusals
        self._secret = settings.internal_secret.get_secret_value().encode()
        if not (self._secret or settings.tls_certificate_file):
            raise SystemExit("set RECAPITO_TLS_CERTIFICATE_FILE, _KEY_FILE and _CA_FILE, or RECAPITO_INTERNAL_SECRET")
        self._verify = verify
        self._descriptors: list[ServiceDescriptor] = []
        self._methods: dict[str, _Method] = {}
        self._threads = ThreadPoolExecutor(settings.server_threads, thread_name_prefix="rpc")
        limits = [
            ("grpc.max_receive_message_length", client.MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", client.MAX_MESSAGE_BYTES),
            ("grpc.max_concurrent_streams", 200),
            ("grpc.max_metadata_size", 64 * 1024),
            ("grpc.max_connection_age_ms", CONNECTION_AGE_MS),
            ("grpc.max_connection_age_grace_ms", int(client.STREAM_SECONDS * 1000)),
            # Several processes may share a named port; a port that the system chooses must be ours alone.
            ("grpc.so_reuseport", 0 if settings.listen_address.endswith(":0") else 1),
        ]
        self._server = grpc.server(self._threads, interceptors=[_Inbound(self)], options=limits, maximum_concurrent_rpcs=400)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = 0

    def add(self, register: Callable[[Servicer, grpc.Server], None], servicer: Servicer, descriptor: ServiceDescriptor) -> None:
        """Answer a gRPC service: its generated add_…_to_server, our servicer, its descriptor."""
        self._descriptors.append(descriptor)
        register(servicer, self._server)

    @property
    def services(self) -> Sequence[ServiceDescriptor]:
        """What it answers."""
        return tuple(self._descriptors)

    def start(self) -> None:
        methods = [method for service in self._descriptors for method in service.methods]
        changing = {f"/{method.containing_service.full_name}/{method.name}" for method in methods if audit.changes(method)}
        for path, rule in access.rules(self._descriptors).items():
            self._methods[path] = _Method(path, rule, path in changing)
        if self._settings.environment != "production":
            reflection.enable_server_reflection([d.full_name for d in self._descriptors] + [reflection.SERVICE_NAME], self._server)
        address = self._settings.listen_address
        secure = self._settings.tls_certificate_file
        self.port = self._server.add_secure_port(address, self._credentials()) if secure else self._server.add_insecure_port(address)
        self._server.start()
        telemetry.RPC_THREADS.inc(self._settings.server_threads)
        for name in ("", *(d.full_name for d in self._descriptors)):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        log.info("serving", address=address, services=len(self._descriptors))

    def stop(self) -> None:
        """Tell the health check, take no new calls, and wait up to 20 s for those in hand."""
        self._health.enter_graceful_shutdown()
        self._server.stop(DRAIN_SECONDS).wait(DRAIN_SECONDS)
        self._threads.shutdown(wait=False, cancel_futures=True)
        telemetry.RPC_THREADS.dec(self._settings.server_threads)

    def _credentials(self) -> grpc.ServerCredentials:
        """Mutual TLS from files that are read at each handshake, so that a renewed certificate counts at once."""

        def read() -> grpc.ServerCertificateConfiguration:
            names = self._settings.tls_key_file, self._settings.tls_certificate_file, self._settings.tls_ca_file
            key, certificate, ca = (Path(name).read_bytes() for name in names)
            certificates.loaded("server", certificate)
            return grpc.ssl_server_certificate_configuration([(key, certificate)], ca)

        return grpc.dynamic_ssl_server_credentials(read(), read, require_client_authentication=True)

    # --- one call ----------------------------------------------------------------------------------------------------------------
    def method(self, path: str) -> _Method | None:
        return self._methods.get(path)

    def caller(self, call: grpc.ServicerContext, metadata: dict[str, str]) -> Caller:
        """A person when a passport came along, else the service that the certificate or the token names."""
        service = self._calling_service(call, metadata)
        if passport := metadata.get(passports.PASSPORT):
            if service is ANONYMOUS:
                return ANONYMOUS  # passports travel between services only
            return self._verify(passport)
        return service

    def refused(self, trail: Trail, error: ServiceError) -> None:
        """Record a refusal; when that fails, the refusal stands all the same."""
        if self._refusals is not None:
            try:
                self._refusals.refused(trail, code_of(error).name, error.reason)
            except Exception:
                log.exception("a refusal was not recorded", method=trail.method)

    def _calling_service(self, call: grpc.ServicerContext, metadata: dict[str, str]) -> Caller:
        if self._settings.tls_certificate_file:
            names: Any = call.auth_context().get("x509_subject_alternative_name", [])  # its stub is wrong: a list of bytes
            return passports.service_of_certificate(name.decode() for name in names) or ANONYMOUS
        token = metadata.get(passports.SERVICE)
        return passports.service_of_token(token, self._secret) if token else ANONYMOUS


class _Inbound(grpc.ServerInterceptor):
    """What happens to every call before and after our servicer."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def intercept_service(self, continuation: Callable[..., Any], details: grpc.HandlerCallDetails) -> Any:
        handler = continuation(details)
        if handler is None or details.method.startswith(_OPEN):
            return handler
        method = self._server.method(details.method)
        if method is None:
            return None
        metadata = {key: value for key, value in details.invocation_metadata if isinstance(value, str)}
        if handler.unary_unary is not None:
            answer = self._unary(method, handler.unary_unary, metadata)
            return grpc.unary_unary_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)
        answer = self._stream(method, handler.unary_stream, metadata)
        return grpc.unary_stream_rpc_method_handler(answer, handler.request_deserializer, handler.response_serializer)

    def _unary(self, method: _Method, behave: Callable[..., Any], metadata: dict[str, str]) -> Callable[..., Any]:
        def answer(request: Message, call: grpc.ServicerContext) -> Any:
            with _Answering(self._server, method, metadata, call, request):
                return behave(request, call)

        return answer

    def _stream(self, method: _Method, behave: Callable[..., Any], metadata: dict[str, str]) -> Callable[..., Any]:
        def answer(request: Message, call: grpc.ServicerContext) -> Iterator[Any]:
            with _Answering(self._server, method, metadata, call, request):
                yield from behave(request, call)

        return answer


class _Answering:
    """One call: identify, let in, check, answer within the deadline, turn an error into a status, measure."""

    def __init__(self, server: Server, method: _Method, metadata: dict[str, str], call: grpc.ServicerContext, request: Message) -> None:
        self._server, self._method, self._metadata, self._call, self._request = server, method, metadata, call, request
        self._trail = Trail(method.full_name, method.changes)

    def __enter__(self) -> None:
        self._span = telemetry.answering(self._method.name, self._metadata.get("traceparent", ""))
        self._span.__enter__()
        try:
            caller = self._trail.caller = self._server.caller(self._call, self._metadata)
            self._trail.request = self._request
            access.check(self._method.rule, caller, datetime.now(UTC))
            validation.check(self._request)
        except ServiceError as error:
            self._fail(error)
        left = self._call.time_remaining()
        deadline = time.monotonic() + min(left if left is not None else LONGEST_SECONDS, LONGEST_SECONDS)
        self._context = context.answering(context.Call(self._method.name, caller, deadline, _language(self._metadata)))
        self._context.__enter__()
        self._following = audit.following(self._trail)
        self._following.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        self._following.__exit__(None, None, None)
        self._context.__exit__(None, None, None)
        if error is None or isinstance(error, GeneratorExit):
            self._span.__exit__(None, None, None)
        elif isinstance(error, ServiceError):
            self._fail(error)
        elif isinstance(error, Exception):
            log.error("unhandled error", method=self._method.name, exc_info=error)
            telemetry.unhandled()
            self._fail(Internal("an internal error; its trace is in the log", reason="INTERNAL"))

    def _fail(self, error: ServiceError) -> None:
        self._server.refused(self._trail, error)
        telemetry.failed(code_of(error).name)
        self._span.__exit__(None, None, None)
        abort(self._call, error)


def _language(metadata: dict[str, str]) -> str:
    """The first of our languages that the caller names; Italian otherwise."""
    wanted = [part.strip()[:2].lower() for part in metadata.get(context.LANGUAGE, "").split(",")]
    return next((language for language in wanted if language in {"it", "en"}), "it")
