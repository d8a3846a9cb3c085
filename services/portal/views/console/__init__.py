"""The operators' web: pages under /console, one file a resource."""

from __future__ import annotations

from flask import Blueprint

from services.portal.service import Services
from services.portal.views.console import contacts, customers, dispatches, home, invoices, settings
from services.portal.views.console import context as page_context


def blueprint(services: Services) -> Blueprint:
    console = Blueprint("console", __name__, url_prefix="/console")
    for part in (customers, contacts, invoices, dispatches, settings):
        console.register_blueprint(part.blueprint(services))
    home.add_to(console, services)
    page_context.prepare(console)
    return console
