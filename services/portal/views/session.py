"""Into the portal and out: sign-in, passwords, the privacy policy. The same pages serve both webs."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.sessions_pb2 import CreateSessionResponse, Session
from recapito.identity.v1.settings_pb2 import IdentitySettings
from werkzeug.wrappers import Response as WerkzeugResponse

from libs.errors import FailedPrecondition, InvalidArgument, PermissionDenied, ResourceExhausted, ServiceError, Unauthenticated
from libs.ids import new_id
from services.portal.service import Services
from services.portal.views import errors, markdown, people, protection
from services.portal.views.i18n import gettext as _
from services.portal.views.i18n import language
from services.portal.views.people import AREA, CONSOLE, Front, open_to_all, open_to_pending

Reply = Response | WerkzeugResponse
_CODE = re.compile(r"[0-9]{3} ?[0-9]{3}")


def add_to(blueprint: Blueprint, front: Front, services: Services) -> None:
    _add_sign_in(blueprint, front, services)
    _add_password_change(blueprint, front, services)
    _add_policy(blueprint, front, services)
    _add_confirmation(blueprint, front, services)


def render(name: str, front: Front, status: int = 200, **values: object) -> Response:
    return make_response(render_template(f"session/{name}.html", front=front.name, **values), status)


def next_page(front: Front) -> str:
    """Return where the person wanted to go, when that is a page of ours."""
    return protection.own_page(request.values.get("next", ""), front.name, people.home_url(front.name))


# --- password sign-in ----------------------------------------------------------------------------------------------------------------
def _add_sign_in(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/sign-in")
    @open_to_all
    def sign_in() -> Reply:
        if "person" in g:
            return redirect(next_page(front))
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
    if closed(front, services):
        return render("area_off", front)
    known, may_reset = providers(services) if front is CONSOLE else (), self_service(front, services)
    return render("sign_in", front, status, email=email, error=error, next=wanted, providers=known, self_service=may_reset)


def closed(front: Front, services: Services) -> bool:
    """Tell whether the organisation has switched off the pages behind this sign-in."""
    organization = services.contacts.organization()
    return front is AREA and organization.HasField("modules") and not organization.modules.reserved_area


def self_service(front: Front, services: Services) -> bool:
    """Tell whether people reset their passwords themselves here; while identity cannot tell, its own answer will."""
    try:
        return front is not AREA or services.identity.sign_in_settings().self_service_reset
    except ServiceError:
        return True


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

    The code of an app will do too. With a wrong one the call is refused as before, and the form comes back with what was typed.
    """

    @blueprint.before_request
    def confirm() -> None:
        given = request.form.get("confirm_password", "") if request.method == "POST" else ""
        if not given or "person" not in g:
            return
        try:
            is_code = _CODE.fullmatch(given)  # shorter than any password
            verified = services.identity.verify_session(code=given) if is_code else services.identity.verify_session(password=given)
            people.speak_for(verified.session_token, front, services)
            g.new_session = verified.session_token
        except (PermissionDenied, FailedPrecondition, InvalidArgument):
            g.wrong_password = True

    @blueprint.after_request
    def keep_session(answer: Response) -> Response:
        if "new_session" in g:
            protection.set_cookie(answer, front.name, g.new_session)
        return answer


# --- passwords -----------------------------------------------------------------------------------------------------------------------
def _add_password_change(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/password/change")
    @open_to_pending
    def change_password() -> Reply:
        return _change_password_page(front)

    @blueprint.post("/password/change")
    @open_to_pending
    def save_password() -> Reply:
        password = request.form.get("new_password", "")
        if wrong := mismatch(password):
            return _change_password_page(front, wrong)
        try:
            services.identity.change_password(request.form.get("current_password", ""), password, str(new_id()))
        except (InvalidArgument, PermissionDenied) as error:
            return _change_password_page(front, errors.sentence(error))
        return protection.see(next_page(front))


def mismatch(password: str) -> str:
    if len(password) < 12:
        return errors.said("PASSWORD_TOO_SHORT")
    return "" if request.form.get("repeated_password", password) == password else _("Le due password non sono uguali.")


def _change_password_page(front: Front, error: str = "") -> Response:
    wanted = request.values.get("next", "")
    needs_current = g.person.caller.session_state != "PASSWORD_CHANGE_REQUIRED"
    return render("change_password", front, 422 if error else 200, error=error, next=wanted, needs_current=needs_current)


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
        return protection.see(next_page(front))


def _policy_page(front: Front, services: Services, error: str = "") -> Response:
    """Show the policy; with the two buttons while the session waits for the answer."""
    policy = services.identity.get_current_policy()
    text = (policy.text.en or policy.text.it) if language() == "en" else (policy.text.it or policy.text.en)
    asked = front is AREA and "person" in g and g.person.caller.session_state == "POLICY_REQUIRED"
    return render(
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
