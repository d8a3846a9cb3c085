"""Which blocks the form and the card of a contact have."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.contacts.v1.fields_pb2 import Field
from recapito.contacts.v1.settings_pb2 import ContactsSettings

from services.portal.service import Services
from services.portal.views.console import words
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form, Value
from services.portal.views.i18n import gettext as _

ALWAYS_ON = "REGISTRY"


def blueprint(services: Services) -> Blueprint:
    contacts = services.contacts
    pages = Blueprint("blocks", __name__)

    @pages.route("/blocks", methods=["GET", "POST"])
    def edit() -> Reply:
        settings = contacts.get_contacts_settings()
        form = Form.filled(_values(settings))
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                hidden = [Field.Block.Value(name) for name in words.BLOCKS if name != ALWAYS_ON and name not in form.many("on")]
                changed = ContactsSettings(name=settings.name, etag=form["etag"], hidden_blocks=hidden)
                contacts.update_contacts_settings(changed, ("hidden_blocks",), form.request_id)
                flash(_("Impostazioni salvate"))
                return redirect(url_for("console.settings.blocks.edit"), 303)
            form.compare(_values(settings))
        return render_template("console/settings_blocks.html", form=form.again(), always_on=ALWAYS_ON), form.code

    return pages


def _values(settings: ContactsSettings) -> dict[str, Value]:
    hidden = {Field.Block.Name(block) for block in settings.hidden_blocks}
    return {"etag": settings.etag, "on": [name for name in words.BLOCKS if name not in hidden]}
