"""The end of a contact: deleting it, with what is linked to it in sight, or erasing who it was and keeping the rest."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from recapito.contacts.v1.contacts_pb2 import Contact

from services.portal.service import Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply, existing, id_of
from services.portal.views.console.forms import Form
from services.portal.views.console.names import customer_name, customer_of, full_name
from services.portal.views.i18n import gettext as _


def contact_erasure(pages: Blueprint, services: Services) -> None:
    _add_deletion(pages, services)
    _add_anonymisation(pages, services)


def _primary_of(services: Services, contact: Contact) -> dict[str, str]:
    """Return the names of the customers whose primary contact it is."""
    names = [f"customers/{customer_of(each)}" for each in contact.affiliations if each.primary]
    return {name: customer_name(services, name) for name in names}


def _add_deletion(pages: Blueprint, services: Services) -> None:
    contacts, erasures = services.contacts, services.erasures

    @pages.route("/<uuid:contact_id>/delete", methods=["GET", "POST"])
    def delete(contact_id: UUID) -> Reply:
        contact = contacts.get_contact(contact_id)

        def act(form: Form) -> Reply:
            erasures.delete_contact(contact_id, form["etag"], form.request_id, force=form.on("links_seen"))
            flash(_("%(name)s non c’è più", name=full_name(contact)))
            home = id_of(contact.customer)  # nothing when this operator may not see it
            there = url_for("console.customers.show_contacts", customer_id=UUID(home)) if home else url_for("console.contacts.index")
            return redirect(there, 303)

        def show(form: Form) -> Reply:
            if form.reason == "CONTACT_HAS_LINKS":
                form.errors["links_seen"], form.note = form.note, ""
            links, primary_of = erasures.count_links(contact_id).links, _primary_of(services, contact)
            return shown("contact_delete", form, contact=contact, primary_of=primary_of, links=links)

        return ask_first(contact.etag, act, show)


def _add_anonymisation(pages: Blueprint, services: Services) -> None:
    contacts, erasures = services.contacts, services.erasures

    @pages.route("/<uuid:contact_id>/anonymize", methods=["GET", "POST"])
    def anonymize(contact_id: UUID) -> Reply:
        contact = contacts.get_contact(contact_id)
        if contact.state == Contact.ANONYMIZED:
            return redirect(url_for("console.contacts.show_erasure", contact_id=contact_id), 303)
        word, primary_of = _("ANONIMIZZA"), _primary_of(services, contact)

        def act(form: Form) -> Reply | None:
            if form["word"].casefold() != word.casefold():
                form.errors["word"] = _("Scrivi %(word)s per confermare", word=word)
                return None
            erasures.anonymize_contact(contact_id, form["etag"], form.request_id)
            flash(_("I dati della persona sono cancellati qui. Gli altri archivi rispondono tra poco."))
            return redirect(url_for("console.contacts.show_erasure", contact_id=contact_id), 303)

        return ask_first(
            contact.etag, act, lambda form: shown("contact_anonymize", form, contact=contact, primary_of=primary_of, word=word)
        )

    @pages.route("/<uuid:contact_id>/erasure", methods=["GET", "POST"])
    def show_erasure(contact_id: UUID) -> Reply:
        erasure, contact = erasures.get_erasure(contact_id), existing(lambda: contacts.get_contact(contact_id))

        def act(form: Form) -> Reply:
            erasures.anonymize_contact(contact_id, "", form.request_id)
            flash(_("Richiesta ripetuta a chi non ha ancora risposto"))
            return redirect(url_for("console.contacts.show_erasure", contact_id=contact_id), 303)

        return ask_first("", act, lambda form: shown("erasure", form, erasure=erasure, contact=contact))
