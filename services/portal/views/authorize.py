"""The authorization endpoint of OAuth 2: a person who is signed in lets an application act for it, by a button."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask import Blueprint, make_response, render_template, request
from recapito.identity.v1.tokens_pb2 import AuthorizeRequest
from werkzeug.wrappers import Response

from libs.errors import InvalidArgument
from services.portal.service import Services
from services.portal.views import protection
from services.portal.views.people import Front

_ASKED = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method", "nonce")


def add_to(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/authorize")
    def authorize() -> Response:
        """Show who asks. Identity says whether it may, and where an error goes: nowhere for an address that is not the client's."""
        wish = _wish()
        try:
            answer = services.identity.authorize(_request(wish, validate_only=True))
        except InvalidArgument as error:
            return _refused(error, front)
        page = make_response(render_template("session/authorize.html", front=front.name, client=answer.client_name, wish=wish))
        page.headers["Content-Security-Policy"] = _policy(wish["redirect_uri"])
        return page

    @blueprint.post("/authorize")
    def allow() -> Response:
        try:
            answer = services.identity.authorize(_request(_wish(), deny=request.form.get("answer") != "allow"))
        except InvalidArgument as error:
            return _refused(error, front)
        return protection.see(answer.redirect_uri)


def _wish() -> dict[str, str]:
    return {name: request.values.get(name, "") for name in _ASKED}


def _request(wish: Mapping[str, str], *, validate_only: bool = False, deny: bool = False) -> AuthorizeRequest:
    asked = AuthorizeRequest(validate_only=validate_only, deny=deny)
    for name, value in wish.items():
        setattr(asked, name, value)
    return asked


def _refused(error: InvalidArgument, front: Front) -> Response:
    if back := error.metadata.get("redirect_uri"):
        return protection.see(back)
    return make_response(render_template("session/authorize_refused.html", front=front.name), 400)


def _policy(redirect_uri: str) -> str:
    """Let the form of this page lead to the application; browsers ask that of redirects too. Identity found the address to be its own."""
    parts = urlsplit(redirect_uri)
    allowed = f"form-action 'self' {parts.scheme}://{parts.netloc}"
    return protection.CONTENT_SECURITY_POLICY.replace("form-action 'self'", allowed)
