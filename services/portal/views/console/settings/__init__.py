"""Settings: the organisation, new contacts' defaults, billing, sign-in, groups, privacy policy, operators, their roles, applications."""

from __future__ import annotations

from flask import Blueprint, render_template

from services.portal.service import Services
from services.portal.views.console.settings import clients, groups, operators, organisation, policies, roles, sign_in


def blueprint(services: Services) -> Blueprint:
    pages = Blueprint("settings", __name__, url_prefix="/settings")
    for part in (organisation, groups, sign_in, policies, operators, roles, clients):
        pages.register_blueprint(part.blueprint(services))

    @pages.get("")
    def index() -> str:
        return render_template("console/settings.html")

    return pages
