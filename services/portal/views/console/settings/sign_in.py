"""How people sign in: what they may do themselves, and who needs a second factor."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from recapito.identity.v1.settings_pb2 import IdentitySettings

from services.portal.service import Services
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form, Value
from services.portal.views.i18n import gettext as _

SWITCHES = ("self_service_reset", "contacts_may_use_second_factor", "administrators_need_second_factor")
PATHS = (*SWITCHES, "magic_link_lifetime_days")
FIELDS = {r"identity_settings\.magic_link_lifetime_days": "magic_link_lifetime_days"}


def blueprint(services: Services) -> Blueprint:
    identity = services.identity
    pages = Blueprint("sign_in", __name__)

    @pages.route("/sign-in", methods=["GET", "POST"])
    def edit() -> Reply:
        settings = identity.get_identity_settings()
        form = Form.filled(_values(settings))
        if request.method == "POST":
            form = Form.sent()
            with form.sending(FIELDS):
                changed = _settings_of(form)
                changed.name, changed.etag = settings.name, form["etag"]
                identity.update_identity_settings(changed, PATHS, form.request_id)
                flash(_("Impostazioni salvate"))
                return redirect(url_for("console.settings.sign_in.edit"), 303)
            form.compare(_values(settings))
        return render_template("console/settings_sign_in.html", form=form.again()), form.code

    return pages


def _values(settings: IdentitySettings) -> dict[str, Value]:
    return {
        "etag": settings.etag,
        "magic_link_lifetime_days": str(settings.magic_link_lifetime_days),
        **{name: "1" if getattr(settings, name) else "" for name in SWITCHES},
    }


def _settings_of(form: Form) -> IdentitySettings:
    days = form["magic_link_lifetime_days"]
    return IdentitySettings(
        magic_link_lifetime_days=int(days) if days.isascii() and days.isdecimal() and len(days) < 5 else -1,
        self_service_reset=form.on("self_service_reset"),
        contacts_may_use_second_factor=form.on("contacts_may_use_second_factor"),
        administrators_need_second_factor=form.on("administrators_need_second_factor"),
    )
