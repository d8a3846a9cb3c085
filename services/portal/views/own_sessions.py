"""Where one is signed in: the sessions of an account, to look at and to end. The same page serves both webs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, flash, g, render_template, request, url_for
from recapito.identity.v1.sessions_pb2 import Session
from werkzeug.wrappers import Response as WerkzeugResponse

from libs.errors import NotFound
from libs.ids import new_id
from services.portal.service import Page, Services
from services.portal.views import protection
from services.portal.views.formats import id_of, moment
from services.portal.views.i18n import N_
from services.portal.views.i18n import gettext as _
from services.portal.views.people import Front

MOST = 100  # shown at once; sessions end by themselves
METHODS: Mapping[int, str] = {
    Session.PASSWORD: N_("con la password"),
    Session.MAGIC_LINK: N_("con un link o un codice"),
    Session.PASSKEY: N_("con una passkey"),
    Session.PROVIDER: N_("con l’account aziendale"),
}


@dataclass(frozen=True)
class Row:
    """current: the session of whoever looks."""

    id: UUID
    device: str
    method: str
    ip_address: str
    create_time: datetime
    last_use_time: datetime
    current: bool


def add_to(blueprint: Blueprint, front: Front, services: Services) -> None:
    identity = services.identity

    @blueprint.get("/sessions")
    def list_sessions() -> str:
        found = identity.list_sessions("me", Page(size=MOST)).sessions
        by_link = g.person.caller.method == "MAGIC_LINK"
        return render_template("session/sessions.html", front=front.name, rows=rows(found), by_link=by_link, request_id=str(new_id()))

    @blueprint.post("/sessions/<uuid:session_id>/end")
    def end_session(session_id: UUID) -> WerkzeugResponse:
        with contextlib.suppress(NotFound):  # it ended meanwhile, which is what was wanted
            identity.end_session("me", session_id)
        if session_id == g.person.caller.session_id:
            answer = protection.see(url_for(f"{front.name}.sign_in"))
            protection.drop_cookie(answer, front.name)
            return answer
        flash(_("Accesso chiuso"))
        return protection.see(url_for(f"{front.name}.list_sessions"))

    @blueprint.post("/sessions/end-others")
    def end_other_sessions() -> WerkzeugResponse:
        identity.revoke_sessions("me", request.form.get("request_id", "")[:64])
        flash(_("Gli altri accessi sono chiusi"))
        return protection.see(url_for(f"{front.name}.list_sessions"))


def rows(sessions: Iterable[Session]) -> list[Row]:
    """Return what is shown of sessions, the one of whoever looks first."""
    own = g.person.caller.session_id
    found = [_row(session, UUID(id_of(session)), own) for session in sessions]
    return sorted(found, key=lambda row: not row.current)


def _row(session: Session, session_id: UUID, own: UUID | None) -> Row:
    return Row(
        id=session_id,
        device=device(session.device),
        method=_(METHODS[session.method]) if session.method in METHODS else "",
        ip_address=session.ip_address,
        create_time=moment(session.create_time),
        last_use_time=moment(session.last_use_time),
        current=session_id == own,
    )


def device(told: str) -> str:
    """Return a device in the reader's words. told: by identity, "Firefox on Linux", one of the two, or "" when it cannot be told."""
    browser, on, system = told.partition(" on ")
    if not on:
        return told or _("Dispositivo non riconosciuto")
    return _("%(browser)s su %(system)s", browser=browser, system=system)
