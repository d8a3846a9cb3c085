"""Access in two steps: the second factor after signing in, and the pages where a person sets up and removes its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import segno
from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from markupsafe import Markup
from recapito.identity.v1.factors_pb2 import Factor
from recapito.identity.v1.sessions_pb2 import VerifySessionResponse

from libs.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    PermissionDenied,
    ResourceExhausted,
    ServiceError,
    Unauthenticated,
)
from libs.ids import new_id
from services.portal.service import Services
from services.portal.views import errors, people, protection, session
from services.portal.views.i18n import gettext as _
from services.portal.views.people import AREA, Front, open_to_all, open_to_first_factor
from services.portal.views.session import Reply

REFUSALS = (InvalidArgument, PermissionDenied, FailedPrecondition, AlreadyExists, ResourceExhausted)


def add_to(blueprint: Blueprint, front: Front, services: Services) -> None:
    _add_passkey_sign_in(blueprint, front, services)
    _add_second_step(blueprint, front, services)
    _add_overview(blueprint, front, services)
    _add_app(blueprint, front, services)
    _add_passkey(blueprint, front, services)
    _add_recovery_codes(blueprint, front, services)
    _add_removal(blueprint, front, services)


@dataclass(frozen=True)
class Problem:
    """What a page says when it comes back; none at first. status: of HTTP."""

    text: str = ""
    status: int = 200
    retry_after_seconds: float | None = None


NONE = Problem()


def _problem(error: ServiceError) -> Problem:
    if isinstance(error, ResourceExhausted):
        return Problem(errors.wait(error), 429, error.retry_after_seconds)
    wrong_password = error.reason == "NOT_FRESH" and g.get("wrong_password")
    return Problem(errors.said("WRONG_PROOF") if wrong_password else errors.sentence(error), 422)


def _page(name: str, front: Front, problem: Problem = NONE, **values: object) -> Response:
    """Return a page of this module; its forms ask for the password where the sign-in is no longer fresh."""
    until = g.person.caller.fresh_until if "person" in g else None
    stale = until is None or datetime.now(UTC) >= until
    shown = render_template(f"session/{name}.html", front=front.name, error=problem.text, needs_password=stale, **values)
    answer = make_response(shown, problem.status)
    if problem.retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after_seconds)))
    return answer


def _home(front: Front) -> str:
    return url_for(f"{front.name}.security")


# --- signing in ----------------------------------------------------------------------------------------------------------------------
def _add_passkey_sign_in(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.post("/passkey-challenge")
    @open_to_all
    def passkey_challenge() -> Reply:
        """Answer the script that asks the browser for a passkey."""
        try:
            return Response(services.identity.create_passkey_challenge(people.client()), mimetype="application/json")
        except ResourceExhausted as error:
            return Response(status=429, headers={"Retry-After": str(max(1, math.ceil(error.retry_after_seconds or 60)))})

    @blueprint.post("/sign-in/passkey")
    @open_to_all
    def sign_in_by_passkey() -> Reply:
        wanted = request.form.get("next", "")
        try:
            opened = services.identity.sign_in_by_passkey(front.account_kind, request.form.get("passkey", ""), people.client())
        except (Unauthenticated, InvalidArgument):
            return session.sign_in_page(front, services, 422, error=errors.said("WRONG_PASSKEY"), wanted=wanted)
        return session.let_in(opened, front, services, wanted)


def _add_second_step(blueprint: Blueprint, front: Front, services: Services) -> None:
    def page(problem: Problem = NONE) -> Response:
        kinds = {factor.kind for factor in services.identity.list_factors().factors if factor.confirmed}
        values = {"has_app": Factor.TOTP in kinds, "has_passkey": Factor.PASSKEY in kinds, "next": request.values.get("next", "")}
        return _page("second_factor", front, problem, **values)

    @blueprint.get("/second-factor")
    @open_to_first_factor
    def second_factor() -> Reply:
        """Ask for the second step; who must have one and has none is led to where it is set up."""
        if g.person.caller.session_state != "SECOND_FACTOR_REQUIRED":
            return redirect(session.next_page(front))
        if not any(factor.confirmed for factor in services.identity.list_factors().factors):
            return redirect(_home(front))
        return page()

    @blueprint.post("/second-factor")
    @open_to_first_factor
    def verify() -> Reply:
        code, passkey = request.form.get("code", "")[:20], request.form.get("passkey", "")
        try:
            verified = services.identity.verify_session(passkey=passkey) if passkey else services.identity.verify_session(code=code)
        except InvalidArgument:
            return page(Problem(errors.said("WRONG_CODE"), 422))
        except REFUSALS as error:
            return page(_problem(error))
        return _renewed(verified, front)


def _renewed(verified: VerifySessionResponse, front: Front) -> Reply:
    """Keep the session under its new token, and go where the person wanted to."""
    answer = protection.see(session.next_page(front))
    protection.set_cookie(answer, front.name, verified.session_token)
    protection.renew_csrf()
    return answer


# --- one's own factors ---------------------------------------------------------------------------------------------------------------
def _add_overview(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/security")
    @open_to_first_factor
    def security() -> Reply:
        found = services.identity.list_factors()
        factors = [factor for factor in found.factors if factor.confirmed]
        pending = g.person.caller.session_state == "SECOND_FACTOR_REQUIRED"
        if pending and factors:
            return redirect(url_for(f"{front.name}.second_factor"))
        off = front is AREA and not services.identity.sign_in_settings().contacts_may_use_second_factor
        closed = g.person.caller.method == "MAGIC_LINK"
        return _page(
            "security",
            front,
            factors=factors,
            left=found.recovery_codes_left,
            obligatory=pending,
            off=off,
            closed=closed,
            PASSKEY=Factor.PASSKEY,
        )


def _add_app(blueprint: Blueprint, front: Front, services: Services) -> None:
    def shown(request_id: str, problem: Problem = NONE) -> Response:
        made = services.identity.create_factor(Factor.TOTP, _("App di codici"), request_id)
        key = parse_qs(urlsplit(made.enrolment).query).get("secret", [""])[0]
        code = Markup(segno.make(made.enrolment, error="m").svg_inline(border=3, light="#fff", omitsize=True))  # noqa: S704 - made by segno of our own text
        groups = " ".join(key[start : start + 4] for start in range(0, len(key), 4))
        factor_id = made.factor.name.rsplit("/", 1)[-1]
        return _page("app_setup", front, problem, code=code, key=groups, factor_id=factor_id, request_id=request_id)

    @blueprint.route("/security/app", methods=["GET", "POST"])
    @open_to_first_factor
    def add_app() -> Reply:
        if request.method == "POST":
            try:
                return shown(_request_id())
            except REFUSALS as error:
                return _page("add_app", front, _problem(error))
        return _page("add_app", front)

    @blueprint.post("/security/app/<uuid:factor_id>")
    @open_to_first_factor
    def confirm_app(factor_id: UUID) -> Reply:
        try:
            services.identity.confirm_factor(factor_id, str(new_id()), code=request.form.get("code", "")[:20])
        except REFUSALS as error:
            return shown(_request_id(), _problem(error))
        return protection.see(_after_first(front, services))


def _add_passkey(blueprint: Blueprint, front: Front, services: Services) -> None:
    def shown(name: str, problem: Problem = NONE) -> Response:
        made = services.identity.create_factor(Factor.PASSKEY, name, str(new_id()))
        factor_id = made.factor.name.rsplit("/", 1)[-1]
        return _page("passkey_setup", front, problem, options=made.enrolment, factor_id=factor_id, display_name=name)

    @blueprint.route("/security/passkey", methods=["GET", "POST"])
    @open_to_first_factor
    def add_passkey() -> Reply:
        name = request.form.get("display_name", "").strip()[:100]
        if request.method == "POST":
            try:
                return shown(name or _("Passkey"))
            except REFUSALS as error:
                return _page("add_passkey", front, _problem(error), display_name=name)
        return _page("add_passkey", front, display_name="")

    @blueprint.post("/security/passkey/<uuid:factor_id>")
    @open_to_first_factor
    def confirm_passkey(factor_id: UUID) -> Reply:
        try:
            services.identity.confirm_factor(factor_id, str(new_id()), passkey=request.form.get("passkey", ""))
        except REFUSALS as error:
            problem = Problem(errors.said("WRONG_PASSKEY"), 422) if error.reason in {"", "WRONG_CODE"} else _problem(error)
            return shown(request.form.get("display_name", "")[:100], problem)
        return protection.see(_after_first(front, services))


def _request_id() -> str:
    """Return the id that makes the page show the same key again after a wrong code."""
    try:
        return str(UUID(request.form.get("request_id", "")))
    except ValueError:
        return str(new_id())


def _after_first(front: Front, services: Services) -> str:
    """Return the page to go on with: the recovery codes for who has none."""
    left = services.identity.list_factors().recovery_codes_left
    return _home(front) if left else url_for(f"{front.name}.recovery_codes")


def _add_recovery_codes(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.route("/security/recovery-codes", methods=["GET", "POST"])
    def recovery_codes() -> Reply:
        if request.method == "GET":
            return _page("recovery_codes", front, codes=(), left=services.identity.list_factors().recovery_codes_left)
        try:
            return _page("recovery_codes", front, codes=services.identity.create_recovery_codes(str(new_id())), left=0)
        except REFUSALS as error:
            return _page("recovery_codes", front, _problem(error), codes=(), left=0)


def _add_removal(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.route("/security/factors/<uuid:factor_id>/remove", methods=["GET", "POST"])
    def remove_factor(factor_id: UUID) -> Reply:
        factors = [factor for factor in services.identity.list_factors().factors if factor.confirmed]
        factor = next((one for one in factors if one.name.endswith(f"/{factor_id}")), None)
        if factor is None:
            return protection.see(_home(front))
        problem = NONE
        if request.method == "POST":
            try:
                services.identity.delete_factor(factor.name, str(new_id()))
                return protection.see(_home(front))
            except REFUSALS as error:
                problem = _problem(error)
        return _page("remove_factor", front, problem, factor=factor, last=len(factors) == 1)
