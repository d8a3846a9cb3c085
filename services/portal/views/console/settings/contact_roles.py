"""Contact roles: the organisation's list of what contacts are there for."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.contact_roles_pb2 import ContactRole

from services.portal.service import Services
from services.portal.views.console import words
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply
from services.portal.views.console.customers import contact_roles_of
from services.portal.views.console.forms import Form
from services.portal.views.i18n import gettext as _

FIELDS = {r"contact_role\.(label_it|label_en|position)": r"\1", "replacement": "holders"}
PATHS = ("label_it", "label_en", "position")
CLEAR = "clear"  # of the choice what those who hold a deleted role get


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("contact_roles", __name__, url_prefix="/contact-roles")

    @pages.get("")
    def index() -> str:
        return render_template("console/contact_roles.html", roles=contact_roles_of(services))

    _add_forms(pages, services)
    _add_deletion(pages, services)
    return pages


def _add_forms(pages: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @pages.route("/new", methods=["GET", "POST"])
    def create() -> Reply:
        form = Form.filled({"position": str(_last(contact_roles_of(services)) + 10)})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                contacts.create_contact_role(_role_of(form), form.request_id)
                return _done(_("Ruolo creato"))
        return shown("contact_role_form", form, role=None)

    @pages.route("/<uuid:role_id>/edit", methods=["GET", "POST"])
    def edit(role_id: UUID) -> Reply:
        role = contacts.get_contact_role(role_id)
        now = {"etag": role.etag, "label_it": role.label_it, "label_en": role.label_en, "position": str(role.position)}
        form = Form.filled(now)
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = _role_of(form)
                changed.name, changed.etag = role.name, form["etag"]
                contacts.update_contact_role(changed, PATHS, form.request_id)
                return _done(_("Ruolo salvato"))
            form.compare(now)
        return shown("contact_role_form", form, role=role)


def _add_deletion(pages: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @pages.route("/<uuid:role_id>/delete", methods=["GET", "POST"])
    def delete(role_id: UUID) -> Reply:
        """Ask what those who hold the role get (R-ROL-05); also when they are hidden from who deletes it."""
        role = contacts.get_contact_role(role_id)

        def act(form: Form) -> Reply:
            chosen = form["holders"]
            contacts.delete_contact_role(
                role_id, form["etag"], form.request_id, replacement="" if chosen == CLEAR else chosen, clear=chosen == CLEAR
            )
            return _done(_("Ruolo eliminato"))

        def show(form: Form) -> Reply:
            others = {other.name: words.contact_role(other) for other in contact_roles_of(services) if other.name != role.name}
            held = bool(role.holder_count) or form.reason == "ROLE_IN_USE"
            return shown("contact_role_delete", form, role=role, held=held, others=others)

        return ask_first(role.etag, act, show, fields=FIELDS)


def _role_of(form: Form) -> ContactRole:
    """Return the role as typed; a position that is no whole number goes on as one that is refused by name."""
    position = form["position"]
    whole = int(position) if position.isascii() and position.isdigit() and len(position) <= 4 else 0 if not position else -1
    return ContactRole(label_it=form["label_it"], label_en=form["label_en"], position=whole)


def _last(roles: list[ContactRole]) -> int:
    return min(max((role.position for role in roles), default=0), 989)


def _done(sentence: str) -> Reply:
    flash(sentence)
    return redirect(url_for("console.settings.contact_roles.index"), 303)
