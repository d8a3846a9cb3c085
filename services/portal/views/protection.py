"""What keeps other sites out of our forms and pages: form tokens, the origin of writes, security headers, cookies."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Literal
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as WerkzeugResponse

from libs.web import COMMON_HEADERS

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
FRAMES = CONTENT_SECURITY_POLICY + "; frame-src 'self'"  # of a page that shows an e-mail in a sandboxed frame of ours
READING = {"GET", "HEAD", "OPTIONS"}
TOKEN_FIELD = "csrf_token"  # noqa: S105 - the name of a field
_COOKIE = "csrf"


def page_headers(public_url: str) -> dict[str, str]:
    """Return the headers of every page. Without https there is no HSTS, and the referrer stays on our site instead of nowhere:
    browsers then send no Sec-Fetch-Site, and under no-referrer an Origin of "null", so that no form could be told from a forged one.
    """
    headers = COMMON_HEADERS | {"Cache-Control": "no-store", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    if not public_url.startswith("https:"):
        del headers["Strict-Transport-Security"]
        headers["Referrer-Policy"] = "same-origin"
    return headers


# --- cookies -------------------------------------------------------------------------------------------------------------------------
def _secure() -> bool:
    return bool(current_app.config["PUBLIC_URL"].startswith("https:"))


def cookie_name(name: str) -> str:
    """Return the name under which the browser holds a cookie: bound to this host where the site has https."""
    return f"__Host-{name}" if _secure() else name


def cookie(name: str) -> str:
    return request.cookies.get(cookie_name(name), "")


def set_cookie(
    answer: WerkzeugResponse, name: str, value: str, max_age: int | None = None, samesite: Literal["Lax", "Strict"] = "Lax"
) -> None:
    """Set a cookie that no script reads. max_age: seconds; None until the browser closes."""
    answer.set_cookie(cookie_name(name), value, max_age=max_age, path="/", secure=_secure(), httponly=True, samesite=samesite)


def drop_cookie(answer: WerkzeugResponse, name: str) -> None:
    answer.delete_cookie(cookie_name(name), path="/", secure=_secure(), httponly=True, samesite="Lax")


# --- forms ---------------------------------------------------------------------------------------------------------------------------
def sign(purpose: str, value: str) -> str:
    """Return a mark that only we can make: HMAC-SHA-256 under the web secret."""
    return hmac.new(current_app.config["WEB_SECRET"], f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def csrf_token() -> str:
    """Return the token of this browser's forms; it is bound to a random cookie, set with the first page that has a form."""
    return sign("form", _browser())


def _browser() -> str:
    """Return the random value that marks this browser, made when it has none."""
    if "csrf" not in g:
        g.csrf = cookie(_COOKIE) or secrets.token_urlsafe(16)
    value: str = g.csrf
    return value


def renew_csrf() -> None:
    """Give this browser a new cookie: who signs in starts with forms of its own."""
    g.csrf = secrets.token_urlsafe(16)


def check_write() -> None:
    """Refuse a write that another site made the browser send."""
    if request.method in READING:
        return
    site = request.headers.get("Sec-Fetch-Site")
    ours = site == "same-origin" if site is not None else urlsplit(request.headers.get("Origin", "")).netloc == request.host
    given = request.headers.get("X-CSRF-Token") or request.form.get(TOKEN_FIELD, "")
    if not ours or not cookie(_COOKIE) or not hmac.compare_digest(given.encode(), sign("form", cookie(_COOKIE)).encode()):
        abort(403)


def nonce(purpose: str, token: str) -> str:
    """Return what only the page that showed this token can send back."""
    return sign(purpose, f"{token}\0{_browser()}")


def nonce_matches(purpose: str, token: str) -> bool:
    return hmac.compare_digest(request.form.get("nonce", "").encode(), nonce(purpose, token).encode())


# --- redirects -----------------------------------------------------------------------------------------------------------------------
def own_page(target: str, front: str, home: str, *, signed_out: bool = False) -> str:
    """Return `target` when it is the address of a page of this front ("area" or "console"), else `home`.

    signed_out: pages that need no session count too, as they do not after signing in.
    """
    path, _, query = target.partition("?")
    if not path.startswith(f"/{front}") or not target.isprintable() or "\\" in target or len(target) > 2000:
        return home
    try:
        endpoint, _arguments = current_app.url_map.bind(request.host).match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return home
    view = current_app.view_functions[endpoint]
    if getattr(view, "open_to_all", False) and not signed_out:
        return home
    return f"{path}?{query}" if query else path


def see(target: str) -> WerkzeugResponse:
    """Answer a form with the page to look at next."""
    return redirect(target, 303)


def add_to(app: Flask) -> None:
    app.before_request(check_write)
    app.jinja_env.globals["csrf_token"] = csrf_token

    @app.after_request
    def keep_csrf(answer: Response) -> Response:
        if "csrf" in g and g.csrf != cookie(_COOKIE):
            set_cookie(answer, _COOKIE, g.csrf, samesite="Strict")
        return answer
