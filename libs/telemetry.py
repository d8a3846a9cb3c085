"""Logs, traces and metrics, and the pages /livez, /readyz and /metrics; trace context over gRPC, HTTP and AMQP."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import metadata
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

from libs.settings import Settings

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("recapito")
_component = ""  # the service that this process belongs to

# Every name starts with recapito_, and no label is called as one that a scrape adds (job, service, instance, namespace, pod, container):
# that would rename ours. `component` is the service that a value is about. deploy/runbooks/README.md says who reads them.
BUILD_INFO = Gauge("recapito_build_info", "1; says what this process is.", ["component", "process", "version"])
READY = Gauge("recapito_ready", "Whether what this process needs answered when it was last asked.", ["check"])
RPC_SECONDS = Histogram("recapito_rpc_seconds", "Time to answer a gRPC call.", ["method", "code"])
RPC_BUSY = Gauge("recapito_rpc_threads_busy", "Threads that answer a gRPC call.")
RPC_THREADS = Gauge("recapito_rpc_threads", "Threads that can answer gRPC calls.")
HTTP_SECONDS = Histogram("recapito_http_seconds", "Time to answer an HTTP request.", ["component", "route", "method", "code"])
HTTP_BUSY = Gauge("recapito_http_threads_busy", "Threads that answer an HTTP request.")
HTTP_THREADS = Gauge("recapito_http_threads", "Threads that can answer HTTP requests.")
UNHANDLED_ERRORS = Counter("recapito_unhandled_errors_total", "Requests that ended with an error that nobody foresaw.", ["component"])
EVENTS_PUBLISHED = Counter("recapito_events_published_total", "Events that the broker confirmed.", ["component"])
EVENTS_HANDLED = Counter("recapito_events_handled_total", "Events by how handling ended.", ["queue", "type", "outcome"])
EVENT_LAG_SECONDS = Histogram(
    "recapito_event_lag_seconds",
    "From the event's commit to the end of its handling.",
    ["queue"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)
OUTBOX_AGE_SECONDS = Gauge("recapito_outbox_age_seconds", "Age of the oldest event that is not published.", ["component"])
OUTBOX_EVENTS = Gauge("recapito_outbox_events", "Events that are not published.", ["component"])
QUEUE_EVENTS = Gauge("recapito_queue_events", "Events that wait in a queue.", ["queue"])
PARKED_EVENTS = Gauge("recapito_parked_events", "Events of a queue that were set aside for an operator.", ["queue"])
BROKER_UP = Gauge("recapito_broker_up", "Whether the broker answers who publishes (relay) or handles (consumer).", ["component", "role"])
TASK_SUCCESS = Gauge(
    "recapito_task_success_timestamp_seconds", "When a task last went well; at first when it began.", ["component", "task"]
)
TASK_PERIOD = Gauge("recapito_task_period_seconds", "How often a task goes well when all is well.", ["component", "task"])
TASK_FAILURES = Counter("recapito_task_failures_total", "Turns of a task that failed.", ["component", "task"])
CERTIFICATE_EXPIRY = Gauge(
    "recapito_tls_certificate_expiry_timestamp_seconds", "Until when the certificate in use is valid, as server and as client.", ["role"]
)
CERTIFICATE_START = Gauge("recapito_tls_certificate_start_timestamp_seconds", "Since when it is valid.", ["role"])
READY_SECONDS = 15.0


class Task:
    """Something that a worker does again and again, as its metrics show it. period_seconds: how often it goes well when all is well."""

    def __init__(self, component: str, name: str, period_seconds: float) -> None:
        self._success, self._failures = TASK_SUCCESS.labels(component, name), TASK_FAILURES.labels(component, name)
        TASK_PERIOD.labels(component, name).set(period_seconds)
        self.went_well()

    def went_well(self) -> None:
        self._success.set_to_current_time()

    def failed(self) -> None:
        self._failures.inc()


# Without local variables: they hold personal data.
_exceptions = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


# --- logs ----------------------------------------------------------------------------------------------------------------------------
def logger(name: str) -> structlog.stdlib.BoundLogger:
    return structlog.stdlib.get_logger(name)


def _trace_ids(_logger: Any, _method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        entry["trace_id"] = f"{span.trace_id:032x}"
        entry["span_id"] = f"{span.span_id:016x}"
    return entry


def setup(service: str, settings: Settings) -> None:
    """Log JSON lines to standard error, trace, and export the traces when an endpoint is set. Call once, at the start of a process."""
    global _component
    _component = service
    UNHANDLED_ERRORS.labels(service)  # there from the start: a rate knows nothing of what appears with its first value
    logging.basicConfig(stream=sys.stderr, level=settings.log_level, format="%(message)s", force=True)
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # a traceback for each failed connection; libs.messaging says it in a line
    for noisy in ("werkzeug", "sqlalchemy", "alembic", "mail.log"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            lambda _logger, _method, entry: {"service": service} | dict(entry),  # not a context variable: threads do not inherit those
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _trace_ids,
            _exceptions,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    provider = TracerProvider(resource=Resource.create({"service.name": f"recapito-{service}"}))
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter  # a fifth of a second that few starts need

        exporter = OTLPSpanExporter(settings.otlp_endpoint, insecure=settings.otlp_endpoint.startswith("http:"))
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)  # without an exporter too: logs and answers name the trace


# --- traces --------------------------------------------------------------------------------------------------------------------------
def traceparent() -> str:
    """Return the W3C trace context of what runs now; "" outside a trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent", "")


