"""What every page of the console needs: names and ids, sections that may be closed to this operator, and the words of the states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from uuid import UUID

from flask import Blueprint, Response, current_app, g, make_response, render_template, request
from werkzeug.wrappers import Response as WerkzeugResponse

from libs.errors import NotFound, PermissionDenied
from services.portal.views.console import lists, matrix, rights, words
from services.portal.views.console.forms import typed
from services.portal.views.people import home_url

T = TypeVar("T")
Reply = Response | WerkzeugResponse | str | tuple[str, int]


class Named(Protocol):
    @property
    def name(self) -> str: ...


def id_of(resource: Named | str) -> str:
    """Return the last part of a resource's name: what stands in the address of its page."""
    name = resource if isinstance(resource, str) else resource.name
    return name.rsplit("/", 1)[-1]


def uuid_of(value: str) -> UUID:
    """Return an id of an address. Raise NotFound when it is none."""
    try:
        return UUID(value)
    except ValueError:
        raise NotFound("no such resource") from None


def permitted(call: Callable[[], T]) -> T | None:
    """Return what a section shows; None when it is closed to this operator: the section is then absent."""
    try:
        return call()
    except PermissionDenied:
        return None


def existing(call: Callable[[], T]) -> T | None:
    """As `permitted`, for what may not exist (yet)."""
    try:
        return permitted(call)
    except NotFound:
        return None


def page(name: str, **values: Any) -> Response:
    """Return a list page; only its region when htmx swaps it."""
    partial = request.headers.get("HX-Request-Type") == "partial" and "HX-History-Restore-Request" not in request.headers
    response = make_response(render_template(f"console/{name}{'_region' if partial else ''}.html", **values))
    response.headers["Vary"] = "HX-Request-Type"
    return response


def prepare(console: Blueprint) -> None:
    """Give the templates their words and addresses."""

    @console.app_template_filter("id")
    def _id(resource: Named | str) -> str:
        return id_of(resource)

    @console.app_template_filter("typed")
    def _typed(amount: str) -> str:
        return typed(amount)

    @console.context_processor
    def _names() -> dict[str, Any]:
        return {
            "words": words,
            "modules": g.organization().modules,
            "area_url": current_app.config["PUBLIC_URL"].rstrip("/") + home_url("area"),
            "here": lists.here,
            "argument": lists.argument,
            "can": rights.can,
            "matrix_rows": matrix.rows,
            "told_in_words": matrix.told_in_words,
        }
