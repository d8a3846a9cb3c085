"""Flask applications: request ids, traces, metrics, limits, security headers, errors -> problem+json (RFC 9457), and their server."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import IO, Any, cast

import structlog
from flask import Flask, Request, Response, current_app, g, request
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_input_stream

from libs import errors, telemetry
from libs.errors import Internal, ServiceError
from libs.ids import new_id

MIB = 1024 * 1024
MAX_LINE_BYTES = 8190  # of the request line: a filter of 2,000 characters fits, escaped
MAX_HEADERS = 64
MAX_HEADER_BYTES = 8190
DRAIN_SECONDS = 25  # what Kubernetes is told to wait, less the margin

COMMON_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cross-Origin-Opener-Policy": "same-origin",
}
API_HEADERS = COMMON_HEADERS | {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

STATUS: dict[type[ServiceError], int] = {
    errors.InvalidArgument: 400,
    errors.Unauthenticated: 401,
    errors.PermissionDenied: 403,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.FailedPrecondition: 409,  # the state of the resource is in the way: a conflict, whose `code` says which
    errors.Aborted: 409,
    errors.ResourceExhausted: 429,
    errors.Internal: 500,
    errors.Unavailable: 503,
    errors.DeadlineExceeded: 504,
}
STATUS_BY_REASON = {"ETAG_MISMATCH": 412, "REQUEST_ID_REUSED": 422}
_CODES = {400: "BAD_REQUEST", 404: "ROUTE_NOT_FOUND", 413: "BODY_TOO_LARGE", 415: "MEDIA_TYPE_UNSUPPORTED"}
_DETAILS = {404: "there is nothing at this address", 405: "this address does not take this method", 413: "the body is too large"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
log = telemetry.logger(__name__)


# --- errors --------------------------------------------------------------------------------------------------------------------------
def status_of(error: ServiceError) -> int:
    return STATUS_BY_REASON.get(error.reason) or next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem_of(error: ServiceError) -> dict[str, Any]:
    """Return an error as the members of a problem document. `code` is the reason, else the kind of error, in capitals."""
    code = error.reason or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _kind(error)).upper()
    status = status_of(error)
    found: dict[str, Any] = {
        "type": f"urn:recapito:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(error),
        "code": code,
        "trace_id": trace_id(),
    }
    if error.violations:
        found["errors"] = [{"field": fault.field, "detail": fault.description, "reason": fault.reason} for fault in error.violations]
    if error.metadata:
        found["params"] = error.metadata
    return found


def _kind(error: ServiceError) -> str:
    return next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__).__name__


def problem(error: ServiceError) -> Response:
    """Return an error as an application/problem+json response."""
    return problem_answer(problem_of(error), error.retry_after_seconds)


def problem_answer(members: Mapping[str, Any], retry_after_seconds: float | None = None) -> Response:
    """Return the members of a problem document as a response."""
    answer = Response(json.dumps(members, ensure_ascii=False), members["status"], content_type="application/problem+json")
    if retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(max(1, math.ceil(retry_after_seconds)))
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="recapito"'
    return answer


def _on_http_error(error: HTTPException) -> Response | HTTPException:
    status = error.code or 500
    if status < HTTPStatus.BAD_REQUEST:
        return error  # a redirect of the router's own
    code = _CODES.get(status, HTTPStatus(status).name)
    members = {
        "type": f"urn:recapito:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _DETAILS.get(status) or error.description or HTTPStatus(status).phrase,
        "code": code,
        "trace_id": trace_id(),
    }
    answer = problem_answer(members)
    for name, value in error.get_headers(request.environ):
        if name in {"Allow", "Retry-After", "WWW-Authenticate"}:
            answer.headers[name] = value
    return answer


def _on_unhandled(error: Exception) -> Response:
    log.error("unhandled error", method=request.method, route=_route(), exc_info=error)
    telemetry.unhandled()
    return problem(Internal("an internal error; its trace is in the log", reason="INTERNAL"))


# --- one request ---------------------------------------------------------------------------------------------------------------------
def trace_id() -> str:
    """Return the id of this request's trace; the request id when nothing is traced."""
    span = trace.get_current_span().get_span_context()
    return f"{span.trace_id:032x}" if span.is_valid else str(g.get("request_id", ""))


def _route() -> str:
    return request.url_rule.rule if request.url_rule is not None else "unmatched"


def _component() -> str:
    """The part of the product that answers: services.portal.views is the portal's."""
    return current_app.import_name.removeprefix("services.").partition(".")[0]


def _begin() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    parent = request.headers.get("traceparent", "")
    g.trace = ExitStack()
    g.trace.enter_context(telemetry.HTTP_BUSY.track_inprogress())
    g.trace.enter_context(telemetry.span(f"{request.method} {_route()}", parent if _TRACEPARENT.fullmatch(parent) else "", SpanKind.SERVER))


