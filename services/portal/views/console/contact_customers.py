"""For whom a contact acts: a move to another home customer, and the end of acting for a further one."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from recapito.contacts.v1.contacts_pb2 import Contact

from services.portal.service import Page, Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply, id_of, uuid_of
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import argument
from services.portal.views.console.names import customer_name, full_name
from services.portal.views.i18n import gettext as _

FIELDS = {r"customer": "customer"}


def add_to(pages: Blueprint, services: Services) -> None:
    contacts, relations = services.contacts, services.relations

    @pages.route("/<uuid:contact_id>/move", methods=["GET", "POST"])
    def move(contact_id: UUID) -> Reply:
        """Give a contact another home customer."""
        contact = contacts.get_contact(contact_id)

        def act(form: Form) -> Reply:
            customer = f"customers/{uuid_of(form['customer'])}"
            relations.move_contact(contact_id, customer, form["etag"], form.request_id, keep_affiliation=form.on("keep"))
            flash(_("%(name)s ora è di %(customer)s", name=full_name(contact), customer=customer_name(services, customer)))
            return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)

        return ask_first(contact.etag, act, lambda form: _move_page(services, contact, form), fields=FIELDS)

    @pages.route("/<uuid:contact_id>/unlink", methods=["GET", "POST"])
    def unlink_customer(contact_id: UUID) -> Reply:
        """Let a contact no longer act for a further customer."""
        contact = contacts.get_contact(contact_id)
        customer_id = uuid_of(argument("customer"))
        affiliation = contacts.get_affiliation(customer_id, contact_id)
        customer = customer_name(services, f"customers/{customer_id}")

        def act(form: Form) -> Reply:
            contacts.delete_affiliation(customer_id, contact_id, form["etag"], form.request_id)
            flash(_("%(name)s non agisce più per %(customer)s", name=full_name(contact), customer=customer))
            return redirect(url_for("console.contacts.show", contact_id=contact_id), 303)

        return ask_first(affiliation.etag, act, lambda form: shown("contact_unlink", form, contact=contact, customer=customer))


def _move_page(services: Services, contact: Contact, form: Form) -> Reply:
    query = argument("q")
    found = services.contacts.list_customers(Page(size=20, query=query)).customers if query else []
    offered = [customer for customer in found if customer.name != contact.customer]
    home = customer_name(services, contact.customer) if contact.customer else ""
    primary = any(each.primary and each.name.startswith(f"{contact.customer}/") for each in contact.affiliations)
    shown = render_template(
        "console/contact_move.html",
        form=form.again(),
        contact=contact,
        home=home,
        home_id=id_of(contact.customer),
        primary=primary,
        query=query,
        found=offered,
    )
    return shown, form.code
