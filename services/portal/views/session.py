"""Into the portal and out: sign-in, links of e-mails, passwords, the privacy policy. The same pages serve both webs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.links_pb2 import InspectLinkResponse, Link
from recapito.identity.v1.sessions_pb2 import CreateSessionResponse, Session
from recapito.identity.v1.settings_pb2 import IdentitySettings
from werkzeug.wrappers import Response as WerkzeugResponse

from libs.errors import FailedPrecondition, InvalidArgument, PermissionDenied, ResourceExhausted, ServiceError, Unauthenticated
from libs.ids import new_id
from services.portal.service import Services
from services.portal.views import errors, i18n, markdown, people, protection
from services.portal.views.i18n import gettext as _
from services.portal.views.i18n import language
from services.portal.views.people import AREA, CONSOLE, Front, open_to_all, open_to_pending

Reply = Response | WerkzeugResponse
LINK_COOKIE = "link"
LINK_COOKIE_SECONDS = 600
PASSWORD_PURPOSES = {Link.SET_PASSWORD, Link.RESET_PASSWORD, Link.INVITATION}


def add_to(blueprint: Blueprint, front: Front, services: Services) -> None:
    _add_sign_in(blueprint, front, services)
    _add_entry(blueprint, front, services)
    _add_link_requests(blueprint, front, services)
    _add_password_links(blueprint, front, services)
    _add_password_change(blueprint, front, services)
    _add_policy(blueprint, front, services)
    _add_confirmation(blueprint, front, services)


def _render(name: str, front: Front, status: int = 200, **values: object) -> Response:
    return make_response(render_template(f"session/{name}.html", front=front.name, **values), status)


def _next(front: Front) -> str:
    """Return where the person wanted to go, when that is a page of ours."""
    return protection.own_page(request.values.get("next", ""), front.name, people.home_url(front.name))


# --- password sign-in ----------------------------------------------------------------------------------------------------------------
def _add_sign_in(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/sign-in")
    @open_to_all
    def sign_in() -> Reply:
        if "person" in g:
            return redirect(_next(front))
        reason = request.args.get("reason", "")  # of a provider's refusal
        error = errors.said(reason) if reason.startswith("PROVIDER_") else ""
        return sign_in_page(front, services, error=error, wanted=request.args.get("next", ""))

    @blueprint.post("/sign-in")
    @open_to_all
    def create_session() -> Reply:
        email, password = request.form.get("email", "").strip(), request.form.get("password", "")
        wanted = request.form.get("next", "")
        try:
            opened = services.identity.create_session(front.account_kind, email[:254], password, people.client())
        except (Unauthenticated, InvalidArgument):
            return sign_in_page(front, services, 422, email=email, error=errors.said("WRONG_CREDENTIALS"), wanted=wanted)
        except ResourceExhausted as error:
            page = sign_in_page(front, services, 429, email=email, error=errors.wait(error), wanted=wanted)
            page.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds or 60)))
            return page
        return let_in(opened, front, services, wanted)

    @blueprint.post("/sign-out")
    @open_to_all
    def sign_out() -> Reply:
        if "person" in g:
            services.identity.delete_current_session()
        answer = protection.see(url_for(f"{front.name}.sign_in"))
        for name in (front.name, people.CUSTOMER_COOKIE):
            protection.drop_cookie(answer, name)
        return answer


def sign_in_page(front: Front, services: Services, status: int = 200, *, email: str = "", error: str = "", wanted: str = "") -> Response:
    known = providers(services) if front is CONSOLE else ()
    return _render("sign_in", front, status, email=email, error=error, next=wanted, providers=known)


def providers(services: Services) -> Sequence[IdentitySettings.Provider]:
    """Return where operators may sign in instead; none while identity cannot tell, for the page must not fail with it."""
    try:
        return services.identity.sign_in_settings().providers
    except ServiceError:
        return ()


def _end_former_session(services: Services) -> None:
    """End the session that this browser leaves behind when it signs in anew; one that cannot be reached now ends by itself."""
    if "person" in g:
        with contextlib.suppress(ServiceError):
            services.identity.delete_current_session()


def let_in(opened: CreateSessionResponse, front: Front, services: Services, wanted: str = "") -> WerkzeugResponse:
    """Keep the session in the cookie of this web, and go where the person wanted to."""
    _end_former_session(services)
    answer = protection.see(protection.own_page(wanted or _landing(opened.session), front.name, people.home_url(front.name)))
    protection.set_cookie(answer, front.name, opened.session_token)
    protection.renew_csrf()
    return answer


def _landing(session: Session) -> str:
    """Return the page of the document that a link was sent for; "" for none that we show."""
    kind, _slash, id_ = session.landing.partition("/")
    if kind == "invoices" and session.kind == Account.CONTACT:
        try:
            return url_for("area.show_invoice", invoice_id=UUID(id_))
        except ValueError:
            return ""
    return ""


def _add_confirmation(blueprint: Blueprint, front: Front, services: Services) -> None:
    """Let any form carry the field confirm_password: what asks for a fresh sign-in gets one within the same request.

    With a wrong password the call is refused as before, and the form comes back with what was typed.
    """

    @blueprint.before_request
    def confirm() -> None:
        password = request.form.get("confirm_password", "") if request.method == "POST" else ""
        if not password or "person" not in g:
            return
        try:
            opened = services.identity.create_session(front.account_kind, g.person.email, password, people.client())
            _end_former_session(services)
            people.speak_for(opened.session_token, front, services)
            g.new_session = opened.session_token
        except (Unauthenticated, InvalidArgument):
            g.wrong_password = True

    @blueprint.after_request
    def keep_session(answer: Response) -> Response:
        if "new_session" in g:
            protection.set_cookie(answer, front.name, g.new_session)
        return answer


# --- links of e-mails ----------------------------------------------------------------------------------------------------------------
def _add_entry(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/enter/<token>")
    @blueprint.get("/password/<token>", endpoint="keep_password_link")
    @open_to_all
    def keep_link(token: str) -> Reply:
        """Move the token out of the address; nothing is spent, so that scanners of mail may open links."""
        page = "set_password" if (request.endpoint or "").endswith("keep_password_link") else "enter"
        answer = redirect(url_for(f"{front.name}.{page}"))
        protection.set_cookie(answer, LINK_COOKIE, token[:100], LINK_COOKIE_SECONDS)
        return answer

    @blueprint.get("/enter")
    @open_to_all
    def enter() -> Reply:
        token, link = _link(services)
        if link is not None and link.purpose in PASSWORD_PURPOSES:
            return redirect(url_for(f"{front.name}.set_password"))
        if link is None or link.state != Link.USABLE:
            return _dead_link(front, link)
        return _render("enter", front, link=link, nonce=protection.nonce("enter", token))

    @blueprint.post("/enter")
    @open_to_all
    def redeem() -> Reply:
        token, link = _link(services)
        if link is None or not protection.nonce_matches("enter", token):
            return _dead_link(front, link)
        try:
            opened = services.identity.redeem_magic_link(token, people.client())
        except (Unauthenticated, FailedPrecondition, InvalidArgument):
            return _dead_link(front, services.identity.inspect_link(token))
        answer = let_in(opened, front, services)
        protection.drop_cookie(answer, LINK_COOKIE)
        return answer


def _add_link_requests(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.post("/links/renew")
    @open_to_all
    def renew_link() -> Reply:
        token = protection.cookie(LINK_COOKIE)
        if token:
            services.identity.renew_link(token, people.client())
        answer = _render("link_requested", front)
        protection.drop_cookie(answer, LINK_COOKIE)
        return answer

    @blueprint.get("/links/<any(password,entry):wanted>")
    @open_to_all
    def ask_for_link(wanted: str) -> Reply:
        return _render("ask_for_link", front, wanted=wanted, email="", error="")

    @blueprint.post("/links/<any(password,entry):wanted>")
    @open_to_all
    def request_link(wanted: str) -> Reply:
        """Answer alike whether the address is known or not."""
        email = request.form.get("email", "").strip()
        if "@" not in email or len(email) > 254:
            error = _("Scrivi l’indirizzo email intero, come nome@azienda.it.")
            return _render("ask_for_link", front, 422, wanted=wanted, email=email, error=error)
        try:
            purpose = Link.RESET_PASSWORD if wanted == "password" else Link.MAGIC
            services.identity.request_link(purpose, front.account_kind, email, people.client())
        except ResourceExhausted as error:
            return _render("ask_for_link", front, 429, wanted=wanted, email=email, error=errors.wait(error))
        except FailedPrecondition as error:
            return _render("ask_for_link", front, 409, wanted=wanted, email=email, error=errors.sentence(error))
        return _render("link_requested", front)


def _link(services: Services) -> tuple[str, InspectLinkResponse | None]:
    """Return the token of the link that this browser opened, and what it is for; None for no link or a made-up one."""
    token = protection.cookie(LINK_COOKIE)
    link = services.identity.inspect_link(token) if token else None
    if link is None or link.purpose == Link.PURPOSE_UNSPECIFIED:
        return token, None
    if "person" not in g:
        g.language = i18n.negotiate(link.language_code)
        g.right_to_left = link.right_to_left
    return token, link


def _dead_link(front: Front, link: InspectLinkResponse | None) -> Response:
    """Say what is wrong with a link; a fresh one can be had for one that was real."""
    return _render("dead_link", front, 410, state=Link.State.Name(link.state) if link is not None else "")


# --- passwords -----------------------------------------------------------------------------------------------------------------------
def _add_password_links(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/password")
    @open_to_all
    def set_password() -> Reply:
        token, link = _link(services)
        if link is None or link.state != Link.USABLE or link.purpose not in PASSWORD_PURPOSES:
            return _dead_link(front, link)
        return _set_password_page(front, link, token)

    @blueprint.post("/password")
    @open_to_all
    def redeem_password_link() -> Reply:
        token, link = _link(services)
        if link is None or not protection.nonce_matches("password", token):
            return _dead_link(front, link)
        password = request.form.get("new_password", "")
        if mismatch := _mismatch(password):
            return _set_password_page(front, link, token, mismatch)
        try:
            services.identity.redeem_password_link(token, password, people.client())
        except InvalidArgument as error:
            return _set_password_page(front, link, token, errors.sentence(error))
        except (FailedPrecondition, Unauthenticated):
            return _dead_link(front, services.identity.inspect_link(token))
        answer = _render("password_set", front)
        for name in (LINK_COOKIE, front.name):
            protection.drop_cookie(answer, name)
        return answer


def _add_password_change(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/password/change")
    @open_to_pending
    def change_password() -> Reply:
        return _change_password_page(front)

    @blueprint.post("/password/change")
    @open_to_pending
    def save_password() -> Reply:
        password = request.form.get("new_password", "")
        if mismatch := _mismatch(password):
            return _change_password_page(front, mismatch)
        try:
            services.identity.change_password(request.form.get("current_password", ""), password, str(new_id()))
        except (InvalidArgument, PermissionDenied) as error:
            return _change_password_page(front, errors.sentence(error))
        return protection.see(_next(front))


def _mismatch(password: str) -> str:
    if len(password) < 12:
        return errors.said("PASSWORD_TOO_SHORT")
    return "" if request.form.get("repeated_password", password) == password else _("Le due password non sono uguali.")


def _set_password_page(front: Front, link: InspectLinkResponse, token: str, error: str = "") -> Response:
    return _render("set_password", front, 422 if error else 200, link=link, nonce=protection.nonce("password", token), error=error)


def _change_password_page(front: Front, error: str = "") -> Response:
    wanted = request.values.get("next", "")
    needs_current = g.person.caller.session_state != "PASSWORD_CHANGE_REQUIRED"
    return _render("change_password", front, 422 if error else 200, error=error, next=wanted, needs_current=needs_current)


# --- the privacy policy --------------------------------------------------------------------------------------------------------------
def _add_policy(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/privacy")
    @open_to_all
    def show_policy() -> Reply:
        return _policy_page(front, services)

    @blueprint.post("/privacy")
    @open_to_pending
    def accept_policy() -> Reply:
        if request.form.get("answer") != "accept":
            services.identity.delete_current_session()
            answer = protection.see(url_for(f"{front.name}.sign_in"))
            protection.drop_cookie(answer, front.name)
            return answer
        try:
            services.identity.accept_policy(request.form.get("policy", ""), language(), request.form.get("request_id", ""))
        except FailedPrecondition as error:
            return _policy_page(front, services, errors.sentence(error))
        return protection.see(_next(front))


def _policy_page(front: Front, services: Services, error: str = "") -> Response:
    """Show the policy; with the two buttons while the session waits for the answer."""
    policy = services.identity.get_current_policy()
    text = (policy.text.en or policy.text.it) if language() == "en" else (policy.text.it or policy.text.en)
    asked = front is AREA and "person" in g and g.person.caller.session_state == "POLICY_REQUIRED"
    return _render(
        "policy",
        front,
        409 if error else 200,
        policy=policy,
        text=markdown.render(text),
        asked=asked,
        error=error,
        next=request.values.get("next", ""),
        request_id=str(new_id()),
    )
