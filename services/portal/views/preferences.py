"""What a browser remembers without a session: language, theme, density, keys."""

from __future__ import annotations

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from services.portal.views import protection
from services.portal.views.i18n import LANGUAGES
from services.portal.views.people import home_url, open_to_all

CHOICES = {"language": tuple(LANGUAGES), "theme": ("auto", "light", "dark"), "density": ("comfortable", "compact"), "keys": ("on", "off")}
YEAR_SECONDS = 365 * 24 * 3600


def chosen(name: str) -> str:
    """Return what this browser chose; the first choice when it chose nothing."""
    value = request.cookies.get(name, "")
    return value if value in CHOICES[name] else CHOICES[name][0]


def add_to(blueprint: Blueprint) -> None:
    @blueprint.post("/preferences/<name>")
    @open_to_all
    def choose(name: str) -> Response:
        value = request.form.get("value", "")
        if value not in CHOICES.get(name, ()):
            abort(404)
        front = blueprint.name
        answer = protection.see(protection.own_page(request.form.get("next", ""), front, home_url(front), signed_out=True))
        answer.set_cookie(name, value, max_age=YEAR_SECONDS, path="/", samesite="Lax", httponly=True)
        return answer
