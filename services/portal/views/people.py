"""Who looks at a page: the session of the browser, turned into a passport once a request."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from flask import Blueprint, current_app, g, redirect, request, url_for
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.identity.v1.accounts_pb2 import Account
from werkzeug.wrappers import Response

from libs.access import Caller, Kind
from libs.errors import NotFound, Unauthenticated
from libs.rpc.context import as_person
from services.portal.service import Client, Services
from services.portal.views import i18n, protection

View = TypeVar("View", bound=Callable[..., object])
CUSTOMER_COOKIE = "customer"  # of those that a contact acts for, the chosen one


@dataclass(frozen=True)
class Front:
    """One of the two webs. name: of its blueprint, its cookie and the first part of its addresses. kind: of the accounts it lets in."""

    name: str
    kind: Kind
    account_kind: Account.Kind.ValueType


AREA = Front("area", Kind.CONTACT, Account.CONTACT)
CONSOLE = Front("console", Kind.OPERATOR, Account.OPERATOR)


def home_url(front: str) -> str:
    return url_for(f"{front}.home")


@dataclass(frozen=True)
class Person:
    """Who is signed in. customers: id and name of each customer that a contact acts for, the one of this page among them."""

    caller: Caller
    display_name: str = ""
    first_name: str = ""
    email: str = ""
    language: str = ""
    right_to_left: bool = False
    customers: tuple[tuple[UUID, str], ...] = ()

    @property
    def customer_name(self) -> str:
        return next((name for id_, name in self.customers if id_ == self.caller.customer_id), "")

    def may(self, wanted: str) -> bool:
        """Whether a contact has this permission ("INVOICES") or an operator this capability ("documents.write")."""
        return wanted in self.caller.permissions or wanted in self.caller.capabilities


def open_to_all(view: View) -> View:
    """Mark a view that needs no session."""
    view.open_to_all = True  # type: ignore[attr-defined] # read by the guard
    return view


def open_to_pending(view: View) -> View:
    """Mark a view for sessions that still wait for a new password or the policy."""
    view.open_to_pending = True  # type: ignore[attr-defined] # read by the guard
    return view


def open_to_first_factor(view: View) -> View:
    """Mark a view for sessions that still wait for their second factor, or whose account has to set one up."""
    view.open_to_first_factor = True  # type: ignore[attr-defined] # read by the guard
    return view


def client() -> Client:
    return Client(request.remote_addr or "", request.headers.get("User-Agent", ""))


# --- one request ---------------------------------------------------------------------------------------------------------------------
def guard(blueprint: Blueprint, front: Front, services: Services) -> None:
    """Let nobody without a session of this front see its pages; make calls for the person who looks."""

    @blueprint.before_request
    def enter() -> Response | None:
        view = current_app.view_functions[request.endpoint or ""]
        person = identify(front, services)
        if getattr(view, "open_to_all", False):
            return None
        if person is None:
            return to_sign_in(front)
        state = person.caller.session_state
        gate = _gate(state, front)
        opened_to = "open_to_first_factor" if state == "SECOND_FACTOR_REQUIRED" else "open_to_pending"
        if gate is not None and not getattr(view, opened_to, False):
            wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
            return _answer(url_for(gate, next=wanted or None))
        return None


def _gate(state: str, front: Front) -> str | None:
    match state:
        case "OPEN":
            return None
        case "SECOND_FACTOR_REQUIRED":
            return f"{front.name}.second_factor"
        case "PASSWORD_CHANGE_REQUIRED":
            return f"{front.name}.change_password"
        case _:
            return f"{front.name}.show_policy"


def to_sign_in(front: Front) -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    answer = _answer(url_for(f"{front.name}.sign_in", next=wanted or None))
    protection.drop_cookie(answer, front.name)
    return answer


def _answer(target: str) -> Response:
    """Redirect; a swap of htmx is told to load the page."""
    if "HX-Request" in request.headers:
        return current_app.make_response(("", 401, {"HX-Redirect": target}))
    return redirect(target, 302 if request.method in protection.READING else 303)


def identify(front: Front, services: Services) -> Person | None:
    """Return who is signed in here, None for nobody; calls are made for the person until the request ends."""
    token = protection.cookie(front.name)
    if not token:
        return None
    try:
        return speak_for(token, front, services)
    except Unauthenticated:
        return None


def speak_for(token: str, front: Front, services: Services) -> Person | None:
    """Make the calls of this request for the person of this session. Raise Unauthenticated when it ended."""
    with as_person(""):  # a passport is made for this service, also when a person's session goes on under a new token
        entry = services.identity.create_passport(token, _chosen_customer() if front is AREA else None)
    if entry.caller.kind is not front.kind:
        return None
    if "calls" in g:
        g.calls.close()
    g.calls = ExitStack()
    g.calls.enter_context(as_person(entry.passport, g.language))
    person = _contact(entry.caller, services) if front is AREA else _operator(entry.caller, services)
    g.person = person
    g.language = i18n.negotiate(person.language)
    g.calls.enter_context(as_person(entry.passport, g.language))
    return person


def _chosen_customer() -> UUID | None:
    try:
        return UUID(protection.cookie(CUSTOMER_COOKIE))
    except ValueError:
        return None


def _contact(caller: Caller, services: Services) -> Person:
    if caller.account_id is None:
        raise Unauthenticated("this session belongs to nobody")
    contact = services.contacts.own_contact(caller.account_id)
    return Person(
        caller,
        display_name=f"{contact.first_name} {contact.last_name}",
        first_name=contact.first_name,
        email=contact.email,
        language=contact.language_code,
        right_to_left=contact.direction == Contact.RTL,
        customers=tuple(_customers(contact, services)),
    )


def _customers(contact: Contact, services: Services) -> list[tuple[UUID, str]]:
    ids = [UUID(affiliation.name.split("/")[1]) for affiliation in contact.affiliations]
    found = []
    for customer_id in ids:
        try:
            found.append((customer_id, services.contacts.customer_name(customer_id)))
        except NotFound:
            continue  # deleted meanwhile
    return found


def _operator(caller: Caller, services: Services) -> Person:
    if caller.pending:
        return Person(caller)
    account = services.identity.get_own_account()
    return Person(caller, account.display_name, account.display_name, account.email, account.language_code)


def leave(_error: BaseException | None = None) -> None:
    """Stop speaking for the person, at the end of the request."""
    if "calls" in g:
        g.pop("calls").close()
