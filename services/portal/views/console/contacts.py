"""Contacts: the list, what one did and what reached it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from services.portal.service import Services
from services.portal.service.notes import Notes
from services.portal.views.console import contact_customers, sub_contacts, timeline
from services.portal.views.console import notes as note_pages
from services.portal.views.console.contact_actions import contact_actions
from services.portal.views.console.contact_bulk import contact_bulk
from services.portal.views.console.contact_card import card
from services.portal.views.console.contact_data import contact_data
from services.portal.views.console.contact_erasure import contact_erasure
from services.portal.views.console.contact_form import contact_forms
from services.portal.views.console.contact_list import contact_list
from services.portal.views.console.contact_merges import contact_merges
from services.portal.views.console.contact_views import contact_views
from services.portal.views.console.contact_why import contact_why
from services.portal.views.console.context import page
from services.portal.views.console.evidence import evidence
from services.portal.views.console.exports import contact_export
from services.portal.views.console.lists import asked, condition
from services.portal.views.console.names import customer_name, full_name
from services.portal.views.console.past import past


def blueprint(services: Services, notes: Notes) -> Blueprint:
    notifications = services.notifications
    pages = Blueprint("contacts", __name__, url_prefix="/contacts")
    note_pages.add_to(pages, note_pages.Card(services, notes, "contacts", partial(_head, services)))
    contact_forms(pages, services)
    contact_actions(pages, services)
    contact_bulk(pages, services)
    contact_data(pages, services)
    contact_erasure(pages, services)
    contact_merges(pages, services)
    contact_customers.add_to(pages, services)
    sub_contacts.add_to(pages, services)
    contact_why(pages, services)
    evidence(pages, services)
    timeline.of_contacts(pages, services)
    past(pages, services)
    contact_list(pages, services)
    contact_views(pages, services)
    contact_export(pages, services)

    @pages.get("/<uuid:contact_id>")
    def show(contact_id: UUID) -> str:
        return card(services, contact_id)

    @pages.get("/<uuid:contact_id>/messages")
    def show_messages(contact_id: UUID) -> Response:
        found = notifications.list_messages(asked(condition(contact=f"contacts/{contact_id}")))
        return page("contact_messages", **_head(services, contact_id), found=found)

    return pages


def _head(services: Services, contact_id: UUID) -> dict[str, Any]:
    contact = services.contacts.get_contact(contact_id)
    return {"contact": contact, "names": {contact.customer: customer_name(services, contact.customer)}, "subject_name": full_name(contact)}
