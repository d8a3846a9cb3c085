"""What a contact decides about the e-mails that it gets."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, g, render_template, request, url_for
from werkzeug.wrappers import Response

from libs.errors import NotFound
from libs.ids import new_id
from services.portal.service import Services
from services.portal.views import protection
from services.portal.views.i18n import gettext as _


def add_to(area: Blueprint, services: Services) -> None:
    contacts = services.contacts

    @area.route("/emails", methods=["GET", "POST"])
    def own_emails() -> Response | str:
        """To take a consent back must be as easy as to give it: a session of a link is enough."""
        contact_id: UUID | None = g.person.caller.account_id
        if contact_id is None:
            raise NotFound("this session belongs to nobody")
        if request.method == "POST":
            contacts.set_open_tracking(contact_id, request.form.get("open_tracking") == "1", request.form.get("request_id", "")[:64])
            flash(_("Scelta salvata"))
            return protection.see(url_for("area.own_emails"))
        chosen = contacts.get_contact(contact_id).open_tracking
        return render_template("area/emails.html", open_tracking=chosen, request_id=str(new_id()))
