"""The operators' web: pages under /console, one file a resource."""

from __future__ import annotations

from flask import Blueprint

from services.portal.service import Services
from services.portal.views.console import audit, contacts, customers, dispatches, home, invoices, rights, settings
from services.portal.views.console import context as page_context


def blueprint(services: Services) -> Blueprint:
    console = Blueprint("console", __name__, url_prefix="/console")
    for part in (customers, contacts, invoices, dispatches, audit, settings):
        pages = part.blueprint(services)
        pages.before_request(rights.check)  # after the guard of the console, which knows who looks
        console.register_blueprint(pages)
    home.add_to(console, services)
    page_context.prepare(console)
    return console
