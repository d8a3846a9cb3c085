"""Switching an account off and on again, the same for operators and applications."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint

from services.portal.service import Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form
from services.portal.views.i18n import gettext as _


def add_states(
    pages: Blueprint,
    services: Services,
    *,
    page: str,
    disabled: str,
    enabled: str,
    done: Callable[[str], Reply],
    listed: Callable[[Services, str], str],
) -> None:
    """page: the one that says what switching off does. disabled, enabled: what is said afterwards. listed: the list with a refusal."""
    identity = services.identity

    @pages.route("/<uuid:account_id>/disable", methods=["GET", "POST"])
    def disable(account_id: UUID) -> Reply:
        account = identity.get_account(account_id)

        def act(form: Form) -> Reply:
            identity.disable_account(account_id, form["etag"], form.request_id)
            return done(_(disabled))

        return ask_first(account.etag, act, lambda form: shown(page, form, account=account))

    @pages.post("/<uuid:account_id>/enable")
    def enable(account_id: UUID) -> Reply:
        form = Form.sent()
        with form.sending({}):
            identity.enable_account(account_id, form["etag"], form.request_id)
            return done(_(enabled))
        return listed(services, form.note), form.code
