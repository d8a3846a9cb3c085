"""For somebody who lost the second step: a page that removes it, reached from a contact's card and from the list of operators."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect

from services.portal.service import Services
from services.portal.views.console.confirming import ask_first, shown
from services.portal.views.console.context import Reply
from services.portal.views.console.forms import Form
from services.portal.views.i18n import gettext as _


def remove(services: Services, account_id: UUID, name: str, section: str, back: str) -> Reply:
    """Ask, then remove every factor of an account. back: the page that it was reached from."""
    factors = [factor for factor in services.identity.list_factors(account_id).factors if factor.confirmed]

    def act(form: Form) -> Reply:
        for number, factor in enumerate(factors):
            services.identity.delete_factor(factor.name, f"{form.request_id}-{number}")
        flash(_("Secondo passaggio tolto"))
        return redirect(back, 303)

    return ask_first("", act, lambda form: shown("factors_remove", form, name=name, factors=factors, section=section, back=back))
