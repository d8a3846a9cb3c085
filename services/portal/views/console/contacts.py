"""Contacts: the list, the card of one with what it did and what reached it, and why something did not."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.contacts_pb2 import Affiliation, Contact
from recapito.identity.v1.links_pb2 import Link
from recapito.notifications.v1.dispatches_pb2 import Explanation, Occasion

from libs.errors import NotFound
from services.portal.service import Page, Services
from services.portal.views.console import words
from services.portal.views.console.contact_form import ALL_OFF, FIELDS, contact_forms
from services.portal.views.console.context import Reply, existing, id_of, page, permitted
from services.portal.views.console.customers import groups_of
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import argument, asked, condition
from services.portal.views.i18n import gettext as _

PORTAL = {"never": "never_entered", "on": "access.enabled", "off": "access.enabled"}


def blueprint(services: Services) -> Blueprint:
    contacts, identity, notifications = services.contacts, services.identity, services.notifications
    pages = Blueprint("contacts", __name__, url_prefix="/contacts")
    contact_forms(pages, services)

    @pages.get("")
    def index() -> Response:
        group, portal = argument("group"), argument("portal", PORTAL)
        conditions = {"group": f"groups/{group}" if group else "", "language_code": argument("language", words.LANGUAGES)}
        if portal:
            conditions[PORTAL[portal]] = "false" if portal == "off" else "true"
        found = contacts.list_contacts(asked(condition(**conditions)))
        names = {name: customer_name(services, name) for name in {contact.customer for contact in found.contacts}}
        return page("contacts", found=found, names=names, groups=groups_of(services))

    @pages.get("/<uuid:contact_id>")
    def show(contact_id: UUID) -> str:
        return card(contact_id)

    def card(contact_id: UUID, note: str = "") -> str:
        contact = contacts.get_contact(contact_id)
        return render_template(
            "console/contact.html",
            contact=contact,
            note=note,
            names={name: customer_name(services, name) for name in (f"customers/{customer_of(each)}" for each in contact.affiliations)},
            groups=groups_of(services),
            account=existing(lambda: identity.get_account(contact_id)),
            links=existing(lambda: identity.list_links(contact_id, Page(size=20))),
            acceptances=existing(lambda: identity.list_acceptances(contact_id, Page(size=20))),
            activities=contacts.list_activities(contact.name, Page(size=6)).activities,
        )

    @pages.get("/<uuid:contact_id>/messages")
    def show_messages(contact_id: UUID) -> Response:
        contact = contacts.get_contact(contact_id)
        return page("contact_messages", contact=contact, found=notifications.list_messages(asked(condition(contact=contact.name))))

    @pages.get("/<uuid:contact_id>/activity")
    def show_activity(contact_id: UUID) -> Response:
        contact = contacts.get_contact(contact_id)
        return page("contact_activity", contact=contact, found=contacts.list_activities(contact.name, asked("")))

    @pages.get("/<uuid:contact_id>/why")
    def why(contact_id: UUID) -> str:
        contact = contacts.get_contact(contact_id)
        customer = argument("customer") or id_of(contact.customer)
        documents = permitted(lambda: services.documents.list_invoices(Page(size=25, filter=condition(customer=f"customers/{customer}"))))
        return render_template(
            "console/contact_why.html",
            contact=contact,
            invoices=documents.invoices if documents else [],
            explanation=_explained(contact_id, argument("kind"), argument("invoice")),
        )

    def _explained(contact_id: UUID, kind: str, invoice: str) -> Explanation | None:
        if not kind or not invoice:
            return None
        return existing(lambda: notifications.explain_occasion(contact_id, Occasion(kind=kind, subject=f"invoices/{invoice}")))

    @pages.route("/<uuid:contact_id>/primary", methods=["GET", "POST"])
    def make_primary(contact_id: UUID) -> Reply:
        contact = contacts.get_contact(contact_id)
        customer_id = UUID(argument("customer") or id_of(contact.customer))
        affiliation = contacts.get_affiliation(customer_id, contact_id)
        form = Form.filled({"etag": affiliation.etag})
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                contacts.make_primary(customer_id, contact_id, form["etag"], form.request_id)
                flash(_("Contatto principale: ora è %(name)s", name=full_name(contact)))
                return redirect(url_for("console.customers.show_contacts", customer_id=customer_id), 303)
        customer = contacts.get_customer(customer_id)
        now = existing(lambda: contacts.get_contact(UUID(id_of(customer.primary_contact)))) if customer.primary_contact else None
        shown = render_template("console/contact_primary.html", form=form.again(), contact=contact, customer=customer, now=now)
        return shown, form.code

    @pages.route("/<uuid:contact_id>/delete", methods=["GET", "POST"])
    def delete(contact_id: UUID) -> Reply:
        contact = contacts.get_contact(contact_id)
        form = Form.filled({"etag": contact.etag})
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                contacts.delete_contact(contact_id, form["etag"], form.request_id)
                flash(_("%(name)s non c’è più", name=full_name(contact)))
                return redirect(url_for("console.customers.show_contacts", customer_id=UUID(id_of(contact.customer))), 303)
        primary_of = [f"customers/{customer_of(each)}" for each in contact.affiliations if each.primary]
        names = {name: customer_name(services, name) for name in primary_of}
        return render_template("console/contact_delete.html", form=form.again(), contact=contact, primary_of=names), form.code

    @pages.post("/<uuid:contact_id>/silence")
    def silence(contact_id: UUID) -> Reply:
        """Switch all notifications off, for every customer: the alternative to deleting (R-NOT-16). Access stays."""
        contact, form = contacts.get_contact(contact_id), Form.sent()
        for number, affiliation in enumerate(contact.affiliations):
            quiet = Affiliation(name=affiliation.name, etag=affiliation.etag, preferences=ALL_OFF)
            contacts.update_affiliation(quiet, ["preferences"], f"{form.request_id}-{number}")
        flash(_("Tutte le notifiche sono spente. L’accesso al portale resta."))
        return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)

    @pages.route("/<uuid:contact_id>/password", methods=["GET", "POST"])
    def set_password(contact_id: UUID) -> Reply:
        contact, form = contacts.get_contact(contact_id), Form.filled({})
        if request.method == "POST":
            form = Form.sent()
            with form.sending({"password": "password"}):
                identity.set_temporary_password(contact_id, form.values.get("password", ""), form.request_id)
                flash(_("Password temporanea impostata. Va cambiata al primo accesso."))
                return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)
        return render_template("console/contact_password.html", form=form.again(), contact=contact), form.code

    @pages.post("/<uuid:contact_id>/send-link")
    def send_link(contact_id: UUID) -> Reply:
        form = Form.sent()
        purpose = Link.MAGIC if form["purpose"] == "MAGIC" else Link.SET_PASSWORD
        with form.sending({}):
            identity.send_link(contact_id, purpose, form.request_id)
            flash(_("Link in partenza. Quelli precedenti dello stesso tipo non valgono più."))
            return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)
        return card(contact_id, form.note), form.code

    @pages.post("/<uuid:contact_id>/links/<uuid:link_id>/revoke")
    def revoke_link(contact_id: UUID, link_id: UUID) -> Reply:
        identity.revoke_link(f"accounts/{contact_id}/links/{link_id}", Form.sent().request_id)
        flash(_("Link annullato"))
        return redirect(url_for("console.contacts.show", contact_id=contact_id, _anchor="links"), 303)

    @pages.route("/<uuid:contact_id>/link", methods=["GET", "POST"])
    def link_customer(contact_id: UUID) -> Reply:
        """Let a contact act for a further customer."""
        contact, form = contacts.get_contact(contact_id), Form.filled({"position": ""})
        if request.method == "POST":
            form = Form.sent()
            customer = form["customer"]
            with form.sending(FIELDS):
                affiliation = Affiliation(contact=contact.name, position=form["position"])
                contacts.create_affiliation(_uuid(customer), affiliation, form.request_id)
                flash(_("Ora agisce anche per %(customer)s", customer=customer_name(services, f"customers/{customer}")))
                return redirect(url_for("console.contacts.edit", contact_id=contact_id, customer=customer), 303)
        query = argument("q")
        known = {customer_of(each) for each in contact.affiliations}
        found = contacts.list_customers(Page(size=20, query=query)).customers if query else []
        offered = [customer for customer in found if id_of(customer) not in known]
        return render_template("console/contact_link.html", form=form.again(), contact=contact, query=query, found=offered), form.code

    return pages


def full_name(contact: Contact) -> str:
    return f"{contact.first_name} {contact.last_name}".strip()


def customer_of(affiliation: Affiliation) -> str:
    """Return the id of the customer of an affiliation."""
    return affiliation.name.split("/")[1]


def customer_name(services: Services, name: str) -> str:
    """Return the display name of a customer; empty when it is not to be seen."""
    return existing(lambda: services.contacts.customer_name(UUID(id_of(name)))) or ""


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise NotFound("no such customer") from None
