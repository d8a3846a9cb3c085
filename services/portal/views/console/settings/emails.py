"""What e-mails may tell of their readers."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.notifications.v1.settings_pb2 import NotificationsSettings

from services.portal.service import Services
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form, Value
from services.portal.views.i18n import gettext as _


def blueprint(services: Services) -> Blueprint:
    notifications = services.notifications
    pages = Blueprint("emails", __name__)

    @pages.route("/emails", methods=["GET", "POST"])
    def edit() -> Reply:
        settings = notifications.get_settings()
        form = Form.filled(_values(settings))
        if request.method == "POST":
            form = Form.sent()
            with form.sending({}):
                changed = NotificationsSettings(name=settings.name, etag=form["etag"], open_tracking=form.on("open_tracking"))
                notifications.update_settings(changed, ("open_tracking",), form.request_id)
                flash(_("Impostazioni salvate"))
                return redirect(url_for("console.settings.emails.edit"), 303)
            form.compare(_values(settings))
        return render_template("console/settings_emails.html", form=form.again()), form.code

    return pages


def _values(settings: NotificationsSettings) -> dict[str, Value]:
    return {"etag": settings.etag, "open_tracking": "1" if settings.open_tracking else ""}
