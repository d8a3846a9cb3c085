"""Links of e-mails and the codes beside them: asked for, opened, confirmed. The same pages serve both webs."""

from __future__ import annotations

import math

from flask import Blueprint, Response, g, redirect, request, url_for
from recapito.identity.v1.links_pb2 import InspectLinkResponse, Link

from libs.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted, Unauthenticated
from services.portal.service import Services
from services.portal.views import errors, i18n, people, protection
from services.portal.views.i18n import gettext as _
from services.portal.views.people import AREA, Front, open_to_all
from services.portal.views.session import Reply, closed, let_in, mismatch, render, self_service

COOKIE = "link"
COOKIE_SECONDS = 600
PAGES = {Link.MAGIC: "enter", Link.DISOWN: "disown"}  # of the link's purpose; of every other one: set_password


def add_to(blueprint: Blueprint, front: Front, services: Services) -> None:
    _add_opening(blueprint, front)
    _add_renewal(blueprint, front, services)
    _add_requests(blueprint, front, services)
    _add_entry(blueprint, front, services)
    _add_passwords(blueprint, front, services)
    _add_disowning(blueprint, front, services)
    if front is AREA:
        _add_codes(blueprint, services)


# --- opened --------------------------------------------------------------------------------------------------------------------------
def _add_opening(blueprint: Blueprint, front: Front) -> None:
    @blueprint.get("/<any(enter,password,disown):page>/<token>")
    @open_to_all
    def keep_link(page: str, token: str) -> Reply:
        """Move the token out of the address; nothing is spent, so that scanners of mail may open links."""
        answer = redirect(url_for(f"{front.name}.{'set_password' if page == 'password' else page}"))
        protection.set_cookie(answer, COOKIE, token[:100], COOKIE_SECONDS)
        return answer


def _link(services: Services) -> tuple[str, InspectLinkResponse | None]:
    """Return the token of the link that this browser opened, and what it is for; None for no link or a made-up one."""
    token = protection.cookie(COOKIE)
    link = services.identity.inspect_link(token) if token else None
    if link is None or link.purpose == Link.PURPOSE_UNSPECIFIED:
        return token, None
    if "person" not in g:
        g.language = i18n.negotiate(link.language_code)
        g.right_to_left = link.right_to_left
    return token, link


def _page_of(link: InspectLinkResponse) -> str:
    return PAGES.get(link.purpose, "set_password")


def _dead_link(front: Front, services: Services, link: InspectLinkResponse | None) -> Response:
    """Say what is wrong with a link; a fresh one can be had for one that was real, where people may ask for it themselves."""
    if link is None:
        return render("dead_link", front, 410, state="", disowning=False, renewable=False)
    for_password = link.purpose in {Link.RESET_PASSWORD, Link.DISOWN}
    renewable = not for_password or self_service(front, services)
    usable = link.state == Link.USABLE  # sound, but of a person who may not enter
    state, disowning = "CANCELLED" if usable else Link.State.Name(link.state), link.purpose == Link.DISOWN
    return render("dead_link", front, 410, state=state, disowning=disowning, renewable=renewable)


