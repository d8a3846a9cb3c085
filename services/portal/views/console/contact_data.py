"""All that is known of a contact as a file, for who asks what we have about it."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request

from services.portal.service import Services
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form
from services.portal.views.own_data import archive_response


def contact_data(pages: Blueprint, services: Services) -> None:
    @pages.route("/<uuid:contact_id>/personal-data", methods=["GET", "POST"])
    def download_personal_data(contact_id: UUID) -> Reply:
        contact, form = services.contacts.get_contact(contact_id), Form.filled({})
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                return archive_response(services.privacy.export_personal_data(contact_id))
        return render_template("console/contact_data.html", form=form.again(), contact=contact), form.code
