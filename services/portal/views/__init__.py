"""HTTP in: the two webs in one application. `area` is for customers' people, `console` for operators."""

from __future__ import annotations

import hashlib

from flask import Flask, g, redirect, request, url_for
from werkzeug.wrappers import Response

from libs import web
from services.portal.service import Services
from services.portal.service.notes import Notes
from services.portal.views import (
    area,
    assets,
    authorize,
    console,
    errors,
    factors,
    formats,
    i18n,
    links,
    opens,
    own_sessions,
    people,
    preferences,
    protection,
    providers,
    session,
)
from services.portal.views.console.imports import LARGEST_UPLOAD, UPLOAD
from services.portal.views.people import AREA, CONSOLE

MAX_BODY_BYTES = 1024 * 1024
__all__ = ["create_app"]


def create_app(services: Services, notes: Notes, *, secret: bytes, public_url: str, proxies: int = 0) -> Flask:
    """Return the application. notes: for the console alone. secret: signs form tokens. public_url: as people type it.

    proxies: in front of us.
    """
    app = web.create_app(
        __name__,
        max_body_bytes=MAX_BODY_BYTES,
        headers=protection.page_headers(public_url),
        proxies=proxies,
        static_folder=None,
        template_folder="../templates",
    )
    app.config.update(
        WEB_SECRET=secret,
        PUBLIC_URL=public_url,
        SECRET_KEY=hashlib.sha256(b"notices" + secret).digest(),  # of the cookie that carries one notice to the next page
        SESSION_COOKIE_NAME="__Host-notice" if public_url.startswith("https:") else "notice",
        SESSION_COOKIE_SECURE=public_url.startswith("https:"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )

    @app.before_request
    def prepare() -> None:
        if request.endpoint == UPLOAD:
            request.max_content_length = LARGEST_UPLOAD
        g.language = i18n.negotiate("")
        g.theme, g.density, g.keys = (preferences.chosen(name) for name in ("theme", "density", "keys"))
        g.organization = services.contacts.organization

    for part in (protection, assets, formats, errors):
        part.add_to(app)
    app.teardown_request(people.leave)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(i18n.translate, i18n.translate_plural, newstyle=True)  # type: ignore[attr-defined] # of the extension
    app.jinja_env.globals.update(
        language=i18n.language,
        languages=i18n.LANGUAGES,
        home_url=people.home_url,
        organization_name=lambda: services.contacts.organization().organization_name or "Recapito",
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    for front, blueprint in ((AREA, area.blueprint(services)), (CONSOLE, console.blueprint(services, notes))):
        people.guard(blueprint, front, services)
        session.add_to(blueprint, front, services)
        authorize.add_to(blueprint, front, services)
        links.add_to(blueprint, front, services)
        factors.add_to(blueprint, front, services)
        if front is CONSOLE:
            providers.add_to(blueprint, services)
        own_sessions.add_to(blueprint, front, services)
        preferences.add_to(blueprint)
        app.register_blueprint(blueprint)

    opens.add_to(app, services)

    @app.get("/")
    def index() -> Response:
        return redirect(url_for("area.home"))

    return app
