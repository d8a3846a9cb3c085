"""Everything that we know of a person, as one file: to the person itself in the area."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, g, make_response, render_template
from werkzeug.wrappers import Response as WerkzeugResponse

from libs import personal
from libs.errors import PermissionDenied, Unauthenticated
from services.portal.service import Services
from services.portal.views import errors
from services.portal.views.formats import today
from services.portal.views.i18n import gettext as _


def add_to(area: Blueprint, services: Services) -> None:
    @area.get("/personal-data")
    def show_personal_data() -> WerkzeugResponse:
        return _page()

    @area.post("/personal-data")
    def download_personal_data() -> WerkzeugResponse:
        if g.person.caller.account_id is None:
            raise Unauthenticated("this session belongs to nobody")
        try:
            return archive_response(services.privacy.export_personal_data(g.person.caller.account_id))
        except PermissionDenied as error:
            if error.reason != "NOT_FRESH":
                raise
            return _page(errors.said("WRONG_PROOF") if g.get("wrong_password") else errors.sentence(error))


def _page(error: str = "") -> Response:
    caller = g.person.caller
    stale = bool(error) or caller.fresh_until is None or datetime.now(UTC) >= caller.fresh_until
    by_link = caller.method == "MAGIC_LINK"
    shown = render_template("area/personal_data.html", front="area", error=error, needs_password=stale, by_link=by_link)
    return make_response(shown, 422 if error else 200)


def archive_response(content: bytes) -> Response:
    """Answer with the archive of a person's data, to be kept as a file."""
    answer = Response(content, content_type=personal.CONTENT_TYPE)
    name = _("dati-personali") + f"-{today().isoformat()}.zip"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