# --- asked for -----------------------------------------------------------------------------------------------------------------------
def _add_renewal(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.post("/links/renew")
    @open_to_all
    def renew_link() -> Reply:
        token = protection.cookie(COOKIE)
        try:
            if token:
                services.identity.renew_link(token, people.client())
        except FailedPrecondition as error:
            return render("ask_operator", front, 409, sentence=errors.sentence(error))
        answer = render("link_requested", front, wanted="", email="")
        protection.drop_cookie(answer, COOKIE)
        return answer


def _add_requests(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/links/<any(password,entry):wanted>")
    @open_to_all
    def ask_for_link(wanted: str) -> Reply:
        _require(wanted)
        if closed(front, services):
            return render("area_off", front)
        return render("ask_for_link", front, wanted=wanted, email="", error="")

    @blueprint.post("/links/<any(password,entry):wanted>")
    @open_to_all
    def request_link(wanted: str) -> Reply:
        """Answer alike whether the address is known or not."""
        _require(wanted)
        email = request.form.get("email", "").strip()
        if "@" not in email or len(email) > 254:
            error = _("Scrivi l’indirizzo email intero, come nome@azienda.it.")
            return render("ask_for_link", front, 422, wanted=wanted, email=email, error=error)
        try:
            purpose = Link.RESET_PASSWORD if wanted == "password" else Link.MAGIC
            services.identity.request_link(purpose, front.account_kind, email, people.client())
        except ResourceExhausted as error:
            return render("ask_for_link", front, 429, wanted=wanted, email=email, error=errors.wait(error))
        except FailedPrecondition as error:
            return render("ask_for_link", front, 409, wanted=wanted, email=email, error=errors.sentence(error))
        return render("link_requested", front, wanted=wanted, email=email)

    def _require(wanted: str) -> None:
        """Answer as for a page that does not exist where people do not reset their passwords themselves."""
        if wanted == "password" and not self_service(front, services):
            raise NotFound("passwords are reset by operators here")


# --- to sign in ----------------------------------------------------------------------------------------------------------------------
def _add_entry(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/enter")
    @open_to_all
    def enter() -> Reply:
        token, link = _link(services)
        if link is not None and _page_of(link) != "enter":
            return redirect(url_for(f"{front.name}.{_page_of(link)}"))
        if link is None or link.state != Link.USABLE:
            return _dead_link(front, services, link)
        return render("enter", front, link=link, nonce=protection.nonce("enter", token))

    @blueprint.post("/enter")
    @open_to_all
    def redeem() -> Reply:
        token, link = _link(services)
        if link is None or not protection.nonce_matches("enter", token):
            return _dead_link(front, services, link)
        try:
            opened = services.identity.redeem_magic_link(token, people.client())
        except (Unauthenticated, FailedPrecondition, InvalidArgument):
            return _dead_link(front, services, services.identity.inspect_link(token))
        answer = let_in(opened, front, services)
        protection.drop_cookie(answer, COOKIE)
        return answer


def _add_codes(blueprint: Blueprint, services: Services) -> None:
    @blueprint.get("/code")
    @open_to_all
    def enter_code() -> Reply:
        if closed(AREA, services):
            return render("area_off", AREA)
        return render("code", AREA, email="", error="")

    @blueprint.post("/code")
    @open_to_all
    def redeem_code() -> Reply:
        """Answer alike whatever is wrong with address or code."""
        email, code = request.form.get("email", "").strip()[:254], request.form.get("code", "").strip()[:20]
        try:
            opened = services.identity.redeem_code(email, code, people.client())
        except (Unauthenticated, InvalidArgument):
            error = _("Il codice non è giusto o non vale più. Controlla email e codice, oppure chiedi un nuovo link.")
            return render("code", AREA, 422, email=email, error=error)
        except ResourceExhausted as error:
            page = render("code", AREA, 429, email=email, error=errors.wait(error))
            page.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds or 60)))
            return page
        return let_in(opened, AREA, services)


# --- to set a password ---------------------------------------------------------------------------------------------------------------
def _add_passwords(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/password")
    @open_to_all
    def set_password() -> Reply:
        token, link = _link(services)
        if link is not None and link.purpose == Link.DISOWN:
            return redirect(url_for(f"{front.name}.disown"))
        if link is None or link.state != Link.USABLE or _page_of(link) != "set_password":
            return _dead_link(front, services, link)
        return _set_password_page(front, link, token)

    @blueprint.post("/password")
    @open_to_all
    def redeem_password_link() -> Reply:
        token, link = _link(services)
        if link is None or not protection.nonce_matches("password", token):
            return _dead_link(front, services, link)
        password = request.form.get("new_password", "")
        if wrong := mismatch(password):
            return _set_password_page(front, link, token, wrong)
        try:
            services.identity.redeem_password_link(token, password, people.client())
        except InvalidArgument as error:
            return _set_password_page(front, link, token, errors.sentence(error))
        except (FailedPrecondition, Unauthenticated):
            return _dead_link(front, services, services.identity.inspect_link(token))
        answer = render("password_set", front)
        for name in (COOKIE, front.name):
            protection.drop_cookie(answer, name)
        return answer


def _set_password_page(front: Front, link: InspectLinkResponse, token: str, error: str = "") -> Response:
    return render("set_password", front, 422 if error else 200, link=link, nonce=protection.nonce("password", token), error=error)


# --- "this was not me" ---------------------------------------------------------------------------------------------------------------
def _add_disowning(blueprint: Blueprint, front: Front, services: Services) -> None:
    @blueprint.get("/disown")
    @open_to_all
    def disown() -> Reply:
        token, link = _link(services)
        if link is None or link.state != Link.USABLE or link.purpose != Link.DISOWN:
            return _dead_link(front, services, link)
        return render("disown", front, link=link, nonce=protection.nonce("disown", token))

    @blueprint.post("/disown")
    @open_to_all
    def disown_link() -> Reply:
        """End every session; the link stays in its cookie, so that a new password can be asked for with it."""
        token, link = _link(services)
        if link is None or not protection.nonce_matches("disown", token):
            return _dead_link(front, services, link)
        try:
            services.identity.disown_link(token, people.client())
        except (FailedPrecondition, InvalidArgument):
            return _dead_link(front, services, services.identity.inspect_link(token))
        g.pop("person", None)  # whoever looks is signed out too
        answer = render("disowned", front, renewable=self_service(front, services))
        protection.drop_cookie(answer, front.name)
        return answer