def _finish(answer: Response, headers: Mapping[str, str]) -> Response:
    given = {name.lower() for name, _ in answer.headers}  # setdefault, once for all: it takes 4 µs a header
    for name, value in headers.items():
        if name.lower() not in given:
            answer.headers.add(name, value)
    if "started" in g:
        answer.headers.add("X-Request-Id", g.request_id)
        method = request.method if request.method in _METHODS else "OTHER"
        telemetry.HTTP_SECONDS.labels(_component(), _route(), method, str(answer.status_code)).observe(time.perf_counter() - g.started)
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        trace.get_current_span().set_status(StatusCode.ERROR, str(answer.status_code))
    return answer


def _end(_error: BaseException | None) -> None:
    if "trace" in g:
        g.pop("trace").close()
    structlog.contextvars.unbind_contextvars("request_id")


class _LimitedStream(LimitedStream):
    def readall(self) -> bytes:
        """Refuse what is longer. Werkzeug's own cuts off, without a word, a body that does not say its length."""
        data = super().readall()
        if self.is_exhausted and self._stream.read(1):
            self.on_exhausted()
        return data


class _Request(Request):
    @cached_property
    def stream(self) -> IO[bytes]:
        limit = self.max_content_length
        if limit is None or self.content_length is not None or not self.environ.get("wsgi.input_terminated"):
            return get_input_stream(self.environ, max_content_length=limit)
        return cast("IO[bytes]", _LimitedStream(self.environ["wsgi.input"], limit, is_max=True))


class _App(Flask):
    request_class = _Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Nothing of ours is a coroutine; Flask would look at each handler of each request to find out."""
        return func


def create_app(
    import_name: str, *, max_body_bytes: int = MIB, headers: Mapping[str, str] = API_HEADERS, proxies: int = 0, **options: Any
) -> Flask:
    """Return a Flask application that answers errors as problem+json; one for pages registers handlers of its own over these.

    headers: added to each answer that does not set them itself. proxies: how many proxies in front add to X-Forwarded-For and -Proto;
    what comes from further out is not believed. options: Flask's, such as template_folder.
    """
    app = _App(import_name, **options)
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = max_body_bytes
    app.url_map.merge_slashes = False
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign] # Flask's documented way

    app.before_request(_begin)
    app.after_request(lambda answer: _finish(answer, headers))
    app.teardown_request(_end)
    app.register_error_handler(ServiceError, problem)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_unhandled)
    return app


# --- the server ----------------------------------------------------------------------------------------------------------------------
class _Gunicorn(BaseApplication):
    def __init__(self, make_app: Callable[[], Flask], config: Mapping[str, Any]) -> None:
        self._make_app, self._config = make_app, config
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._config.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make_app()


def _start_admin(threads: int, port: int, health: telemetry.Health) -> None:
    telemetry.HTTP_THREADS.set(threads)
    telemetry.serve_admin(port, health, "web")


def _worker(health: telemetry.Health, drain_delay_seconds: float) -> type[ThreadWorker]:
    """Return gunicorn's worker that says at once that it stops, and stops a moment later: till then a balancer may send something."""

    class Worker(ThreadWorker):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            health.draining = True
            threading.Timer(drain_delay_seconds, super().handle_exit, (sig, frame)).start()

    return Worker


def serve(
    make_app: Callable[[], Flask], *, bind: str, threads: int, admin_port: int, health: telemetry.Health, drain_delay_seconds: float = 0
) -> None:
    """Serve HTTP until SIGTERM, then finish what is in hand within 25 s. One process: more of them are more replicas.

    drain_delay_seconds: for so long /readyz says no while everything is still answered.

    make_app runs in the worker process, so it may open gRPC channels, which do not survive a fork; so does the thread of the
    admin pages.
    """
    shared_memory = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat file, unlinked as soon as it is open
    config = {
        "bind": bind,
        "worker_class": _worker(health, drain_delay_seconds),
        "workers": 1,
        "threads": threads,
        "keepalive": 75,
        "timeout": 60,
        "graceful_timeout": DRAIN_SECONDS,
        "limit_request_line": MAX_LINE_BYTES,
        "limit_request_fields": MAX_HEADERS,
        "limit_request_field_size": MAX_HEADER_BYTES,
        "loglevel": "warning",
        "control_socket_disable": True,
        "worker_tmp_dir": str(shared_memory) if shared_memory.is_dir() else None,
        "post_worker_init": lambda _worker: _start_admin(threads, admin_port, health),
    }
    _Gunicorn(make_app, config).run()
