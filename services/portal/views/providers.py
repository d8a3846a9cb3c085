"""Sign-in of operators at the organisation's own identity provider: away with a button of the sign-in page, and back."""

from __future__ import annotations

import hmac
import math

from flask import Blueprint, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from libs import telemetry
from libs.errors import DeadlineExceeded, InvalidArgument, ResourceExhausted, Unauthenticated, Unavailable
from services.portal.service import Services
from services.portal.views import errors, people, protection, session
from services.portal.views.people import CONSOLE, open_to_all
from services.portal.views.session import Reply

COOKIE = "provider"
COOKIE_SECONDS = 600
log = telemetry.logger(__name__)


def add_to(blueprint: Blueprint, services: Services) -> None:
    @blueprint.app_context_processor
    def _names() -> dict[str, object]:
        return {"providers_to_confirm_with": lambda: session.providers(services) if g.person.caller.method == "PROVIDER" else ()}

    _add_way_out(blueprint, services)
    _add_way_back(blueprint, services)


def _add_way_out(blueprint: Blueprint, services: Services) -> None:
    @blueprint.get("/provider/<provider_id>/start")
    @open_to_all
    def start_provider_sign_in(provider_id: str) -> Reply:
        """Go to the provider; who is inside already has to prove itself once more.

        A link and no form, because the content policy holds the redirects of a form to our own site.
        """
        wanted = protection.own_page(request.args.get("next", ""), CONSOLE.name, "")
        if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
            return redirect(url_for("console.sign_in", next=wanted or None))
        back = current_app.config["PUBLIC_URL"].rstrip("/") + url_for("console.finish_provider_sign_in", provider_id=provider_id)
        try:
            started = services.identity.start_provider_sign_in(provider_id[:40], back, people.client(), reauthenticate="person" in g)
        except (Unavailable, DeadlineExceeded):
            return _refused("PROVIDER_UNAVAILABLE", wanted)
        except ResourceExhausted as error:
            page = session.sign_in_page(CONSOLE, services, 429, error=errors.wait(error), wanted=wanted)
            page.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds or 60)))
            return page
        answer = redirect(started.authorization_uri)
        protection.set_cookie(answer, COOKIE, f"{started.state}.{wanted}", COOKIE_SECONDS)
        return answer


def _add_way_back(blueprint: Blueprint, services: Services) -> None:
    @blueprint.get("/provider/<provider_id>")
    @open_to_all
    def finish_provider_sign_in(provider_id: str) -> Reply:
        """Sign in with what the provider sent along, when this is the browser that went there."""
        state, _, wanted = protection.cookie(COOKIE).partition(".")
        if not state or not hmac.compare_digest(request.args.get("state", "").encode(), state.encode()):
            return _refused("PROVIDER_SIGN_IN_EXPIRED")
        answer = _finish(provider_id[:40], state, wanted, services)
        protection.drop_cookie(answer, COOKIE)
        return answer


def _finish(provider_id: str, state: str, wanted: str, services: Services) -> Reply:
    code = request.args.get("code", "")
    if not code:  # the provider says why in `error`: mostly that the person went back
        log.info("a provider sent somebody back without a code", provider=provider_id)
        return _refused("PROVIDER_CANCELLED", wanted)
    try:
        opened = services.identity.sign_in_by_provider(provider_id, code, state, people.client())
    except Unauthenticated as error:
        return _refused("PROVIDER_PERSON_UNKNOWN" if error.reason == "WRONG_CREDENTIALS" else error.reason, wanted)
    except InvalidArgument:
        return _refused("PROVIDER_REFUSED", wanted)
    except (Unavailable, DeadlineExceeded):
        return _refused("PROVIDER_UNAVAILABLE", wanted)
    return session.let_in(opened, CONSOLE, services, wanted)


def _refused(reason: str, wanted: str = "") -> WerkzeugResponse:
    """Go back to the sign-in page, which says what happened; what the provider sent along leaves the address."""
    return protection.see(url_for("console.sign_in", reason=reason, next=wanted or None))
