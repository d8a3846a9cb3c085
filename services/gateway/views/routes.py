"""One view for each HTTP binding of the contract: read the request, call, write the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from google.api.httpbody_pb2 import HttpBody
from werkzeug.exceptions import UnsupportedMediaType

from libs import personal, web
from libs.errors import InvalidArgument, ServiceError
from services.gateway import service
from services.gateway.domain import jsontext
from services.gateway.service import Backends, Identity, Visitor
from services.gateway.wire import oauth, requests, writing
from services.gateway.wire.contract import Contract, Route

MOST_PARAMETERS = 100
LARGEST_FILE = 15 * web.MIB  # a message between services holds 16
OAUTH = "/oauth2/"  # these take forms too, and answer errors as RFC 6749 says
_OAUTH_ERRORS = dict.fromkeys(
    ("invalid_request", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "unsupported_response_type"), 400
) | {"invalid_client": 401}
_TOKEN_HEADERS = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749, section 5.1
_DISPOSITION = re.compile(r"[\x20-\x7e]{1,600}")
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]+")
_SAFE_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+(?:; ?charset=utf-8)?")
_FILE_HEADERS = {"Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin"}


def blueprint(contract: Contract, identity: Identity, backends: Backends) -> Blueprint:
    area = Blueprint("routes", __name__)
    for number, route in enumerate(contract.routes):
        make = _archive_view if route.method.of_all else _file_view if route.method.streams else _view
        view = make(route, identity, backends)
        area.add_url_rule(route.path.rule(), f"{route.method.group}_{route.method.name}_{number}", view, methods=[route.verb])
    area.register_error_handler(ServiceError, _failed)
    return area


def _failed(error: ServiceError) -> Response:
    """The tokens' routes say `error` beside the members of a problem, with the status and the type of RFC 6749, section 5.2."""
    if not request.path.startswith(OAUTH):
        return web.problem(error)
    named = error.reason.lower()
    found = _OAUTH_ERRORS.get(named, 0)
    members = web.problem_of(error) | {"error": named if found else "invalid_request", "error_description": str(error)}
    members["status"] = found or members["status"]
    answer = web.problem_answer(members, error.retry_after_seconds)
    if answer.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
        answer.content_type = "application/json"
    if named == "invalid_client":
        answer.headers["WWW-Authenticate"] = 'Basic realm="recapito"'
    return answer


def _view(route: Route, identity: Identity, backends: Backends) -> Callable[..., Response]:
    method = route.method
    write = writing.writer(method.output.DESCRIPTOR.full_name)

    def view(**captured: str) -> Response:
        answer = service.call(method, requests.message(route, _sent(route, captured)), _visitor(), identity=identity, backends=backends)
        if method.answers_bytes:
            body = HttpBody.FromString(answer)
            return Response(body.data, content_type=_type(body))
        if method.answers_nothing:
            return Response(status=204)
        return Response(write(answer), content_type="application/json", headers=_TOKEN_HEADERS if _is_oauth(route) else None)

    return view


def _file_view(route: Route, identity: Identity, backends: Backends) -> Callable[..., Response]:
    """Bytes, handed on as they come. What goes wrong before the first of them is still a proper error."""
    method = route.method

    def view(**captured: str) -> Response:
        stream = service.download(method, requests.message(route, _sent(route, captured)), _visitor(), identity=identity, backends=backends)
        first = next(stream, HttpBody())
        said = stream.initial_metadata()
        answer = Response(_bytes(first, stream), content_type=_type(first), headers=_FILE_HEADERS)
        disposition = said.get("content-disposition", "")
        answer.headers["Content-Disposition"] = disposition if _DISPOSITION.fullmatch(disposition) else "attachment"
        if (size := said.get("file-size", "")).isdecimal():  # not content-length: gRPC keeps that name for itself
            answer.headers["Content-Length"] = size
        return answer

    return view


def _archive_view(route: Route, identity: Identity, backends: Backends) -> Callable[..., Response]:
    """One archive of what all services answer, sent when it is whole."""

    def view(**captured: str) -> Response:
        message, now = requests.message(route, _sent(route, captured)), datetime.now(UTC)
        content = service.archive(route.method, message, _visitor(), identity=identity, backends=backends, now=now)
        answer = Response(content, content_type=personal.CONTENT_TYPE, headers=_FILE_HEADERS)
        answer.headers["Content-Disposition"] = f'attachment; filename="{personal.FILE_NAME}"'
        return answer

    return view


def _bytes(first: Any, stream: service.Download) -> Iterator[bytes]:
    yield first.data
    for part in stream:
        yield part.data  # type: ignore[attr-defined] # every message of a download is a HttpBody


def _type(body: Any) -> str:
    return body.content_type if _SAFE_TYPE.fullmatch(body.content_type) else "application/octet-stream"


# --- what was sent -------------------------------------------------------------------------------------------------------------------
def _visitor() -> Visitor:
    environ = request.environ  # headers, without the copies that request.headers makes
    return Visitor(environ.get("HTTP_AUTHORIZATION", ""), _ascii(environ.get("HTTP_ACCEPT_LANGUAGE", ""), 100))


def _sent(route: Route, captured: dict[str, str]) -> requests.Sent:
    environ = request.environ
    body = _body(route)
    if _is_oauth(route):
        body = oauth.with_client(body, environ.get("HTTP_AUTHORIZATION", ""), route.method)
    return requests.Sent(
        path=route.path.values(captured),
        query=_query(),
        body=body,
        idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY", ""),
        ip_address=environ.get("REMOTE_ADDR", ""),
        user_agent=_ascii(environ.get("HTTP_USER_AGENT", ""), 500),
    )


def _is_oauth(route: Route) -> bool:
    return route.path.text.startswith(OAUTH)


def _ascii(text: str, length: int) -> str:
    """What may travel on as metadata and into evidence: no control characters, no other alphabets."""
    return _NOT_PRINTABLE.sub("", text[:length])


def _query() -> list[tuple[str, str]]:
    if not request.query_string:
        return []
    try:
        text = request.query_string.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:  # UnicodeDecodeError is one
        raise InvalidArgument.of("query", f"is not UTF-8, or has more than {MOST_PARAMETERS} parameters", "QUERY_INVALID") from None


def _body(route: Route) -> Any:
    if not route.body:
        return requests.NOTHING
    if route.takes_bytes:
        request.max_content_length = LARGEST_FILE
    data = request.get_data(cache=False)
    if not data:
        return requests.NOTHING
    if route.takes_bytes:
        return HttpBody(content_type=_ascii(request.mimetype, 100), data=data)
    if request.mimetype == "application/json":
        return jsontext.read(data)
    if request.mimetype == "application/x-www-form-urlencoded" and _is_oauth(route):
        return oauth.known(_form(data), route.method)
    raise UnsupportedMediaType("the body must be application/json")


def _form(data: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise InvalidArgument.of("body", "is not a form in UTF-8", "BODY_INVALID") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise InvalidArgument.of("body", "has a field twice", "BODY_INVALID")
    return form
