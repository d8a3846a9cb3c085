"""Settings: of the organisation and its contacts, of billing, of signing in, of who works here and with which programs."""

from __future__ import annotations

from flask import Blueprint, render_template

from services.portal.service import Services
from services.portal.views.console.settings import (
    blocks,
    clients,
    contact_roles,
    emails,
    fields,
    groups,
    modules,
    operators,
    organisation,
    policies,
    roles,
    sign_in,
)


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("settings", __name__, url_prefix="/settings")
    for part in (organisation, modules, blocks, emails, fields, groups, contact_roles, sign_in, policies, operators, roles, clients):
        pages.register_blueprint(part.blueprint(services))

    @pages.get("")
    def index() -> str:
        return render_template("console/settings.html")

    return pages
