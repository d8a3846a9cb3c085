"""What every web application of ours does with every request."""

from __future__ import annotations

import pytest
from flask import Flask, Response, request
from opentelemetry import trace
from prometheus_client import REGISTRY

from libs import errors, web
from libs.errors import FieldViolation, InvalidArgument, ServiceError

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def app() -> Flask:
    made = web.create_app(__name__, max_body_bytes=1000, proxies=1)

    @made.get("/things/<name>")
    def thing(name: str) -> str:
        return name

    @made.get("/trace")
    def traced() -> str:
        return f"{trace.get_current_span().get_span_context().trace_id:032x} {request.remote_addr}"

    @made.post("/bodies")
    def body() -> str:
        return str(len(request.get_data()))

    @made.get("/defects")
    def defect() -> str:
        raise ZeroDivisionError("a secret")

    @made.get("/own")
    def own() -> Response:
        return Response("x", headers={"Cache-Control": "max-age=60"})

    return made


def raising(error: ServiceError) -> Flask:
    made = web.create_app(__name__)

    @made.get("/")
    def fail() -> str:
        raise error

    return made


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidArgument("x"), 400, "INVALID_ARGUMENT"),
        (errors.Unauthenticated("x", reason="NOT_SIGNED_IN"), 401, "NOT_SIGNED_IN"),
        (errors.PermissionDenied("x"), 403, "PERMISSION_DENIED"),
        (errors.NotFound("x"), 404, "NOT_FOUND"),
        (errors.AlreadyExists("x", reason="EMAIL_TAKEN"), 409, "EMAIL_TAKEN"),
        (errors.RequestIdReused("x"), 422, "REQUEST_ID_REUSED"),
        (errors.FailedPrecondition("x"), 409, "FAILED_PRECONDITION"),
        (errors.Aborted("x"), 409, "ABORTED"),
        (errors.Aborted("x", reason="ETAG_MISMATCH"), 412, "ETAG_MISMATCH"),
        (errors.ResourceExhausted("x"), 429, "RESOURCE_EXHAUSTED"),
        (errors.Internal("x"), 500, "INTERNAL"),
        (errors.Unavailable("x"), 503, "UNAVAILABLE"),
        (errors.DeadlineExceeded("x"), 504, "DEADLINE_EXCEEDED"),
    ],
)
def test_each_kind_of_error_has_its_status(error: ServiceError, status: int, code: str) -> None:
    answer = raising(error).test_client().get("/")
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json is not None
    assert answer.json["code"] == code
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_every_kind_of_error_has_a_status() -> None:
    kinds = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ServiceError) and kind is not ServiceError
    }
    assert all(web.status_of(kind("x")) for kind in kinds)


def test_a_problem_names_fields_values_and_when_to_come_back() -> None:
    fault = FieldViolation("invoice.lines[0].quantity", "è richiesto", "REQUIRED")
    error = InvalidArgument("x", violations=[fault], metadata={"limit": "3"}, retry_after_seconds=0.2)
    answer = raising(error).test_client().get("/")
    assert answer.json is not None
    assert answer.json["errors"] == [{"field": fault.field, "detail": "è richiesto", "reason": "REQUIRED"}]
    assert answer.json["params"] == {"limit": "3"}
    assert answer.headers["Retry-After"] == "1"


def test_a_defect_says_nothing_of_itself(app: Flask) -> None:
    answer = app.test_client().get("/defects")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_what_the_router_refuses_is_a_problem_too(app: Flask) -> None:
    client = app.test_client()
    missing, wrong, large = client.get("/nowhere"), client.post("/things/x"), client.post("/bodies", data=b"x" * 1001)
    assert [answer.status_code for answer in (missing, wrong, large)] == [404, 405, 413]
    assert [answer.json["code"] for answer in (missing, wrong, large) if answer.json] == [
        "ROUTE_NOT_FOUND",
        "METHOD_NOT_ALLOWED",
        "BODY_TOO_LARGE",
    ]
    assert "GET" in wrong.headers["Allow"]


def test_security_headers_are_there_and_a_views_own_win(app: Flask) -> None:
    answer = app.test_client().get("/own")
    assert answer.headers.getlist("Cache-Control") == ["max-age=60"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_the_trace_of_the_caller_goes_on_and_a_bad_one_does_not(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/trace", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}).text.startswith(TRACE)
    assert not client.get("/trace", headers={"traceparent": "00-zz-00f067aa0ba902b7-01"}).text.startswith("zz")


def test_the_callers_address_is_that_which_our_proxy_saw(app: Flask) -> None:
    answer = app.test_client().get("/trace", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert answer.text.endswith(" 198.51.100.7")


def test_requests_are_timed_by_route_not_by_address(app: Flask) -> None:
    labels = {"component": "tests", "route": "/things/<name>", "method": "GET", "code": "200"}
    before = REGISTRY.get_sample_value("recapito_http_seconds_count", labels) or 0
    app.test_client().get("/things/mario.rossi@abc.example")
    assert REGISTRY.get_sample_value("recapito_http_seconds_count", labels) == before + 1


def test_methods_that_anybody_invents_do_not_fill_the_metrics(app: Flask) -> None:
    app.test_client().open("/things/x", method="BREW")
    labels = {"component": "tests", "route": "unmatched", "method": "OTHER", "code": "405"}
    assert REGISTRY.get_sample_value("recapito_http_seconds_count", labels)