@contextmanager
def span(name: str, parent: str = "", kind: SpanKind = SpanKind.INTERNAL, attributes: Mapping[str, str] | None = None) -> Iterator[Span]:
    """Trace what runs inside; `parent` is a traceparent from outside, "" for what runs now."""
    context = _propagator.extract({"traceparent": parent}) if parent else None
    with _tracer.start_as_current_span(name, context=context, kind=kind, attributes=attributes) as current:
        yield current


@contextmanager
def resumed(parent: str) -> Iterator[None]:
    """Make what runs inside part of a span that is open elsewhere, given by its traceparent; "" changes nothing."""
    token = otel_context.attach(_propagator.extract({"traceparent": parent})) if parent else None
    try:
        yield
    finally:
        if token is not None:
            otel_context.detach(token)


@contextmanager
def calling(method: str) -> Iterator[str]:
    """Trace an outbound call; gives the traceparent to send along."""
    with span(method, kind=SpanKind.CLIENT):
        yield traceparent()


_code: ContextVar[str] = ContextVar("code", default="OK")


@contextmanager
def answering(method: str, parent: str) -> Iterator[None]:
    """Trace and time an inbound gRPC call."""
    started = time.perf_counter()
    _code.set("OK")
    with span(method, parent, SpanKind.SERVER), RPC_BUSY.track_inprogress():
        try:
            yield
        finally:
            RPC_SECONDS.labels(method, _code.get()).observe(time.perf_counter() - started)


def failed(code: str) -> None:
    """Say that the call being answered ends with this gRPC code."""
    _code.set(code)
    trace.get_current_span().set_status(StatusCode.ERROR, code)


def unhandled() -> None:
    """Say that a request ends with an error that nobody foresaw."""
    UNHANDLED_ERRORS.labels(_component).inc()


# --- health and metrics --------------------------------------------------------------------------------------------------------------
Check = Callable[[], None]  # raises when what it checks is not there


class Health:
    """Whether the process lives, and whether what it needs answers. Liveness never looks at dependencies."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self.draining = False

    def failures(self) -> dict[str, str]:
        """Return what is not ready, by name, with the kind of error; never an address or a secret."""
        found = {"draining": "true"} if self.draining else {}
        for name, check in self._checks.items():
            try:
                check()
            except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready
                found[name] = type(error).__name__
            READY.labels(name).set(name not in found)
        return found

    def watch(self) -> None:
        """Look again and again whether it is ready, for the metric: a scrape waits for nobody, and not everywhere does a probe ask."""
        while True:
            self.failures()
            time.sleep(READY_SECONDS)

    def wsgi(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Answer /livez, /readyz and /metrics."""
        plain = [("Content-Type", "text/plain; charset=utf-8")]
        match environ["PATH_INFO"]:
            case "/livez":
                start_response("200 OK", plain)
                return [b"ok\n"]
            case "/readyz":
                failures = self.failures()
                start_response("503 Service Unavailable" if failures else "200 OK", plain)
                return ["".join(f"{name}: {what}\n" for name, what in failures.items()).encode() or b"ok\n"]
            case "/metrics":
                start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
                return [generate_latest(REGISTRY)]
            case _:
                start_response("404 Not Found", plain)
                return [b"not found\n"]


class _Server(ThreadingMixIn, WSGIServer):
    """Answers on IPv4 and IPv6: a kubelet asks a pod at whichever address it has."""

    daemon_threads = True
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Probes are not worth a line."""


def serve_admin(port: int, health: Health, process: str) -> None:
    """Serve the health and metrics pages on a port of their own, in the background; 0 serves nothing.

    process: server, worker or web.
    """
    BUILD_INFO.labels(_component, process, _version()).set(1)
    if port:
        server = make_server("", port, health.wsgi, server_class=_Server, handler_class=_Quiet)
        threading.Thread(target=server.serve_forever, name="admin", daemon=True).start()
        threading.Thread(target=health.watch, name="ready", daemon=True).start()


def _version() -> str:
    try:
        return metadata.version("recapito")
    except metadata.PackageNotFoundError:
        return "unknown"  # the code was copied, not installed
