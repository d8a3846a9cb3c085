"""What is done to a contact, each on a page of its own that says what follows: primary, access, a further customer."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.contacts_pb2 import Affiliation
from recapito.identity.v1.links_pb2 import Link

from services.portal.service import Page, Services
from services.portal.views.console import lost_factors
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.contact_card import card
from services.portal.views.console.contact_form import ALL_OFF, FIELDS
from services.portal.views.console.context import Reply, existing, id_of, uuid_of
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import argument
from services.portal.views.console.names import customer_name, customer_of, customer_of_page, full_name
from services.portal.views.i18n import gettext as _


def contact_actions(pages: Blueprint, services: Services) -> None:
    _add_standing(pages, services)
    _add_access(pages, services)
    _add_sessions(pages, services)
    _add_link(pages, services)


def _add_standing(pages: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @pages.route("/<uuid:contact_id>/primary", methods=["GET", "POST"])
    def make_primary(contact_id: UUID) -> Reply:
        contact = contacts.get_contact(contact_id)
        customer_id = customer_of_page(contact)
        affiliation = contacts.get_affiliation(customer_id, contact_id)

        def act(form: Form) -> Reply:
            contacts.make_primary(customer_id, contact_id, form["etag"], form.request_id)
            flash(_("Contatto principale: ora è %(name)s", name=full_name(contact)))
            return redirect(url_for("console.customers.show_contacts", customer_id=customer_id), 303)

        def show(form: Form) -> Reply:
            customer = contacts.get_customer(customer_id)
            now = existing(lambda: contacts.get_contact(UUID(id_of(customer.primary_contact)))) if customer.primary_contact else None
            return shown("contact_primary", form, contact=contact, customer=customer, now=now)

        return ask_first(affiliation.etag, act, show)

    @pages.post("/<uuid:contact_id>/silence")
    def silence(contact_id: UUID) -> Reply:
        """Switch all notifications off, for every customer: the alternative to deleting (R-NOT-16). Access stays."""
        contact, form = contacts.get_contact(contact_id), Form.sent()
        for number, affiliation in enumerate(contact.affiliations):
            quiet = Affiliation(name=affiliation.name, etag=affiliation.etag, preferences=ALL_OFF)
            contacts.update_affiliation(quiet, ["preferences"], f"{form.request_id}-{number}")
        flash(_("Tutte le notifiche sono spente. L’accesso al portale resta."))
        return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)


def _add_access(pages: Blueprint, services: Services) -> None:
    contacts, identity = services.contacts, services.identity

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

    @pages.route("/<uuid:contact_id>/second-factor", methods=["GET", "POST"])
    def remove_factors(contact_id: UUID) -> Reply:
        contact = contacts.get_contact(contact_id)
        back = url_for("console.contacts.show", contact_id=contact_id)
        return lost_factors.remove(services, contact_id, f"{contact.first_name} {contact.last_name}", "contacts", back)

    @pages.post("/<uuid:contact_id>/send-link")
    def send_link(contact_id: UUID) -> Reply:
        form = Form.sent()
        purpose = Link.MAGIC if form["purpose"] == "MAGIC" else Link.SET_PASSWORD
        with form.sending({}):
            identity.send_link(contact_id, purpose, form.request_id)
            flash(_("Link in partenza. Quelli precedenti dello stesso tipo non valgono più."))
            return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)
        return card(services, contact_id, form.note), form.code

    @pages.post("/<uuid:contact_id>/links/<uuid:link_id>/revoke")
    def revoke_link(contact_id: UUID, link_id: UUID) -> Reply:
        identity.revoke_link(f"accounts/{contact_id}/links/{link_id}", Form.sent().request_id)
        flash(_("Link annullato"))
        return redirect(url_for("console.contacts.show", contact_id=contact_id, _anchor="links"), 303)


def _add_sessions(pages: Blueprint, services: Services) -> None:
    identity = services.identity

    @pages.post("/<uuid:contact_id>/sessions/<uuid:session_id>/end")
    def end_session(contact_id: UUID, session_id: UUID) -> Reply:
        existing(lambda: identity.end_session(str(contact_id), session_id))  # it may have ended meanwhile
        flash(_("Accesso chiuso"))
        return redirect(url_for("console.contacts.show", contact_id=contact_id, _anchor="sessions"), 303)

    @pages.post("/<uuid:contact_id>/sessions/end")
    def end_sessions(contact_id: UUID) -> Reply:
        identity.revoke_sessions(str(contact_id), Form.sent().request_id)
        flash(_("Tutti i suoi accessi sono chiusi"))
        return redirect(url_for("console.contacts.show", contact_id=contact_id, _anchor="sessions"), 303)


def _add_link(pages: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @pages.route("/<uuid:contact_id>/link", methods=["GET", "POST"])
    def link_customer(contact_id: UUID) -> Reply:
        """Let a contact act for a further customer."""
        contact, form = contacts.get_contact(contact_id), Form.filled({"position": ""})
        if request.method == "POST":
            form = Form.sent()
            customer = form["customer"]
            with form.sending(FIELDS):
                affiliation = Affiliation(contact=contact.name, position=form["position"])
                contacts.create_affiliation(uuid_of(customer), affiliation, form.request_id)
                flash(_("Ora agisce anche per %(customer)s", customer=customer_name(services, f"customers/{customer}")))
                return redirect(url_for("console.contacts.edit", contact_id=contact_id, customer=customer), 303)
        query = argument("q")
        known = {customer_of(each) for each in contact.affiliations}
        found = contacts.list_customers(Page(size=20, query=query)).customers if query else []
        offered = [customer for customer in found if id_of(customer) not in known]
        return render_template("console/contact_link.html", form=form.again(), contact=contact, query=query, found=offered), form.code
