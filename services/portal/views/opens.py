"""The image of one pixel in e-mails: always the same, whatever the token, and it sets no cookie."""

from __future__ import annotations

import base64
import re

from flask import Flask, Response, request

from libs import telemetry
from libs.errors import ServiceError
from services.portal.service import Services

log = telemetry.logger(__name__)
IMAGE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # a transparent GIF
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def add_to(app: Flask, services: Services) -> None:
    @app.get("/o/<path:token>")
    def show_image(token: str) -> Response:
        """Nobody waits for the counting: it happens when the answer is out. Nothing is said of who asked."""
        answer = Response(IMAGE, content_type="image/gif")
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # a mail page of another site shows it
        if request.method == "GET" and _TOKEN.fullmatch(token):
            answer.call_on_close(lambda: _count(token, services))
        return answer


def _count(token: str, services: Services) -> None:
    try:
        services.notifications.record_open(token)
    except ServiceError as error:  # a hint less; the reader has got the image
        log.warning("an open was not counted", reason=error.reason or type(error).__name__)
