"""Operators: who works in the console, with which roles, and which groups they see."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.identity.v1.accounts_pb2 import Account
from recapito.identity.v1.links_pb2 import Link

from services.portal.service import Services
from services.portal.views.console import lost_factors
from services.portal.views.console.confirming import shown
from services.portal.views.console.context import Reply
from services.portal.views.console.customers import groups_of
from services.portal.views.console.forms import Form, Value
from services.portal.views.console.lists import argument, asked, condition
from services.portal.views.console.settings.roles import givable, roles_of
from services.portal.views.console.settings.states import add_states
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

FIELDS = {r"account\.(display_name|email|language_code)": r"\1", r"account\.roles.*": "roles", r"account\.groups.*": "groups"}
PATHS = ("display_name", "email", "language_code", "roles", "groups")


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("operators", __name__, url_prefix="/operators")

    @pages.get("")
    def index() -> str:
        return listed(services)

    _add_forms(pages, services)
    _add_access(pages, services)
    add_states(
        pages,
        services,
        page="operator_disable",
        disabled=N_("Operatore disattivato: le sue sessioni sono chiuse"),
        enabled=N_("Operatore riattivato"),
        done=done,
        listed=listed,
    )
    return pages


def listed(services: Services, note: str = "") -> str:
    """Return the list; note: why what was just asked did not happen."""
    groups = {group.name: group.display_name for group in groups_of(services)}
    roles = roles_of(services)
    role, group = argument("role", {role.name: role for role in roles}), argument("group", groups)
    found = services.identity.list_accounts(asked(condition(kind="OPERATOR", role=role, group=group)))
    return render_template("console/operators.html", found=found, groups=groups, roles=roles, note=note)


def form_page(services: Services, form: Form, account: Account | None = None) -> Reply:
    """Return the form with the roles that this operator may give and those that the account has."""
    roles = givable(roles_of(services), account.roles if account is not None else ())
    return shown("operator_form", form, account=account, groups=groups_of(services), roles=roles)


def done(sentence: str) -> Reply:
    flash(sentence)
    return redirect(url_for("console.settings.operators.index"), 303)


def _add_forms(pages: Blueprint, services: Services) -> None:
    identity = services.identity

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({"language_code": "it", "roles": ["roles/operator"]})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                identity.create_account(account_of(form), form.request_id)
                return done(_("Invito in partenza"))
        return form_page(services, form)

    @pages.route("/<uuid:account_id>/edit", methods=["GET", "POST"])
    def edit(account_id: UUID) -> Reply:
        account = identity.get_account(account_id)
        now = values_of(account)
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = account_of(form)
                changed.name, changed.etag = account.name, form["etag"]
                identity.update_account(changed, PATHS, form.request_id)
                return done(_("Operatore salvato"))
            form.compare(now)
        return form_page(services, form, account)


def _add_access(pages: Blueprint, services: Services) -> None:
    identity = services.identity

    @pages.post("/<uuid:account_id>/invite")
    def invite(account_id: UUID) -> Reply:
        form = Form.sent()
        with form.sending({}):
            identity.send_link(account_id, Link.INVITATION, form.request_id)
            return done(_("Invito in partenza"))
        return listed(services, form.note), form.code

    @pages.route("/<uuid:account_id>/second-factor", methods=["GET", "POST"])
    def remove_factors(account_id: UUID) -> Reply:
        name = identity.get_account(account_id).display_name
        return lost_factors.remove(services, account_id, name, "settings", url_for("console.settings.operators.index"))


def account_of(form: Form) -> Account:
    return Account(
        kind=Account.OPERATOR,
        display_name=form["display_name"],
        email=form["email"],
        language_code=form["language_code"],
        roles=form.many("roles"),
        groups=form.many("groups"),
    )


def values_of(account: Account) -> dict[str, Value]:
    return {
        "etag": account.etag,
        "display_name": account.display_name,
        "email": account.email,
        "language_code": account.language_code,
        "roles": list(account.roles),
        "groups": list(account.groups),
    }
