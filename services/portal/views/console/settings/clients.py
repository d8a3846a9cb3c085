"""Applications: programs with a service account of their own, their secret, their keys, and where people may be sent back to."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.identity.v1.accounts_pb2 import Account, Client

from services.portal.service import Services
from services.portal.views.console import words
from services.portal.views.console.confirming import shown
from services.portal.views.console.context import Reply
from services.portal.views.console.customers import groups_of
from services.portal.views.console.forms import Form, Value
from services.portal.views.console.lists import asked, condition
from services.portal.views.console.settings.roles import givable, roles_of
from services.portal.views.console.settings.states import add_states
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _

FIELDS = {
    r"account\.display_name": "display_name",
    r"account\.roles.*": "roles",
    r"account\.groups.*": "groups",
    r"account\.client\.redirect_uris.*": "redirect_uris",
    r"account\.client\.key_set": "key_set",
}
PATHS = ("display_name", "roles", "groups", "client")


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("clients", __name__, url_prefix="/applications")

    @pages.get("")
    def index() -> str:
        return listed(services)

    _add_forms(pages, services)
    _add_secret(pages, services)
    add_states(
        pages,
        services,
        page="client_disable",
        disabled=N_("Applicazione disattivata: da ora non entra più"),
        enabled=N_("Applicazione riattivata"),
        done=done,
        listed=listed,
    )
    return pages


def listed(services: Services, note: str = "") -> str:
    """Return the list; note: why what was just asked did not happen."""
    found = services.identity.list_accounts(asked(condition(kind="SERVICE")))
    return render_template("console/clients.html", found=found, roles=roles_of(services), note=note)


def form_page(services: Services, form: Form, account: Account | None = None) -> Reply:
    roles = givable(roles_of(services), account.roles if account is not None else ())
    return shown("client_form", form, account=account, groups=groups_of(services), roles=roles)


def done(sentence: str) -> Reply:
    flash(sentence)
    return redirect(url_for("console.settings.clients.index"), 303)


def _add_forms(pages: Blueprint, services: Services) -> None:
    identity = services.identity

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                made = identity.create_account(account_of(form), form.request_id)
                flash(_("Applicazione registrata. Ora crea il suo segreto, se non usa chiavi sue."))
                return redirect(url_for("console.settings.clients.edit", account_id=UUID(made.name.split("/")[1])), 303)
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
                return done(_("Applicazione salvata"))
            form.compare(now)
        return form_page(services, form, account)


def _add_secret(pages: Blueprint, services: Services) -> None:
    @pages.route("/<uuid:account_id>/secret", methods=["GET", "POST"])
    def rotate(account_id: UUID) -> Reply:
        """Show a new secret, this once. The page is never kept by the browser."""
        account = services.identity.get_account(account_id)
        form, secret = Form.filled({"overlap": "0"}), ""
        if request.method == "POST":
            form = Form.sent()
            with form.sending({"overlap": "overlap"}):
                hours = int(form["overlap"]) if form["overlap"] in words.OVERLAPS else 0
                secret = services.identity.rotate_client_secret(account_id, timedelta(hours=hours), form.request_id)
        return shown("client_secret", form, account=account, secret=secret)


def account_of(form: Form) -> Account:
    client = Client(redirect_uris=form["redirect_uris"].split(), key_set=form["key_set"], first_party=form.on("first_party"))
    return Account(
        kind=Account.SERVICE,
        display_name=form["display_name"],
        roles=form.many("roles"),
        groups=form.many("groups"),
        client=client,
    )


def values_of(account: Account) -> dict[str, Value]:
    return {
        "etag": account.etag,
        "display_name": account.display_name,
        "roles": list(account.roles),
        "groups": list(account.groups),
        "redirect_uris": "\n".join(account.client.redirect_uris),
        "key_set": account.client.key_set,
        "first_party": "1" if account.client.first_party else "",
    }
