"""HTTP in: the routes of the contract, its documents, and what every request of a browser needs."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request
from werkzeug.routing import BaseConverter

from libs import web
from services.gateway import service
from services.gateway.domain import Unprocessable
from services.gateway.views import documents, routes
from services.gateway.wire.contract import Contract

web.STATUS[Unprocessable] = 422
_ALLOWED = "Authorization, Content-Type, Idempotency-Key, Accept-Language, X-Request-Id, traceparent"
_SHOWN = "X-Request-Id, Retry-After, Content-Disposition, ETag"
_HOUR = "3600"


class IdConverter(BaseConverter):
    """One segment of a path, up to a verb."""

    regex = "[^/:]+"


def app(
    contract: Contract,
    *,
    identity: service.Identity,
    backends: service.Backends,
    public_url: str,
    show_documents: bool = True,
    cors_origins: Collection[str] = (),
    proxies: int = 0,
) -> Flask:
    """Return the gateway's application. No state of its own: any number of them may run."""
    made = web.create_app("services.gateway", proxies=proxies, static_folder=None)
    made.url_map.converters["id"] = IdConverter
    made.register_blueprint(routes.blueprint(contract, identity, backends))
    if show_documents:
        made.register_blueprint(documents.blueprint(contract, public_url))
    if cors_origins:
        _allow_origins(made, frozenset(cors_origins))
    return made


def _allow_origins(made: Flask, origins: frozenset[str]) -> None:
    """Let pages of these origins call the API. No cookies are read here, so credentials are not allowed."""

    @made.before_request
    def preflight() -> Response | None:
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204)
        return None

    @made.after_request
    def allow(answer: Response) -> Response:
        answer.vary.add("Origin")
        origin = request.headers.get("Origin", "")
        if origin in origins:
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Expose-Headers"] = _SHOWN
            if request.method == "OPTIONS":
                answer.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE"
                answer.headers["Access-Control-Allow-Headers"] = _ALLOWED
                answer.headers["Access-Control-Max-Age"] = _HOUR
        return answer
