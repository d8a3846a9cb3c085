"""The operators' web: pages under /console, one file a resource."""

from __future__ import annotations

from flask import Blueprint

from services.portal.service import Services
from services.portal.service.notes import Notes
from services.portal.views.console import audit, contacts, customers, dispatches, home, imports, invoices, leads, rights, settings, timeline
from services.portal.views.console import context as page_context


def blueprint(services: Services, notes: Notes) -> Blueprint:
    console = Blueprint("console", __name__, url_prefix="/console")
    cards = (customers.blueprint(services, notes), contacts.blueprint(services, notes))
    timeline.of_customers(cards[0], services)
    for pages in (*cards, *(part.blueprint(services) for part in (leads, imports, invoices, dispatches, audit, settings))):
        pages.before_request(rights.check)  # after the guard of the console, which knows who looks
        console.register_blueprint(pages)
    home.add_to(console, services)
    page_context.prepare(console)
    return console
