"""The people linked under a contact: who they are, and a panel to add one."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.contacts_pb2 import Contact
from recapito.contacts.v1.sub_contacts_pb2 import SubContact

from services.portal.service import Page, Services
from services.portal.views.console.confirming import ask_first
from services.portal.views.console.context import Reply, id_of, uuid_of
from services.portal.views.console.forms import Form
from services.portal.views.console.lists import argument, asked
from services.portal.views.console.names import customer_name, full_name
from services.portal.views.i18n import gettext as _

FIELDS = {r"sub_contact\.(relation|contact)": r"\1"}
MOST_FOUND = 10


def add_to(pages: Blueprint, services: Services) -> None:
    _add_list(pages, services)
    _add_changes(pages, services)


def _add_list(pages: Blueprint, services: Services) -> None:
    relations = services.relations

    @pages.get("/<uuid:contact_id>/sub")
    def show_sub_contacts(contact_id: UUID) -> Reply:
        return _listed(services, contact_id, Form.filled({}))

    @pages.post("/<uuid:contact_id>/sub")
    def link_sub_contact(contact_id: UUID) -> Reply:
        """Link an existing contact under this one."""
        form = Form.sent()
        with form.sending(FIELDS):
            link = SubContact(contact=f"contacts/{uuid_of(form['contact'])}", relation=form["relation"])
            made = relations.create_sub_contact(contact_id, link, form.request_id)
            return _done(contact_id, _("%(name)s è tra le persone collegate", name=made.display_name))
        return _listed(services, contact_id, form)


def _add_changes(pages: Blueprint, services: Services) -> None:
    relations = services.relations

    @pages.route("/<uuid:contact_id>/sub/<uuid:linked_id>/edit", methods=["GET", "POST"])
    def edit_sub_contact(contact_id: UUID, linked_id: UUID) -> Reply:
        link = relations.get_sub_contact(contact_id, linked_id)
        form = Form.filled({"etag": link.etag, "relation": link.relation})
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = SubContact(name=link.name, etag=form["etag"], relation=form["relation"])
                relations.update_sub_contact(changed, ["relation"], form.request_id)
                return _done(contact_id, _("Legame salvato"))
            form.compare({"etag": link.etag, "relation": link.relation})
        return _shown(services, "sub_contact_form", contact_id, form, link)

    @pages.route("/<uuid:contact_id>/sub/<uuid:linked_id>/unlink", methods=["GET", "POST"])
    def unlink_sub_contact(contact_id: UUID, linked_id: UUID) -> Reply:
        link = relations.get_sub_contact(contact_id, linked_id)

        def act(form: Form) -> Reply:
            relations.delete_sub_contact(link.name, form["etag"], form.request_id)
            return _done(contact_id, _("%(name)s non è più tra le persone collegate", name=link.display_name))

        return ask_first(link.etag, act, lambda form: _shown(services, "sub_contact_unlink", contact_id, form, link))


def _listed(services: Services, contact_id: UUID, form: Form) -> Reply:
    contact = services.contacts.get_contact(contact_id)
    query = argument("q")
    found = services.relations.list_sub_contacts(contact_id, replace(asked(""), query=""))  # the words look for somebody to add
    known = {contact.name, *(link.contact for link in found.sub_contacts)}
    offered = [one for one in _people(services, query) if one.name not in known]
    customers = {one.customer: customer_name(services, one.customer) for one in offered if one.customer}
    shown = render_template(
        "console/sub_contacts.html",
        contact=contact,
        names=_home(services, contact),
        form=form.again(),
        found=found,
        query=query,
        offered=offered,
        customers=customers,
    )
    return shown, form.code


def _people(services: Services, query: str) -> list[Contact]:
    return list(services.contacts.list_contacts(Page(size=MOST_FOUND, query=query)).contacts) if query else []


def _shown(services: Services, page: str, contact_id: UUID, form: Form, link: SubContact) -> Reply:
    contact = services.contacts.get_contact(contact_id)
    names = _home(services, contact)
    return render_template(
        f"console/{page}.html", contact=contact, names=names, form=form.again(), link=link, principal=full_name(contact)
    ), form.code


def _home(services: Services, contact: Contact) -> dict[str, str]:
    return {contact.customer: customer_name(services, contact.customer)} if contact.customer else {}


def _done(contact_id: UUID, sentence: str) -> Reply:
    flash(sentence)
    return redirect(url_for("console.contacts.show_sub_contacts", contact_id=contact_id), 303)


def linked_under(services: Services, contact_id: str, contact: Contact, form: Form) -> Reply:
    """Link a contact that was just made under another one, and lead back to its people."""
    link = SubContact(contact=contact.name, relation=form["relation"])
    services.relations.create_sub_contact(uuid_of(contact_id), link, f"{form.request_id}-l")
    return redirect(url_for("console.contacts.show_sub_contacts", contact_id=uuid_of(contact_id), _anchor=id_of(contact)), 303)
