"""E-mails as a person sees them, in a frame of their own: no script, no form, nothing from outside, whatever the HTML says."""

from __future__ import annotations

from flask import Response, make_response

from services.portal.views.console.context import Reply
from services.portal.views.protection import FRAMES

POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


def framed(html: str) -> Response:
    """Return the HTML part of an e-mail for an <iframe sandbox>: the policy holds also when the address is opened on its own."""
    response = Response(html or "<!doctype html><title></title>", mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "no-store"
    return response


def with_frame(page: Reply) -> Response:
    """Return a page that shows such a frame."""
    response = make_response(page)
    response.headers["Content-Security-Policy"] = FRAMES
    return response
