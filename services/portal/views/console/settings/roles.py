"""Roles of operators: sets of capabilities, and who may do what by them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.roles_pb2 import Role

from services.portal.service import Page, Services
from services.portal.views.console import words
from services.portal.views.console.capabilities import CAPABILITIES, Capability
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import ALL, condition
from services.portal.views.i18n import gettext as _

FIELDS = {r"role\.display_name": "display_name", r"role\.capabilities.*": "capabilities"}
PATHS = ("display_name", "capabilities")
TITLES = {one.id: one.title for capabilities in CAPABILITIES.values() for one in capabilities}


def roles_of(services: Services) -> list[Role]:
    """Return every role, the built-in ones first; there are never many."""
    return list(services.identity.list_roles(Page(size=ALL)).roles)


def givable(roles: Iterable[Role], held: Iterable[str] = ()) -> list[Role]:
    """Return the roles that this operator may give, and those that are held already."""
    kept = set(held)
    return [role for role in roles if role.name in kept or all(g.person.may(capability) for capability in role.capabilities)]


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("roles", __name__, url_prefix="/roles")

    @pages.get("")
    def index() -> str:
        roles = roles_of(services)
        return render_template("console/roles.html", roles=roles, mine={role.name for role in givable(roles)})

    @pages.get("/who")
    def who() -> str:
        accounts = services.identity.list_accounts(Page(size=ALL, filter='kind != "CONTACT"')).accounts
        return render_template("console/roles_who.html", groups=who_may(roles_of(services), accounts))

    _add_forms(pages, services)
    return pages


def _add_forms(pages: Blueprint, services: Services) -> None:
    identity = services.identity

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        model = request.args.get("like", "")
        form = Form.filled({"capabilities": next((role.capabilities for role in roles_of(services) if role.name == model), ())})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                identity.create_role(Role(display_name=form["display_name"], capabilities=form.many("capabilities")), form.request_id)
                return done(_("Ruolo creato"))
        return render_template("console/role_form.html", form=form.again(), role=None, groups=offered()), form.code

    @pages.route("/<uuid:role_id>/edit", methods=["GET", "POST"])
    def edit(role_id: UUID) -> Reply:
        role = identity.get_role(f"roles/{role_id}")
        now = {"etag": role.etag, "display_name": role.display_name, "capabilities": role.capabilities}
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = Role(name=role.name, etag=form["etag"], display_name=form["display_name"], capabilities=form.many("capabilities"))
                identity.update_role(changed, PATHS, form.request_id)
                return done(_("Ruolo salvato"))
            form.compare(now)
            if "capabilities" in form.saved:
                form.saved["capabilities"] = ", ".join(_(TITLES[one]) for one in role.capabilities if one in TITLES)
        return render_template("console/role_form.html", form=form.again(), role=role, groups=offered()), form.code

    @pages.route("/<uuid:role_id>/delete", methods=["GET", "POST"])
    def delete(role_id: UUID) -> Reply:
        role = identity.get_role(f"roles/{role_id}")

        def act(form: Form) -> Reply:
            identity.delete_role(role.name, form["etag"], form.request_id)
            return done(_("Ruolo eliminato"))

        def show(form: Form) -> Reply:
            holders = identity.list_accounts(Page(size=ALL, filter=condition(role=role.name))).accounts
            return shown("role_delete", form, role=role, holders=holders)

        return ask_first(role.etag, act, show)

    def done(sentence: str) -> Reply:
        flash(sentence)
        return redirect(url_for("console.settings.roles.index"), 303)


def offered() -> dict[str, list[Capability]]:
    """Return the capabilities that this operator may give, by their heading."""
    mine = {title: [one for one in capabilities if g.person.may(one.id)] for title, capabilities in CAPABILITIES.items()}
    return {title: capabilities for title, capabilities in mine.items() if capabilities}


@dataclass(frozen=True)
class Holders:
    """Who has a capability: the roles by name, and the operators and applications by name, without those that are deactivated."""

    capability: Capability
    roles: list[str]
    names: list[str]


def who_may(roles: Iterable[Role], accounts: Iterable[Account]) -> dict[str, list[Holders]]:
    """Return, under each heading, who has each capability."""
    by_name = {role.name: role for role in roles}
    active = [account for account in accounts if not words.is_disabled(account)]

    def holders(capability: Capability) -> Holders:
        holding = {name for name, role in by_name.items() if capability.id in role.capabilities}
        names = sorted(account.display_name for account in active if holding.intersection(account.roles))
        return Holders(capability, [words.role_name(role) for name, role in by_name.items() if name in holding], names)

    return {title: [holders(capability) for capability in capabilities] for title, capabilities in CAPABILITIES.items()}
