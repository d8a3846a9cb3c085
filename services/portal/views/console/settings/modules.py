"""Which parts of the platform the organisation uses."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.settings_pb2 import ContactsSettings

from services.portal.service import Services
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form, Value
from services.portal.views.i18n import gettext as _

SWITCHES = ("reserved_area", "membership", "custom_fields")
PATHS = tuple(f"modules.{name}" for name in SWITCHES)


def blueprint(services: Services) -> Blueprint:
    contacts = services.contacts
    pages = Blueprint("modules", __name__)

    @pages.route("/modules", methods=["GET", "POST"])
    def edit() -> Reply:
        settings = contacts.get_contacts_settings()
        form = Form.filled(_values(settings))
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                modules = ContactsSettings.Modules(**{name: form.on(name) for name in SWITCHES})
                changed = ContactsSettings(name=settings.name, etag=form["etag"], modules=modules)
                contacts.update_contacts_settings(changed, PATHS, form.request_id)
                flash(_("Impostazioni salvate"))
                return redirect(url_for("console.settings.modules.edit"), 303)
            form.compare(_values(settings))
        return render_template("console/settings_modules.html", form=form.again()), form.code

    return pages


def _values(settings: ContactsSettings) -> dict[str, Value]:
    return {"etag": settings.etag, **{name: "1" if getattr(settings.modules, name) else "" for name in SWITCHES}}
